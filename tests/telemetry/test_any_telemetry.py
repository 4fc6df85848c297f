"""Whatever is sent gives calls that keep their contract, or a reason: it never ends the collector."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.telemetry_collector import counts, genai, resources
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.logs import LogReader
from collectors.telemetry_collector.spans import SpanReader
from runtime.otlp import LOGS, SPANS, cut, read_json, read_protobuf
from schema.errors import InvalidMessage
from schema.messages import CallRecord
from schema.wire import decode, encode
from tests.telemetry.requests import AT_MS, batch, logs, read, record, source, span

NAMES = [
    *counts.PROMPT, *counts.COMPLETION, *counts.CACHED, *counts.CACHE_WRITE, *counts.REASONING, *counts.TOTAL,
    *counts.PROMPT_WITHOUT_CACHE, *genai._MODEL, *genai._ANSWERED, *genai._PROVIDER, *genai._FINISH,
    *genai._STREAMING, *genai._OPERATION, *resources.TASK, "gen_ai.openai.api_base", "server.address",
    "server.port", "error.type", "http.response.status_code", "gen_ai.response.id", "output.value",
    "llm.invocation_parameters", "gen_ai.response.time_to_first_chunk", "ttft_ms", "gen_ai.agent.name",
    "request_id", "cost_usd", "duration_ms", "status_code", "attempt", "event.sequence", "session.id",
    "prompt.id", "speed", "success",
]  # fmt: skip
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats() | st.sampled_from([0, 7, 5000, 10**9 + 1, 2e9, 1e15])
TEXTS = st.text(max_size=300) | st.sampled_from(
    ["chat", "gpt-4o", "http://[::1", "http://h:11434/", "NaN", "-0", "1e400", "12 ", '{"id": 5}', "1e9"]
)  # fmt: skip
VALUES = st.booleans() | NUMBERS | TEXTS | st.binary(max_size=8) | st.lists(TEXTS, max_size=3)
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
TIMES_MS = st.sampled_from([0, 1, AT_MS - 5000, AT_MS, 10**13]) | st.integers(0, 18 * 10**12)


def keeps_its_contract(found: Any) -> None:
    for taken in found.taken:
        assert decode(encode(taken.record), msgspec.json.Decoder(CallRecord, strict=True)).call.call_id
    assert found.refused is None or isinstance(found.refused, InvalidMessage)


@settings(max_examples=300, deadline=None)
@given(ATTRIBUTES, ATTRIBUTES, TIMES_MS, st.integers(0, 10**6), st.booleans())
def test_any_attributes_of_a_span(
    told: dict[str, Any], resource: dict[str, Any], start_ms: int, took_ms: int, failed: bool
) -> None:
    usual = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai"}
    one = span(1, usual | told, start_ms=start_ms, took_ms=took_ms, failed=failed)
    keeps_its_contract(read(batch(one, span(2, told), resource=resource)))


@settings(max_examples=300, deadline=None)
@given(ATTRIBUTES, TIMES_MS, st.sampled_from(["api_request", "api_error"]))
def test_any_attributes_of_a_log_record(told: dict[str, Any], at_ms: int, event: str) -> None:
    keeps_its_contract(read(logs(record(event, {"model": "claude-sonnet-4-5"} | told, at_ms=at_ms))))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"{{{text}".encode()))
def test_any_bytes(value: bytes) -> None:
    for reader in (SpanReader(Environments("default", 3)), LogReader(Environments("default", 3))):
        keeps_its_contract(reader.read(source(value)))
        keeps_its_contract(reader.read(source(value, b"\xff")))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**63) | st.floats(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["resourceSpans", "scopeSpans", "spans", "traceId", "kind"]) | st.text(),
        inner,
        max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json(value: Any) -> None:
    for signal in (SPANS, LOGS):
        try:
            request = read_json(signal.request, msgspec.json.encode(value))
        except InvalidMessage:
            continue
        parts, _ = cut(signal, request, 64)
        assert all(len(part) <= 64 and read_protobuf(signal.request, part) is not None for part in parts)
