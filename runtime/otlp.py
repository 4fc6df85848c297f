"""OpenTelemetry's export requests: bytes to messages and back, and cut to a size (OTLP 1.x).

The API reads what agents send and publishes it to the intake; the telemetry collector reads it there. JSON is
OTLP's own kind: trace and span ids are hexadecimal, not base64, and unknown fields are ignored.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from schema.errors import InvalidMessage
from schema.topics import OTLP_LOGS, OTLP_METRICS, OTLP_SPANS


class Signal(NamedTuple):
    """A kind of telemetry: its topic, its messages, and the lists that nest in a request, outermost first."""

    topic: str
    request: type[Message]
    response: type[Message]
    lists: tuple[str, str, str]
    rejected: str
    """The field of the partial success that counts what was not taken."""


SPANS = Signal(
    OTLP_SPANS,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    ("resource_spans", "scope_spans", "spans"),
    "rejected_spans",
)
LOGS = Signal(
    OTLP_LOGS,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
    ("resource_logs", "scope_logs", "log_records"),
    "rejected_log_records",
)
METRICS = Signal(
    OTLP_METRICS,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
    ("resource_metrics", "scope_metrics", "metrics"),
    "rejected_data_points",
)

_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
_ID_LENGTHS = (0, 16, 32)
_OBJECT = msgspec.json.Decoder(dict[str, Any])
M = TypeVar("M", bound=Message)


def read_protobuf(kind: type[M], value: bytes) -> M:
    """Read a request. Raises InvalidMessage `not_protobuf`."""
    message = kind()
    try:
        message.ParseFromString(value)
    except DecodeError:
        raise InvalidMessage("not_protobuf", f"the value is no {kind.DESCRIPTOR.name}") from None
    return message


def read_json(kind: type[M], value: bytes) -> M:
    """Read a request as OTLP writes it in JSON. Raises InvalidMessage `not_json` or `wrong_shape`."""
    try:
        fields = _OBJECT.decode(value)
        return json_format.ParseDict(_with_ids(fields), kind(), ignore_unknown_fields=True)
    except msgspec.ValidationError as error:
        raise InvalidMessage("wrong_shape", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage("not_json", str(error)) from None
    except (json_format.ParseError, ValueError, OverflowError):
        # The library's text repeats values, which may be prompts.
        raise InvalidMessage("wrong_shape", f"the value is no {kind.DESCRIPTOR.name}") from None


def write_json(message: Message) -> bytes:
    """Write an answer, whose messages hold no ids, as JSON."""
    return json_format.MessageToJson(message, indent=None).encode()


def cut(signal: Signal, request: Message, at_most: int) -> tuple[list[bytes], int]:
    """Give a request as requests of at most so many bytes, and how many of its items fit in none.

    A resource that fits stays together; of one that does not, each item takes the resource with it.
    """
    if request.ByteSize() <= at_most:
        whole = request.SerializeToString()
        return [whole] if whole else [], 0
    parts: list[bytes] = []
    current, size, left_out = signal.request(), 0, 0
    for piece in _pieces(signal, request, at_most):
        more = piece.ByteSize()
        if more > at_most:
            left_out += 1
            continue
        if size + more > at_most:
            parts.append(current.SerializeToString())
            current, size = signal.request(), 0
        # Merging appends the resources of the one to those of the other, so the sizes add up.
        current.MergeFrom(piece)
        size += more
    if size:
        parts.append(current.SerializeToString())
    return parts, left_out


def sender_of(signal: Signal, request: Message) -> str:
    """Give a short name of who sent a request, by its first resource: an exporter writes it always alike."""
    found = [one.resource for one in getattr(request, signal.lists[0])[:1]]
    told = found[0].SerializeToString(deterministic=True) if found else b""
    return hashlib.sha256(told).hexdigest()[:16]


def _pieces(signal: Signal, request: Message, at_most: int) -> Iterator[Message]:
    """Give a request as smaller ones: of one resource, or of one item where that is too large."""
    resources, scopes, items = signal.lists
    for resource in getattr(request, resources):
        of_resource = signal.request()
        getattr(of_resource, resources).append(resource)
        if of_resource.ByteSize() <= at_most:
            yield of_resource
            continue
        for scope in getattr(resource, scopes):
            for item in getattr(scope, items):
                yield _of_item(signal, resource, scope, item)


def _of_item(signal: Signal, resource: Any, scope: Any, item: Message) -> Message:
    resources, scopes, items = signal.lists
    piece: Any = signal.request()
    copied = getattr(piece, resources).add()
    copied.resource.CopyFrom(resource.resource)
    copied.schema_url = resource.schema_url
    place = getattr(copied, scopes).add()
    place.scope.CopyFrom(scope.scope)
    place.schema_url = scope.schema_url
    getattr(place, items).append(item)
    return piece  # type: ignore[no-any-return] # the generated class, by a name that only runs know


def _with_ids(value: Any) -> Any:
    """Turn hexadecimal ids into the base64 that protobuf's JSON reads."""
    match value:
        case dict():
            return {
                key: _base64(one) if key in _IDS and isinstance(one, str) else _with_ids(one)
                for key, one in value.items()
            }
        case list():
            return [_with_ids(one) for one in value]
        case _:
            return value


def _base64(text: str) -> str:
    if len(text) not in _ID_LENGTHS:
        raise ValueError("an id has 16 or 32 hexadecimal digits")
    return base64.b64encode(binascii.unhexlify(text)).decode()
