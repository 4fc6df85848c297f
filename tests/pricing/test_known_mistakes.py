"""Mistakes that other cost trackers made, from answers as providers send them to what they bill.

Each answer goes the whole way: read as the proxy reads it, then priced. The amounts are computed by hand.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from collectors.llm_collector.reading import Reading
from runtime.pricing import Tokens, price

AT = datetime(2026, 2, 6, tzinfo=UTC)


def billed(provider: str, model: str, usage: dict[str, Any]) -> Decimal | None:
    reading = Reading()
    reading.take({"model": model, "usage": usage})
    assert reading.prompt_tokens is not None
    tokens = Tokens(
        reading.prompt_tokens,
        reading.completion_tokens or 0,
        reading.cached_tokens or 0,
        reading.cache_write_tokens or 0,
    )
    priced = price(provider, model, AT, tokens)
    return priced and priced.cost_usd


@pytest.mark.parametrize(
    ("provider", "model", "usage", "usd"),
    [
        pytest.param(
            "openai", "gpt-4o",
            {"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
             "prompt_tokens_details": {"cached_tokens": 1920},
             "completion_tokens_details": {"reasoning_tokens": 0}},
            # 86 × 2.50 + 1,920 × 1.25 + 300 × 10, and not 2,006 × 2.50 + …
            "0.005615",
            id="cached tokens are charged again at the full rate (BerriAI/litellm#6215)",
        ),
        pytest.param(
            "anthropic", "claude-3-7-sonnet-20250219",
            {"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0,
             "output_tokens": 550},
            # 3 × 3 + 12,304 × 3.75 + 550 × 15, as Anthropic's console said; not 0.091311
            "0.054399",
            id="tokens written to a cache are charged again as input (BerriAI/litellm#9812)",
        ),
        pytest.param(
            "anthropic", "claude-3-5-sonnet-20240620",
            {"input_tokens": 21, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 188_086,
             "output_tokens": 393},
            # 21 × 3 + 188,086 × 0.30 + 393 × 15; not 21 × 3 + 393 × 15
            "0.0623838",
            id="Anthropic's input_tokens leave the cached ones out (BerriAI/litellm#5443)",
        ),
        pytest.param(
            "openai", "gpt-5.1",
            {"input_tokens": 22_118, "output_tokens": 1_970, "total_tokens": 24_088,
             "output_tokens_details": {"reasoning_tokens": 956}},
            # 22,118 × 1.25 + 1,970 × 10; not 1,970 + 956 of output
            "0.0473475",
            id="reasoning tokens are added to the answer that holds them (langfuse/langfuse#11244)",
        ),
        pytest.param(
            "openrouter", "anthropic/claude-sonnet-4.5",
            {"prompt_tokens": 17_903, "completion_tokens": 0,
             "prompt_tokens_details": {"cached_tokens": 17_817}},
            # 86 × 3 + 17,817 × 0.30
            "0.0056031",
            id="cached tokens are added to the prompt that holds them (langfuse/langfuse#10592)",
        ),
    ],
)  # fmt: skip
def test_an_answer_s_usage_costs_what_is_billed(
    provider: str, model: str, usage: dict[str, Any], usd: str
) -> None:
    assert billed(provider, model, usage) == Decimal(usd)


def test_a_long_prompt_is_charged_its_tier_as_a_whole_and_not_above_the_edge() -> None:
    # 300,000 × 6; not 200,000 × 3 + 100,000 × 6 (littlebearapps/mcp-audit#54)
    priced = price("anthropic", "claude-sonnet-4-5", AT, Tokens(300_000))
    assert priced
    assert priced.cost_usd == Decimal("1.8")


def test_a_long_prompt_s_caches_are_charged_by_its_tier_too() -> None:
    # 210,000 × 0.60 and 210,000 × 7.50, not 0.30 and 3.75 (BerriAI/litellm#16377, Helicone/helicone#5766)
    read = price("anthropic", "claude-sonnet-4-5", AT, Tokens(210_000, 0, 210_000))
    written = price("anthropic", "claude-sonnet-4-5", AT, Tokens(210_000, 0, 0, 210_000))
    assert read
    assert written
    assert (read.cost_usd, written.cost_usd) == (Decimal("0.126"), Decimal("1.575"))


def test_the_tier_is_that_of_the_prompt_with_its_cached_tokens() -> None:
    # 1 × 6 + 200,000 × 0.60: a cached prompt is as long as another (BerriAI/litellm#30207)
    priced = price("anthropic", "claude-sonnet-4-5", AT, Tokens(200_001, 0, 200_000))
    assert priced
    assert priced.cost_usd == Decimal("0.120006")


def test_a_cache_for_an_hour_costs_more_than_one_for_five_minutes() -> None:
    # claude-opus-4-8: 600,000 × 6.25 + 400,000 × 10 (earendil-works/pi#5738)
    split = price("anthropic", "claude-opus-4-8", AT, Tokens(1_000_000, 0, 0, 1_000_000, 400_000))
    assert split
    assert split.cost_usd == Decimal("7.75")


def test_an_hour_s_cache_of_a_long_prompt_costs_twice_twice() -> None:
    # 300,000 × 12 (BerriAI/litellm#18988)
    priced = price("anthropic", "claude-sonnet-4-5", AT, Tokens(300_000, 0, 0, 300_000, 300_000))
    assert priced
    assert priced.cost_usd == Decimal("3.6")
