"""Batches of spans and log records, written by hand for the tests of the telemetry collector."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.logs import LogReader
from collectors.telemetry_collector.reading import Read, Source
from collectors.telemetry_collector.spans import SpanReader
from schema.messages import Call, CallRecord

AT_MS = 1_770_388_331_482
"""2026-02-06T14:32:11.482Z."""
TRACE = "0af7651916cd43dd8448eb211c80319c"
SERVICE = {"service.name": "research-agent", "k8s.pod.name": "research-agent-7f8d9"}


def value_of(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value_of(one) for one in value]))
        case bytes():
            return AnyValue(bytes_value=value)
        case _:
            return AnyValue(string_value=value)


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_of(value)) for key, value in attributes.items()]


def span(
    number: int = 1,
    told: Mapping[str, Any] | None = None,
    *,
    parent: int = 0,
    trace: str = TRACE,
    kind: "Span.SpanKind.ValueType" = Span.SPAN_KIND_CLIENT,
    failed: bool = False,
    took_ms: int = 1200,
    start_ms: int = AT_MS - 5000,
    exception: str = "",
    **attributes: Any,
) -> Span:
    """A span with these attributes; dots in the names of those by name are written as two underscores."""
    made = Span(
        trace_id=bytes.fromhex(trace),
        span_id=number.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        name="chat",
        kind=kind,
        start_time_unix_nano=start_ms * 10**6,
        end_time_unix_nano=(start_ms + took_ms) * 10**6,
        attributes=pairs({**(told or {}), **dotted(attributes)}),
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
    )
    if exception:
        made.events.add(name="exception", attributes=pairs({"exception.type": exception}))
    return made


def dotted(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in attributes.items()}


def chat(number: int = 1, told: Mapping[str, Any] | None = None, **more: Any) -> Span:
    """A span of a chat as the conventions v1.41.1 have it."""
    usual: dict[str, Any] = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-4o",
        "gen_ai__usage__input_tokens": 1000,
        "gen_ai__usage__output_tokens": 100,
    }
    return span(number, told, **{**usual, **more})


def batch(*spans: Span, resource: Mapping[str, str] = SERVICE) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    made = request.resource_spans.add(resource={"attributes": pairs(resource)})
    made.scope_spans.add(spans=spans)
    return request


def record(event: str, told: Mapping[str, Any] | None = None, *, at_ms: int = AT_MS - 5000) -> LogRecord:
    """A log record of Claude Code."""
    session = {"event.name": event, "session.id": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}
    body = AnyValue(string_value=f"claude_code.{event}")
    return LogRecord(time_unix_nano=at_ms * 10**6, body=body, attributes=pairs({**session, **(told or {})}))


def logs(*records: LogRecord, service: str = "claude-code") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    made = request.resource_logs.add(resource={"attributes": pairs({"service.name": service})})
    made.scope_logs.add(log_records=records)
    return request


def source(
    value: bytes | None, environment: bytes | None = None, content_type: bytes | None = None
) -> Source:
    return Source(value, environment, content_type, "topic:0:7", AT_MS)


def read(
    request: ExportTraceServiceRequest | ExportLogsServiceRequest, environment: bytes | None = None
) -> Read:
    """Read a batch as the intake does."""
    kinds: dict[type, Any] = {ExportTraceServiceRequest: SpanReader, ExportLogsServiceRequest: LogReader}
    reader: SpanReader | LogReader = kinds[type(request)](Environments("default", 3))
    return reader.read(source(request.SerializeToString(), environment))


def calls(request: ExportTraceServiceRequest | ExportLogsServiceRequest) -> list[Call]:
    found = read(request)
    if found.refused:
        raise found.refused
    return [one.record.call for one in found.taken if isinstance(one.record, CallRecord)]
