"""What an LLM call costs: tokens in, US dollars out, with the source of the price (SPEC §8).

Called by whoever sees a call first (the LLM proxy, the telemetry collector); everybody behind them only adds
up. Prices come from the table below, then from the dated list of the genai-prices package, as it was
installed: nothing here ever asks the network. The package is loaded at the first price, or by `warm_up`.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

Rate = Decimal | str | float
"""US dollars; a float is read as it is written (0.1 is a tenth)."""


class Tier(TypedDict):
    """Other rates for a whole call whose prompt has more than `above` tokens."""

    above: int
    input: Rate
    output: Rate
    cached: NotRequired[Rate]


class Rates(TypedDict):
    """A model's rates in US dollars per 1,000 tokens; `since` says when they were looked up."""

    input: Rate
    output: Rate
    cached: NotRequired[Rate]
    cache_write: NotRequired[Rate]
    tiers: NotRequired[list[Tier]]
    since: NotRequired[str]


PRICING: dict[str, dict[str, Rates]] = {}
"""Your own prices, which win over the package's: provider → model → rates per 1,000 tokens, for example
`{"together": {"llama-70b": {"input": "0.00088", "output": "0.00088", "since": "2026-02-06"}}}`."""

_PLACES = Decimal("1E-12")


class Tokens(NamedTuple):
    """What a call used; `prompt` includes the cached and the cache-write tokens, as OpenAI counts."""

    prompt: int
    completion: int = 0
    cached: int = 0
    cache_write: int = 0


class Priced(NamedTuple):
    """A price in US dollars, rounded half-even to twelve places, and where it comes from."""

    cost_usd: Decimal
    price_source: str


def price(
    provider: str, model: str, at: datetime, tokens: Tokens, service_tier: str | None = None
) -> Priced | None:
    """Price one call made `at`; None when the price is not known, which is not the same as free.

    Cached counts that exceed the prompt are cut to it.
    """
    cached = min(tokens.cached, tokens.prompt)
    tokens = tokens._replace(cached=cached, cache_write=min(tokens.cache_write, tokens.prompt - cached))
    rates = PRICING.get(provider, {}).get(model)
    if rates is None:
        return _by_package(provider, model, at, tokens, service_tier)
    since = f", {rates['since']}" if "since" in rates else ""
    return Priced(rounded(_by_rates(rates, tokens)), f"runtime/pricing.py {provider}/{model}{since}")


def rounded(cost: Decimal) -> Decimal:
    """Round half-even to twelve places, without trailing zeros and never with a positive exponent."""
    short = cost.quantize(_PLACES, ROUND_HALF_EVEN).normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def warm_up() -> None:
    """Load the package's list now (about a third of a second), so that no call waits for it."""
    _snapshot()
    _change_dates()


def _by_rates(rates: Rates, tokens: Tokens) -> Decimal:
    tier: Rates | Tier = rates
    for candidate in sorted(rates.get("tiers", []), key=lambda one: one["above"]):
        if tokens.prompt > candidate["above"]:
            tier = candidate
    full = _exact(tier["input"])
    total = (
        (tokens.prompt - tokens.cached - tokens.cache_write) * full
        + tokens.cached * _exact(tier.get("cached", full))
        + tokens.cache_write * _exact(rates.get("cache_write", full))
        + tokens.completion * _exact(tier["output"])
    )
    return total / 1000


def _exact(rate: Rate) -> Decimal:
    return rate if isinstance(rate, Decimal) else Decimal(str(rate))


def _by_package(
    provider: str, model: str, at: datetime, tokens: Tokens, service_tier: str | None
) -> Priced | None:
    from genai_prices import Usage, __version__  # noqa: PLC0415 - a third of a second and 30 MB: when needed

    usage = Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.completion,
        cache_read_tokens=tokens.cached or None,
        cache_write_tokens=tokens.cache_write or None,
    )
    context = {"service_tier": service_tier} if service_tier else None
    try:
        found = _snapshot().calc(usage, model, provider, None, at, context)
    except (LookupError, ValueError):
        # LookupError: nobody knows the model. ValueError: its price needs counts that the call did not tell.
        return None
    if not found.model_price.__dict__:
        return None
    source = f"genai-prices {__version__} {found.provider.id}/{found.model.id}, list of {_listed(at)}"
    return Priced(rounded(found.total_price), source)


@cache
def _snapshot() -> "DataSnapshot":
    """Give the list that was installed, whatever another library may have set as the current one."""
    from genai_prices.data import providers  # noqa: PLC0415 - see _by_package
    from genai_prices.data_snapshot import DataSnapshot  # noqa: PLC0415

    return DataSnapshot(providers=providers, from_auto_update=False)


@cache
def _change_dates() -> tuple[date, ...]:
    """Give the days on which a price in the list changes, in order."""
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - see _by_package

    dates = {
        conditional.constraint.start_date
        for provider in _snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for conditional in model.prices
        if isinstance(conditional.constraint, StartDateConstraint)
    }
    return tuple(sorted(dates))


def _listed(at: datetime) -> str:
    """Give the day of the newest change of the list up to `at`: the date that the price carries."""
    dates = _change_dates()
    index = bisect_right(dates, at.astimezone(UTC).date())
    return dates[index - 1].isoformat() if index else "unknown date"
