"""Which model a call is priced as, which costs are believed as they are told, and what is free."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runtime.price_names import names_of
from runtime.pricing import TOLD, Tokens, price_call

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
M = Tokens(1000, 1000)


def cost(provider: str, asked: str, answered: str | None, told: str | None = None) -> str:
    found = price_call(provider, (asked, answered), AT, M, told_usd=None if told is None else Decimal(told))
    return f"{found.cost_usd:f}" if found else "unknown"


@pytest.mark.parametrize(
    ("provider", "asked", "answered", "usd"),
    [
        ("openai", "gpt-4o", None, "0.0125"),
        ("openai", "gpt-4o", "", "0.0125"),
        # An older one of the same name has a price of its own: 5 / 15
        ("openai", "gpt-4o", "gpt-4o-2024-05-13", "0.02"),
        ("openai", "gpt-4o", "gpt-4o-2031-01-01", "0.0125"),
        ("azure", "my-deployment", "gpt-4o-2024-08-06", "0.0125"),
        ("litellm", "azure/gpt-4o", "gpt-4o-2024-08-06", "0.0125"),
        ("litellm", "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
         "meta-llama/Llama-3.3-70B-Instruct-Turbo", "0.00176"),
        ("bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022", "0.018"),
        # Another model has answered, and nobody knows its price.
        ("litellm", "gpt-4o", "hosted_vllm/llama-3.3", "unknown"),
        ("litellm", "claude-opus-4-5", "ollama/llama3.2", "unknown"),
        ("openai", "gpt-4o-mini", "gpt-9-pro", "unknown"),
        ("openai", "gpt-4o", "gpt-4o-ultra", "unknown"),
        ("azure", "gpt-4o", "o9-pro-2027-01-01", "unknown"),
    ],
)  # fmt: skip
def test_what_answered_sets_the_price(provider: str, asked: str, answered: str | None, usd: str) -> None:
    assert cost(provider, asked, answered) == usd


def test_the_seller_that_was_asked_sells_what_answered() -> None:
    assert names_of("azure/gpt-4o", "gpt-4o-2024-08-06") == ("azure/gpt-4o-2024-08-06", "azure/gpt-4o")
    assert names_of("groq/openai/gpt-oss-20b", "openai/gpt-oss-20b") == ("groq/openai/gpt-oss-20b",)


@pytest.mark.parametrize(
    ("provider", "asked", "usd"),
    [
        ("openrouter", "deepseek/deepseek-chat", "0.0021"),
        ("perplexity", "sonar", "0.0021"),
        ("litellm", "openrouter/openai/gpt-4o", "0.0021"),
        # Whose `cost` this would be, and in which unit, nobody says.
        ("openai", "gpt-4o", "0.0125"),
        ("litellm", "gpt-4o", "0.0125"),
    ],
)
def test_a_told_cost_is_taken_of_those_who_tell_what_they_bill(provider: str, asked: str, usd: str) -> None:
    assert cost(provider, asked, None, told="0.0021") == usd


def test_a_told_cost_names_its_source_and_needs_no_counts() -> None:
    assert price_call("openrouter", ("a/b", None), AT, None, told_usd=Decimal("0.1")) == (
        Decimal("0.1"),
        TOLD,
    )


def test_a_call_without_counts_is_unknown() -> None:
    assert price_call("openai", ("gpt-4o", None), AT, None) is None


def test_counting_tokens_is_free_whoever_is_asked() -> None:
    free = price_call("anthropic", ("claude-opus-5", None), AT, M, operation="count_tokens")
    assert free == (Decimal(0), "count_tokens is free")
    assert price_call("ollama", ("llama3.2", None), AT, M, operation="chat") is None
