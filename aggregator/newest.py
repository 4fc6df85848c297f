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
    answered = any(_answered_ms(value) is not None for _, value in holders.values())
    rank = _said if answered else _told_last
    return max(holders.items(), key=lambda row: (*rank(row[1]), row[0]))[1]


def _told_last(told: Told) -> tuple[bool, int]:
    return True, told[0]


def _said(told: Told) -> tuple[bool, int]:
    """Give what a model's value ranks by: an old answer that is repeated is no newer word."""
    at_ms, value = told
    answered_ms = _answered_ms(value)
    if answered_ms is not None:
        return True, min(at_ms, answered_ms)
    # Who has not called it knows less, but for an endpoint that is away now.
    return isinstance(value, ModelObserved) and value.status == "unavailable", at_ms


def _answered_ms(value: Part) -> int | None:
    if not isinstance(value, ModelObserved) or isinstance(value.answered_at, msgspec.UnsetType):
        return None
    return to_ms(value.answered_at)
