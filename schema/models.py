"""The snapshot (SPEC §4): one document per environment and tick, stored, served and shown.

The JSON Schema and the frontend's types are generated from these Structs by `python -m schema.generate`.
An absent field means that nobody reports it; there are no nulls. Lists are ordered by their natural key.
The cluster-, broker- and spend-level parts are in `part_models.py`.
"""

from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from schema.part_models import (
    AgentUsage,
    Deployment,
    Group,
    GroupPartition,
    InFlight,
    Kafka,
    Kubernetes,
    KubernetesEvent,
    LlmUsage,
    Member,
    ModelUsage,
    Node,
    ReplicaSet,
    Topic,
)
from schema.types import (
    AgentStatus,
    Amount,
    Count,
    Id,
    Part,
    Runtime,
    Severity,
    SourceStatus,
    Text,
    Time,
)

__all__ = [
    "SCHEMA_VERSION",
    "ActiveTask",
    "Activity",
    "Agent",
    "AgentUsage",
    "Alert",
    "Deployment",
    "Group",
    "GroupPartition",
    "InFlight",
    "Incident",
    "Instance",
    "Kafka",
    "Kubernetes",
    "KubernetesEvent",
    "LlmUsage",
    "Member",
    "ModelLimits",
    "ModelUsage",
    "Node",
    "Pod",
    "Queue",
    "QueuedTask",
    "ReplicaSet",
    "Snapshot",
    "Source",
    "TaskPriority",
    "Topic",
    "Transition",
    "Unavailable",
    "Workload",
    "WorkloadLive",
]

SCHEMA_VERSION: Final = "1.0"


class ActiveTask(Part, frozen=True, kw_only=True):
    """A task that an agent works on now."""

    id: Id
    started_on: Time
    status: Literal["queued", "running", "retrying", "waiting"]


class Activity(Part, frozen=True, kw_only=True):
    """What an agent says it is doing, from its newest telemetry."""

    active_task_ids: list[ActiveTask]
    reasoning: Text | UnsetType = UNSET
    tools_planned: list[Id] | UnsetType = UNSET
    updated_at: Time | UnsetType = UNSET


class Instance(Part, frozen=True, kw_only=True):
    """One process or pod of an agent."""

    instance_id: Id
    pod_id: Id | UnsetType = UNSET
    status: AgentStatus
    last_seen: Time


class Agent(Part, frozen=True, kw_only=True):
    """A logical agent; its processes and pods are its instances (SPEC §3)."""

    agent_id: Id
    name: Id
    deployment_name: Id | UnsetType = UNSET
    models: list[Id] | UnsetType = UNSET
    max_parallel_invocations: Count | UnsetType = UNSET
    role: Literal["agent", "llm_server"] = "agent"
    description: Text | UnsetType = UNSET
    capabilities: list[Id] | UnsetType = UNSET
    endpoint: Text | UnsetType = UNSET
    discovered_by: list[Literal["labeled", "deployment", "telemetry", "registered"]]
    status: AgentStatus
    last_seen: Time | UnsetType = UNSET
    instances: list[Instance]
    activity: Activity


class Transition(Part, frozen=True, kw_only=True):
    """A change of a pod's status since the previous tick."""

    status: Id
    at: Time


class Pod(Part, frozen=True, kw_only=True):
    """A pod, or a process that runs without Kubernetes."""

    pod_id: Id
    name: Id
    status: Id
    ready: bool | UnsetType = UNSET
    restarts: Count | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET
    cpu: Annotated[Count, Meta(description="millicores")] | UnsetType = UNSET
    cpu_limit: Annotated[Count, Meta(description="millicores")] | UnsetType = UNSET
    cpu_request: Annotated[Count, Meta(description="millicores")] | UnsetType = UNSET
    memory: Annotated[Count, Meta(description="MiB")] | UnsetType = UNSET
    memory_limit: Annotated[Count, Meta(description="MiB")] | UnsetType = UNSET
    memory_request: Annotated[Count, Meta(description="MiB")] | UnsetType = UNSET
    network_rx_bytes_per_second: Amount | UnsetType = UNSET
    network_tx_bytes_per_second: Amount | UnsetType = UNSET
    io_read_bytes_per_second: Amount | UnsetType = UNSET
    io_write_bytes_per_second: Amount | UnsetType = UNSET
    status_message: Text | UnsetType = UNSET
    restart_loop: bool | UnsetType = UNSET
    probe_failures: Annotated[Count, Meta(description="failed probes, as events tell")] | UnsetType = UNSET
    last_termination_reason: Id | UnsetType = UNSET
    last_terminated_at: Time | UnsetType = UNSET
    last_exit_code: Count | UnsetType = UNSET
    last_exit_signal: Annotated[Id, Meta(description="as in SIGKILL")] | UnsetType = UNSET
    deleted_at: Time | UnsetType = UNSET
    node: Id | UnsetType = UNSET
    ip: Annotated[Id, Meta(description="absent where it has its node's")] | UnsetType = UNSET
    images: list[Text] | UnsetType = UNSET
    agent_id: Id | UnsetType = UNSET
    transitions: list[Transition] | UnsetType = UNSET


