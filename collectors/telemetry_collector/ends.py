"""How a span's call ended: its status, the HTTP status, and a machine word for what went wrong. Pure."""

from dataclasses import dataclass
from typing import Literal

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collectors.telemetry_collector.attributes import Attributes, name, plain, tokens

_HTTP_STATUS = ("http.response.status_code", "http.status_code", "status_code")


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended; `error_type` is a class or code, never a message."""

    status: Literal["ok", "rate_limited", "error", "cancelled"]
    http_status: int | None
    error_type: str | None


def end_of(span: Span, attributes: Attributes) -> End:
    """Say how a span's call ended. Raises InvalidMessage where its HTTP status cannot be one."""
    http_status = tokens(attributes, *_HTTP_STATUS)
    told = name(attributes, "error.type")
    failed = span.status.code == Status.STATUS_CODE_ERROR or attributes.get("success") is False
    if not failed and told is None:
        return End("ok", http_status, None)
    error = told or _exception_of(span) or "unknown"
    if http_status is None and error.isdecimal() and len(error) == 3:
        http_status = int(error)
    return End(_status(http_status, error), http_status, error)


def _status(http_status: int | None, error: str) -> Literal["rate_limited", "error", "cancelled"]:
    word = error.lower().replace("_", "")
    if http_status == 429 or "ratelimit" in word:
        return "rate_limited"
    return "cancelled" if "cancel" in word else "error"


def _exception_of(span: Span) -> str | None:
    """Give the class of the exception that ended a span, from its events."""
    for event in reversed(span.events):
        if event.name == "exception":
            return name(plain(event.attributes), "exception.type")
    return None
