"""The cluster-, broker- and spend-level parts of the snapshot (SPEC §4): Kubernetes, Kafka, LLM use."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from schema.types import Amount, Count, Id, Money, Part, Text, Time


class ReplicaSet(Part, frozen=True, kw_only=True):
    """A replica set of a deployment that still has, or shall have, pods; `revision` as in its rollouts."""

    name: Id
    revision: Count
    desired: Count
    ready: Count


class Deployment(Part, frozen=True, kw_only=True):
    """Replica counts of a Kubernetes Deployment, and how far its newest rollout is.

    `rollout` is `stalled` once the progress deadline has passed; `replica_sets` are ordered by revision.
    """

    namespace: Id
    name: Id
    desired: Count
    ready: Count
    available: Count
    updated: Count
    revision: Count | UnsetType = UNSET
    rollout: Literal["complete", "progressing", "stalled", "paused"] | UnsetType = UNSET
    rollout_message: Text | UnsetType = UNSET
    images: list[Text] | UnsetType = UNSET
    replica_sets: list[ReplicaSet] | UnsetType = UNSET


class Node(Part, frozen=True, kw_only=True):
    """A Kubernetes node; `pressures` are its conditions that are true and should not be (MemoryPressure)."""

    name: Id
    ready: bool
    reason: Text | UnsetType = UNSET
    pressures: list[Id] | UnsetType = UNSET
    unschedulable: bool | UnsetType = UNSET


class KubernetesEvent(Part, frozen=True, kw_only=True):
    """A warning event of Kubernetes."""

    namespace: Id
    object: Id
    reason: Id
    message: Text
    count: Count
    last_seen: Time


class Kubernetes(Part, frozen=True, kw_only=True):
    """The cluster-level view."""

    deployments: list[Deployment]
    nodes: list[Node]
    events: list[KubernetesEvent]


class Member(Part, frozen=True, kw_only=True):
    """A member of a consumer group."""

    member_id: Id
    client_id: Annotated[str, Meta(max_length=256)]
    host: Annotated[str, Meta(max_length=256)]
    agent_id: Id | UnsetType = UNSET


class GroupPartition(Part, frozen=True, kw_only=True):
    """A consumer group's position in one partition; lag in messages and in seconds."""

    topic: Id
    partition: Count
    committed_offset: Count | UnsetType = UNSET
    end_offset: Count
    lag_messages: Count
    lag_seconds: Amount | UnsetType = UNSET
    committed_at: Time | UnsetType = UNSET


class Group(Part, frozen=True, kw_only=True):
    """A consumer group, sampled at one instant."""

    group: Id
    state: Id
    verdict: Literal["ok", "lagging", "stalled", "stopped", "rewinding"] | UnsetType = UNSET
    lag_messages: Count
    lag_seconds: Amount | UnsetType = UNSET
    seconds_to_catch_up: Amount | UnsetType = UNSET
    members: list[Member]
    partitions: list[GroupPartition]


class Topic(Part, frozen=True, kw_only=True):
    """A watched topic; `depth` is the largest lag of any group that reads it, in messages."""

    topic: Id
    partitions: Count
    produced_per_second: Amount | UnsetType = UNSET
    consumed_per_second: Amount | UnsetType = UNSET
    end_to_end_seconds: Amount | UnsetType = UNSET
    depth: Count | UnsetType = UNSET
    backpressure: bool | UnsetType = UNSET
    dead_letter_of: Id | UnsetType = UNSET
    dead_letters_per_minute: Amount | UnsetType = UNSET
    under_replicated: Count | UnsetType = UNSET


class Kafka(Part, frozen=True, kw_only=True):
    """The broker-level view: one coherent sample, taken at `sampled_at`."""

    sampled_at: Time
    brokers: Count
    groups: list[Group]
    topics: list[Topic]


class InFlight(Part, frozen=True, kw_only=True):
    """An LLM call that has not been answered yet."""

    call_id: Id
    agent_id: Id | UnsetType = UNSET
    task_id: Id | UnsetType = UNSET
    provider: Id
    model: Id
    started_at: Time
    streaming: bool


class AgentUsage(Part, frozen=True, kw_only=True):
    """An agent's LLM use since 00:00 UTC."""

    agent_id: Id
    calls: Count
    prompt_tokens: Count
    completion_tokens: Count
    cost_usd: Money


class ModelUsage(Part, frozen=True, kw_only=True):
    """A model's LLM use since 00:00 UTC, with the latency of its calls."""

    provider: Id
    model: Id
    calls: Count
    prompt_tokens: Count
    completion_tokens: Count
    cost_usd: Money
    latency_p50_ms: Amount | UnsetType = UNSET
    latency_p95_ms: Amount | UnsetType = UNSET
    rate_limited: Count
    errors: Count


class LlmUsage(Part, frozen=True, kw_only=True):
    """LLM use since 00:00 UTC (`day`), the running total, and the calls in flight."""

    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    calls: Count
    prompt_tokens: Count
    completion_tokens: Count
    cost_usd: Money
    unpriced_calls: Count
    cost_usd_total: Money
    in_flight: list[InFlight]
    by_agent: list[AgentUsage]
    by_model: list[ModelUsage]
