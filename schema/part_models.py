"""The cluster-, broker- and spend-level parts of the snapshot (SPEC §4): Kubernetes, Kafka, LLM use."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from schema.types import Amount, Count, Id, Money, Part, Text, Time

Verdict = Literal["ok", "lagging", "stalled", "stopped", "rewinding"]
"""How a group fares: behind and not catching up, there but not moving, no longer committing, going back."""
PartitionDoubt = Literal["no_commit", "beyond_end", "truncated", "future_timestamps", "unanswered"]
"""What makes a partition's lag doubtful.

Nothing is committed; the commit lies beyond the end (the topic was made anew, or somebody set it there);
what comes next was removed by the broker; timestamps are later than now, so that `lag_seconds` is a lower
bound; the partition does not answer, and its offsets are the last known.
"""
CommitsFrom = Literal["internal_topic", "admin_api"]
"""How committed offsets are known: by reading `__consumer_offsets`, or by asking the coordinators."""


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
    """A member of a consumer group, the topics it was given partitions of, and the agent that it is of."""

    member_id: Id
    client_id: Annotated[str, Meta(max_length=256)]
    host: Annotated[str, Meta(max_length=256)]
    topics: list[Id] | UnsetType = UNSET
    agent_id: Id | UnsetType = UNSET


class GroupPartition(Part, frozen=True, kw_only=True):
    """A consumer group's position in one partition; lag in messages and in seconds.

    `lag_messages` is the end offset less the committed one, as Kafka's own tool counts it; absent without a
    commit. `lag_seconds` is the age of the oldest message that is not committed, `unread_since` the moment at
    which it was appended. `lost_messages` were removed by the broker before the group read them.
    """

    topic: Id
    partition: Count
    committed_offset: Count | UnsetType = UNSET
    end_offset: Count
    lag_messages: Count | UnsetType = UNSET
    lag_seconds: Amount | UnsetType = UNSET
    unread_since: Time | UnsetType = UNSET
    committed_at: Time | UnsetType = UNSET
    consumed_per_second: Amount | UnsetType = UNSET
    produced_per_second: Amount | UnsetType = UNSET
    seconds_to_catch_up: Amount | UnsetType = UNSET
    never_catches_up: bool | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET
    doubt: PartitionDoubt | UnsetType = UNSET
    lost_messages: Count | UnsetType = UNSET


class Group(Part, frozen=True, kw_only=True):
    """A consumer group, sampled at one instant.

    `lag_seconds`, `seconds_to_catch_up` and the verdict are those of its worst partition; topics that its
    members have left for others do not count there. At most 2,000 partitions are listed, those with the
    largest lag; the sums count all. `unavailable` says why a group that
    is there cannot be read.
    """

    group: Id
    state: Id
    verdict: Verdict | UnsetType = UNSET
    lag_messages: Count | UnsetType = UNSET
    lag_seconds: Amount | UnsetType = UNSET
    committed_at: Time | UnsetType = UNSET
    consumed_per_second: Amount | UnsetType = UNSET
    produced_per_second: Amount | UnsetType = UNSET
    seconds_to_catch_up: Amount | UnsetType = UNSET
    never_catches_up: bool | UnsetType = UNSET
    agent_ids: list[Id] | UnsetType = UNSET
    members: list[Member]
    partitions: list[GroupPartition]
    partitions_left_out: Count | UnsetType = UNSET
    unavailable: Text | UnsetType = UNSET


class Topic(Part, frozen=True, kw_only=True):
    """A watched topic; `depth` and `lag_seconds` are the largest lag of any group that reads it.

    A group that has stopped counts only where no other reads the topic.

    `messages` are those that the broker keeps (an upper bound where a topic is compacted), `size_bytes` what
    they take on the leaders' disks. `consumed_per_second` is the sum over its groups; `end_to_end_seconds`
    the age of messages at their commit, in the slowest group. `dead_letters_per_minute` stands at dead-letter
    topics only. `agent_ids` are the agents that consume it.
    """

    topic: Id
    partitions: Count
    produced_per_second: Amount | UnsetType = UNSET
    consumed_per_second: Amount | UnsetType = UNSET
    end_to_end_seconds: Amount | UnsetType = UNSET
    depth: Count | UnsetType = UNSET
    lag_seconds: Amount | UnsetType = UNSET
    backpressure: bool | UnsetType = UNSET
    messages: Count | UnsetType = UNSET
    size_bytes: Count | UnsetType = UNSET
    dead_letter_of: Id | UnsetType = UNSET
    dead_letters_per_minute: Amount | UnsetType = UNSET
    under_replicated: Count | UnsetType = UNSET
    leaderless: Count | UnsetType = UNSET
    recreated_at: Time | UnsetType = UNSET
    partitions_added_at: Time | UnsetType = UNSET
    agent_ids: list[Id] | UnsetType = UNSET
    unavailable: Text | UnsetType = UNSET


class Kafka(Part, frozen=True, kw_only=True):
    """The broker-level view: one coherent sample, taken at `sampled_at`, within `sample_seconds`.

    `commits_from` says how committed offsets are known; `interval_reason` why samples are taken less often
    than asked. `brokers_missing` are the ids of brokers that hold replicas and do not answer.
    """

    sampled_at: Time
    sample_seconds: Amount | UnsetType = UNSET
    interval_seconds: Amount | UnsetType = UNSET
    interval_reason: Text | UnsetType = UNSET
    commits_from: CommitsFrom | UnsetType = UNSET
    commits_from_reason: Text | UnsetType = UNSET
    brokers: Count
    brokers_missing: list[Count] | UnsetType = UNSET
    groups: list[Group]
    topics: list[Topic]


class InFlight(Part, frozen=True, kw_only=True):
    """An LLM call that has not been answered yet."""

    call_id: Id
    agent_id: Id | UnsetType = UNSET
    task_id: Id | UnsetType = UNSET
    provider: Id
    model: Id
    key_label: Id = "default"
    started_at: Time
    streaming: bool


class AgentUsage(Part, frozen=True, kw_only=True):
    """An agent's LLM use since 00:00 UTC.

    `budget_usd` is its soft budget for the day, where it has one, `budget_percent` how much of it is spent.
    """

    agent_id: Id
    calls: Count
    prompt_tokens: Count
    completion_tokens: Count
    cost_usd: Money
    unpriced_calls: Count | UnsetType = UNSET
    budget_usd: Money | UnsetType = UNSET
    budget_percent: Amount | UnsetType = UNSET


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
    """LLM use since 00:00 UTC (`day`), the running total, and the calls in flight.

    `unpriced_calls` have no known price and are in no cost; `estimated_calls` told no tokens: theirs are
    estimated from the lengths of the texts.
    """

    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    calls: Count
    prompt_tokens: Count
    completion_tokens: Count
    cost_usd: Money
    unpriced_calls: Count
    estimated_calls: Count | UnsetType = UNSET
    cost_usd_total: Money
    in_flight: list[InFlight]
    by_agent: list[AgentUsage]
    by_model: list[ModelUsage]
