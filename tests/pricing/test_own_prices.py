"""Prices of one's own: PRICING and the file LLM_PRICES_FILE, their dates, tiers and mistakes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime import pricing
from runtime.pricing import Tokens, load_prices, price
from schema.errors import SettingError

AT = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_file_afterwards() -> Iterator[None]:
    yield
    load_prices("")


def load(folder: Path, table: object) -> None:
    path = folder / "prices.json"
    path.write_text(table if isinstance(table, str) else json.dumps(table))
    load_prices(str(path))


def cost(provider: str, model: str, tokens: Tokens, at: datetime = AT, tier: str | None = None) -> str:
    priced = price(provider, model, at, tokens, tier)
    return f"{priced.cost_usd:f}" if priced else "unknown"


def test_the_file_wins_over_the_table_and_that_over_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = []
    for step in ("package", "table", "file"):
        if step == "table":
            monkeypatch.setitem(pricing.PRICING, "openai", {"gpt-4o": {"input": 0.1, "output": "0.3"}})
        if step == "file":
            load(tmp_path, {"openai": {"gpt-4o": {"input": "0.2", "output": "0.3", "since": "2026-02-06"}}})
        priced = price("openai", "gpt-4o", AT, Tokens(30))
        assert priced
        sources.append((priced.cost_usd, priced.price_source.partition(" ")[0], priced.price_source[-10:]))
    assert sources[0][:2] == (Decimal("0.000075"), "genai-prices")
    assert sources[1][:2] == (Decimal("0.003"), "runtime/pricing.py")
    assert sources[2] == (Decimal("0.006"), "prices.json", "2026-02-06")


def test_rates_are_for_a_thousand_tokens_and_floats_are_read_as_written(tmp_path: Path) -> None:
    load(tmp_path, '{"house": {"m": {"input": 0.1, "output": "0.3", "cached": 0.01}}}')
    # 10 × 0.1 + 20 × 0.01 + 10 × 0.3, ÷ 1,000
    assert cost("house", "m", Tokens(30, 10, 20)) == "0.0042"


def test_every_part_has_its_rate_and_without_one_costs_what_the_rest_does(tmp_path: Path) -> None:
    rates: dict[str, Any] = {"input": "1", "output": "10"}
    parts = {
        "cached": "0.1",
        "cache_write": "2",
        "cache_write_1h": "3",
        "input_audio": "5",
        "output_audio": "50",
    }
    load(tmp_path, {"house": {"whole": rates, "parts": rates | parts}})
    tokens = Tokens(100, 20, 10, 30, 20, 40, 5)
    # 100 × 1 + 20 × 10
    assert cost("house", "whole", tokens) == "0.3"
    # 20 × 1 + 10 × 0.1 + 10 × 2 + 20 × 3 + 40 × 5 + 15 × 10 + 5 × 50
    assert cost("house", "parts", tokens) == "0.701"


def test_a_tier_counts_for_the_whole_call_above_its_edge_and_the_highest_passed_one_counts(
    tmp_path: Path,
) -> None:
    tiers = [{"above": 2000, "input": "5", "output": "6"}, {"above": 1000, "input": "3", "output": "4"}]
    load(tmp_path, {"house": {"big": {"input": "1", "output": "2", "tiers": tiers}}})
    told = [cost("house", "big", Tokens(count, 1000)) for count in (1000, 1001, 2000, 2001)]
    assert told == ["3", "7.003", "10", "16.005"]


def test_a_price_changes_by_the_day_of_the_call(tmp_path: Path) -> None:
    entries = [
        {"input": "3", "output": "0", "since": "2026-03-01", "until": "2026-03-31"},
        {"input": "1", "output": "0", "until": "2026-01-31"},
        {"input": "2", "output": "0", "since": "2026-02-01"},
    ]
    load(tmp_path, {"house": {"m": entries}})
    days = ("2026-01-31", "2026-02-01", "2026-03-01", "2026-03-31", "2026-04-01")
    moments = [datetime.fromisoformat(f"{day}T23:59:59+00:00") for day in days]
    assert [cost("house", "m", Tokens(1000), at) for at in moments] == ["1", "2", "3", "3", "2"]


def test_before_the_day_of_an_own_price_the_package_is_asked(tmp_path: Path) -> None:
    rates = {"input": "0", "output": "0", "since": "2026-02-07"}
    load(tmp_path, {"openai": {"gpt-4o": rates}, "house": {"m": rates}})
    assert cost("openai", "gpt-4o", Tokens(1000)) == "0.0025"
    assert cost("house", "m", Tokens(1000)) == "unknown"


def test_local_models_are_free_when_the_file_says_so(tmp_path: Path) -> None:
    load(tmp_path, {"ollama": {"*": {"input": 0, "output": 0}, "mine": {"input": 1, "output": 0}}})
    assert cost("ollama", "llama3.2:latest", Tokens(1000, 100)) == "0"
    assert cost("ollama", "mine", Tokens(1000, 100)) == "1"
    assert cost("vllm", "llama3.2:latest", Tokens(1000, 100)) == "unknown"


def test_a_service_tier_may_have_rates_and_is_else_unknown(tmp_path: Path) -> None:
    half, twice = {"input": "1", "output": "1"}, {"input": "4", "output": "4"}
    rates = {"input": "2", "output": "2", "service_tiers": {"batch": half}}
    load(tmp_path, {"house": {"m": rates, "all": rates | {"service_tiers": {"batch": half, "*": twice}}}})
    tiers = (None, "default", "batch", "priority")
    assert [cost("house", "m", Tokens(1000), tier=tier) for tier in tiers] == ["2", "2", "1", "unknown"]
    assert [cost("house", "all", Tokens(1000), tier=tier) for tier in tiers] == ["2", "2", "1", "4"]


def test_searches_have_a_rate_or_are_unknown_and_not_free(tmp_path: Path) -> None:
    rates = {"input": "1", "output": "1"}
    load(tmp_path, {"openai": {"gpt-4o": rates, "gpt-5": rates | {"web_search": 10}}})
    searched = Tokens(1000, web_searches=3)
    assert cost("openai", "gpt-4o", searched) == "unknown"
    assert cost("openai", "gpt-5", searched) == "1.03"


def test_other_tools_that_are_charged_are_unknown_with_own_prices_too(tmp_path: Path) -> None:
    load(tmp_path, {"house": {"m": {"input": "1", "output": "1", "web_search": 10}}})
    assert cost("house", "m", Tokens(1000, unpriced_tools=1)) == "unknown"


def test_an_own_price_counts_under_the_seller_s_other_names_too(tmp_path: Path) -> None:
    load(tmp_path, {"aws": {"private": {"input": "1", "output": "1"}}})
    assert cost("aws.bedrock", "private", Tokens(1000)) == "1"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("nope", "is wrong: it is no JSON that can be read: Expecting value: line 1 column 1"),
        ("[]", "is wrong: an object of providers is taken"),
        ('{"a": 1}', "is wrong at a: an object of models"),
        ('{"a": {"m": {"input": 1}}}', "is wrong at a/m: object missing required field `output`"),
        ('{"a": {"m": []}}', "is wrong at a/m: the list is empty"),
        ('{"a": {"m": {"input": NaN, "output": 1}}}', "is wrong at a/m: `input` is from 0"),
        ('{"a": {"m": {"input": "NaN", "output": 1}}}', "is wrong at a/m: `input` is from 0"),
        ('{"a": {"m": {"input": 1, "output": Infinity}}}', "is wrong at a/m: `output` is from 0"),
        ('{"a": {"m": {"input": 1, "output": 1, "cached": -0.1}}}', "is wrong at a/m: `cached` is from 0"),
        ('{"a": {"m": {"input": 100.5, "output": 1}}}', "is wrong at a/m: `input` is from 0 to 100"),
        ('{"a": {"m": {"input": true, "output": 1}}}', "is wrong at a/m.input: expected `decimal`"),
        ('{"a": {"m": {"input": 1, "output": 1, "cahed": 1}}}', "contains unknown field `cahed`"),
        ('{"a": {"m": {"input": 1, "output": 1, "since": "soon"}}}', "is wrong at a/m.since: invalid"),
        ('{"a": {"m": {"input": 1, "output": 1, "since": "2026-02-02", "until": "2026-02-01"}}}',
         "is wrong at a/m: `until` is before `since`"),
        ('{"a": {"m": [{"input": 1, "output": 1}, {"input": 2, "output": 1}]}}', "begin on the same day"),
        ('{"a": {"m": {"input": 1, "output": 1, "tiers": [{"above": "x", "input": 1, "output": 1}]}}}',
         "is wrong at a/m.tiers[0].above: expected `int`"),
        ('{"a": {"m": {"input": 1, "output": 1, "cached": 1, "tiers": [{"above": 1, "input": 2, "output": 1'
         '}]}}}',
         "`cached` is told for some of the tiers only"),
        ('{"a": {"m": {"input": 1, "output": 1}, "m": {"input": 2, "output": 1}}}', "`m` stands twice"),
        ('{"a": {"m": {"input": 1, "output": 1, "web_search": -1}}}', "is wrong at a/m: `web_search` is"),
        ("[" * 100_000, "is wrong: it is no JSON that can be read"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_in_one_line_that_names_the_setting_and_the_place(
    tmp_path: Path, table: str, told: str
) -> None:
    with pytest.raises(SettingError) as error:
        load(tmp_path, table)
    message = str(error.value)
    assert message.startswith(f"LLM_PRICES_FILE {tmp_path / 'prices.json'} ")
    assert told in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(SettingError, match=r"LLM_PRICES_FILE .* cannot be read: "):
            load_prices(str(path))
    (tmp_path / "huge.json").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(SettingError, match="larger than"):
        load_prices(str(tmp_path / "huge.json"))


def test_a_wrong_file_leaves_the_prices_as_they_were(tmp_path: Path) -> None:
    load(tmp_path, {"house": {"m": {"input": "1", "output": "1"}}})
    with pytest.raises(SettingError):
        load(tmp_path, "nope")
    assert cost("house", "m", Tokens(1000)) == "1"


def test_a_wrong_table_is_told_at_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pricing.PRICING, "house", {"m": {"input": float("nan"), "output": 1}})
    with pytest.raises(SettingError, match=r"^PRICING in runtime/pricing.py is wrong at house/m: `input` is"):
        load_prices("")


def test_the_examples_of_the_documents_are_files_that_are_taken(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    guide = (root / "RUN_INSTRUCTIONS.md").read_text(encoding="utf-8")
    load(tmp_path, guide.split("## Prices")[1].split("```json")[1].split("```")[0])
    days = [datetime(2026, month, 30, tzinfo=UTC) for month in (6, 7)]
    assert [cost("house", "big", Tokens(1000), at) for at in days] == ["0.003", "0.002"]
    assert cost("house", "big", Tokens(200_001), days[1]) == "0.800004"
    assert cost("house", "big", Tokens(1000), days[1], "batch") == "0.001"
    settings = (root / ".env.example").read_text(encoding="utf-8")
    [line] = [line for line in settings.splitlines() if '"ollama": {"*"' in line]
    load(tmp_path, line.removeprefix("# ").rstrip(","))
    assert cost("ollama", "any", Tokens(1000)) == "0"
