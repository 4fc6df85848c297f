"""What is read of the answers of each provider, and what is estimated where they tell nothing."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.llm_collector.reading import Reading
from collectors.llm_collector.tap import Tap
from tests.llm.answers import JSON, LINES, SSE, chunk, sse
from tests.llm.answers_anthropic import ANTHROPIC, delta, end, start
from tests.llm.answers_openai import OPENAI
from tests.llm.answers_others import OLLAMA, OTHERS
from tests.llm.shapes import Case, lines, named, whole

CASES: list[Case] = [*OPENAI, *ANTHROPIC, *OLLAMA, *OTHERS]


def read(kind: str, raw: bytes, **options: Any) -> Reading:
    tap = Tap(kind, **options)
    tap.feed(raw)
    return tap.close()


@pytest.mark.parametrize(
    ("kind", "raw", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_an_answer_is_read_as_its_provider_documents_it(
    kind: str, raw: bytes, expected: dict[str, Any]
) -> None:
    assert read(kind, raw) == Reading(**expected)


@given(case=st.sampled_from(CASES), cuts=st.lists(st.floats(0, 1), max_size=8))
def test_any_cutting_of_the_bytes_reads_the_same(case: Case, cuts: list[float]) -> None:
    _, kind, raw, expected = case
    tap = Tap(kind)
    places = [0, *sorted(int(cut * len(raw)) for cut in cuts), len(raw)]
    for begin, finish in pairwise(places):
        tap.feed(raw[begin:finish])
    assert tap.close() == Reading(**expected)


@pytest.mark.parametrize(
    ("message", "limit", "wait"),
    [
        (
            "Rate limit reached for gpt-4 in organization org-1 on tokens per min (TPM): Limit 30000, "
            "Used 29000, Requested 2000. Please try again in 6ms. Visit https://platform.openai.com",
            ("tokens", 30000),
            0.006,
        ),
        (
            "on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
            ("requests", 3),
            20,
        ),
        ("on requests per min. Limit: 3 / min. Please try again in 20s. Contact us", ("requests", 3), 20),
        ("on requests per day (RPD): Limit 200, Used 200. Please try again in 7m12s.", None, 432),
        ("on tokens per day (TPD): Limit 100000, Used 99999. Please try again in 1h2m3.5s.", None, 3723.5),
        ("on tokens per minute (TPM): Limit 6000, Used 0, Requested 12000.", ("tokens", 6000), None),
        (
            "exceed your organization’s rate limit of 40,000 input tokens per minute (org",
            ("tokens", 40000),
            None,
        ),
        ("would exceed the rate limit of 8,000 output tokens per minute", None, None),
        ("exceed the limit of 50 requests per minute", ("requests", 50), None),
        ("Requests have exceeded call rate limit. Please retry after 7 seconds.", None, 7),
        (
            "Limit type: requests. Current limit: 3, Remaining: 0. Limit resets at: 2026",
            ("requests", 3),
            None,
        ),
        ("Limit type: max_parallel_requests. Current limit: 3, Remaining: 0.", None, None),
        ("Please retry in 28.225s.", None, 28.225),
        ("Please try again in 99999999s.", None, None),
        ("tokens per min (TPM): Limit 99999999999999999999", None, None),
        ("", None, None),
    ],
)
def test_a_refusal_tells_its_limit_and_its_wait_in_words(
    message: str, limit: tuple[str, int] | None, wait: float | None
) -> None:
    error = {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}
    reading = read(JSON, whole({"error": error}))
    assert (reading.told_limit, reading.retry_after_seconds) == (limit, wait)
    assert (reading.error_type, reading.error_code) == ("tokens", "rate_limit_exceeded")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"code": "429", "message": "Too many"}, "http_429", None),
        ({"type": "None", "code": "429", "message": "LiteLLM"}, "http_429", None),
        ({"type": "throttling_error", "code": "429"}, "throttling_error", None),
        ({"type": "invalid_request_error", "message": "Your credit balance is too low to access"},
         "invalid_request_error", "insufficient_quota"),
        ({"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
         "invalid_request_error", "context_length_exceeded"),
        ({"type": "exceed_context_size_error", "code": 400}, "exceed_context_size_error", None),
        ({"type": ["x"], "code": {"a": 1}, "message": 7, "status": []}, None, None),
        ({"code": 99999}, None, None),
    ],
)  # fmt: skip
def test_an_error_is_told_in_machine_words(error: Any, kind: str | None, code: str | None) -> None:
    reading = read(JSON, whole({"error": error}))
    assert (reading.error_type, reading.error_code) == (kind, code)


def test_a_refusal_of_google_stands_in_a_list_with_its_details() -> None:
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
            {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"},
            {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "15"},
        ]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "28s"},
    ]  # fmt: skip
    error = {"code": 429, "message": "You exceeded", "status": "RESOURCE_EXHAUSTED", "details": details}
    reading = read(JSON, whole([{"error": error}]))
    assert reading.error_type == "RESOURCE_EXHAUSTED"
    assert (reading.told_limit, reading.retry_after_seconds) == (("requests", 15), 28)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (named(start(input_tokens=25, cache_read_input_tokens=75, output_tokens=1),
               delta(type="text_delta", text="x" * 40)), (100, 10, True)),
        (named(start(input_tokens=25, output_tokens=3), delta(type="text_delta", text="x")), (25, 3, True)),
        (named(start(input_tokens=25, output_tokens=1)), (25, 1, True)),
        (named(start(input_tokens=25, output_tokens=1), delta(type="text_delta", text="x"),
               end("end_turn", output_tokens=5)), (25, 5, False)),
        (sse(chunk("x" * 40)), (30, 10, True)),
        (sse(chunk("")), (None, None, False)),
        (b"", (None, None, False)),
        (sse({"usage": {"completion_tokens": 7}}, chunk("Hello")), (30, 7, True)),
    ],
)  # fmt: skip
def test_only_the_side_that_was_not_told_is_estimated(raw: bytes, expected: Any) -> None:
    assert read(SSE, raw).tokens(120, True) == expected


def test_a_body_without_usage_stays_unknown() -> None:
    reading = read(JSON, whole({"choices": [{"message": {"content": "Hello"}}]}))
    assert reading.tokens(120, False) == (None, None, False)


@pytest.mark.parametrize(
    ("kind", "before", "first"),
    [
        (SSE, sse({"choices": [{"delta": {"role": "assistant", "content": ""}}]}), sse(chunk("H"))),
        (SSE, sse(chunk("")), sse({"choices": [{"delta": {"reasoning_content": "H"}}]})),
        (SSE, sse(chunk("")), sse({"choices": [{"delta": {"tool_calls": [{"function": {"name": "f"}}]}}]})),
        (SSE, sse(chunk("")), sse({"choices": [{"delta": {"audio": {"data": "UklG"}}}]})),
        (
            SSE,
            named(start(output_tokens=1), {"type": "ping"},
                  {"type": "content_block_start", "content_block": {"type": "text", "text": ""}}),
            named(delta(type="text_delta", text="H")),
        ),
        (SSE, named(start()), named(delta(type="thinking_delta", thinking="H"))),
        (
            SSE,
            named({"type": "response.created", "response": {"text": {"format": {}}}},
                  {"type": "response.output_item.added", "item": {"type": "message", "content": []}},
                  {"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}}),
            named({"type": "response.output_text.delta", "delta": "H"}),
        ),
        (SSE, named({"type": "response.created"}), named({"type": "response.audio.delta", "delta": "UklG"})),
        (LINES, lines({"message": {"role": "user", "content": ""}}), lines({"message": {"content": "H"}})),
        (LINES, lines({"response": ""}), lines({"response": "H"})),
        (LINES, lines({"response": ""}), lines({"response": "", "thinking": "H"})),
    ],
)  # fmt: skip
def test_the_first_token_is_the_first_that_was_generated(kind: str, before: bytes, first: bytes) -> None:
    tap = Tap(kind)
    tap.feed(before)
    assert not tap.has_content
    tap.feed(first)
    assert tap.has_content


def test_the_text_is_kept_only_when_asked_for_and_up_to_its_bound() -> None:
    raw = sse(chunk("Hello "), chunk("world"))
    assert read(SSE, raw).text == ""
    assert read(SSE, raw, keep_characters=8).text == "Hello wo"
    assert read(SSE, raw, keep_characters=99).text == "Hello world"


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"service_tier": "standard", "inference_geo": "us"}, "us"),
        ({"service_tier": "priority", "inference_geo": "us"}, "priority-us"),
        ({"service_tier": "batch", "inference_geo": "us"}, "batch-us"),
        ({"service_tier": "standard", "speed": "fast", "inference_geo": "us"}, "fast-us"),
        ({"service_tier": "batch", "inference_geo": "global"}, "batch"),
        ({"inference_geo": "us"}, "us"),
    ],
)
def test_a_tier_is_not_lost_beside_what_is_charged_differently_too(told: dict[str, str], tier: str) -> None:
    reading = Reading()
    reading.take({"type": "message", "usage": {"input_tokens": 1, "output_tokens": 2, **told}})
    assert reading.service_tier == tier


def test_a_stream_is_one_whatever_was_asked_for() -> None:
    assert [read(kind, b"").streamed for kind in (SSE, LINES, JSON)] == [True, True, False]