class WorkloadLive(Part, frozen=True, kw_only=True):
    """How many pods of a workload run now."""

    active_pods: Count
    updated_at: Time


class Workload(Part, frozen=True, kw_only=True):
    """A deployment, another owner of pods, or a group of processes."""

    deployment_name: Id
    namespace: Id
    kind: Id
    runtime: Runtime
    max_pods: Count | UnsetType = UNSET
    live: WorkloadLive
    pods: list[Pod]


class TaskPriority(Part, frozen=True, kw_only=True):
    """How urgent a queued task is and how long it has waited, in minutes."""

    level: Severity
    waiting_since_mins: Amount


class QueuedTask(Part, frozen=True, kw_only=True):
    """A task that was queued and not started yet."""

    id: Id
    priority: TaskPriority
    invoked_by: Id | UnsetType = UNSET


class Queue(Part, frozen=True, kw_only=True):
    """A task queue: a Kafka topic's lag where it is one, else the tasks known from events."""

    name: Id
    depth: Count
    tasks: list[QueuedTask]


class ModelLimits(Part, frozen=True, kw_only=True):
    """Use and limits of one model under one key (SPEC §8); tpm and rpm are of the last sliding minute.

    rpm counts the requests that began in it, those in flight among them; tpm the tokens of the calls that
    ended in it. `tpm_remaining` and `rpm_remaining` are what the provider said is left, whoever used it,
    for as long as that word holds: until its reset, and a minute at most; `told_at` is of when it is.
    `percent_used` is the largest share of the two limits, by our own count or by what is left.
    `seconds_to_exhaustion` is when the first of them is used up if all agents with this key go on as in
    the last seconds; absent where that is never. `resets_at` is when the provider lifts it.
    """

    model: Id
    provider: Id
    key_label: Id = "default"
    tpm: Count
    tpm_max: Count | UnsetType = UNSET
    rpm: Count
    rpm_max: Count | UnsetType = UNSET
    tpm_remaining: Count | UnsetType = UNSET
    rpm_remaining: Count | UnsetType = UNSET
    told_at: Time | UnsetType = UNSET
    percent_used: Amount | UnsetType = UNSET
    status: Literal["available", "rate_limited", "unavailable", "unknown"]
    reason: Text | UnsetType = UNSET
    loaded: bool | UnsetType = UNSET
    quota_exhausted: bool = False
    resets_at: Time | UnsetType = UNSET
    seconds_to_exhaustion: Amount | UnsetType = UNSET


class Alert(Part, frozen=True, kw_only=True):
    """A condition that wants attention now."""

    id: Id
    severity: Severity
    title: Text
    source: Id
    agent_ids: list[Id]
    since: Time


class Incident(Part, frozen=True, kw_only=True):
    """A causal chain of conditions, open or closed."""

    id: Id
    status: Literal["open", "closed"]
    severity: Severity
    title: Text
    root_cause: Text | UnsetType = UNSET
    since: Time


class Unavailable(Part, frozen=True, kw_only=True):
    """A part of a source that cannot be read while the rest goes on: `metrics.k8s.io: 403 Forbidden`."""

    part: Id
    reason: Text


class Source(Part, frozen=True, kw_only=True):
    """How fresh a source's part is (SPEC §4, Freshness), and what of it cannot be read."""

    name: Id
    instance: Id
    status: SourceStatus
    reason: Text | UnsetType = UNSET
    observed_at: Time | UnsetType = UNSET
    age_seconds: Amount
    interval_seconds: Amount
    clock_skew_seconds: float | UnsetType = UNSET
    undelivered_since: Time | UnsetType = UNSET
    unavailable: list[Unavailable] | UnsetType = UNSET


class Snapshot(Part, frozen=True, kw_only=True):
    """The whole system at one tick."""

    id: UUID
    timestamp: Time
    environment: Id
    schema_version: Literal["1.0"]
    agents: list[Agent]
    workload: list[Workload]
    queues: list[Queue]
    litellm: list[ModelLimits]
    kubernetes: Kubernetes | UnsetType = UNSET
    kafka: Kafka | UnsetType = UNSET
    llm_usage: LlmUsage | UnsetType = UNSET
    alerts: list[Alert]
    incidents: list[Incident]
    sources: list[Source]
