"""Both ways on the same quiet cluster, one after the other: each number that they publish is compared."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.figures import Row, Section
from benchmarks.kafka.agree import Published, compare, compare_with_tool, read
from benchmarks.kafka.child import child
from benchmarks.kafka.cluster import Filled
from benchmarks.kafka.full_sample import PATIENCE_SECONDS, WAYS
from benchmarks.kafka.readings import WRITE, Reading
from benchmarks.kafka.tool import Described

SETTLE_SECONDS = 20.0
"""Lags in seconds that the history does not reach are looked up over a few samples."""


def measure(filled: Filled, described: Described, say: Callable[[str], None]) -> Section:
    """Compare what both published with each other, and with what Kafka's tool printed."""
    published, interval_seconds = {}, 0.0
    for way, name in WAYS.items():
        say(f"kafka: what {name} tells, to compare")
        published[way], interval = published_by(filled.bootstrap_servers, way)
        interval_seconds = max(interval_seconds, interval)
    exact, times = compare(published["internal_topic"], published["admin_api"], interval_seconds)
    compared = [
        ("both ways: offsets, ends, lags, states, members, topics", exact),
        (f"both ways: unread since, to {interval_seconds:g} s", times),
        *(
            (f"{name} and Kafka's tool", compare_with_tool(published[way], described.rows))
            for way, name in WAYS.items()
        ),
    ]
    rows = [
        Row(f"{name}: {what}", value, unit)
        for name, one in compared
        for what, value, unit in (("compared", one.compared, ""), ("differing", one.differing, ""))
    ]
    notes = [f"{name}: {example}" for name, one in compared for example in one.examples]
    return Section("kafka_agreement", "Kafka: do both ways agree?", "", rows, notes)


def published_by(bootstrap_servers: str, way: str) -> tuple[Published, float]:
    """Give what the collector published, and its interval in seconds."""
    with tempfile.TemporaryDirectory(prefix="oracle-bench-published-") as directory:
        path = Path(directory) / "records"
        with child("ours", bootstrap_servers, way, "keep") as one:
            one.result(Reading, PATIENCE_SECONDS)
            time.sleep(SETTLE_SECONDS)
            one.tell(f"{WRITE} {path}")
            interval = one.result(Reading, PATIENCE_SECONDS).cluster.interval_seconds
        return read(path), 0.0 if isinstance(interval, msgspec.UnsetType) else interval
