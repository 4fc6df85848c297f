"""Claude Code's log records into calls, as its documentation and its exports have them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from schema.messages import Call
from schema.wire import encode
from tests.telemetry.requests import AT_MS, calls, logs, read, record

REQUEST: dict[str, Any] = {
    "event.sequence": 3, "model": "claude-sonnet-4-5-20250929", "cost_usd": 0.0312, "duration_ms": 2500,
    "input_tokens": 12, "output_tokens": 340, "cache_read_tokens": 20000, "cache_creation_tokens": 1500,
    "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy", "speed": "normal", "query_source": "repl_main_thread",
    "prompt.id": "9b2f6f2e-6f0c-4ef4-8f2e-0f0c9b2f6f2e", "user.email": "someone@example.com",
}  # fmt: skip


def request(**more: Any) -> Call:
    (call,) = calls(logs(record("api_request", {**REQUEST, **more})))
    assert msgspec.json.decode(encode(call), type=Call) == call
    return call


def test_a_request_is_a_call_whose_prompt_includes_the_cache() -> None:
    call = request()
    assert (call.provider, call.model, call.status, call.seen_by) == (
        "anthropic", "claude-sonnet-4-5-20250929", "ok", "log",
    )  # fmt: skip
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens, call.cache_write_tokens) == (
        21512, 340, 20000, 1500,
    )  # fmt: skip
    assert (call.request_id, call.latency_ms) == ("req_011CSHoEeqs5C35K2UUqR7Fy", 2500.0)
    assert call.started_at == datetime(2026, 2, 6, 14, 32, 3, 982_000, tzinfo=UTC)
    assert (call.agent_name, call.task_id) == ("claude-code", REQUEST["prompt.id"])
    assert (call.cost_usd, call.price_source) == (Decimal("0.0312"), "claude_code")
    assert b"someone" not in encode(call)


def test_without_its_own_cost_the_list_is_asked() -> None:
    told = {name: value for name, value in REQUEST.items() if name != "cost_usd"}
    (call,) = calls(logs(record("api_request", told)))
    # 12 × 3 + 20000 × 0.30 + 1500 × 3.75 + 340 × 15 dollars a million.
    assert call.cost_usd == Decimal("0.016761")
    assert str(call.price_source).startswith("genai-prices ")


@pytest.mark.parametrize(
    ("more", "cost", "price_source"),
    [
        ({}, Decimal("0.0312"), "claude_code"),
        # 100,000 written for an hour at 10 dollars a million, and not for five minutes at 6.25.
        ({"model": "claude-opus-4-5", "cost_usd": 1.025}, Decimal("1.025"), "claude_code"),
        ({"model": "claude-of-tomorrow"}, Decimal("0.0312"), "claude_code"),
        ({"speed": "fast"}, Decimal("0.0312"), "claude_code"),
        ({"model": "claude-of-tomorrow", "cost_usd": "0.0313"}, Decimal("0.0313"), "claude_code"),
        ({"model": "claude-of-tomorrow", "cost_usd": 0}, Decimal(0), "claude_code"),
    ],
)
def test_its_own_cost_counts_whatever_a_list_says(
    more: dict[str, Any], cost: Decimal, price_source: str
) -> None:
    call = request(**more)
    assert (call.cost_usd, call.price_source) == (cost, price_source)


def test_numbers_written_as_texts_are_read() -> None:
    texts = {name: str(value) for name, value in REQUEST.items()}
    (call,) = calls(logs(record("api_request", texts)))
    assert call == request()


@pytest.mark.parametrize(
    ("more", "status", "error_type", "retry_count"),
    [
        ({"status_code": 429, "attempt": 2}, "rate_limited", "http_429", 1),
        ({"status_code": "529", "attempt": 1}, "error", "http_529", 0),
        ({}, "error", "unknown", UNSET),
    ],
)
def test_an_error_is_a_call_without_cost_and_without_the_errors_text(
    more: dict[str, Any], status: str, error_type: str, retry_count: object
) -> None:
    told = {"model": "claude-sonnet-4-5", "error": "the key sk-ant-1 is wrong", "duration_ms": 90, **more}
    (call,) = calls(logs(record("api_error", told)))
    assert (call.status, call.error_type, call.retry_count, call.cost_usd) == (
        status, error_type, retry_count, UNSET,
    )  # fmt: skip
    assert b"sk-ant" not in encode(call)


def test_an_export_that_is_repeated_gives_the_same_call_and_another_request_another() -> None:
    first, again = request(), request()
    other = request(**{"event.sequence": 4})
    assert first.call_id == again.call_id != other.call_id


def test_other_events_and_other_services_are_no_calls_and_keep_their_places() -> None:
    found = read(
        logs(
            record("user_prompt", {"prompt": "hello"}),
            record("api_request", REQUEST),
            record("tool_result", {"tool_name": "Bash"}),
            record("api_request", {**REQUEST, "input_tokens": -1}),
            record("api_request", {**REQUEST, "event.sequence": 9}),
        )
    )
    assert [one.index for one in found.taken] == [1, 4]
    assert found.refused is None
    stranger = record("api_request", REQUEST)
    stranger.body.string_value = "api_request"
    assert calls(logs(stranger, service="gateway")) == []
    assert len(calls(logs(stranger))) == 1


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (record("api_request", {"model": ""}), "wrong_shape"),
        (record("api_request", {**REQUEST, "cost_usd": float("nan")}), "number_out_of_range"),
        (record("api_request", {**REQUEST, "duration_ms": 1e15}), "wrong_time"),
        (record("api_request", REQUEST, at_ms=1), "wrong_time"),
        (record("api_request", REQUEST, at_ms=AT_MS + 10**9), "wrong_time"),
    ],
)
def test_a_bad_record_is_put_aside_with_its_reason(made: Any, reason: str) -> None:
    found = read(logs(made))
    assert found.refused is not None
    assert (found.refused.reason, found.taken) == (reason, [])
