"""One request and its outcome → one call record (pure).

Nothing of a prompt, an answer or a key enters a record here: counts, digests, names, times and machine words
only. Where texts are kept, `watch.py` adds them redacted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from collectors.llm_collector.keys import DEFAULT_LABEL, UNLABELLED, KeyLabel
from collectors.llm_collector.reading import Reading, name_of
from collectors.llm_collector.redaction import Excerpt
from collectors.llm_collector.request import Asked
from collectors.llm_collector.retries import told_count
from collectors.llm_collector.routes import Target
from collectors.llm_collector.system_prompt import SystemPrompt
from runtime.pricing import FREE_OPERATIONS, Priced, Tokens, price_call
from schema.messages import Call
from schema.observed import InFlightObserved

_TRACEPARENT = re.compile(
    r"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2})"
    r"-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)
"""Of version 00 nothing follows; ff is none, and neither is an id of zeros."""
_STREAMS_UNASKED = ("/api/chat", "/api/generate")
"""Of Ollama."""
T = TypeVar("T")
Status = Literal["ok", "rate_limited", "error", "cancelled"]


class Arrival(Struct, frozen=True):
    """A call as it came in; its id is given here and shared by `in_flight` and the record."""

    call_id: str
    started_at: datetime
    provider: str
    model: str
    operation: str
    streaming: bool
    prompt_characters: int | None
    key_label: str = DEFAULT_LABEL
    client_address: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    task_id: str | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    retry_count: int | None = None
    system_prompt: SystemPrompt | None = None
    text: Excerpt | None = None
    """Of the request, where texts are kept; it waits to be redacted."""

    def in_flight(self) -> InFlightObserved:
        """Give the entity that is shown while the call runs."""
        return InFlightObserved(
            call_id=self.call_id,
            agent_id=_set(self.agent_id),
            task_id=_set(self.task_id),
            provider=self.provider,
            model=self.model,
            key_label=self.key_label,
            started_at=self.started_at,
            streaming=self.streaming,
            agent_name=_set(self.agent_name),
            client_address=_set(self.client_address),
            trace_id=_set(self.trace_id),
            parent_span_id=_set(self.parent_span_id),
        )


@dataclass(frozen=True)
class Outcome:
    """How a call ended; `http_status` is the upstream's, absent when it never answered."""

    latency_ms: float
    http_status: int | None = None
    time_to_first_token_ms: float | None = None
    request_id: str | None = None
    cancelled: bool = False
    failure: str | None = None
    """A machine word for what went wrong between the upstream and us."""


def arrival_of(
    call_id: str,
    at: datetime,
    target: Target,
    headers: Mapping[str, str],
    asked: Asked | None,
    client_address: str | None = None,
    key: KeyLabel = UNLABELLED,
) -> Arrival | None:
    """Take in a request (header names in lower case); None when it is no model call.

    `asked` is None while its body is still passing: `completed` adds it.
    """
    if target.operation is None:
        return None
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    agent_id, agent_name = (name_of(headers.get(one)) for one in ("x-oracle-agent", "x-oracle-agent-name"))
    if agent_id is None and agent_name is None and isinstance(key.agent, str):
        agent_id = key.agent
    arrival = Arrival(
        call_id=call_id,
        started_at=at,
        provider=target.provider,
        model=name_of(target.deployment) or "unknown",
        operation=target.operation,
        streaming=target.url.endswith(_STREAMS_UNASKED),
        prompt_characters=None,
        key_label=key.label,
        client_address=client_address,
        agent_id=agent_id,
        agent_name=agent_name,
        task_id=name_of(headers.get("x-oracle-task")),
        trace_id=trace[1] if trace else None,
        parent_span_id=trace[2] if trace else None,
        retry_count=told_count(headers),
    )
    return completed(arrival, asked) if asked else arrival


def completed(arrival: Arrival, asked: Asked) -> Arrival:
    """Add what a request's body said, once all of it has passed."""
    return replace(
        arrival,
        model=asked.model or arrival.model,
        streaming=arrival.streaming if asked.streaming is None else asked.streaming,
        prompt_characters=asked.prompt_characters,
        system_prompt=asked.system_prompt,
        text=asked.text,
    )


