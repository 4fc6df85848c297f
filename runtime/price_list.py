"""Costs by the dated list of the genai-prices package, as it was installed: nothing here asks the network.

The package is loaded at the first price, or by `warm_up`: it takes a third of a second and 30 MB. Its data
and its search for a model are used; the sum is that of our own calculator, which all prices go through. It
takes a tenth of the time of the package's, for every call passes here, and a test holds them to each other.

`price_corrections.json` beside this file puts right what the list has wrong, with the source of each price.
Where the list does not say what a part of a call costs, the whole cost is unknown: a bill that is too low is
believed, one that is missing is asked about.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runtime.price_own import Entry, cost_by, read_file
from runtime.price_rates import Stepped, Tier
from runtime.price_sellers import sold_as
from runtime.price_terms import BASE_TIERS, Tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider, TieredPrices

US_ONLY = Decimal("1.1")
"""What Anthropic's tokens cost times when they stay in the United States (`inference_geo`), as it documents;
the list does not have it. The reading of an answer calls that the service tier `us`, or `fast-us`."""
_COUNTED = frozenset({
    "input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok",
    "input_audio_mtok", "output_audio_mtok", "cache_audio_read_mtok",
    "web_searches_kcount",
})  # fmt: skip
"""What the list charges for and we can count. A model with other prices as well cannot be priced: the fee of
Perplexity for a request depends on how much it searches, and its answers tell their cost…"""
_OPTIONAL = frozenset({"storage_searches_kcount"})
"""…but for these, which are rare, charged apiece, and told by no answer: they are left out."""
_RATES = {
    "input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok", "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok", "output_audio": "output_audio_mtok",
}  # fmt: skip
_SEARCHES_ALWAYS = re.compile(r"-search-(?:preview|api)\b")
"""OpenAI's search models are charged for a search with each answer, which does not tell it."""
_SEARCH_TOKENS_UNTOLD = frozenset({"gpt-4o-mini", "gpt-4.1-mini"})
"""Of these OpenAI charges 8,000 tokens more for each search than the answer tells."""
_OPEN_WEIGHTS = ("gpt-oss", "gemma")
"""Models of makers who do not sell them by themselves: what they cost says whoever runs them."""
_WORLD_MAKERS = ("openai", "anthropic", "google")
"""Whose models only they sell, or others at their price: a gateway's `gpt-4o` is theirs. Open weights behind
a gateway may run anywhere."""
_DEEPSEEK_FREE_WEEKENDS = date(2026, 9, 10)
"""Since then DeepSeek's busy hours are those of working days, which the list cannot say."""
_CORRECTIONS = "price_corrections.json"
_REMEMBERED = 4096


class _Model(NamedTuple):
    """A model as it stands in the list, and the name it was found by, which may be one of several."""

    seller: "Provider"
    info: "ModelInfo"
    name: str
    hourly: bool
    """Whether its price changes by the hour and minute, and not by the day alone."""


class _Quote(NamedTuple):
    """What one model costs at one time, and what there is a price for."""

    source: str
    rates: Stepped
    priced: frozenset[str]
    search_usd: Decimal

    def cost(self, tokens: Tokens) -> Decimal | None:
        """Give what a call costs; None where a part of it has no price."""
        if tokens.completion and "output_mtok" not in self.priced:
            return None
        if any(tokens[4:]) and not self._covers_parts(tokens):
            return None
        return self.rates.cost(tokens) + tokens.web_searches * self.search_usd

    def _covers_parts(self, tokens: Tokens) -> bool:
        needed = {
            "input_audio_mtok": tokens.prompt_audio,
            "output_audio_mtok": tokens.completion_audio,
            "web_searches_kcount": tokens.web_searches,
            # Without any price for writing, a cache is filled at the price of the input.
            "cache_write_1h_mtok": tokens.cache_write_1h if "cache_write_mtok" in self.priced else 0,
        }
        # Nobody tells how many of the cached tokens are audio.
        mixed = bool(tokens.prompt_audio and (tokens.cached or tokens.cache_write))
        return not mixed and all(key in self.priced for key, count in needed.items() if count)


def listed_cost(
    provider: str, model: str, at: datetime, tokens: Tokens, service_tier: str
) -> tuple[Decimal, str] | None:
    """Give what the list says a call made `at` cost, and where it says so; None where it does not say."""
    if (found := _find(provider, model)) is None:
        return None
    corrections = _corrections().get(found.seller.id)
    for name in (found.name, found.info.id) if corrections else ():
        entries = corrections.get(name) if corrections else None
        if entries and (told := cost_by(entries, at, tokens, service_tier)):
            source = f"runtime/{_CORRECTIONS} {found.seller.id}/{name}{told.since}"
            return None if told.cost is None else (told.cost, source)
    moment = at.astimezone(UTC).replace(second=0, microsecond=0)
    quote = _quote(
        provider, model, moment if found.hourly else moment.replace(hour=0, minute=0), service_tier
    )
    cost = quote.cost(tokens) if quote else None
    return None if quote is None or cost is None else (cost, quote.source)


