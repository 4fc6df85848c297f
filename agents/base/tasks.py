"""Tasks and replies as they travel between agents (SPEC §12; pure)."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from schema.types import Id, Severity, Text
from schema.wire import decode, decode_object


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
