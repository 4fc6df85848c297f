"""What really happened in a partition, as the workload's own clients were told: the lag at any moment of it.

Lag in messages is what Kafka counts, the end offset less the committed one. Lag in seconds is the age of the
message at the committed offset, by the broker's append time. Times are seconds since the epoch.
"""

import threading
from bisect import bisect_right
from collections import defaultdict
from typing import NamedTuple


class Lag(NamedTuple):
    """A group's lag in a partition at one moment."""

    messages: int
    seconds: float


class Range(NamedTuple):
    """The least and the most that a lag can have been within a span of time, messages and seconds apart."""

    least: Lag
    most: Lag


class _Committed(NamedTuple):
    asked_at: float
    acknowledged_at: float
    offset: int


class Truth:
    """Append times and commits, from any thread; ask about a moment once its acknowledgements are in."""

    def __init__(self) -> None:
        self._appended: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._commits: dict[tuple[str, str, int], list[_Committed]] = defaultdict(list)
        self._lock = threading.Lock()

    def appended(self, topic: str, partition: int, offset: int, at: float) -> None:
        """Record a message that the broker has acknowledged; `at` is its append time."""
        with self._lock:
            times = self._appended[topic, partition]
            assert offset == len(times), f"offset {offset} of {topic}-{partition}, {len(times)} is the next"
            times.append(at)

    def committed(
        self, group: str, topic: str, partition: int, offset: int, asked_at: float, acknowledged_at: float
    ) -> None:
        """Record a commit that the broker has acknowledged, and when it was asked for and acknowledged."""
        with self._lock:
            self._commits[group, topic, partition].append(_Committed(asked_at, acknowledged_at, offset))

    def end_offset(self, topic: str, partition: int, at: float | None = None) -> int:
        """Give the end offset, now or at a moment."""
        with self._lock:
            times = self._appended[topic, partition]
            return len(times) if at is None else bisect_right(times, at)

    def committed_offset(self, group: str, topic: str, partition: int, at: float) -> int | None:
        """Give the offset whose commit was the last to be acknowledged by then; None without one."""
        with self._lock:
            known = [
                one.offset for one in self._commits[group, topic, partition] if one.acknowledged_at <= at
            ]
        return known[-1] if known else None

    def lag(self, group: str, topic: str, partition: int, at: float) -> Lag | None:
        """Give the lag at a moment; None without a commit."""
        committed = self.committed_offset(group, topic, partition, at)
        return None if committed is None else self._lag(topic, partition, committed, at)

    def lag_within(self, group: str, topic: str, partition: int, begin: float, end: float) -> Range | None:
        """Give the bounds of the lag in a span; None when no commit was sure at its begin.

        A commit counts from the moment at which it was asked for until the next one was acknowledged.
        """
        with self._lock:
            commits = list(self._commits[group, topic, partition])
        last = max((n for n, one in enumerate(commits) if one.acknowledged_at <= begin), default=None)
        if last is None:
            return None
        possible = [one.offset for one in commits[last:] if one.asked_at <= end]
        least = [self._lag(topic, partition, offset, begin) for offset in possible]
        most = [self._lag(topic, partition, offset, end) for offset in possible]
        return Range(
            Lag(min(one.messages for one in least), min(one.seconds for one in least)),
            Lag(max(one.messages for one in most), max(one.seconds for one in most)),
        )

    def _lag(self, topic: str, partition: int, committed: int, at: float) -> Lag:
        with self._lock:
            times = self._appended[topic, partition]
            end = bisect_right(times, at)
            return Lag(end - committed, at - times[committed]) if committed < end else Lag(0, 0.0)
