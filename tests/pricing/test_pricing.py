"""Prices are exact: every amount below was computed by hand from the published rates per million tokens."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from runtime import pricing
from runtime.pricing import Tokens, price, rounded
from schema import wire

AT = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model", "prompt", "completion", "cached", "usd"),
    [
        # gpt-4o: 2.50 in, 10 out, 1.25 cached
        ("openai", "gpt-4o", 1000, 100, 0, "0.0035"),
        ("openai", "gpt-4o", 1000, 100, 10, "0.0034875"),
        ("openai", "gpt-4o-2024-08-06", 7, 3, 0, "0.0000475"),
        # gpt-4o-mini: 0.15 in, 0.60 out, 0.075 cached
        ("openai", "gpt-4o-mini", 1, 0, 0, "0.00000015"),
        ("openai", "gpt-4o-mini", 1, 1, 1, "0.000000675"),
        ("openai", "gpt-4o-mini", 123_456, 7_890, 1_024, "0.0231756"),
        ("openai", "gpt-4o-mini", 1_000_000, 1_000_000, 0, "0.75"),
        # gpt-4.1: 2 in, 8 out, 0.50 cached; o3-mini: 1.10 in, 4.40 out; gpt-4: 30 in, 60 out
        ("openai", "gpt-4.1", 999, 1, 999, "0.0005075"),
        ("openai", "o3-mini", 333, 333, 0, "0.0018315"),
        ("openai", "gpt-4", 9, 9, 0, "0.00081"),
        # no cached rate: cached tokens cost what the others cost
        ("openai", "gpt-3.5-turbo", 100, 0, 50, "0.00005"),
        ("openai", "text-embedding-3-small", 50, 0, 0, "0.000001"),
        # Azure sells OpenAI's models; Anthropic: 0.80 in, 4 out, 0.08 cached
        ("azure", "gpt-4o", 1000, 100, 0, "0.0035"),
        ("anthropic", "claude-3-5-haiku-latest", 1000, 10, 500, "0.00048"),
        ("openai", "gpt-4o", 0, 0, 0, "0"),
    ],
)  # fmt: skip
def test_a_known_model_has_its_exact_price(
    provider: str, model: str, prompt: int, completion: int, cached: int, usd: str
) -> None:
    priced = price(provider, model, AT, Tokens(prompt, completion, cached))
    assert priced is not None
    assert priced.cost_usd == Decimal(usd)


def test_a_price_depends_on_the_day_of_the_call() -> None:
    before = price("openai", "o3", datetime(2025, 6, 9, 23, 59, tzinfo=UTC), Tokens(1_000_000))
    after = price("openai", "o3", datetime(2025, 6, 10, tzinfo=UTC), Tokens(1_000_000))
    assert before is not None
    assert after is not None
    assert (before.cost_usd, after.cost_usd) == (Decimal(10), Decimal(2))


def test_a_price_names_its_source_and_date() -> None:
    priced = price("openai", "gpt-4o-mini", AT, Tokens(1))
    assert priced is not None
    assert priced.price_source.startswith("genai-prices ")
    assert "openai/gpt-4o-mini, list of 20" in priced.price_source


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "no-such-model"), ("no-such-provider", "gpt-4o"), ("", "")]
)
def test_an_unknown_price_is_unknown_and_not_zero(provider: str, model: str) -> None:
    assert price(provider, model, AT, Tokens(1000, 100)) is None


def test_more_cached_tokens_than_prompt_tokens_are_cut_to_the_prompt() -> None:
    assert price("openai", "gpt-4o", AT, Tokens(100, 0, 500)) == price(
        "openai", "gpt-4o", AT, Tokens(100, 0, 100)
    )


def test_own_prices_win_and_are_per_thousand_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        pricing.PRICING,
        "openai",
        {"gpt-4o": {"input": 0.1, "output": "0.3", "cached": "0.01", "since": "2026-02-06"}},
    )
    priced = price("openai", "gpt-4o", AT, Tokens(30, 10, 20))
    assert priced == (Decimal("0.0042"), "runtime/pricing.py openai/gpt-4o, 2026-02-06")


def test_a_tier_of_ones_own_counts_for_the_whole_call_above_its_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: pricing.Rates = {
        "input": "1",
        "output": "2",
        "tiers": [{"above": 1000, "input": "3", "output": "4"}],
    }
    monkeypatch.setitem(pricing.PRICING, "house", {"big": rates})
    costs = [price("house", "big", AT, Tokens(tokens, 1000)) for tokens in (1000, 1001)]
    assert [one and one.cost_usd for one in costs] == [Decimal(3), Decimal("7.003")]


@pytest.mark.parametrize(
    ("amount", "plain"),
    [
        ("0.0000000000005", "0"),
        ("0.0000000000015", "0.000000000002"),
        ("0.0000000000025", "0.000000000002"),
        ("1E+3", "1000"),
        ("1.50", "1.5"),
    ],
)
def test_rounding_is_half_even_at_twelve_places_without_a_positive_exponent(amount: str, plain: str) -> None:
    result = rounded(Decimal(amount))
    assert f"{result:f}" == plain
    assert int(result.as_tuple().exponent) <= 0


def test_a_price_survives_the_wire_exactly() -> None:
    priced = price("openai", "gpt-4o-mini", AT, Tokens(1))
    assert priced is not None
    assert msgspec.json.decode(wire.encode(priced.cost_usd), type=Decimal) == Decimal("0.00000015")
