"""The scalar types that every contract is made of, each with its bounds and unit.

Bounds are here, and not in the services, so that what passes a decoder also fits an index row of Postgres
and a screen: an id is a natural key, a text is for people.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=256)]
"""A natural key (SPEC §4): names of pods, topics, agents, tasks."""
Text = Annotated[str, Meta(max_length=65_536)]
"""Free text for people; longer text is cut by whoever produces it."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
"""A whole number that a JavaScript client reads exactly."""
Amount = Annotated[float, Meta(ge=0)]
"""A quantity in the unit that the field's name ends with."""
Time = Annotated[datetime, Meta(tz=True)]
"""An instant as RFC 3339 in UTC."""
Money = Annotated[Decimal, Meta(extra_json_schema={"type": "number", "minimum": 0})]
"""US dollars, exact, at most twelve places; travels as a plain JSON number."""

Severity = Literal["low", "medium", "high", "critical"]
EventSeverity = Literal["debug", "info", "warning", "error", "critical"]
AgentStatus = Literal["healthy", "degraded", "failed", "down", "unknown"]
SourceStatus = Literal["fresh", "stale", "down"]
Runtime = Literal["kubernetes", "process", "mock"]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False):
    """A strict piece of a contract: unknown fields are refused, an absent field means unknown, never null."""
