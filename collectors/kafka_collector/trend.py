"""Whether the lag of a group in one partition grows over many moves: beside the rules over the latest ten.

Fed by `progress.py` with each sample, asked by `verdicts.py`. Burrow's rule says nothing of a group whose
lag once became less within ten moves, and where messages come at random it nearly always did: a group that
falls behind without end would be called well. Over minutes the lowest lag tells it. Pure; a handful of
numbers each.
"""

from array import array
from math import inf
from typing import Final

LEAST_SECONDS: Final = 300.0
LEAST_MOVES: Final = 30
"""The window is so many moves long, or LEAST_SECONDS; up to twice that, as buckets grow by doubling."""
LEAST_SHARE: Final = 1 / 8
"""Each of the two rises is at least so much of their sum: a burst that is being worked off is one jump."""

_CLOSED: Final = 8
_BUCKETS: Final = 9  # three for each third of the window, the newest one still open
_SHRINK: Final = 4


class Trend:
    """The lowest lag (messages) in nine consecutive buckets of time."""

    __slots__ = ("_bucket_seconds", "_lag", "_lowest", "_minima", "_opened_at", "_rises")

    def __init__(self) -> None:
        self._bucket_seconds = LEAST_SECONDS / _BUCKETS
        self.restart()

    def restart(self) -> None:
        """Forget what was: the lag is about to jump for another reason than the group's pace."""
        self._minima = array("d")
        self._opened_at = -inf
        self._lag = self._lowest = 0
        self._rises = False

    def note(self, at: float, lag: int) -> bool:
        """Take in the lag at `at` (seconds since the epoch). Between two notes it is that of the first.

        A silence as long as the window starts anew. Gives whether a bucket was closed: then `judge` is owed.
        """
        passed = at - self._opened_at
        if 0 <= passed < self._bucket_seconds:
            self._lowest = min(self._lowest, lag)
            self._lag = lag
            return False
        closed = 0
        if 0 <= passed < _BUCKETS * self._bucket_seconds:
            closed = int(passed // self._bucket_seconds)
            self._minima.append(self._lowest)
            self._minima.extend((self._lag,) * (closed - 1))
            del self._minima[:-_CLOSED]
            self._opened_at += closed * self._bucket_seconds
        else:
            self.restart()
            self._opened_at = at
        self._lag = self._lowest = lag
        return closed > 0

    def fit(self, move_seconds: float) -> None:
        """Widen the window to LEAST_MOVES of a group that takes `move_seconds` for one.

        It is narrowed where it is several times too long, and starts anew then.
        """
        needed_seconds = max(LEAST_SECONDS, LEAST_MOVES * move_seconds) / _BUCKETS
        if needed_seconds * _SHRINK <= self._bucket_seconds:
            self._bucket_seconds = LEAST_SECONDS / _BUCKETS
            self.restart()
        while self._bucket_seconds < needed_seconds:
            closed = self._minima
            pairs = range(len(closed) % 2, len(closed), 2)
            self._minima = array("d", [min(closed[i], closed[i + 1]) for i in pairs])
            self._bucket_seconds *= 2

    def judge(self, least_growth: float) -> None:
        """Decide whether the lowest lag rises: from third to third of the window, by more than that in all.

        Not until the window is full, and not where there was no lag at some point of it: who had nothing left
        has kept up. What has risen is taken back only once it is lower than a window ago: by chance alone one
        third in a few is no higher than the one before.
        """
        first, second, third = self._thirds()
        growth = third - first
        rises = 0 < first < second < third and growth > least_growth
        steady = min(second - first, third - second) >= LEAST_SHARE * growth
        self._rises = (rises and steady) or self.grows

    @property
    def grows(self) -> bool:
        """Whether lag has risen through the window, and is no lower now than it was when the window began."""
        if not self._rises:
            return False
        first, _, third = self._thirds()
        return 0 < first <= third

    def _thirds(self) -> tuple[float, float, float]:
        """The lowest lag of each third of the window; zeros until it is full."""
        minima = self._minima
        if len(minima) < _CLOSED:
            return 0.0, 0.0, 0.0
        return min(minima[:3]), min(minima[3:6]), min(minima[6], minima[7], self._lowest)
