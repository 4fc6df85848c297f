"""What an LLM call costs: tokens in, US dollars out, with the source of the price (SPEC §8).

Called by whoever sees a call first (the LLM proxy, the telemetry collector); everybody behind them only adds
up. The file LLM_PRICES_FILE wins over the table below, and that over the dated list of the genai-prices
package (`price_list.py`), which `price_corrections.json` puts right where it was found wrong. What none of
them knows is unknown, and never free.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from runtime import price_list
from runtime.price_names import names_of
from runtime.price_own import checked, own_cost, read_file
from runtime.price_sellers import tells_costs
from runtime.price_terms import Priced, Tokens, rounded
from schema.types import MAX_COST_USD

__all__ = [
    "FREE_OPERATIONS",
    "PRICING",
    "Priced",
    "Tokens",
    "load_prices",
    "price",
    "price_call",
    "rounded",
    "warm_up",
]

PRICING: dict[str, dict[str, object]] = {}
"""Your own prices, which win over the package's: provider → model (`*`: all others) → rates per 1,000 tokens,
or a list of rates, one for each time, for example
`{"together": {"llama-70b": {"input": "0.00088", "output": "0.00088", "since": "2026-02-06"}}}`. The fields
are those of `price_own.Rates`; an amount is a Decimal, a text or a number, which is read as it is written."""

FREE_OPERATIONS = frozenset({"count_tokens"})
"""What no provider charges for: the answer is a count, and no model has run."""
TOLD = "told by the provider"
"""The source of a cost that the answer itself told."""

_file: tuple[str, Mapping[str, Mapping[str, object]]] = ("", {})


def load_prices(path: str) -> None:
    """Read the file of LLM_PRICES_FILE (empty: none), and check it and the table above.

    Raises SettingError with one line that names the place.
    """
    global _file  # noqa: PLW0603 - read once, at start, by every service that prices calls
    checked(PRICING, "PRICING in runtime/pricing.py")
    _file = (Path(path).name, read_file(Path(path))) if path else ("", {})


def price_call(
    provider: str,
    models: tuple[str, str | None],
    at: datetime,
    tokens: Tokens | None,
    service_tier: str | None = None,
    operation: str | None = None,
    told_usd: Decimal | None = None,
) -> Priced | None:
    """Price a call by what is known of it: the one rule for whoever has seen one.

    `models` are the one that was asked for, and the one that the answer names. A cost that the answer told
    wins over all prices, where its provider is one of those that tell what they bill.
    """
    if operation in FREE_OPERATIONS:
        return Priced(Decimal(0), f"{operation} is free")
    asked, answered = models
    if told_usd is not None and told_usd >= 0 and tells_costs(provider, asked):
        return _priced(told_usd, TOLD)
    for model in names_of(asked, answered) if tokens else ():
        if tokens and (found := price(provider, model, at, tokens, service_tier)):
            return found
    return None


def price(
    provider: str, model: str, at: datetime, tokens: Tokens, service_tier: str | None = None
) -> Priced | None:
    """Price one call made `at`; None when the price is not known, which is not the same as free.

    Counts of parts that exceed the whole are cut to it. A service tier other than the plain one, and
    searches, are unknown where they have no price of their own, for the plain price would be wrong.
    """
    if min(tokens) < 0 or tokens.unpriced_tools:
        return None
    tokens, tier = tokens.consistent(), (service_tier or "").lower()
    file, table = _file
    for origin, own in ((file, table), ("runtime/pricing.py", PRICING)):
        if own and (found := own_cost(own, provider, model, at, tokens, tier)):
            return None if found[0] is None else _priced(found[0], f"{origin} {found[1]}")
    listed = price_list.listed_cost(provider, model, at, tokens, tier)
    return _priced(*listed) if listed else None


def warm_up() -> None:
    """Load the package's list now (about a third of a second), so that no call waits for it."""
    price_list.warm_up()


def _priced(cost: Decimal, source: str) -> Priced | None:
    return Priced(rounded(cost), source) if cost <= MAX_COST_USD else None
