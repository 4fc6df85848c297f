"""Batches of spans: what is wrong with one of them, JSON as well as protobuf, and whose environment it is."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.spans import SpanReader
from runtime.metrics import TELEMETRY_SKIPPED
from tests.telemetry.instrumentations import OPENAI_V2
from tests.telemetry.requests import AT_MS, TRACE, batch, chat, read, source, span


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (chat(gen_ai__usage__input_tokens=10**9 + 1), "number_out_of_range"),
        (chat(gen_ai__usage__input_tokens=-1), "number_out_of_range"),
        (chat(gen_ai__usage__input_tokens=float("nan")), "number_out_of_range"),
        (chat(gen_ai__usage__output_tokens=1.5), "number_out_of_range"),
        (chat(gen_ai__usage__input_tokens="9" * 400), "number_out_of_range"),
        (chat(gen_ai__usage__input_tokens="-" + "9" * 400), "number_out_of_range"),
        (chat(gen_ai__usage__input_tokens="9" * 5000), "wrong_shape"),
        (chat(gen_ai__usage__output_tokens="many"), "wrong_shape"),
        (chat(gen_ai__response__time_to_first_chunk=float("inf")), "number_out_of_range"),
        (chat(start_ms=0), "wrong_time"),
        (chat(start_ms=AT_MS + 2 * 86_400_000), "wrong_time"),
        (chat(start_ms=10**13), "wrong_time"),
        (chat(took_ms=-1), "wrong_time"),
        (chat(took_ms=2 * 86_400_000, start_ms=AT_MS - 3 * 86_400_000), "wrong_time"),
        (chat(0), "wrong_shape"),
        (chat(trace="00" * 16), "wrong_shape"),
        (chat(trace="01"), "wrong_shape"),
        (span(1, {"gen_ai.operation.name": "chat", "gen_ai.system": "openai"}), "wrong_shape"),
    ],
)
def test_a_bad_span_is_lost_alone_and_a_batch_of_nothing_else_is_put_aside(made: Span, reason: str) -> None:
    before = TELEMETRY_SKIPPED.labels(reason)._value.get()
    found = read(batch(chat(7), made, chat(8)))
    assert [one.index for one in found.taken] == [0, 2]
    assert found.refused is None
    assert TELEMETRY_SKIPPED.labels(reason)._value.get() == before + 1
    alone = read(batch(span(3, {"gen_ai.operation.name": "execute_tool"}), made))
    assert alone.taken == []
    assert alone.refused is not None
    assert alone.refused.reason == reason
    assert alone.refused.detail.endswith("at item 1 of the batch")


@pytest.mark.parametrize(
    ("value", "content_type", "reason"),
    [
        (None, None, "empty"),
        (b"", None, "empty"),
        (b"\x0a\xff\xff\xff", None, "not_protobuf"),
        (b"not protobuf", None, "not_protobuf"),
        (batch(chat(gen_ai__response__id="x" * 2**20)).SerializeToString(), None, "too_large"),
        (b"{", None, "not_json"),
        (b'{"resourceSpans": NaN}', None, "not_json"),
        (b'{"resourceSpans": 5}', None, "wrong_shape"),
        (b"[]", b"application/json", "wrong_shape"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}', None, "wrong_shape"),
        (b'{"a":' * 100_000, None, "not_json"),
        (
            b'{"resourceSpans":[{"resource":{"attributes":[{"value":{"doubleValue":%s}}]}}]}' % (b"9" * 400),
            None,
            "wrong_shape",
        ),
    ],
)
def test_a_record_that_is_no_batch_has_its_reason(
    value: bytes | None, content_type: Any, reason: str
) -> None:
    found = SpanReader(Environments("default", 3)).read(source(value, None, content_type))
    assert found.refused is not None
    assert (found.refused.reason, found.taken) == (reason, [])


def test_json_tells_the_same_as_protobuf() -> None:
    request = batch(span(2, OPENAI_V2, parent=1))
    fields = json.loads(json_format.MessageToJson(request))
    (told,) = fields["resourceSpans"][0]["scopeSpans"][0]["spans"]
    told |= {"traceId": TRACE, "spanId": f"{2:016x}", "parentSpanId": f"{1:016x}", "invented": {"traceId": 5}}
    found = SpanReader(Environments("default", 3)).read(source(json.dumps(fields).encode()))
    assert found.refused is None
    assert [one.record for one in found.taken] == [one.record for one in read(request).taken]


def test_a_batch_whose_second_byte_is_a_brace_is_protobuf_all_the_same() -> None:
    small = batch(span(), resource={"service.name": "a"})
    while small.SerializeToString()[1] < 0x7B:
        small.resource_spans[0].schema_url += "x"
    assert small.SerializeToString()[1:2] == b"{"
    assert read(small).refused is None


@pytest.mark.parametrize(
    ("header", "resource", "environment"),
    [
        (b"prod", {"deployment.environment.name": "staging"}, "prod"),
        (None, {"deployment.environment.name": "staging", "deployment.environment": "old"}, "staging"),
        (None, {"deployment.environment": "old"}, "old"),
        (None, {"service.name": "a"}, "default"),
    ],
)
def test_the_environment_is_the_headers_else_the_resources_else_the_default(
    header: bytes | None, resource: dict[str, str], environment: str
) -> None:
    assert [one.environment for one in read(batch(chat(), resource=resource), header).taken] == [environment]


def test_environments_of_one_batch_are_kept_apart_and_bounded() -> None:
    request = batch(chat(1), resource={"deployment.environment.name": "a"})
    for number, name in enumerate(("b", "c", "a", "x\ny"), start=2):
        request.MergeFrom(batch(chat(number), resource={"deployment.environment.name": name}))
    found = read(request)
    assert [(one.environment, one.index) for one in found.taken] == [("a", 0), ("b", 1), ("a", 3)]
