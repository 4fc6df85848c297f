"""What a source may observe (DESIGN §3): kind → the type of its value; entities of the snapshot, or parts."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schema import models
from schema.part_models import CommitsFrom
from schema.types import Amount, Count, DiscoveryMode, Id, Money, Part, Runtime, Text, Time, check_cost


class WorkloadObserved(Part, frozen=True, kw_only=True):
    """A workload without its pods, which are entities of their own."""

    deployment_name: Id
    namespace: Id
    kind: Id
    runtime: Runtime
    max_pods: Count | UnsetType = UNSET


class PodObserved(Part, frozen=True, kw_only=True):
    """A pod and the workload that it stands under."""

    namespace: Id
    deployment_name: Id
    pod: models.Pod


class AgentObserved(Part, frozen=True, kw_only=True):
    """What a deployment says of the agent that it runs (SPEC §7); which modes show it is the fold's.

    `labeled` and `excluded` are the deployment's own words, the rest is annotated or inferred.
    """

    namespace: Id
    deployment_name: Id
    name: Id
    labeled: bool
    excluded: bool
    role: Literal["agent", "llm_server"]
    models: list[Id] | UnsetType = UNSET
    description: Text | UnsetType = UNSET


class KafkaClusterObserved(Part, frozen=True, kw_only=True):
    """When and how a sample of the broker was taken, and how many brokers answered (see `models.Kafka`)."""

    sampled_at: Time
    sample_seconds: Amount | UnsetType = UNSET
    interval_seconds: Amount | UnsetType = UNSET
    interval_reason: Text | UnsetType = UNSET
    commits_from: CommitsFrom | UnsetType = UNSET
    commits_from_reason: Text | UnsetType = UNSET
    brokers: Count
    brokers_missing: list[Count] | UnsetType = UNSET


class ModelObserved(Part, frozen=True, kw_only=True):
    """What a collector knows of a model: the provider's maxima, what is left of them, whether it answers.

    `told_at` is when the provider told of maxima and remainders; `answered_at` when an answer to a call told
    the status, to some seconds: unset where no call did, or where its endpoint says otherwise now; `loaded`
    whether a server of models has it in memory; `reason` why it is not available.
    """

    provider: Id
    model: Id
    key_label: Id = "default"
    status: Literal["available", "rate_limited", "unavailable", "unknown"] = "unknown"
    tpm_max: Count | UnsetType = UNSET
    rpm_max: Count | UnsetType = UNSET
    tpm_remaining: Count | UnsetType = UNSET
    rpm_remaining: Count | UnsetType = UNSET
    told_at: Time | UnsetType = UNSET
    answered_at: Time | UnsetType = UNSET
    quota_exhausted: bool = False
    resets_at: Time | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    loaded: bool | UnsetType = UNSET


class InFlightObserved(models.InFlight, frozen=True, kw_only=True):
    """A call that runs, and what tells whose it is where it names no agent."""

    agent_name: Id | UnsetType = UNSET
    client_address: Id | UnsetType = UNSET
    trace_id: Id | UnsetType = UNSET
    parent_span_id: Id | UnsetType = UNSET


class SnapshotSettings(Part, frozen=True, kw_only=True):
    """Settings that shape a snapshot: they travel in the log, so that a second fold gives the same bytes.

    `budgets_usd` are soft budgets a day, by agent; `*` is that of every agent without one of its own.
    """

    snapshot_interval_seconds: Annotated[int, Meta(ge=1, le=3600)]
    discovery_mode: DiscoveryMode = "auto"
    budgets_usd: dict[Id, Money] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError, which a decoder tells as a wrong shape."""
        super().__post_init__()
        for budget in self.budgets_usd.values():
            check_cost(budget)


class RefusedObserved(Part, frozen=True, kw_only=True):
    """An entity, event or call that the store refused: the fold leaves it out from here on."""

    kind: Id
    key: list[Id]
    reason: Text


OBSERVATION_KINDS: dict[str, type[Part]] = {
    "workload": WorkloadObserved,
    "pod": PodObserved,
    "agent": AgentObserved,
    "deployment": models.Deployment,
    "node": models.Node,
    "k8s_event": models.KubernetesEvent,
    "kafka_cluster": KafkaClusterObserved,
    "group": models.Group,
    "topic": models.Topic,
    "model": ModelObserved,
    "in_flight": InFlightObserved,
    "settings": SnapshotSettings,
    "refused": RefusedObserved,
}
"""What a source may observe: kind → the type of its value."""
