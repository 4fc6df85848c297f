"""One request and its outcome make one record, with nothing secret in it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from collectors.llm_collector.calls import Arrival, Outcome, arrival_of, call_of
from collectors.llm_collector.headers import downstream_headers, upstream_headers
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Target
from schema.messages import CallRecord, LogRecord
from schema.wire import decode, encode

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)
TARGET = Target("openai", "http://x/v1/chat/completions", "chat", None)
BODY = b'{"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "Hello there"}]}'
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LABELS = {
    "x-oracle-agent": "writer-agent-7f8d9", "x-oracle-agent-name": "Writer", "x-oracle-task": "task-1",
    "traceparent": f"00-{TRACE}-{SPAN}-01", "authorization": "Bearer sk-secret-1234",
}  # fmt: skip


def arrival(body: bytes = BODY, headers: dict[str, str] | None = None, target: Target = TARGET) -> Arrival:
    found = arrival_of("c-1", AT, target, LABELS if headers is None else headers, asked_of(body))
    assert found is not None
    return found


def test_labels_and_trace_are_read_from_the_headers() -> None:
    one = arrival()
    assert (one.agent_id, one.agent_name, one.task_id) == ("writer-agent-7f8d9", "Writer", "task-1")
    assert (one.trace_id, one.parent_span_id) == (TRACE, SPAN)
    assert (one.model, one.streaming, one.operation) == ("gpt-4o", True, "chat")
    assert one.in_flight().call_id == "c-1"


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00-x-y-01",
        f"00-{TRACE}",
        TRACE,
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
    ],
)
def test_a_wrong_traceparent_is_no_trace(traceparent: str) -> None:
    one = arrival(headers={"traceparent": traceparent})
    assert (one.trace_id, one.parent_span_id) == (None, None)


@pytest.mark.parametrize("more", ["", "-more"])
def test_a_traceparent_of_a_later_version_may_say_more(more: str) -> None:
    one = arrival(headers={"traceparent": f"01-{TRACE}-{SPAN}-01{more}"})
    assert (one.trace_id, one.parent_span_id) == (TRACE, SPAN)


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
@pytest.mark.parametrize(("said", "streams"), [(b"", True), (b', "stream": false', False)])
def test_ollama_streams_unless_it_is_told_not_to(path: str, said: bytes, streams: bool) -> None:
    ollama = Target("ollama", f"http://x{path}", "chat", None)
    assert arrival(b'{"model": "llama3"' + said + b"}", target=ollama).in_flight().streaming is streams


@pytest.mark.parametrize(
    "body", [b"", b"nope", b"[]", b'{"model": 7}', b'{"model": ""}', b"\xff\xfe", b"[" * 99_999]
)
def test_a_body_that_names_no_model_is_a_call_of_an_unknown_one(body: bytes) -> None:
    assert arrival(body).model == "unknown"


def test_what_is_no_model_call_has_no_record() -> None:
    target = Target("openai", "http://x/v1/models", None, None)
    assert arrival_of("c-1", AT, target, LABELS, asked_of(b"")) is None


def test_azure_names_the_model_in_the_path() -> None:
    target = Target("azure", "http://x", "chat", "my-4o")
    assert arrival(b'{"messages": []}', target=target).model == "my-4o"


def test_a_good_call_is_priced_and_complete() -> None:
    reading = Reading(
        response_id="chatcmpl-1", response_model="gpt-4o-2024-08-06", finish_reason="stop",
        input_tokens=1000, completion_tokens=100, cached_tokens=10,
    )  # fmt: skip
    call = call_of(arrival(), Outcome(1234.5678, 200, 87.6543, "req_1"), reading)
    assert call.status == "ok"
    assert call.cost_usd == Decimal("0.0034875")
    assert isinstance(call.price_source, str)
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (1000, 100, 10)
    assert (call.latency_ms, call.time_to_first_token_ms, call.tokens_estimated) == (1234.568, 87.654, False)
    record = CallRecord(call=call)
    assert decode(encode(record), msgspec.json.Decoder(LogRecord)) == record


def test_a_stream_without_usage_is_estimated_and_says_so() -> None:
    call = call_of(arrival(), Outcome(5, 200), Reading(text_characters=41))
    # "user" and "Hello there" are 15 characters: 4 tokens; 41 characters: 11 tokens.
    assert (call.prompt_tokens, call.completion_tokens, call.tokens_estimated) == (4, 11, True)
    assert call.cost_usd == Decimal("0.00012")


def test_every_count_and_the_service_tier_enter_the_record_and_its_price() -> None:
    reading = Reading(
        input_tokens=1000, completion_tokens=100, cached_tokens=10, cache_write_tokens=20,
        cache_write_1h_tokens=5, reasoning_tokens=7, prompt_audio_tokens=3, completion_audio_tokens=4,
        service_tier="default",
    )  # fmt: skip
    call = call_of(arrival(b'{"model": "gpt-4o"}'), Outcome(1, 200), reading)
    names = (
        "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens",
        "reasoning_tokens", "prompt_audio_tokens", "completion_audio_tokens", "service_tier",
    )  # fmt: skip
    assert [getattr(call, name) for name in names] == [1000, 100, 10, 20, 5, 7, 3, 4, "default"]


def test_tokens_of_a_cache_kept_for_an_hour_have_a_price_of_their_own() -> None:
    def cost(written_1h: int) -> Decimal:
        target = Target("anthropic", "http://x/v1/messages", "chat", None)
        reading = Reading(input_tokens=1000, cache_write_tokens=1000, cache_write_1h_tokens=written_1h)
        call = call_of(arrival(b'{"model": "claude-sonnet-4-5"}', target=target), Outcome(1, 200), reading)
        assert isinstance(call.cost_usd, Decimal)
        return call.cost_usd

    # 3.75 dollars a million for five minutes, 6 dollars for an hour.
    assert (cost(0), cost(1000)) == (Decimal("0.00375"), Decimal("0.006"))


def test_an_unknown_model_has_tokens_and_no_cost() -> None:
    call = call_of(arrival(b'{"model": "house-model"}'), Outcome(5, 200), Reading(input_tokens=3))
    assert (call.prompt_tokens, call.cost_usd, call.price_source) == (3, UNSET, UNSET)


@pytest.mark.parametrize(
    ("outcome", "reading", "status", "error_type"),
    [
        (Outcome(1, 200), Reading(), "ok", UNSET),
        (Outcome(1, 429), Reading(error_code="rate_limit_exceeded"), "rate_limited", "rate_limit_exceeded"),
        (Outcome(1, 429), Reading(error_code="insufficient_quota"), "rate_limited", "insufficient_quota"),
        (Outcome(1, 401), Reading(error_type="invalid_request_error"), "error", "invalid_request_error"),
        (Outcome(1, 500), Reading(), "error", "http_500"),
        (Outcome(1, 200), Reading(error_type="server_error"), "error", "server_error"),
        (Outcome(1, 200, failure="upstream_broke_off"), Reading(), "error", "upstream_broke_off"),
        (Outcome(1, failure="upstream_unreachable"), Reading(), "error", "upstream_unreachable"),
        (Outcome(1, 200, cancelled=True), Reading(), "cancelled", "client_disconnected"),
    ],
)
def test_a_call_ends_in_one_of_four_ways(
    outcome: Outcome, reading: Reading, status: str, error_type: Any
) -> None:
    call = call_of(arrival(), outcome, reading)
    assert (call.status, call.error_type) == (status, error_type)


def test_a_record_holds_neither_key_nor_prompt() -> None:
    raw = encode(call_of(arrival(), Outcome(1, 200), Reading(text_characters=9)))
    assert b"secret" not in raw
    assert b"Hello" not in raw


def test_labels_and_hop_by_hop_headers_end_at_the_proxy_and_the_rest_passes() -> None:
    passed = upstream_headers(
        [
            (b"host", b"127.0.0.1:8090"),
            (b"Authorization", b"Bearer sk"),
            (b"x-oracle-task", b"t"),
            (b"X-Oracle-Agent", b"a"),
            (b"connection", b"keep-alive, X-Hop"),
            (b"x-hop", b"1"),
            (b"content-length", b"3"),
            (b"expect", b"100-continue"),
            (b"traceparent", b"00-1-2-3"),
            (b"te", b"trailers"),
            (b"x-name", "ä".encode()),
            (b"x-raw", b"\xe4"),
        ]
    )
    assert passed == [
        ("Authorization", "Bearer sk"),
        ("traceparent", "00-1-2-3"),
        ("x-name", "ä".encode().decode("latin-1")),  # each byte as it came: wire.py writes it back
        ("x-raw", "ä"),
    ]
    answered = [
        (b"Set-Cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"Transfer-Encoding", b"chunked"),
        (b"X-Request-Id", b"r"),
    ]
    assert downstream_headers(200, answered) == [answered[0], answered[1], answered[3]]


def test_an_answer_that_was_not_modified_announces_no_body() -> None:
    answered = [(b"ETag", b'"x"'), (b"Content-Length", b"10")]
    assert downstream_headers(304, answered) == [(b"ETag", b'"x"')]
