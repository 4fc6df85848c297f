"""An agent's events, from what the agent says to what goes on `oracle.events` (SPEC §3; pure).

Building an event never fails for what an agent put into it: what JSON does not know becomes text, what is
too long is cut, and fields of no meaning move into `internal_state`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from agents.base.identity import Identity
from schema.messages import RawEvent
from schema.topics import MAX_VALUE_BYTES
from schema.types import EventSeverity
from schema.wire import encode

LIFECYCLE = frozenset({"task_started", "task_completed", "task_failed"})
"""Emitted by BaseAgent itself for each task."""

_SEVERITIES: dict[str, EventSeverity] = {
    "task_failed": "error",
    "error": "error",
    "task_retried": "warning",
    "tool_timed_out": "warning",
    "warning": "warning",
    "heartbeat": "debug",
}
_SET_HERE = frozenset({"timestamp", "event_type", "agent_id", "agent_name", "event_id", "internal_state"})
_TEXTS = frozenset({"message", "stack", "description", "endpoint"})
_FIELDS = frozenset(RawEvent.__struct_fields__) - _SET_HERE
_TEXT_CHARACTERS = 16_384
_ID_CHARACTERS = 256
# Room for the event's other fields.
_STATE_BYTES = MAX_VALUE_BYTES - 128 * 1024


@dataclass(frozen=True)
class TaskContext:
    """Which task the present thread works on, and where that stands in its trace."""

    task_id: str
    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """Give it as W3C's header."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def context_of(task_id: str, traceparent: str | None = None) -> TaskContext:
    """Begin a task's span: in the trace that its sender named, else in a new one."""
    parts = (traceparent or "").split("-")
    known = len(parts) >= 3 and len(parts[1]) == 32 and set(parts[1]) <= set("0123456789abcdef")
    return TaskContext(task_id, parts[1] if known else uuid.uuid4().hex, uuid.uuid4().hex[:16])


def event_of(
    identity: Identity,
    now: datetime,
    event_type: str,
    internal_state: dict[str, Any] | None = None,
    context: TaskContext | None = None,
    **fields: Any,
) -> bytes:
    """Build one event as the bytes of its record."""
    known = {name: _plain(name, value) for name, value in fields.items() if name in _FIELDS}
    rest = {name: value for name, value in fields.items() if name not in _FIELDS and value is not None}
    if context is not None:
        known = {
            "task_id": context.task_id[:_ID_CHARACTERS],
            "trace_id": context.trace_id,
            "span_id": context.span_id,
            **known,
        }
    state = _state({**rest, **(internal_state or {})})
    told = {name: value for name, value in known.items() if value is not None}
    told.setdefault("severity", _SEVERITIES.get(event_type, "info"))
    event = RawEvent(
        timestamp=now,
        event_type=event_type[:_ID_CHARACTERS],
        agent_id=identity.agent_id,
        agent_name=identity.agent_name,
        event_id=uuid.uuid4().hex,
        internal_state=state or UNSET,
        **told,
    )
    return encode(event)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _unicode(value)[: _TEXT_CHARACTERS if name in _TEXTS else _ID_CHARACTERS] or None
    if isinstance(value, list | tuple):
        return [_unicode(str(item))[:_ID_CHARACTERS] for item in value]
    return value


def _unicode(text: str) -> str:
    """Give a text without half characters, as names of files may have them."""
    return text.encode(errors="replace").decode()


def _state(state: dict[str, Any]) -> dict[str, Any]:
    """Give an internal state that JSON can carry, or a word on why it was left out."""
    try:
        plain: dict[str, Any] = msgspec.to_builtins(state, str_keys=True, enc_hook=str)
        size = len(encode(plain))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        return {"left_out": f"not JSON: {type(error).__name__}"}
    return plain if size <= _STATE_BYTES else {"left_out": f"{size} bytes"}
