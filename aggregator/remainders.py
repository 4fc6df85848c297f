"""What providers said is left of their limits, over the last half minute, and where that leads to. Pure.

A provider counts all that use a key, also those that do not pass our proxy. How fast what is left becomes
less is how fast they use it together, less what the provider gives back meanwhile. It does that in one of
three ways, which are told apart by the reset it names:

- bit by bit (OpenAI, Anthropic): all is there again after as much of a minute as is used up;
- at once, when a minute of the clock is over: the reset stands still while it comes nearer;
- as each use grows a minute old, or unknown: then a pace that a minute allows never uses it up.
"""

from itertools import pairwise
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from aggregator.sliding_minute import BURST, ModelKey
from aggregator.ticks import to_ms
from schema.observed import ModelObserved

KEPT_MS = 30_000
HOLDS_MS = 60_000
"""So long a remainder says something: then a limit a minute is whole again, or somebody used it."""
FRESH_MS = 10_000
TREND_MS = 20_000
LEAST_MS = 5000
"""A trend is told from remainders of the last 20 s that lie 5 s apart at least."""
LEAST_FALLS = 4
"""So often it must have become less: one large request is no pace."""
MAX_POINTS = 40
RESET_SLACK_MS = 1500
"""Resets are told to the second by some."""
HORIZON_SECONDS = 600.0
"""What is further away is not forecast: the present pace says nothing of it."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """What was left at `told_ms` (the collector's clock), which the log said `at_ms`; -1 is not told."""

    told_ms: int
    at_ms: int
    rpm_max: int
    rpm_remaining: int
    tpm_max: int
    tpm_remaining: int
    resets_ms: int


class Trend(msgspec.Struct, frozen=True):
    """A forecast from the provider's own word: seconds until nothing is left, None for never."""

    seconds: float | None


class Remainders(msgspec.Struct):
    """The newest points by model."""

    points: dict[ModelKey, list[Point]] = {}

    def take(self, told: ModelObserved, at_ms: int) -> None:
        """Take over what is left; what was told before, or earlier than that, is no news."""
        if told.told_at is UNSET or (told.rpm_remaining is UNSET and told.tpm_remaining is UNSET):
            return
        known = self.points.setdefault((told.provider, told.model, told.key_label), [])
        point = Point(
            to_ms(told.told_at),
            at_ms,
            _number(told.rpm_max),
            _number(told.rpm_remaining),
            _number(told.tpm_max),
            _number(told.tpm_remaining),
            -1 if told.resets_at is UNSET else to_ms(told.resets_at),
        )
        if known and point.told_ms <= known[-1].told_ms:
            return
        known.append(point)
        while len(known) > MAX_POINTS or point.told_ms - known[0].told_ms > KEPT_MS:
            del known[0]

    def expire(self, now_ms: int) -> set[ModelKey]:
        """Forget what no longer says anything; give the models that it was of."""
        old = {key for key, points in self.points.items() if now_ms - points[-1].at_ms > HOLDS_MS}
        for key in old:
            del self.points[key]
        return old

    def newest(self, key: ModelKey, now_ms: int) -> Point | None:
        """Give what was told last, for as long as it says something."""
        points = self.points.get(key)
        return points[-1] if points and now_ms - points[-1].at_ms <= HOLDS_MS else None

    def trends(
        self, key: ModelKey, paces: tuple[float, float], now_ms: int
    ) -> tuple[Trend | None, Trend | None]:
        """Give where requests and tokens lead to; None where too little was told to say so.

        `paces` are how fast we use them a second, as far as we see it.
        """
        points = self.points.get(key, [])
        if not points or now_ms - points[-1].at_ms > FRESH_MS:
            return None, None
        requests = [_Row(one.told_ms, one.rpm_max, one.rpm_remaining, one.resets_ms) for one in points]
        tokens = [_Row(one.told_ms, one.tpm_max, one.tpm_remaining, one.resets_ms) for one in points]
        lately = [one for one in points if points[-1].told_ms - one.told_ms <= TREND_MS]
        fills = _fills(lately[0]) and _fills(lately[-1])
        age_ms = max(0, now_ms - points[-1].at_ms)
        return (
            _trend(requests, paces[0], age_ms, now_ms, fills=fills),
            _trend(tokens, paces[1], age_ms, now_ms, fills=fills),
        )


class _Row(NamedTuple):
    told_ms: int
    maximum: int
    left: int
    resets_ms: int


def _fills(point: Point) -> bool:
    """Say whether a limit fills bit by bit: then the reset is as much of a minute away as is used up."""
    shares = [
        1 - left / maximum
        for left, maximum in ((point.rpm_remaining, point.rpm_max), (point.tpm_remaining, point.tpm_max))
        if left >= 0 and maximum > 0
    ]
    used_ms = 60_000 * max(shares, default=0.0)
    return abs(point.resets_ms - point.told_ms - used_ms) <= RESET_SLACK_MS + used_ms / 10


def _trend(rows: list[_Row], pace: float, age_ms: int, now_ms: int, *, fills: bool) -> Trend | None:
    rows = _since_refill(rows)
    if not rows or (0 <= rows[-1].resets_ms <= now_ms and (rows[-1].left == 0 or not fills)):
        return None
    first, last = rows[0], rows[-1]
    if last.left == 0:
        return Trend(0.0)
    a_second = _fall(first, last)
    if last.told_ms - first.told_ms < LEAST_MS or (a_second > 0 and not _is_steady(rows)):
        return None
    if a_second <= 0:
        return Trend(None)
    seconds = max(0.0, last.left / a_second - age_ms / 1000)
    if not fills:
        # Nothing came back meanwhile, so this is all that is used.
        allowed = 0 < max(a_second, pace) * 60 <= last.maximum
        stands = abs(last.resets_ms - first.resets_ms) <= RESET_SLACK_MS and last.resets_ms > now_ms
        until_reset = (last.resets_ms - now_ms) / 1000 if stands else 0.0
        if stands and seconds > until_reset:
            seconds = until_reset + last.maximum / a_second
        if allowed and seconds > until_reset:
            return Trend(None)
    return Trend(round(seconds, 1) if seconds <= HORIZON_SECONDS else None)


def _fall(before: _Row, after: _Row) -> float:
    """Give by how much a second it became less."""
    return (before.left - after.left) / max(0.001, (after.told_ms - before.told_ms) / 1000)


def _is_steady(rows: list[_Row]) -> bool:
    """Say whether it became less again and again, in the first half of the time too: no burst."""
    falls = sum(after.left < before.left for before, after in pairwise(rows))
    return falls >= LEAST_FALLS and _fall(rows[0], rows[len(rows) // 2]) * BURST >= _fall(rows[0], rows[-1])


def _since_refill(rows: list[_Row]) -> list[_Row]:
    """Give the rows of the trend: of one maximum, told within its time, and after the last refill at once."""
    last = rows[-1]
    if last.left < 0:
        return []
    found = [last]
    for row in reversed(rows[:-1]):
        after = found[-1]
        if row.left < 0 or row.maximum != last.maximum or last.told_ms - row.told_ms > TREND_MS:
            break
        # More than comes back bit by bit in that time: a new minute began.
        part = (after.told_ms - row.told_ms) / 60_000 + 0.1
        if after.left - row.left > (row.maximum * part if row.maximum > 0 else float("inf")):
            break
        found.append(row)
    return found[::-1]


def _number(value: int | msgspec.UnsetType) -> int:
    return value if isinstance(value, int) else -1
