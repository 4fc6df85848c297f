"""What holds for every price: parts are cut to the whole, rounding is exact, names cannot fill memory."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from runtime import price_list
from runtime.pricing import Tokens, price, rounded
from schema import wire

AT = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (Tokens(100, 0, 500), Tokens(100, 0, 100)),
        (Tokens(100, 0, 60, 60), Tokens(100, 0, 60, 40)),
        (Tokens(100, 0, 0, 60, 70), Tokens(100, 0, 0, 60, 60)),
        (Tokens(100, 5, prompt_audio=200, completion_audio=6), Tokens(100, 5, 0, 0, 0, 100, 5)),
    ],
)
def test_a_part_that_exceeds_the_whole_is_cut_to_it(told: Tokens, meant: Tokens) -> None:
    assert told.consistent() == meant
    assert price("anthropic", "claude-haiku-4-5", AT, told) == price(
        "anthropic", "claude-haiku-4-5", AT, meant
    )


def test_names_that_somebody_makes_up_do_not_stay_in_memory() -> None:
    for number in range(10_000):
        price("openai", f"gpt-4o-{number}", AT, Tokens(1))
    assert price_list._find.cache_info().currsize <= 4096


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


def test_a_price_is_looked_up_once_a_day_and_only_one_that_changes_by_the_hour_more_often() -> None:
    def looked_up(provider: str, model: str) -> int:
        price_list._quote.cache_clear()
        for minute in range(30):
            price(provider, model, AT.replace(month=11, minute=minute), Tokens(1))
        return price_list._quote.cache_info().misses

    assert looked_up("openai", "gpt-4o") == 1
    assert looked_up("deepseek", "deepseek-v4-pro") == 30
