"""What travels between the services (DESIGN §3): events, LLM calls, observations, marks, changes, rejects.

Records of `oracle.log` are a tagged union on `type`; every record but a mark has the header `environment`.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schema import models
from schema.types import (
    Amount,
    Count,
    EventSeverity,
    Id,
    Money,
    Part,
    Severity,
    Text,
    Time,
    Tokens,
    check_cost,
)

Interval = Annotated[float, Meta(ge=0, le=86_400)]
"""How often something says that it is alive, in seconds: at least once a day."""

EVENT_TYPES = (
    "task_queued", "task_started", "task_progress", "task_completed", "task_failed", "task_retried",
    "tool_called", "tool_returned", "tool_timed_out", "llm_called", "handoff", "error", "warning",
    "heartbeat", "agent_registered", "agent_removed", "prompt_changed",
)  # fmt: skip
"""The event types that have a meaning; others are kept and shown."""


class RawEvent(Part, frozen=True, kw_only=True):
    """An agent's event as it is sent to `oracle.events` (SPEC §3); agent_id or agent_name is required."""

    timestamp: Time
    event_type: Id
    agent_id: Id | UnsetType = UNSET
    agent_name: Id | UnsetType = UNSET
    event_id: Id | UnsetType = UNSET
    environment: Id | UnsetType = UNSET
    severity: EventSeverity = "info"
    message: Text | UnsetType = UNSET
    task_id: Id | UnsetType = UNSET
    trace_id: Id | UnsetType = UNSET
    span_id: Id | UnsetType = UNSET
    internal_state: dict[str, Any] | UnsetType = UNSET
    # task_queued
    queue: Id | UnsetType = UNSET
    priority: Severity | UnsetType = UNSET
    invoked_by: Id | UnsetType = UNSET
    # handoff
    to_agent: Id | UnsetType = UNSET
    # error, task_failed, tool_timed_out
    error_type: Id | UnsetType = UNSET
    error_category: Id | UnsetType = UNSET
    stack: Text | UnsetType = UNSET
    # the three about tools
    tool: Id | UnsetType = UNSET
    # prompt_changed
    prompt_name: Id | UnsetType = UNSET
    prompt_hash: Id | UnsetType = UNSET
    prompt_tokens: Tokens | UnsetType = UNSET
    previous_prompt_hash: Id | UnsetType = UNSET
    previous_prompt_tokens: Tokens | UnsetType = UNSET
    # heartbeat, agent_registered
    interval_seconds: Interval | UnsetType = UNSET
    models: list[Id] | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    endpoint: Text | UnsetType = UNSET
    capabilities: list[Id] | UnsetType = UNSET
    max_parallel_invocations: Count | UnsetType = UNSET


class Event(RawEvent, frozen=True, kw_only=True):
    """An event in the log: identified, and with the agent's id and name both known."""

    event_id: Id
    agent_id: Id
    agent_name: Id


