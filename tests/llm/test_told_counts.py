"""From an answer to its record: what was told, what is estimated, and what is no use of tokens."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import UNSET

from collectors.llm_collector.calls import Outcome, arrival_of, call_of
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Routes, Target
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.tap import Tap
from schema.messages import Call
from tests.llm.answers import JSON, LINES, SSE, chunk, sse
from tests.llm.answers_anthropic import delta, end, start
from tests.llm.shapes import lines, named, whole

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)
CLAUDE = {"model": "claude-opus-4-5", "messages": [{"role": "user", "content": "Hello there, how are you?"}]}


def recorded(path: str, asked: object, kind: str, answer: bytes, status: int = 200) -> Call:
    target = Routes(LlmSettings()).resolve(path)
    assert target is not None
    arrival = arrival_of("c-1", AT, target, {}, asked_of(whole(asked)))
    assert arrival is not None
    tap = Tap(kind)
    tap.feed(answer)
    return call_of(arrival, Outcome(5, status), tap.close())


def test_counting_tokens_uses_none_and_costs_nothing() -> None:
    call = recorded("/anthropic/v1/messages/count_tokens", CLAUDE, JSON, whole({"input_tokens": 2095}))
    assert (call.operation, call.status) == ("count_tokens", "ok")
    assert (call.prompt_tokens, call.completion_tokens, call.tokens_estimated) == (UNSET, UNSET, False)
    assert (call.cost_usd, call.price_source) == (Decimal(0), "count_tokens is free")


def test_a_stream_of_claude_that_breaks_off_is_estimated_on_one_side_only() -> None:
    told = start(input_tokens=10, cache_read_input_tokens=90, output_tokens=1)
    call = recorded(
        "/anthropic/v1/messages", {**CLAUDE, "stream": True}, SSE, named(told, delta(text="x" * 400))
    )
    assert (call.prompt_tokens, call.cached_tokens) == (100, 90)
    assert (call.completion_tokens, call.tokens_estimated) == (100, True)


def test_a_stream_of_claude_that_ends_is_told_whole() -> None:
    answer = named(
        start(input_tokens=10, output_tokens=1), delta(text="x" * 400), end("end_turn", output_tokens=77)
    )
    call = recorded("/anthropic/v1/messages", {**CLAUDE, "stream": True}, SSE, answer)
    assert (call.prompt_tokens, call.completion_tokens, call.tokens_estimated) == (10, 77, False)


def test_ollama_streams_without_being_asked_to() -> None:
    answer = lines({"message": {"content": "Hello"}}, {"done": True, "prompt_eval_count": 3, "eval_count": 1})
    call = recorded("/ollama/api/chat", {"model": "llama3.2", "messages": []}, LINES, answer)
    assert call.streaming
    assert (call.prompt_tokens, call.completion_tokens, call.tokens_estimated) == (3, 1, False)


def test_what_a_stream_cost_whose_request_could_not_be_read_stays_unknown() -> None:
    target = Routes(LlmSettings()).resolve("/openai/v1/audio/transcriptions")
    assert target is not None
    asked = asked_of(b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nRIFF')
    arrival = arrival_of("c-1", AT, target, {}, asked)
    assert arrival is not None
    tap = Tap(SSE)
    tap.feed(sse(chunk("Hello there")))
    call = call_of(arrival, Outcome(5, 200), tap.close())
    assert (call.prompt_tokens, call.cost_usd, call.completion_tokens) == (UNSET, UNSET, 3)


def test_a_refused_stream_is_not_estimated() -> None:
    call = recorded(
        "/openai/v1/chat/completions", {"model": "gpt-4o", "stream": True}, SSE, sse(chunk("Hi")), 500
    )
    assert (call.status, call.tokens_estimated, call.prompt_tokens) == ("error", False, UNSET)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/ollama/api/show", {"model": "llama3.2"}),
        ("/openai/v1/fine_tuning/jobs", {"model": "gpt-4o"}),
        ("/openai/v1/moderations", {"model": "omni-moderation-latest", "input": "x"}),
    ],
)
def test_naming_a_model_is_not_calling_it(path: str, asked: object) -> None:
    target = Routes(LlmSettings()).resolve(path)
    assert target is not None
    assert arrival_of("c-1", AT, target, {}, asked_of(whole(asked))) is None


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"cost": 0.95}, "0.95"),
        ({"cost": {"total_cost": 0.0065, "request_cost": 0.005}}, "0.0065"),
        # With a key of one's own OpenRouter bills a fee alone, and the model is billed beside it.
        ({"cost": 0.05, "is_byok": True, "cost_details": {"upstream_inference_cost": 1}}, "1.05"),
        ({"cost": 0.05, "is_byok": True}, None),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ({"cost": "0.1"}, None),
        ({"cost": {"total_cost": 1e300}}, None),
    ],
)
def test_a_cost_that_the_answer_tells_is_read(usage: dict[str, object], usd: str | None) -> None:
    reading = Reading()
    reading.take({"usage": {"prompt_tokens": 1, "completion_tokens": 2, **usage}})
    assert reading.cost_usd == (None if usd is None else Decimal(usd))


def test_a_told_cost_enters_the_record() -> None:
    answer = {"id": "c", "model": "sonar", "usage": {"prompt_tokens": 9, "cost": {"total_cost": 0.0065}}}
    target = Target("perplexity", "http://x", "chat", None)
    arrival = arrival_of("c-1", AT, target, {}, asked_of(b'{"model": "sonar"}'))
    assert arrival is not None
    tap = Tap(JSON)
    tap.feed(whole(answer))
    call = call_of(arrival, Outcome(5, 200), tap.close())
    assert (call.cost_usd, call.price_source) == (Decimal("0.0065"), "told by the provider")
