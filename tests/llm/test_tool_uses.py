"""Searches and other tools that are charged apart, from answers as providers document them to their cost."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from collectors.llm_collector.calls import Outcome, arrival_of, call_of
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Target
from collectors.llm_collector.tap import Tap
from schema.messages import Call
from tests.llm.answers import JSON, SSE, sse
from tests.llm.shapes import named, whole

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
USAGE = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
CHAT = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}


def recorded(provider: str, model: str, kind: str, answer: bytes) -> Call:
    arrival = arrival_of(
        "c", AT, Target(provider, "http://x", "chat", None), {}, asked_of(whole({"model": model}))
    )
    assert arrival is not None
    tap = Tap(kind)
    tap.feed(answer)
    return call_of(arrival, Outcome(5, 200), tap.close())


def search(action: str = "search", status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"type": "web_search_call", "id": "ws_1", "status": status, "action": {"type": action}, **more}


def response(*output: dict[str, Any], tool: str = "web_search", model: str = "gpt-4o") -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "status": "completed", "model": model,
        "tools": [{"type": tool}], "output": [*output, MESSAGE], "usage": USAGE,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "usd"),
    [
        # gpt-4o: 1,000 × 2.50 + 100 × 10 a million, and 10 for 1,000 searches
        (response(), "0.0035"),
        (response(search(), search(), search()), "0.0335"),
        (response(search(), search("open_page"), search("find_in_page")), "0.0135"),
        (response(search(status="failed")), "0.0035"),
        (response({"type": "web_search_call", "status": "completed"}), "0.0135"),
        (response({"type": "mcp_call"}, {"type": "computer_call"}), "0.0035"),
        # The older tool, and a model whose search results are no tokens of the answer's usage.
        (response(search(), tool="web_search_preview"), None),
        (response(tool="web_search_preview_2025_03_11"), "0.0035"),
        (response(search(), model="gpt-4o-mini"), None),
        (response(search(), model="gpt-4.1-mini"), None),
        # Tools whose price is not known here.
        (response({"type": "file_search_call"}), None),
        (response({"type": "code_interpreter_call"}), None),
        (response({"type": "image_generation_call", "result": "QUJD" * 5000}), None),
        (response({"type": "image_generation_call", "result": "QUJD" * 400_000}), None),
    ],
)
def test_a_response_s_searches_are_charged_and_other_tools_are_unknown(
    answer: dict[str, Any], usd: str | None
) -> None:
    cost = UNSET if usd is None else Decimal(usd)
    assert recorded("openai", answer["model"], JSON, whole(answer)).cost_usd == cost
    done = [
        {"type": "response.output_item.done", "output_index": place, "item": item}
        for place, item in enumerate(answer["output"])
    ]
    streamed = named(*done, {"type": "response.completed", "response": answer})
    assert recorded("openai", answer["model"], SSE, streamed).cost_usd == cost


@pytest.mark.parametrize("place", ["message", "delta"])
@pytest.mark.parametrize("sign", ["annotations", "executed_tools"])
def test_quoted_pages_and_tools_that_ran_make_a_chat_unknown(place: str, sign: str) -> None:
    answer = {
        "model": "gpt-4o",
        "choices": [{place: {"content": "Hi", sign: [{"type": "x"}]}}],
        "usage": CHAT,
    }
    assert recorded("openai", "gpt-4o", JSON, whole(answer)).cost_usd is UNSET
    assert recorded("openai", "gpt-4o", SSE, sse(answer)).cost_usd is UNSET
    answer["choices"][0][place][sign] = []  # type: ignore[index]
    assert recorded("openai", "gpt-4o", JSON, whole(answer)).cost_usd == Decimal("0.0035")


@pytest.mark.parametrize("model", ["gpt-4o-search-preview", "gpt-4o-mini-search-preview", "gpt-5-search-api"])
def test_models_that_always_search_are_unknown(model: str) -> None:
    answer = {"model": model, "choices": [{"message": {"content": "Hi"}}], "usage": CHAT}
    assert recorded("openai", model, JSON, whole(answer)).cost_usd is UNSET


@pytest.mark.parametrize("sign", ["num_sources_used", "num_server_side_tools_used"])
def test_sources_that_xai_searched_are_unknown_and_none_are_free(sign: str) -> None:
    def cost(count: int) -> object:
        answer = {"model": "grok-4.3", "usage": {**CHAT, sign: count}}
        return recorded("xai", "grok-4.3", JSON, whole(answer)).cost_usd

    assert cost(8) is UNSET
    assert isinstance(cost(0), Decimal)
