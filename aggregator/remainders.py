"""What providers said is left of their limits, over the last half minute, and where that leads to. Pure.

A provider counts all that use a key, also those that do not pass our proxy, and gives back what it allows in
its own way (bit by bit, or at once when a minute is over). How fast what is left becomes less says all of
that together.
"""

from itertools import pairwise

import msgspec
from msgspec import UNSET

from aggregator.sliding_minute import ModelKey
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
SAME_RESET_MS = 1500
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

    def trends(self, key: ModelKey, now_ms: int) -> tuple[Trend | None, Trend | None]:
        """Give where requests and tokens lead to; None where too little was told to say so."""
        points = self.points.get(key, [])
        if not points or now_ms - points[-1].at_ms > FRESH_MS:
            return None, None
        requests = [(one.told_ms, one.rpm_max, one.rpm_remaining, one.resets_ms) for one in points]
        tokens = [(one.told_ms, one.tpm_max, one.tpm_remaining, one.resets_ms) for one in points]
        age_ms = max(0, now_ms - points[-1].at_ms)
        return _trend(requests, age_ms, now_ms), _trend(tokens, age_ms, now_ms)


Row = tuple[int, int, int, int]
"""When it was told, the maximum, what is left, and the reset."""


def _trend(rows: list[Row], age_ms: int, now_ms: int) -> Trend | None:
    rows = _since_refill(rows)
    if not rows:
        return None
    last_ms, maximum, left, resets_ms = rows[-1]
    if left == 0:
        return None if 0 <= resets_ms <= now_ms else Trend(0.0)
    first_ms, _, first_left, first_resets_ms = rows[0]
    falls = sum(after[2] < before[2] for before, after in pairwise(rows))
    if last_ms - first_ms < LEAST_MS or (first_left > left and falls < LEAST_FALLS):
        return None
    if first_left <= left:
        return Trend(None)
    a_second = (first_left - left) / ((last_ms - first_ms) / 1000)
    seconds = max(0.0, left / a_second - age_ms / 1000)
    if resets_ms > now_ms and abs(resets_ms - first_resets_ms) <= SAME_RESET_MS:
        # The reset stands still: a minute of the clock, after which all is there again.
        until_reset = (resets_ms - now_ms) / 1000
        if seconds > until_reset:
            seconds = until_reset + maximum / a_second if a_second * 60 > maximum > 0 else float("inf")
    return Trend(round(seconds, 1) if seconds <= HORIZON_SECONDS else None)


def _since_refill(rows: list[Row]) -> list[Row]:
    """Give the rows of the trend: of one maximum, told within its time, and after the last refill at once."""
    last_ms, maximum, left, _ = rows[-1]
    if left < 0:
        return []
    found = [rows[-1]]
    for row in reversed(rows[:-1]):
        after = found[-1]
        if row[2] < 0 or row[1] != maximum or last_ms - row[0] > TREND_MS:
            break
        # More than comes back bit by bit in that time: a new minute began.
        bit_by_bit = maximum * ((after[0] - row[0]) / 60_000 + 0.1) if maximum > 0 else float("inf")
        if after[2] - row[2] > bit_by_bit:
            break
        found.append(row)
    return found[::-1]


def _number(value: int | msgspec.UnsetType) -> int:
    return value if isinstance(value, int) else -1
