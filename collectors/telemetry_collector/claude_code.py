"""Claude Code's own telemetry: its log records of API requests and errors → calls. Pure.

It tells each request as an event `claude_code.api_request` or `claude_code.api_error`. Its input tokens are
without those of the cache. Its cost is taken as told, for it knows the searches and for how long a cache is
kept, of which its counts say nothing; only without it the price list is asked.
Prompts, answers and error texts among the attributes are not looked at.
"""

import hashlib
from dataclasses import asdict

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collectors.telemetry_collector.attributes import Attributes, amount, money, name, tokens
from collectors.telemetry_collector.counts import counts_of
from collectors.telemetry_collector.genai import call, price_of
from collectors.telemetry_collector.ids import span_id_of, trace_id_of
from collectors.telemetry_collector.resources import agent_of
from collectors.telemetry_collector.times import moment
from runtime.pricing import Priced, rounded
from schema.errors import InvalidMessage
from schema.messages import Call

SERVICE = "claude-code"
_EVENTS = {"api_request": "ok", "api_error": "error"}
_FAST = "fast"


def event_of(record: LogRecord, attributes: Attributes, resource: Attributes) -> str | None:
    """Give `api_request` or `api_error` when it is one of Claude Code's, or None."""
    told = record.event_name or name(attributes, "event.name") or record.body.string_value
    prefix, _, short = told.rpartition(".")
    service = name(resource, "service.name") or ""
    ours = prefix == "claude_code" or record.body.string_value.startswith("claude_code.")
    return short if short in _EVENTS and (ours or service.startswith(SERVICE)) else None


def call_of(
    event: str, record: LogRecord, attributes: Attributes, resource: Attributes, origin: str, at_ms: int
) -> Call:
    """Make the call of an event. Raises InvalidMessage."""
    model = name(attributes, "model")
    if model is None:
        raise InvalidMessage("wrong_shape", "the event names no model")
    latency_ms = amount(attributes, "duration_ms") or 0.0
    ended = record.time_unix_nano or record.observed_time_unix_nano
    moment(ended, at_ms)  # The event comes at the end of the request, and must have a time that can be.
    started_at = moment(ended - round(latency_ms * 1e6), at_ms)
    http_status, attempt = tokens(attributes, "status_code"), tokens(attributes, "attempt")
    counts, tier = counts_of(attributes), _tier(attributes)
    failed = event == "api_error"
    status = ("rate_limited" if http_status == 429 else "error") if failed else "ok"
    own = _own_price(attributes)
    priced = None if failed else own or price_of("anthropic", (model, None), started_at, counts, tier)
    agent = agent_of(resource, attributes)
    return call(
        call_id=_id_of(attributes, record, origin),
        provider="anthropic",
        model=model,
        started_at=started_at,
        status=status,
        seen_by="log",
        operation="chat",
        trace_id=trace_id_of(record.trace_id),
        parent_span_id=span_id_of(record.span_id),
        request_id=name(attributes, "request_id"),
        http_status=http_status,
        error_type=(f"http_{http_status}" if http_status else "unknown") if failed else None,
        retry_count=attempt - 1 if attempt else None,
        service_tier=tier,
        streaming=True,
        latency_ms=latency_ms,
        time_to_first_token_ms=amount(attributes, "ttft_ms"),
        **{**asdict(agent), "task_id": agent.task_id or name(attributes, "prompt.id")},
        **counts._asdict(),
        **(priced._asdict() if priced else {}),
    )


def _id_of(attributes: Attributes, record: LogRecord, origin: str) -> str:
    """Give an id that is the same when the export is repeated: session and place in it, else the origin."""
    session, sequence = name(attributes, "session.id"), tokens(attributes, "event.sequence")
    told = f"{session} {sequence} {record.time_unix_nano}" if session and sequence is not None else origin
    return hashlib.sha256(f"claude_code {told}".encode()).hexdigest()[:32]


def _tier(attributes: Attributes) -> str | None:
    return _FAST if name(attributes, "speed") == _FAST else None


def _own_price(attributes: Attributes) -> Priced | None:
    cost = money(attributes, "cost_usd")
    return None if cost is None else Priced(rounded(cost), "claude_code")
