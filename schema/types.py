"""The scalar types that every contract is made of, each with its bounds and unit.

Bounds are here, and not in the services, so that what passes a decoder also fits an index row of Postgres
and a screen: an id is a natural key, a text is for people.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_type_hints

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

Id = Annotated[str, Meta(min_length=1, max_length=256)]
"""A natural key (SPEC §4): names of pods, topics, agents, tasks."""
Text = Annotated[str, Meta(max_length=65_536)]
"""Free text for people; longer text is cut by whoever produces it."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""A whole number that a JavaScript client reads exactly."""
Tokens = Annotated[int, Meta(ge=0, le=10**9)]
"""Tokens of one call: so few that the sums of a day stay below 2^53."""
Amount = Annotated[float, Meta(ge=0, le=1e15)]
"""A quantity in the unit that the field's name ends with."""
Time = Annotated[datetime, Meta(tz=True)]
"""An instant as RFC 3339 in UTC."""
Money = Annotated[Decimal, Meta(extra_json_schema={"type": "number", "minimum": 0})]
"""US dollars, exact, at most twelve places; travels as a plain JSON number."""

MAX_COST_USD = Decimal(10**9)
COST_PLACES = 12

Severity = Literal["low", "medium", "high", "critical"]
EventSeverity = Literal["debug", "info", "warning", "error", "critical"]
AgentStatus = Literal["healthy", "degraded", "failed", "down", "unknown"]
SourceStatus = Literal["fresh", "stale", "down"]
Runtime = Literal["kubernetes", "process", "mock"]
DiscoveryMode = Literal["auto", "labeled", "all", "telemetry"]
"""Which agents a snapshot shows (SPEC §7, ORACLE_DISCOVERY_MODE)."""


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    """A strict piece of a contract: unknown fields are refused, an absent field means unknown, never null."""

    def __post_init__(self) -> None:
        """Turn every instant to UTC: what is equal is then written equally, before and after a checkpoint."""
        for name in _time_fields(type(self)):
            value = getattr(self, name)
            if isinstance(value, datetime) and value.tzinfo is not UTC:
                force_setattr(self, name, in_utc(value))


def in_utc(moment: datetime) -> datetime:
    """Give an instant in UTC. Raises ValueError when the calendar does not hold it there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is outside the calendar in UTC") from None


def check_cost(cost: object) -> None:
    """Raise ValueError unless an amount is finite, not negative, below 10^9 and of at most twelve places."""
    if not isinstance(cost, Decimal):
        return
    exponent = cost.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= cost <= MAX_COST_USD or abs(exponent) > COST_PLACES:
        raise ValueError("a cost is a number from 0 to 10^9 with at most twelve places")


@cache
def _time_fields(kind: type[Part]) -> tuple[str, ...]:
    return tuple(name for name, hint in get_type_hints(kind).items() if _holds_time(hint))


def _holds_time(hint: Any) -> bool:
    return hint is datetime or any(_holds_time(one) for one in get_args(hint) if get_args(hint))