@lru_cache(maxsize=_REMEMBERED)
def _quote(provider: str, model: str, at: datetime, service_tier: str) -> _Quote | None:
    from genai_prices import __version__  # noqa: PLC0415 - slow to load: when needed

    if (found := _find(provider, model)) is None:
        return None
    seller, info = found.seller, found.info
    if seller.id == "deepseek" and at.weekday() >= 5 and at.date() >= _DEEPSEEK_FREE_WEEKENDS:
        at = at.replace(hour=12)  # an hour that is never busy
    plain_tier, us_only = service_tier, False
    if seller.id == "anthropic" and service_tier.rpartition("-")[2] == "us":
        plain_tier, us_only = service_tier.rpartition("-")[0], True
    context = _context(seller, info, at, plain_tier)
    if context is None:
        return None
    prices = {key: value for key, value in info.get_prices(at, context).__dict__.items() if value is not None}
    if not prices and info.id.endswith(":free"):
        prices = {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}
    priced = frozenset(prices) - _OPTIONAL
    if info.id in _SEARCH_TOKENS_UNTOLD or not _is_own(seller, info):
        priced -= {"web_searches_kcount"}
    if "input_mtok" not in priced or not priced <= _COUNTED:
        return None
    tier = f", {service_tier}" if context or us_only else ""
    return _Quote(
        f"genai-prices {__version__} {seller.id}/{info.id}{tier}{_since(info, at, context)}",
        _rates(prices, US_ONLY if us_only else Decimal(1)),
        priced,
        _at(prices.get("web_searches_kcount"), 0) or Decimal(0),
    )


def _rates(prices: "Mapping[str, Decimal | TieredPrices]", times: Decimal) -> Stepped:
    """Turn the list's prices for a million tokens into rates for a thousand, tier by tier."""
    starts = {tier.start for value in prices.values() for tier in getattr(value, "tiers", ())}
    tiers = [Tier(above=start, **_flat(prices, start + 1, times)) for start in sorted(starts)]
    return Stepped(tiers=tiers, **_flat(prices, 0, times))


def _flat(prices: "Mapping[str, Decimal | TieredPrices]", prompt: int, times: Decimal) -> dict[str, Decimal]:
    rates = {name: _at(prices.get(key), prompt) for name, key in _RATES.items()}
    return {"output": Decimal(0)} | {name: rate * times for name, rate in rates.items() if rate is not None}


def _at(price: "Decimal | TieredPrices | None", prompt: int) -> Decimal | None:
    """Give a price of the list for a prompt of this length, for one of a thousand units."""
    if price is None or isinstance(price, Decimal):
        return None if price is None else price / 1000
    passed = [tier for tier in price.tiers if prompt > tier.start]
    return (max(passed, key=lambda tier: tier.start).price if passed else price.base) / 1000


def warm_up() -> None:
    """Load the list."""
    _sellers()
    _corrections()


def _context(seller: "Provider", info: "ModelInfo", at: datetime, service_tier: str) -> dict[str, str] | None:
    """Give what selects a service tier's price in the list; None when the list has none at this time."""
    if service_tier in BASE_TIERS:
        return {}
    # Prices of tiers are the seller's own: Azure's are not OpenAI's.
    for variant in (info.price_variants or ()) if _is_own(seller, info) else ():
        active = variant.constraint is None or variant.constraint.active(at)
        if active and list(variant.when.values()) == [service_tier]:
            return dict(variant.when)
    return None


@lru_cache(maxsize=_REMEMBERED)
def _find(provider: str, model: str) -> _Model | None:
    """Find a model in the list. Names come from requests: the package's own, boundless memory is not used."""
    sellers = _sellers()
    everyone = list(sellers.values())
    for seller_id, name in sold_as(provider, model, sellers):
        for seller in [sellers[seller_id]] if seller_id else _makers(name):
            info = seller.find_model(name, all_providers=everyone)
            if info and not (_SEARCHES_ALWAYS.search(name) or _runs_elsewhere(seller, info)):
                return _Model(seller, info, name, _is_hourly(info))
    return None


def _runs_elsewhere(seller: "Provider", info: "ModelInfo") -> bool:
    return seller.id in _WORLD_MAKERS and info.id.startswith(_OPEN_WEIGHTS)


def _is_hourly(info: "ModelInfo") -> bool:
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - see _quote

    dated = [*(info.prices if isinstance(info.prices, list) else ()), *(info.price_variants or ())]
    return any(one.constraint and not isinstance(one.constraint, StartDateConstraint) for one in dated)


def _is_own(seller: "Provider", info: "ModelInfo") -> bool:
    """Say whether the list has a model as this seller's own, and not as another's that it sells too."""
    return any(info is model for model in seller.models)


def _makers(model: str) -> "Iterator[Provider]":
    name = model.lower()
    makers = (_sellers()[one] for one in _WORLD_MAKERS)
    return (one for one in makers if one.model_match and one.model_match.is_match(name))


@cache
def _corrections() -> dict[str, dict[str, list[Entry]]]:
    return read_file(Path(__file__).with_name(_CORRECTIONS), "the corrections")


@cache
def _sellers() -> "dict[str, Provider]":
    """Give the list that was installed, whatever another library may have set as the current one."""
    from genai_prices.data import providers  # noqa: PLC0415 - see _quote

    return {provider.id: provider for provider in providers}


def _since(info: "ModelInfo", at: datetime, context: Mapping[str, str]) -> str:
    """Give the day from which this price holds, where the list tells one; most of its prices have none."""
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - see _quote

    dated = (info.price_variants or ()) if context else info.prices if isinstance(info.prices, list) else ()
    days = [
        one.constraint.start_date
        for one in dated
        if isinstance(one.constraint, StartDateConstraint)
        and one.constraint.active(at)
        and dict(getattr(one, "when", {})) == context
    ]
    return f", since {max(days).isoformat()}" if days else ""
