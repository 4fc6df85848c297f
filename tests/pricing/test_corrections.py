"""What the package's list has wrong and `price_corrections.json` puts right, each computed by hand."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from runtime import price_list
from runtime.pricing import Tokens, price

FILE = Path(price_list.__file__).with_name("price_corrections.json")
M = Tokens(1_000_000, 1_000_000, 500_000)


def cost(provider: str, model: str, day: str, tokens: Tokens = M) -> str:
    found = price(provider, model, datetime.fromisoformat(day).replace(tzinfo=UTC), tokens)
    return f"{found.cost_usd:f}" if found else "unknown"


@pytest.mark.parametrize("model", ["deepseek-chat", "deepseek-reasoner"])
def test_deepseek_gives_no_discount_at_night_since_september_2025(model: str) -> None:
    # 0.56 / 1.68, cached 0.07; then 0.28 / 0.42, cached 0.028
    assert [cost("deepseek", model, f"2025-09-10T{hour}:00:00") for hour in (12, 17)] == ["1.995", "1.995"]
    assert [cost("deepseek", model, f"2026-02-06T{hour}:00:00") for hour in (12, 17)] == ["0.574", "0.574"]
    assert [cost("deepseek", model, day) for day in ("2025-09-05", "2025-09-29", "2026-11-20")] == [
        "unknown"
    ] * 3


def test_deepseek_s_busy_hours_began_in_august_2026_and_are_those_of_working_days() -> None:
    # flash: 0.14 / 0.28, cached 0.0028; pro: 0.435 / 0.87, cached 0.003625
    assert cost("deepseek", "deepseek-v4-flash", "2026-07-01T02:00:00") == "0.3514"
    assert cost("deepseek", "deepseek-v4-pro", "2026-07-01T02:00:00") == "1.0893125"
    assert cost("deepseek", "deepseek-v4-flash", "2026-08-20T02:00:00") == "unknown"
    # flash: 0.30 / 1.20, cached 0.006 from 01:00 to 04:00 and 06:00 to 10:00, else half of it
    days = ("2026-11-20T02:00:00", "2026-11-20T04:00:00", "2026-11-21T02:00:00", "2026-11-22T06:00:00")
    assert [cost("deepseek", "deepseek-v4-flash", day) for day in days] == [
        "1.353", "0.6765", "0.6765", "0.6765",
    ]  # fmt: skip


def test_claude_sonnet_4_costs_more_above_200_000_tokens() -> None:
    for name in ("claude-sonnet-4-20250514", "claude-sonnet-4-0"):
        # 200,000 × 3 + 1,000 × 15; 200,001 × 6 + 1,000 × 22.50
        assert cost("anthropic", name, "2026-02-06", Tokens(200_000, 1000)) == "0.615"
        assert cost("anthropic", name, "2026-02-06", Tokens(200_001, 1000)) == "1.222506"


def test_what_is_not_confirmed_is_unknown() -> None:
    assert cost("xai", "grok-4", "2026-02-06", Tokens(128_000)) == "0.384"
    assert cost("xai", "grok-4", "2026-02-06", Tokens(128_001)) == "unknown"
    assert cost("mistral", "mistral-large-latest", "2025-12-01", Tokens(1000, 1000)) == "0.008"
    assert cost("mistral", "mistral-large-latest", "2026-02-06", Tokens(1000, 1000)) == "unknown"
    assert cost("mistral", "mistral-large-2411", "2026-02-06", Tokens(1000, 1000)) == "0.008"


def test_a_corrected_price_names_the_corrections_and_a_tier_without_a_price_is_unknown() -> None:
    at = datetime(2026, 2, 6, tzinfo=UTC)
    found = price("deepseek", "deepseek-chat", at, M)
    assert found
    assert found.price_source == "runtime/price_corrections.json deepseek/deepseek-chat, 2025-09-30"
    assert price("anthropic", "claude-sonnet-4-0", at, M, "batch") is None


def test_every_correction_names_its_source_and_the_day_it_was_read_and_no_two_overlap() -> None:
    table: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    for models in table.values():
        for told in models.values():
            entries = told if isinstance(told, list) else [told]
            assert all("https://" in one["source"] and "read 20" in one["source"] for one in entries)
            for earlier, later in pairwise(entries):
                assert date.fromisoformat(earlier["until"]) < date.fromisoformat(later["since"])