class Call(Part, frozen=True, kw_only=True):
    """One LLM call: tokens, cost in US dollars, latency in milliseconds.

    `seen_by` says who told of it: the proxy, an agent's span, or an agent's log. `client_address` is the IP
    address that the proxy was called from; `key_label` the name that LLM_KEY_LABELS gives to the key;
    `retry_count` how often the same request was sent before, 0 the first time. `prompt_tokens` are all of the
    prompt, with `cached_tokens` (read from a cache), `cache_write_tokens` (`cache_write_1h_tokens` of them
    for an hour) and `prompt_audio_tokens` among them; `completion_tokens` are all of the answer, with
    `reasoning_tokens` and `completion_audio_tokens` among them. `prompt_hash` and `system_prompt_tokens` are
    of the system prompt. `request_span_id` is the span of the HTTP request that a model's span last made: the
    proxy is told that one as its parent. The texts are there only where LLM_STORE_TEXT is on, and redacted.
    """

    call_id: Id
    provider: Id
    model: Id
    started_at: Time
    status: Literal["ok", "rate_limited", "error", "cancelled"]
    seen_by: Literal["proxy", "span", "log"] = "proxy"
    key_label: Id = "default"
    client_address: Id | UnsetType = UNSET
    agent_id: Id | UnsetType = UNSET
    agent_name: Id | UnsetType = UNSET
    task_id: Id | UnsetType = UNSET
    trace_id: Id | UnsetType = UNSET
    span_id: Id | UnsetType = UNSET
    parent_span_id: Id | UnsetType = UNSET
    request_span_id: Id | UnsetType = UNSET
    operation: Id | UnsetType = UNSET
    response_model: Id | UnsetType = UNSET
    response_id: Id | UnsetType = UNSET
    request_id: Id | UnsetType = UNSET
    http_status: Count | UnsetType = UNSET
    error_type: Id | UnsetType = UNSET
    finish_reason: Id | UnsetType = UNSET
    service_tier: Id | UnsetType = UNSET
    retry_count: Count | UnsetType = UNSET
    streaming: bool = False
    prompt_tokens: Tokens | UnsetType = UNSET
    completion_tokens: Tokens | UnsetType = UNSET
    cached_tokens: Tokens | UnsetType = UNSET
    cache_write_tokens: Tokens | UnsetType = UNSET
    cache_write_1h_tokens: Tokens | UnsetType = UNSET
    reasoning_tokens: Tokens | UnsetType = UNSET
    prompt_audio_tokens: Tokens | UnsetType = UNSET
    completion_audio_tokens: Tokens | UnsetType = UNSET
    tokens_estimated: bool = False
    cost_usd: Money | UnsetType = UNSET
    price_source: Text | UnsetType = UNSET
    latency_ms: Amount | UnsetType = UNSET
    time_to_first_token_ms: Amount | UnsetType = UNSET
    prompt_hash: Id | UnsetType = UNSET
    system_prompt_tokens: Tokens | UnsetType = UNSET
    prompt_text: Text | UnsetType = UNSET
    answer_text: Text | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError, which a decoder tells as a wrong shape."""
        super().__post_init__()
        check_cost(self.cost_usd)


SourceName = Annotated[
    str, Meta(min_length=1, max_length=256, pattern=r"^[^@\x00-\x1f\x7f]+(@[^\x00-\x1f\x7f]+)?\Z")
]
"""`name@instance`; the instance names what is watched."""


class Observed(Part, frozen=True, kw_only=True, tag_field="type", tag="observed"):
    """A source saw an entity; `source` is `name@instance`, `epoch` is random per start and refresh."""

    source: SourceName
    epoch: Id
    kind: Id
    id: Id
    observed_at: Time
    value: msgspec.Raw


class Gone(Part, frozen=True, kw_only=True, tag_field="type", tag="gone"):
    """A source no longer sees an entity."""

    source: SourceName
    epoch: Id
    kind: Id
    id: Id
    observed_at: Time


class Heartbeat(Part, frozen=True, kw_only=True, tag_field="type", tag="heartbeat"):
    """A source is alive: `synced` are the kinds that are complete in this epoch."""

    source: SourceName
    epoch: Id
    observed_at: Time
    interval_seconds: Interval
    synced: list[Id]
    down_reason: Text | UnsetType = UNSET
    undelivered_since: Time | UnsetType = UNSET
    unavailable: list[models.Unavailable] | UnsetType = UNSET


class EventRecord(Part, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """An agent's event, taken over from the intake; its origin is in the headers."""

    event: Event


class CallRecord(Part, frozen=True, kw_only=True, tag_field="type", tag="call"):
    """An LLM call."""

    call: Call


class Mark(Part, frozen=True, kw_only=True, tag_field="type", tag="mark"):
    """Moves time in a partition that is otherwise quiet (DESIGN §4.1)."""

    owner: Id


LogRecord = Observed | Gone | Heartbeat | EventRecord | CallRecord | Mark

EntityKey = list[str]
"""The parts of a natural key, outermost first: a pod is [namespace, deployment_name, pod_id]."""


class Change(Part, frozen=True, kw_only=True, tag_field="type", tag="change"):
    """What changed since the previous sequence: whole entities, so that applying it twice is harmless."""

    environment: Id
    generation: Count
    sequence: Count
    at: Time
    set: list[tuple[Id, EntityKey, msgspec.Raw]]
    remove: list[tuple[Id, EntityKey]]


class TickMessage(Part, frozen=True, kw_only=True, tag_field="type", tag="tick"):
    """A snapshot was stored; it includes every change up to `sequence` of this generation."""

    environment: Id
    generation: Count
    sequence: Count
    tick: Time
    snapshot_id: Id
    catching_up: bool = False


class Reload(Part, frozen=True, kw_only=True, tag_field="type", tag="reload"):
    """A change was too large to send: load the next snapshot instead."""

    environment: Id
    generation: Count
    sequence: Count


LiveMessage = Change | TickMessage | Reload


class Rejected(Part, frozen=True, kw_only=True):
    """An invalid message, kept for seven days: why, where it came from, and its first 64 KiB as base64."""

    reason: Id
    detail: Text
    topic: Id
    partition: Count
    offset: Count
    size_bytes: Count
    sha256: Id
    value: bytes
    rejected_by: Id
    rejected_at: Time
    environment: Id | UnsetType = UNSET
