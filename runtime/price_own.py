"""A user's own prices: those of `PRICING` in `runtime/pricing.py`, and those of the file LLM_PRICES_FILE.

Both have one shape: provider → model → rates, or a list of rates that hold from a day on. The model `*`
stands for all others of its provider. A wrong table stops the service at start, with the place in one line.
The corrections of the package's list have this shape too (`price_list.py`).
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from runtime.price_rates import Stepped
from runtime.price_sellers import seller_of
from runtime.price_terms import BASE_TIERS, Tokens
from schema.errors import SettingError

MAX_FILE_BYTES = 4 * 1024 * 1024


class Rates(Stepped, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model's rates from the day `since` to the day `until`, both included (UTC).

    Where no rate is told for a service tier or for searches, a call that has them is unknown.
    """

    since: date | None = None
    until: date | None = None
    service_tiers: dict[str, Stepped] = msgspec.field(default_factory=dict)
    """`*` are all that are not named."""
    web_search: Decimal | None = None
    """For 1,000 searches that the provider ran."""
    source: str | None = None
    """Where these rates were published, for whoever reads the file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.web_search is not None and not (self.web_search.is_finite() and 0 <= self.web_search <= 1000):
            raise ValueError("`web_search` is from 0 to 1000 US dollars for 1,000 searches")
        if self.since and self.until and self.until < self.since:
            raise ValueError("`until` is before `since`")

    def of_tier(self, service_tier: str) -> Stepped | None:
        """Give the rates of a service tier; None where it has none and is not the plain one."""
        plain = self if service_tier in BASE_TIERS else self.service_tiers.get("*")
        return self.service_tiers.get(service_tier, plain)

    def cost_of(self, tokens: Tokens, service_tier: str) -> Decimal | None:
        """Give what a call costs; None where a part of it has no rate."""
        rates = self.of_tier(service_tier)
        if rates is None or (tokens.web_searches and self.web_search is None):
            return None
        return rates.cost(tokens) + tokens.web_searches * (self.web_search or Decimal(0)) / 1000


class Unknown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says that what a model costs is not known, so that no other price is taken for it."""

    unknown: Literal[True]
    since: date | None = None
    until: date | None = None
    above: int = -1
    """Only of prompts with more tokens than these."""
    source: str | None = None

    def cost_of(self, tokens: Tokens, service_tier: str) -> None:
        """Give no cost."""


Entry = Rates | Unknown


class Found(NamedTuple):
    """What an entry says of a call; no cost where it does not know it."""

    cost: Decimal | None
    since: str
    """`, 2026-02-06`, where it has a day."""


def own_cost(
    table: Mapping[str, Mapping[str, object]],
    provider: str,
    model: str,
    at: datetime,
    tokens: Tokens,
    service_tier: str,
) -> tuple[Decimal | None, str] | None:
    """Give what a table says a call made `at` cost, and its entry there; None where it has none.

    An entry that knows the model but not a part of the call says None for its cost.
    """
    for seller in dict.fromkeys((provider, seller_of(provider))):
        models = table.get(seller, {})
        name = model if model in models else "*"
        if name in models:
            found = cost_by(rates_of(models[name]), at, tokens, service_tier)
            return (found.cost, f"{seller}/{name}{found.since}") if found else None
    return None


def cost_by(entries: list[Entry], at: datetime, tokens: Tokens, service_tier: str) -> Found | None:
    """Give what the newest of a model's entries says that holds for a call; None where none does."""
    day = at.astimezone(UTC).date()
    holding = [one for one in entries if _holds(one, day, tokens.prompt)]
    if not holding:
        return None
    entry = max(holding, key=_begins)
    since = f", {entry.since.isoformat()}" if entry.since else ""
    return Found(entry.cost_of(tokens, service_tier), since)


def rates_of(value: object) -> list[Entry]:
    """Read a model's rates, or a dated list of them. Raises ValueError that says where they are wrong."""
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise ValueError("the list is empty")
    read = [one if isinstance(one, Entry) else _entry(one) for one in entries]
    if len({one.since for one in read}) < len(read):
        raise ValueError("two entries begin on the same day (`since`)")
    return read


def _entry(value: object) -> Entry:
    if isinstance(value, dict) and "unknown" in value:
        return msgspec.convert(value, Unknown)
    return msgspec.convert(value, Rates)


def checked(table: Mapping[Any, Any], where: str) -> dict[str, dict[str, list[Entry]]]:
    """Read a whole table. Raises SettingError with one line that begins with `where` and names the place."""
    found: dict[str, dict[str, list[Entry]]] = {}
    for provider, models in table.items():
        if not isinstance(models, Mapping):
            raise SettingError(
                f"{where} is wrong at {provider}: an object of models and their rates is taken"
            )
        found[provider] = {}
        for model, value in models.items():
            try:
                found[provider][model] = rates_of(value)
            except (ValueError, msgspec.ValidationError) as error:
                raise SettingError(f"{where} is wrong at {provider}/{model}{_place(str(error))}") from None
    return found


def read_file(path: Path, name: str = "LLM_PRICES_FILE") -> dict[str, dict[str, list[Entry]]]:
    """Read the file LLM_PRICES_FILE, or another of this shape. Raises SettingError."""
    where = f"{name} {path}"
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise SettingError(f"{where} is wrong: it is larger than {MAX_FILE_BYTES} bytes")
        table = json.loads(
            text.decode(), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=_without_repeats
        )
    except OSError as error:
        raise SettingError(f"{where} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{where} is wrong: it is no JSON that can be read: {error}") from None
    if not isinstance(table, dict):
        raise SettingError(f"{where} is wrong: an object of providers is taken")
    return checked(table, where)


def _holds(entry: Entry, day: date, prompt: int) -> bool:
    long_enough = isinstance(entry, Rates) or prompt > entry.above
    return long_enough and (entry.since or date.min) <= day <= (entry.until or date.max)


def _begins(entry: Entry) -> date:
    return entry.since or date.min


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"`{next(name for name in names if names.count(name) > 1)}` stands twice in one object"
        )
    return found


def _place(message: str) -> str:
    """Turn "Expected `int`, got `str` - at `$.tiers[0].above`" into ".tiers[0].above: expected `int`, …"."""
    what, _, where = message.partition(" - at ")
    return f"{where.strip('`').removeprefix('$')}: {what[0].lower()}{what[1:]}"
