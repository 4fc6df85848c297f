"""Costs by the dated list of the genai-prices package, as it was installed: nothing here asks the network.

The package is loaded at the first price, or by `warm_up`: it takes a third of a second and 30 MB.

Where the list does not say what a part of a call costs, the whole cost is unknown: a bill that is too low is
believed, one that is missing is asked about.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from runtime.price_sellers import sold_as
from runtime.price_terms import Tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

BASE_TIERS = frozenset({"", "auto", "default", "on_demand", "standard", "standard_only", "unspecified"})
"""Service tiers that are charged the plain price. Any other one needs a price of its own in the list."""
_COUNTED = frozenset({
    "input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok",
    "input_audio_mtok", "output_audio_mtok", "cache_audio_read_mtok",
    "web_searches_kcount", "requests_kcount",
})  # fmt: skip
"""What the list charges for and we can count. A model with other prices as well cannot be priced…"""
_OPTIONAL = frozenset({"storage_searches_kcount"})
"""…but for these, which are rare, charged apiece, and told by no answer: they are left out."""
_REMEMBERED_NAMES = 4096


def listed_cost(
    provider: str, model: str, at: datetime, tokens: Tokens, service_tier: str
) -> tuple[Decimal, str] | None:
    """Give what the list says a call made `at` cost, and where it says so; None where it does not say."""
    from genai_prices import Usage, __version__  # noqa: PLC0415 - slow to load: when needed

    if (found := _find(provider, model)) is None:
        return None
    seller, info = found
    context = _context(seller, info, at, service_tier)
    if context is None:
        return None
    tier = f", {service_tier}" if context else ""
    source = f"genai-prices {__version__} {seller.id}/{info.id}{tier}, list of {_listed(at)}"
    prices = info.get_prices(at, context)
    if not prices.__dict__ and info.id.endswith(":free"):
        return Decimal(0), source
    if not _covers(prices, tokens):
        return None
    usage = Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.completion,
        cache_read_tokens=tokens.cached or None,
        cache_write_tokens=tokens.cache_write or None,
        cache_write_1h_tokens=tokens.cache_write_1h or None,
        input_audio_tokens=tokens.prompt_audio or None,
        output_audio_tokens=tokens.completion_audio or None,
        web_searches=tokens.web_searches or None,
    )
    try:
        return prices.calc_price(usage)["total_price"], source
    except ValueError:
        # The price needs a count that nobody told, such as how many of the cached tokens were audio.
        return None


def warm_up() -> None:
    """Load the list."""
    _sellers()
    _change_dates()


def _covers(prices: "ModelPrice", tokens: Tokens) -> bool:
    """Say whether these prices tell what each part of this call costs."""
    known = {key for key, value in prices.__dict__.items() if value is not None} - _OPTIONAL
    if "input_mtok" not in known or not known <= _COUNTED:
        return False
    needed = {
        "output_mtok": tokens.completion > 0,
        "input_audio_mtok": tokens.prompt_audio > 0,
        "output_audio_mtok": tokens.completion_audio > 0,
        "web_searches_kcount": tokens.web_searches > 0,
        # Without any price for writing, a cache is filled at the price of the input.
        "cache_write_1h_mtok": tokens.cache_write_1h > 0 and "cache_write_mtok" in known,
    }
    return all(key in known for key, is_needed in needed.items() if is_needed)


def _context(seller: "Provider", info: "ModelInfo", at: datetime, service_tier: str) -> dict[str, str] | None:
    """Give what selects a service tier's price in the list; None when the list has none at this time."""
    if service_tier in BASE_TIERS:
        return {}
    # Prices of tiers are the seller's own: Azure's are not OpenAI's.
    own = any(info is model for model in seller.models)
    for variant in (info.price_variants or ()) if own else ():
        active = variant.constraint is None or variant.constraint.active(at)
        if active and list(variant.when.values()) == [service_tier]:
            return dict(variant.when)
    return None


@lru_cache(maxsize=_REMEMBERED_NAMES)
def _find(provider: str, model: str) -> "tuple[Provider, ModelInfo] | None":
    """Find a model in the list. Names come from requests: the package's own, boundless memory is not used."""
    sellers = _sellers()
    everyone = list(sellers.values())
    for seller_id, name in sold_as(provider, model, sellers):
        for seller in [sellers[seller_id]] if seller_id else _makers(name):
            if info := seller.find_model(name, all_providers=everyone):
                return seller, info
    return None


def _makers(model: str) -> "Iterator[Provider]":
    name = model.lower()
    return (one for one in _sellers().values() if one.model_match and one.model_match.is_match(name))


@cache
def _sellers() -> "dict[str, Provider]":
    """Give the list that was installed, whatever another library may have set as the current one."""
    from genai_prices.data import providers  # noqa: PLC0415 - see listed_cost

    return {provider.id: provider for provider in providers}


@cache
def _change_dates() -> tuple[date, ...]:
    """Give the days on which a price in the list changes, in order."""
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - see listed_cost

    constraints = (
        conditional.constraint
        for seller in _sellers().values()
        for model in seller.models
        for conditional in (
            *(model.prices if isinstance(model.prices, list) else ()),
            *(model.price_variants or ()),
        )
    )
    return tuple(sorted({one.start_date for one in constraints if isinstance(one, StartDateConstraint)}))


def _listed(at: datetime) -> str:
    """Give the day of the newest change of the list up to `at`: the date that the price carries."""
    dates = _change_dates()
    index = bisect_right(dates, at.astimezone(UTC).date())
    return dates[index - 1].isoformat() if index else "unknown date"
