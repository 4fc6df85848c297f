"""Both ways on the same broker at the same time: whether each number that they publish is the same.

They are compared while the broker is quiet, and once more after consumers have committed (`steady.py`).
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.child import Child, child
from benchmarks.figures import Row
from benchmarks.kafka.agree import Agreement, Published, compare, compare_with_tool, read
from benchmarks.kafka.full_sample import PATIENCE_SECONDS, WAYS
from benchmarks.kafka.readings import READ, WRITE, Reading
from tests.kafka.tool import OffsetRow

KNOWN_SECONDS = 120.0
"""Lags in seconds that the history of end offsets does not reach are looked up over many samples."""
_TURN_SECONDS = 5.0
_ANSWER_SECONDS = 60.0


@contextmanager
def running(bootstrap_servers: str) -> Iterator[dict[str, Child]]:
    """Run a collector for each way while the block runs, each having named everything once."""
    with ExitStack() as stack:
        started = {
            way: stack.enter_context(child("kafka.ours", bootstrap_servers, way, "keep")) for way in WAYS
        }
        for one in started.values():
            one.result(Reading, PATIENCE_SECONDS)
        yield started


def wait_until_known(collectors: Mapping[str, Child], say: Callable[[str], None]) -> None:
    """Wait until both know since when each lagging partition is unread, or for two minutes."""
    deadline = time.monotonic() + KNOWN_SECONDS
    while unknown := sum(published_by(one).unknown for one in collectors.values()):
        if time.monotonic() > deadline:
            say(f"kafka: {unknown:,} lags in seconds are not known after {KNOWN_SECONDS:.0f} s")
            return
        time.sleep(_TURN_SECONDS)


def wait_for_samples(collectors: Mapping[str, Child], more: int) -> None:
    """Wait until each has taken so many more samples. Raises RuntimeError when one does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for way, one in collectors.items():
        wanted = reading_of(one).samples + more
        while reading_of(one).samples < wanted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no sample by {way} for {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.5)


def agreements(collectors: Mapping[str, Child], rows: list[OffsetRow] | None = None) -> dict[str, Agreement]:
    """Compare what both have published; with the rows of Kafka's tool, each with those too."""
    interval_seconds = max(map(interval_of, map(reading_of, collectors.values())))
    published = {way: published_by(one) for way, one in collectors.items()}
    exact, times = compare(published["internal_topic"], published["admin_api"], interval_seconds)
    found = {"offsets, lags, states, members": exact, f"unread since, to {interval_seconds:g} s": times}
    if rows is not None:
        for way, name in WAYS.items():
            found[f"{name} and Kafka's tool"] = compare_with_tool(published[way], rows)
    return found


def agreement_rows(found: Mapping[str, Agreement]) -> Iterator[Row]:
    """Give two rows for each comparison."""
    for name, one in found.items():
        yield Row(f"{name}: compared", one.compared, "")
        yield Row("  … differing", one.differing, "")


def published_by(one: Child) -> Published:
    """Give what a collector has published last of each entity."""
    with tempfile.TemporaryDirectory(prefix="oracle-bench-published-") as directory:
        path = Path(directory) / "records"
        one.tell(f"{WRITE} {path}")
        one.result(Reading, _ANSWER_SECONDS)
        return read(path)


def reading_of(one: Child) -> Reading:
    """Ask a collector what it has done so far."""
    one.tell(READ)
    return one.result(Reading, _ANSWER_SECONDS)


def interval_of(reading: Reading) -> float:
    """Give the sampling interval that a collector chose, in seconds."""
    interval = reading.cluster.interval_seconds
    return 0.0 if isinstance(interval, msgspec.UnsetType) else interval
