"""A cluster in motion: CPU of our collector at rest, and while consumers commit a thousand times a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from benchmarks.figures import Row, Section
from benchmarks.kafka.child import Child, child
from benchmarks.kafka.cluster import Filled
from benchmarks.kafka.full_sample import PATIENCE_SECONDS, WAYS
from benchmarks.kafka.readings import READ, Committed, Reading

COMMITS_PER_SECOND = 1000
SETTLE_SECONDS = 12.0
"""The pace looks at three samples before it widens, and lookups by time go on for a few."""
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Watched:
    """What the collector did between two readings, and what the newest sample said."""

    before: Reading
    after: Reading

    @property
    def seconds(self) -> float:
        """Give how long it was watched."""
        return self.after.seconds - self.before.seconds

    @property
    def percent(self) -> float:
        """Give its share of one core."""
        return 100 * (self.after.cpu_seconds - self.before.cpu_seconds) / self.seconds

    def told(self) -> str:
        """Say how often it sampled and published, and why not more often."""
        cluster = self.after.cluster
        every = cluster.interval_seconds
        interval = "" if isinstance(every, msgspec.UnsetType) else f" every {every:g} s"
        reason = f" ({cluster.interval_reason})" if cluster.interval_reason else ""
        samples, records = (
            getattr(self.after, it) - getattr(self.before, it) for it in ("samples", "records")
        )
        return f"{samples} samples{interval}{reason}, {records:,} records published in {self.seconds:.0f} s"


def measure(filled: Filled, seconds: float, say: Callable[[str], None]) -> Section:
    """Watch each way at rest and in motion, one after the other."""
    rows, notes = [], []
    for way, name in WAYS.items():
        with child("ours", filled.bootstrap_servers, way) as one:
            one.result(Reading, PATIENCE_SECONDS)
            say(f"kafka: {name}, at rest for {seconds:.0f} s")
            rest = _between(one, seconds)
            say(f"kafka: {name}, {COMMITS_PER_SECOND:,} commits a second for {seconds:.0f} s")
            filled.members.tell(f"commit {COMMITS_PER_SECOND}")
            motion = _between(one, seconds)
            filled.members.tell("stop")
            committed = filled.members.result(Committed, _ANSWER_SECONDS)
        rows += [
            Row(f"{name}: share of one core at rest", rest.percent, "%"),
            Row(f"{name}: share of one core in motion", motion.percent, "%"),
        ]
        notes += [
            f"{name}, at rest: {rest.told()}",
            f"{name}, in motion: {motion.told()}; {_rate(committed)}",
        ]
    title = f"Kafka: steady state, {COMMITS_PER_SECOND:,} commits a second"
    return Section("kafka_steady", title, "", rows, notes)


def _between(one: Child, seconds: float) -> Watched:
    time.sleep(SETTLE_SECONDS)
    before = _read(one)
    time.sleep(seconds)
    return Watched(before, _read(one))


def _read(one: Child) -> Reading:
    one.tell(READ)
    return one.result(Reading, _ANSWER_SECONDS)


def _rate(committed: Committed) -> str:
    each_second = committed.commits / committed.seconds
    return f"{each_second:,.0f} commits a second, {committed.refused} refused, and as many messages produced"
