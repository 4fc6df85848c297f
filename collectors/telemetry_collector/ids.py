"""Trace and span ids of telemetry, as hexadecimal: of the wrong length, or all zero, they are none. Pure."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from schema.errors import InvalidMessage

TRACE_BYTES = 16
SPAN_BYTES = 8


def trace_id_of(raw: bytes) -> str | None:
    """Give a trace's id, or None."""
    return raw.hex() if len(raw) == TRACE_BYTES and any(raw) else None


def span_id_of(raw: bytes) -> str | None:
    """Give a span's id, or None; a span without a parent has none as its parent's."""
    return raw.hex() if len(raw) == SPAN_BYTES and any(raw) else None


def ids_of(span: Span) -> tuple[str, str]:
    """Give trace and span id. Raises InvalidMessage where one of them is none."""
    trace_id, span_id = trace_id_of(span.trace_id), span_id_of(span.span_id)
    if trace_id is None or span_id is None:
        raise InvalidMessage("wrong_shape", "the span has no valid trace or span id")
    return trace_id, span_id
