"""A synthetic log for the fold's benchmark: a small fleet at work, the same bytes in every run. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from aggregator.partition import Message
from schema.messages import Call, CallRecord, Event, EventRecord, Heartbeat, LogRecord, Mark, Observed
from schema.topics import HEADER_ENVIRONMENT, HEADER_ORIGIN
from schema.wire import encode

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN_MS = 1_767_225_600_000
AGENTS = 20
INSTANCES = 3
STEP_MS = 5
"""Two hundred records a second: some ten times the demo's rate."""
HEARTBEAT_EVERY = 400
ENVIRONMENT = (HEADER_ENVIRONMENT, b"default")


def log_of(count: int) -> list[Message]:
    """Give a log of `count` records: events, pods, calls, and marks, a quarter each; a few heartbeats."""
    return [_message(number) for number in range(count)]


def _message(number: int) -> Message:
    record = _record(number)
    headers = [] if isinstance(record, Mark) else [ENVIRONMENT]
    if isinstance(record, EventRecord):
        headers.append((HEADER_ORIGIN, f"topic:0:{number}:0".encode()))
    return Message(number, BEGIN_MS + number * STEP_MS, encode(record), headers)


def _record(number: int) -> LogRecord:
    if number < AGENTS:
        return _workload(number)
    if number < AGENTS + AGENTS * INSTANCES:
        return _pod(number, number - AGENTS)
    return _WORK[number % len(_WORK)](number)


def _at(number: int) -> datetime:
    return BEGIN + timedelta(milliseconds=number * STEP_MS)


def _observed(number: int, kind: str, name: str, value: dict[str, Any]) -> Observed:
    return Observed(
        source="process@bench", epoch="e1", kind=kind, id=name, observed_at=_at(number),
        value=msgspec.Raw(encode(value)),
    )  # fmt: skip


def _workload(agent: int) -> Observed:
    value = {"deployment_name": f"agent-{agent}", "namespace": "local", "kind": "ProcessGroup",
             "runtime": "process"}  # fmt: skip
    return _observed(0, "workload", f"agent-{agent}", value)


def _pod(number: int, place: int | None = None) -> Observed:
    agent, instance = divmod((number if place is None else place) % (AGENTS * INSTANCES), INSTANCES)
    name = f"agent-{agent}-{instance}"
    pod = {"pod_id": f"uid-{name}", "name": name, "status": "Running", "ready": True, "restarts": 0,
           "cpu": 10 + number % 400, "memory": 64 + number % 50}  # fmt: skip
    value = {"namespace": "local", "deployment_name": f"agent-{agent}", "pod": pod}
    return _observed(number, "pod", f"uid-{name}", value)


_EVENT_TYPES = ("task_started", "task_progress", "tool_called", "task_progress", "task_completed")


def _event(number: int) -> EventRecord:
    turn, agent = divmod(number // len(_WORK), AGENTS)
    task, step = divmod(turn, len(_EVENT_TYPES))
    return EventRecord(
        event=Event(
            event_id=f"event-{number}", agent_id=f"agent-{agent}-{task % INSTANCES}",
            agent_name=f"Agent {agent}", timestamp=_at(number), event_type=_EVENT_TYPES[step],
            task_id=f"task-{agent}-{task}", trace_id=f"{number:032x}", message="At work on the next part.",
            internal_state={
                "reasoning": "Breaking the query into three searches and reading what they give.",
                "tools_planned": ["web_search", "scrape_page", "summarize"],
            },
        )
    )  # fmt: skip


def _call(number: int) -> CallRecord:
    turn, agent = divmod(number // len(_WORK), AGENTS)
    return CallRecord(
        call=Call(
            call_id=f"call-{number}", provider="openai", model=("gpt-4o", "gpt-4o-mini")[number % 2],
            started_at=_at(number), status="ok", agent_id=f"agent-{agent}-{turn % INSTANCES}",
            prompt_tokens=900 + number % 200, completion_tokens=120, cost_usd=Decimal("0.003450000001"),
            latency_ms=700.0 + number % 900, response_id=f"response-{number}",
        )
    )  # fmt: skip


def _beat(number: int) -> Heartbeat | Mark:
    if number % HEARTBEAT_EVERY != len(_WORK) - 1:
        return Mark(owner="bench")
    return Heartbeat(
        source="process@bench", epoch="e1", observed_at=_at(number), interval_seconds=2,
        synced=["workload", "pod"],
    )  # fmt: skip


_WORK: tuple[Callable[[int], LogRecord], ...] = (_event, _pod, _call, _beat)