def call_of(arrival: Arrival, outcome: Outcome, reading: Reading) -> Call:
    """Make the record of a call that has ended, priced when its price is known."""
    status = status_of(outcome, reading)
    prompt, completion, estimated = _tokens(arrival, reading, outcome.http_status)
    priced = _priced(arrival, reading, prompt, completion)
    return Call(
        call_id=arrival.call_id,
        provider=arrival.provider,
        model=arrival.model,
        started_at=arrival.started_at,
        status=status,
        key_label=arrival.key_label,
        client_address=_set(arrival.client_address),
        agent_id=_set(arrival.agent_id),
        agent_name=_set(arrival.agent_name),
        task_id=_set(arrival.task_id),
        trace_id=_set(arrival.trace_id),
        parent_span_id=_set(arrival.parent_span_id),
        operation=arrival.operation,
        response_model=_set(reading.response_model),
        response_id=_set(reading.response_id),
        request_id=_set(name_of(outcome.request_id)),
        http_status=_set(outcome.http_status),
        error_type=_error_type(status, outcome, reading),
        finish_reason=_set(reading.finish_reason),
        service_tier=_set(reading.service_tier),
        retry_count=_set(arrival.retry_count),
        streaming=arrival.streaming or reading.streamed,
        prompt_tokens=_set(prompt),
        completion_tokens=_set(completion),
        cached_tokens=_set(reading.cached_tokens),
        cache_write_tokens=_set(reading.cache_write_tokens),
        cache_write_1h_tokens=_set(reading.cache_write_1h_tokens),
        reasoning_tokens=_set(reading.reasoning_tokens),
        prompt_audio_tokens=_set(reading.prompt_audio_tokens),
        completion_audio_tokens=_set(reading.completion_audio_tokens),
        tokens_estimated=estimated,
        cost_usd=priced.cost_usd if priced else UNSET,
        price_source=priced.price_source if priced else UNSET,
        latency_ms=round(outcome.latency_ms, 3),
        time_to_first_token_ms=_set(
            None if outcome.time_to_first_token_ms is None else round(outcome.time_to_first_token_ms, 3)
        ),
        prompt_hash=arrival.system_prompt.sha256 if arrival.system_prompt else UNSET,
        system_prompt_tokens=arrival.system_prompt.tokens if arrival.system_prompt else UNSET,
    )


def status_of(outcome: Outcome, reading: Reading) -> Status:
    """Say how a call ended; an error inside a stream that began well is an error too."""
    if outcome.cancelled:
        return "cancelled"
    if outcome.http_status == 429:
        return "rate_limited"
    broken = outcome.failure or reading.error_type or reading.error_code
    return "ok" if outcome.http_status is not None and outcome.http_status < 400 and not broken else "error"


def _tokens(
    arrival: Arrival, reading: Reading, http_status: int | None
) -> tuple[int | None, int | None, bool]:
    """Give prompt and completion tokens, and whether one is estimated from the length of its text."""
    if arrival.operation in FREE_OPERATIONS:
        return None, None, False  # what is told would be used by another call
    answered = http_status is not None and http_status < 400
    streamed = arrival.streaming or reading.streamed
    return reading.tokens(arrival.prompt_characters, answered and streamed)


def _priced(arrival: Arrival, reading: Reading, prompt: int | None, completion: int | None) -> Priced | None:
    tokens = None
    if prompt is not None:
        tokens = Tokens(
            prompt,
            completion or 0,
            reading.cached_tokens or 0,
            reading.cache_write_tokens or 0,
            reading.cache_write_1h_tokens or 0,
            reading.prompt_audio_tokens or 0,
            reading.completion_audio_tokens or 0,
            reading.web_searches or 0,
            reading.unpriced_tools,
        )
    return price_call(
        arrival.provider,
        (arrival.model, reading.response_model),
        arrival.started_at,
        tokens,
        reading.service_tier,
        arrival.operation,
        reading.cost_usd,
    )


def _error_type(status: Status, outcome: Outcome, reading: Reading) -> str | UnsetType:
    if status == "ok":
        return UNSET
    if status == "cancelled":
        return "client_disconnected"
    told = outcome.failure or reading.error_code or reading.error_type
    return told or (f"http_{outcome.http_status}" if outcome.http_status is not None else "unknown")


def _set(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value
