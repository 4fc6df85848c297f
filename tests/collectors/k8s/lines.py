"""The lines of a watch, as an API server writes them."""

import json
from typing import Any

Json = dict[str, Any]
INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


def event(kind: str, value: Json) -> bytes:
    """Give one line of a watch."""
    return json.dumps({"type": kind, "object": value}).encode() + b"\n"


def bookmark(version: int | str, ends_list: bool = False) -> bytes:
    """Give a bookmark, which may end a streaming list."""
    annotations = {"annotations": INITIAL_EVENTS_END} if ends_list else {}
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version), **annotations}})


def failure(code: int, reason: str = "", message: str = "") -> Json:
    """Give a Status object."""
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
