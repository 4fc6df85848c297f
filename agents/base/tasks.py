"""Tasks and replies as they travel between agents (SPEC §12; pure)."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from agents.base.errors import text_of
from schema.errors import InvalidMessage
from schema.topics import MAX_VALUE_BYTES
from schema.types import Id, Severity, Text
from schema.wire import decode, decode_object, encode


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task; fields beyond these are the agent's own business and are kept in its dict."""

    task_id: Id
    agent: Id | UnsetType = UNSET
    data: dict[str, Any] = {}
    priority: Severity | UnsetType = UNSET
    invoked_by: Id | UnsetType = UNSET
    reply_to: Id | UnsetType = UNSET


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended."""

    task_id: Id
    agent: Id
    status: Literal["completed", "failed"]
    result: dict[str, Any] = {}
    error_type: Id | UnsetType = UNSET
    error: Text | UnsetType = UNSET


_TASK = msgspec.json.Decoder(Task)
_REPLY = msgspec.json.Decoder(Reply)


def task_of(value: bytes | None) -> tuple[Task, dict[str, Any]]:
    """Read a task, and the same as the dict that process_task takes. Raises InvalidMessage."""
    return decode(value, _TASK), decode_object(value)


def reply_of(value: bytes | None) -> Reply:
    """Read a reply. Raises InvalidMessage."""
    return decode(value, _REPLY)


def completed(task: Task, agent: str, result: dict[str, Any]) -> bytes | None:
    """Give the reply with a result, None where nobody wants one. Raises InvalidMessage: it cannot be sent."""
    if task.reply_to is UNSET:
        return None
    try:
        value = encode(Reply(task_id=task.task_id, agent=agent, status="completed", result=result))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMessage("not_json", f"the result is not JSON: {error}"[:500]) from None
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidMessage("too_large", f"the result has {len(value)} bytes, at most {MAX_VALUE_BYTES}")
    return value


def failed(task: Task, agent: str, error: Exception) -> bytes | None:
    """Give the reply that says why a task failed, None where nobody wants one."""
    if task.reply_to is UNSET:
        return None
    kind = type(error).__name__[:256] or "Exception"
    text = text_of(error)[:4096]
    return encode(Reply(task_id=task.task_id, agent=agent, status="failed", error_type=kind, error=text))
