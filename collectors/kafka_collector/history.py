"""When one partition's end stood where: the end offsets of the past against time; pure.

Between the samples and the lag in seconds. Every sample notes the end; what the broker says of timestamps is
learnt in addition (lookups.py). Kept are points of time and end, both of which only grow: where the end
stands still, its first and last moment alone. Thousands live at once: two arrays each, 16 bytes a point.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

MAX_RUNS = 512
_OLDER = MAX_RUNS // 2
_DROPPED = MAX_RUNS // 8


class Appended(NamedTuple):
    """When a message was appended: after `earliest` (None: nobody knows) and by `latest`, likely `at`.

    `end_before` and `end_after` are the ends at those two moments.
    """

    earliest: float | None
    latest: float
    at: float
    end_before: int | None
    end_after: int


class EndHistory:
    """The end offsets of one partition against time, in seconds since the epoch."""

    __slots__ = ("_ats", "_ends", "_sampled_from")

    def __init__(self) -> None:
        self._ats = array("d")
        self._ends = array("q")
        self._sampled_from = 0.0

    def __len__(self) -> int:
        return len(self._ats)

    @property
    def newest(self) -> tuple[float, int] | None:
        """The last sample's time and end; None before the first."""
        return (self._ats[-1], self._ends[-1]) if self._ats else None

    def note(self, at: float, end: int) -> bool:
        """Take in a sample of ours; true where the end has gone back, and the history begins afresh."""
        ats, ends = self._ats, self._ends
        afresh = bool(ends) and end < ends[-1]
        if afresh:
            del ats[:], ends[:]
        if not ats:
            self._sampled_from = at
        elif at < ats[-1]:
            at = ats[-1]
        if len(ats) > 1 and end == ends[-1] == ends[-2]:
            ats[-1] = at
        elif len(ats) > 1 and at == ats[-1] == ats[-2]:
            ends[-1] = end
        elif not ats or (at, end) != (ats[-1], ends[-1]):
            ats.append(at)
            ends.append(end)
            self._thin()
        return afresh

    def learn(self, at: float, offset: int) -> bool:
        """Take in that the end was `offset` just before `at`; true where it agrees with all that is known.

        The word is a producer's, and may be wrong: what does not fit between its neighbours is left out, so
        that ends never fall as time goes on. Our own last sample is the newest that there is to know.
        """
        ats, ends = self._ats, self._ends
        if not ats or not at < ats[-1]:
            return False
        i = bisect_left(ats, at)
        while ats[i] == at and ends[i] < offset:
            i += 1
        if offset > ends[i] or (i > 0 and ends[i - 1] > offset):
            return False
        if (ats[i], ends[i]) != (at, offset):
            self._insert(i, at, offset)
        return True

    def learn_record(self, at: float, offset: int) -> bool:
        """Take in that the record at `offset` was appended at `at`; true where it agrees with all else."""
        return self.learn(at, offset) and self.learn(at, offset + 1)

    def appended(self, offset: int) -> Appended | None:
        """Give when the message at `offset` was appended; None where it has not been yet."""
        ats, ends = self._ats, self._ends
        i = bisect_right(ends, offset)
        if i == len(ends):
            return None
        latest, end = ats[i], ends[i]
        if i == 0:
            return Appended(None, latest, latest, None, end)
        earliest, before = ats[i - 1], ends[i - 1]
        # The n messages of a window share it evenly, each in the middle of its part.
        share = (offset - before + 0.5) / (end - before)
        return Appended(earliest, latest, earliest + share * (latest - earliest), before, end)

    def end_at(self, at: float) -> float | None:
        """Give the end at a moment, linear between what is known; None before the oldest that is known."""
        ats, ends = self._ats, self._ends
        i = bisect_right(ats, at)
        if i == 0:
            return None
        if i == len(ats):
            return float(ends[-1])
        share = (at - ats[i - 1]) / (ats[i] - ats[i - 1])
        return ends[i - 1] + share * (ends[i] - ends[i - 1])

    def rate(self, now: float, window_seconds: float) -> float | None:
        """Give the messages per second from `window_seconds` before `now` to the last sample.

        Our own samples alone are counted, since a producer's timestamp may be any. None where the window does
        not reach from one sample to another.
        """
        if not self._ats:
            return None
        start = max(now - window_seconds, self._sampled_from)
        stop = min(now, self._ats[-1])
        before, after = self.end_at(start), self.end_at(stop)
        if stop <= start or before is None or after is None:
            return None
        return (after - before) / (stop - start)

    def _insert(self, i: int, at: float, offset: int) -> None:
        """Insert before point i, unless a run of equal ends, or of one moment, takes the new point in."""
        ats, ends = self._ats, self._ends
        lines: tuple[tuple[Sequence[float], float], ...] = ((ends, offset), (ats, at))
        for line, value in lines:
            after, before = line[i] == value, i > 0 and line[i - 1] == value
            if after and before:
                return
            if after and i + 1 < len(line) and line[i + 1] == value:
                ats[i], ends[i] = at, offset
                return
            if before and i > 1 and line[i - 2] == value:
                ats[i - 1], ends[i - 1] = at, offset
                return
        ats.insert(i, at)
        ends.insert(i, offset)
        self._thin()

    def _thin(self) -> None:
        """Drop of the older half what widens the windows least, once there are too many points.

        No two neighbours go at once, so that a window at most joins the next.
        """
        ats = self._ats
        if len(ats) <= MAX_RUNS:
            return
        joined = sorted(range(1, _OLDER, 2), key=lambda i: ats[i + 1] - ats[i - 1])
        gone = frozenset(joined[:_DROPPED])
        self._ats = array("d", (one for i, one in enumerate(ats) if i not in gone))
        self._ends = array("q", (one for i, one in enumerate(self._ends) if i not in gone))
