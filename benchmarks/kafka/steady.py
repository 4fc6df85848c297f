"""A cluster at rest, then in motion: the CPU of both ways, and whether they tell the same."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.child import Child
from benchmarks.figures import Row, Section
from benchmarks.kafka.both_ways import (
    agreement_rows,
    agreements,
    interval_of,
    reading_of,
    running,
    wait_for_samples,
    wait_until_known,
)
from benchmarks.kafka.cluster import Filled
from benchmarks.kafka.full_sample import PATIENCE_SECONDS, WAYS
from benchmarks.kafka.readings import Committed, Reading
from tests.kafka.tool import OffsetRow

COMMITS_PER_SECOND = 1000
SETTLED_SAMPLES = 3
"""So many samples' costs decide how often a collector samples."""
_ANSWER_SECONDS = 60.0
_TURN_SECONDS = 0.1


@dataclass(frozen=True)
class Watched:
    """What a collector did between two readings, and what the newest sample said."""

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
        reason = f" ({cluster.interval_reason})" if cluster.interval_reason else ""
        samples, records = self.after.samples - self.before.samples, self.after.records - self.before.records
        every = f"{samples} samples in {self.seconds:.0f} s, every {interval_of(self.after):g} s{reason}"
        return f"{every}; {records:,} records published"


def measure(
    filled: Filled, printed: list[OffsetRow], seconds: float, say: Callable[[str], None]
) -> list[Section]:
    """Watch both ways at once: quiet and compared, at rest, in motion, and compared again."""
    with running(filled.bootstrap_servers) as collectors:
        say("kafka: both ways look up since when messages are unread")
        wait_until_known(collectors, say)
        quiet = agreements(collectors, printed)
        say(f"kafka: both ways at rest, for {seconds:.0f} s at least")
        rest = _watch(collectors, seconds, settled=0)  # what was looked up took samples enough
        say(f"kafka: both ways, {COMMITS_PER_SECOND:,} commits a second for {seconds:.0f} s at least")
        filled.members.tell(f"commit {COMMITS_PER_SECOND}")
        motion = _watch(collectors, seconds, SETTLED_SAMPLES)
        filled.members.tell("stop")
        committed = filled.members.result(Committed, _ANSWER_SECONDS)
        say("kafka: both ways compared again")
        wait_for_samples(collectors, 2)
        again = {f"after motion: {name}": one for name, one in agreements(collectors).items()}
    found = {**quiet, **again}
    examples = [f"{name}: {example}" for name, one in found.items() for example in one.examples]
    return [
        Section("kafka_agreement", "Kafka: do both ways agree?", "", list(agreement_rows(found)), examples),
        section(rest, motion, committed),
    ]


def section(rest: Mapping[str, Watched], motion: Mapping[str, Watched], committed: Committed) -> Section:
    """Give each way's share of a core, and how often it sampled."""
    rows, notes = [], []
    for way, name in WAYS.items():
        for state, watched in (("at rest", rest[way]), ("in motion", motion[way])):
            rows.append(Row(f"{name}, {state}: share of one core", watched.percent, "%"))
            rows.append(Row("  … sampling interval", interval_of(watched.after), "s"))
            notes.append(f"{name}, {state}: {watched.told()}")
    each_second = committed.commits / committed.seconds
    notes.append(
        f"{each_second:,.0f} commits a second for {committed.seconds:.0f} s, {committed.refused} refused, "
        "and as many messages produced; both collectors run at the same time"
    )
    title = f"Kafka: steady state, {COMMITS_PER_SECOND:,} commits a second"
    return Section("kafka_steady", title, "", rows, notes)


def _watch(collectors: Mapping[str, Child], seconds: float, settled: int) -> dict[str, Watched]:
    """Watch each from one sample to the same moment of a later one, so that whole samples are counted."""
    deadline = time.monotonic() + PATIENCE_SECONDS + seconds
    first = {way: reading_of(one) for way, one in collectors.items()}
    newest, before, watched = dict(first), dict[str, Reading](), dict[str, Watched]()
    while len(watched) < len(collectors):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no samples for {PATIENCE_SECONDS:.0f} s")
        time.sleep(_TURN_SECONDS)
        for way, one in collectors.items():
            last, newest[way] = newest[way], reading_of(one)
            if newest[way].samples == last.samples or newest[way].samples < first[way].samples + settled:
                continue
            if newest[way].seconds - before.setdefault(way, newest[way]).seconds >= seconds:
                watched.setdefault(way, Watched(before[way], newest[way]))
    return watched
