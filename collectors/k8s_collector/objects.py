"""Kubernetes' objects, with only the fields that are read; decoded straight from the API server's bytes.

Field names are the API's (https://kubernetes.io/docs/reference/kubernetes-api/) in snake case. What may be
absent has a default; an object whose field has another type is refused as a whole, by name.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from collectors.k8s_collector.quantities import Quantity
from schema.types import Time


class _Object(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A piece of an object; nothing in it refers back, so the garbage collector may pass it by."""


class Owner(_Object, frozen=True, kw_only=True):
    """An owner reference."""

    kind: str
    name: str
    uid: str = ""
    controller: bool | None = None


class Metadata(_Object, frozen=True, kw_only=True):
    """What every object has; annotations are read only where they mean something to us."""

    name: str
    uid: Annotated[str, Meta(min_length=1)]
    namespace: str = ""
    resource_version: str = ""
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None

    def controller(self) -> Owner | None:
        """Give the owner that manages this object."""
        return next((one for one in self.owner_references or () if one.controller), None)


class AnnotatedMetadata(Metadata, frozen=True, kw_only=True):
    """Metadata with annotations and the generation of the specification."""

    generation: int = 0
    annotations: dict[str, str] | None = None


class Condition(_Object, frozen=True, kw_only=True):
    """A condition: `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: Time | None = None


class Waiting(_Object, frozen=True, kw_only=True):
    """A container that does not run yet, or not again yet."""

    reason: str | None = None
    message: str | None = None


class Running(_Object, frozen=True, kw_only=True):
    """A container that runs."""

    started_at: Time | None = None


class Terminated(_Object, frozen=True, kw_only=True):
    """A run of a container that has ended."""

    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None


class ContainerState(_Object, frozen=True, kw_only=True):
    """At most one of the three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Object, frozen=True, kw_only=True):
    """What the kubelet says of a container: its present state, and how its last run ended."""

    name: str
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class Resources(_Object, frozen=True, kw_only=True):
    """Requests and limits by resource name."""

    requests: dict[str, Quantity] | None = None
    limits: dict[str, Quantity] | None = None


class EnvVar(_Object, frozen=True, kw_only=True):
    """A variable of a container; values from secrets and config maps are not in the object."""

    name: str
    value: str | None = None


class Container(_Object, frozen=True, kw_only=True):
    """A container of a pod; `restart_policy` Always makes an init container a sidecar."""

    name: str
    image: str | None = None
    restart_policy: str | None = None
    resources: Resources | None = None


class TemplateContainer(Container, frozen=True, kw_only=True):
    """A container of a pod template, with its variables."""

    env: list[EnvVar] | None = None


class PodSpec(_Object, frozen=True, kw_only=True):
    """What a pod shall be."""

    containers: list[Container]
    init_containers: list[Container] | None = None
    node_name: str | None = None
    resources: Resources | None = None


class PodStatus(_Object, frozen=True, kw_only=True):
    """What a pod is; a pod on its node's network has the node's address."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class Pod(_Object, frozen=True, kw_only=True):
    """A pod (core/v1)."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus = PodStatus()


class TemplateSpec(_Object, frozen=True, kw_only=True):
    """The specification of a pod template."""

    containers: list[TemplateContainer]


class Template(_Object, frozen=True, kw_only=True):
    """A pod template."""

    spec: TemplateSpec


class DeploymentSpec(_Object, frozen=True, kw_only=True):
    """What a deployment shall be."""

    template: Template
    replicas: int | None = None
    paused: bool | None = None


class DeploymentStatus(_Object, frozen=True, kw_only=True):
    """What a deployment is."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    updated_replicas: int = 0
    conditions: list[Condition] | None = None


class Deployment(_Object, frozen=True, kw_only=True):
    """A deployment (apps/v1)."""

    metadata: AnnotatedMetadata
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()


class ReplicaSetSpec(_Object, frozen=True, kw_only=True):
    """What a replica set shall be."""

    replicas: int | None = None


class ReplicaSetStatus(_Object, frozen=True, kw_only=True):
    """What a replica set is."""

    replicas: int = 0
    ready_replicas: int = 0


class ReplicaSet(_Object, frozen=True, kw_only=True):
    """A replica set (apps/v1)."""

    metadata: AnnotatedMetadata
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


class ObjectReference(_Object, frozen=True, kw_only=True):
    """What an event speaks of."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None


class EventSeries(_Object, frozen=True, kw_only=True):
    """How often an event came again, as newer sources tell it."""

    count: int | None = None
    last_observed_time: Time | None = None


class Event(_Object, frozen=True, kw_only=True):
    """An event (core/v1)."""

    metadata: Metadata
    involved_object: ObjectReference = ObjectReference()
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    event_time: Time | None = None
    last_timestamp: Time | None = None
    series: EventSeries | None = None


class NodeSpec(_Object, frozen=True, kw_only=True):
    """What a node shall be."""

    unschedulable: bool | None = None


class NodeStatus(_Object, frozen=True, kw_only=True):
    """What a node is."""

    conditions: list[Condition] | None = None


class Node(_Object, frozen=True, kw_only=True):
    """A node (core/v1)."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


AnyObject = Pod | Deployment | ReplicaSet | Event | Node
