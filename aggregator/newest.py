"""Which of several sources' values of an entity stands: that told last, of models the newest answer. Pure."""

import msgspec

from aggregator.ticks import to_ms
from schema.observed import ModelObserved
from schema.types import Part

Told = tuple[int, Part]
"""When a source told a value (milliseconds, the log's time), and the value."""


def newest(holders: dict[str, Told]) -> Told:
    """Give the value that stands, of those told by source."""
    if len(holders) == 1:
        return next(iter(holders.values()))
    return max(holders.items(), key=lambda row: (*_said(row[1]), row[0]))[1]


def _said(told: Told) -> tuple[bool, int]:
    """Give what a value ranks by: a proxy that repeats an old answer has no newer word than another's."""
    at_ms, value = told
    if not isinstance(value, ModelObserved):
        return True, at_ms
    if isinstance(value.answered_at, msgspec.UnsetType):
        # Who has not called it knows less, but for an endpoint that is away now.
        return value.status == "unavailable", at_ms
    return True, min(at_ms, to_ms(value.answered_at))
