"""The fold on a large cluster, without I/O: 10,000 pods in 1,000 workloads, 15 % change in each tick.

`python -m benchmarks.fold_pods [--agents]` prints the CPU time of a record, of a flush of changes, and of a
tick; with `--agents` every workload is an agent too (ORACLE_DISCOVERY_MODE=all).
"""

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import msgspec

from aggregator.effects import Frozen
from aggregator.partition import FoldSettings, Message, PartitionFold
from aggregator.snapshot import Document
from schema.messages import Heartbeat, LogRecord, Mark, Observed
from schema.topics import HEADER_ENVIRONMENT
from schema.wire import encode

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN_MS = 1_767_225_600_000
INTERVAL_MS = 2000
FLUSH_MS = 100
WORKLOADS = 1000
PODS = 10_000
CHANGED = 1500
TICKS = 10
_STATUSES = ("Running",) * 50 + ("CrashLoopBackOff", "OOMKilled")


def observed(
    ms: int, kind: str, name: str, value: dict[str, Any], source: str = "kubernetes@bench"
) -> Observed:
    """Give an observation at a moment of the log."""
    at = BEGIN + timedelta(milliseconds=ms)
    return Observed(
        source=source, epoch="e1", kind=kind, id=name, observed_at=at, value=msgspec.Raw(encode(value))
    )


def _pod(ms: int, number: int, chance: random.Random) -> Observed:
    workload, name = number % WORKLOADS, f"agent-{number % WORKLOADS}-6d4cf56db6-{number:05d}"
    pod: dict[str, Any] = {
        "pod_id": f"{number:08x}-0000-4000-8000-000000000000", "name": name,
        "status": chance.choice(_STATUSES),
        "ready": True, "restarts": chance.randrange(3), "created_at": "2025-12-31T23:00:00Z",
        "cpu": 5 * chance.randrange(400), "cpu_limit": 2000, "cpu_request": 100,
        "memory": chance.randrange(1024), "memory_limit": 2048, "memory_request": 256,
        "network_rx_bytes_per_second": 1024, "network_tx_bytes_per_second": 2048,
        "node": f"node-{number % 100}", "images": ["registry.example/agents/agent:1.2.3"],
    }  # fmt: skip
    value = {"namespace": f"team-{workload % 10}", "deployment_name": f"agent-{workload}", "pod": pod}
    return observed(ms, "pod", pod["pod_id"], value)


def _workloads(*, agents: bool) -> Iterator[Observed]:
    for number in range(WORKLOADS):
        place = {"namespace": f"team-{number % 10}", "deployment_name": f"agent-{number}"}
        kinds = {"kind": "Deployment", "runtime": "kubernetes"}
        yield observed(0, "workload", f"w-{number}", {**place, **kinds})
        if agents:
            words = {"name": f"Agent {number}", "labeled": False, "excluded": False, "role": "agent"}
            yield observed(0, "agent", f"a-{number}", {**place, **words})


def log_of(ticks: int, *, agents: bool, changed: int = CHANGED) -> Iterator[tuple[int, LogRecord]]:
    """Give (milliseconds, record): everything once, then so many of the pods anew in each tick."""
    chance = random.Random(1)
    if agents:
        settings = {"snapshot_interval_seconds": INTERVAL_MS // 1000, "discovery_mode": "all"}
        yield 1, observed(0, "settings", "settings", settings, "oracle@aggregator")
    for record in _workloads(agents=agents):
        yield 1, record
    for number in range(PODS):
        yield 2, _pod(2, number, chance)
    for tick in range(1, ticks + 1):
        begins = tick * INTERVAL_MS
        changing = sorted((begins + 1 + chance.randrange(INTERVAL_MS - 2), one) for one in
                          chance.sample(range(PODS), changed))  # fmt: skip
        rows = [(ms, _pod(ms, number, chance)) for ms, number in changing]
        marks: list[tuple[int, LogRecord]] = [
            (begins + ms, Mark(owner="b")) for ms in range(1, INTERVAL_MS, 250)
        ]
        beat = Heartbeat(source="kubernetes@bench", epoch="e1", observed_at=BEGIN, interval_seconds=2,
                         synced=["pod", "workload"])  # fmt: skip
        yield from sorted([*rows, *marks, (begins + 500, beat)], key=lambda row: row[0])
    yield (ticks + 1) * INTERVAL_MS + 1, Mark(owner="b")


@dataclass
class Taken:
    """CPU seconds of the steady state: of folding, of each flush of changes, of each tick."""

    fold: float = 0.0
    flushes: list[float] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    document: Document | None = None


def messages_of(ticks: int, *, agents: bool, changed: int = CHANGED) -> list[Message]:
    """Give the log as the fold reads it."""
    return [
        Message(
            number,
            BEGIN_MS + ms,
            encode(record),
            [] if isinstance(record, Mark) else [(HEADER_ENVIRONMENT, b"default")],
        )
        for number, (ms, record) in enumerate(log_of(ticks, agents=agents, changed=changed))
    ]


def first_sync(fold: PartitionFold, messages: list[Message]) -> None:
    """Fold what is told once, and print what it takes."""
    began = time.process_time()
    for message in messages:
        fold.advance(message)
        fold.fold(message)
    folded = time.process_time()
    fold.changes()
    print(f"first sync: fold {folded - began:.3f} s, changes {time.process_time() - folded:.3f} s")


def steady_state(fold: PartitionFold, messages: list[Message]) -> Taken:
    """Fold the ticks' changes, taking what is announced every FLUSH_MS of the log's time."""
    taken, flushed_ms = Taken(), 0
    for message in messages:
        began = time.process_time()
        frozen = [one for one in fold.advance(message) if isinstance(one, Frozen)]
        closed = time.process_time()
        if frozen:
            taken.ticks.append(closed - began)
            taken.document = frozen[-1].document
        fold.fold(message)
        folded = time.process_time()
        taken.fold += folded - closed
        if message.appended_ms - flushed_ms >= FLUSH_MS:
            flushed_ms = message.appended_ms
            fold.changes()
            taken.flushes.append(time.process_time() - folded)
    return taken


def main() -> None:
    """Fold the log once and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", action="store_true")
    parser.add_argument("--ticks", type=int, default=TICKS)
    asked = parser.parse_args()
    messages = messages_of(asked.ticks, agents=asked.agents)
    fold = PartitionFold(0, FoldSettings(partitions=1, interval_ms=INTERVAL_MS, max_environments=10))
    fold.caught_up()
    first = next(index for index, one in enumerate(messages) if one.appended_ms > BEGIN_MS + INTERVAL_MS)
    first_sync(fold, messages[:first])
    taken, count = steady_state(fold, messages[first:]), len(messages) - first
    assert taken.document is not None
    size = len(taken.document.body) / 1e6
    print(f"{count} records, {len(taken.ticks)} ticks of {size:.1f} MB, {len(taken.flushes)} flushes")
    print(f"fold: {1e6 * taken.fold / count:.1f} µs a record")
    print(f"flush of {FLUSH_MS} ms: {1e3 * sum(taken.flushes) / len(taken.flushes):.2f} ms")
    print(
        f"tick: {1e3 * taken.ticks[0]:.1f} ms with a checkpoint, {1e3 * median(taken.ticks[1:]):.1f} without"
    )
    seconds = taken.fold + sum(taken.flushes) + sum(taken.ticks)
    print(f"all of it: {100 * seconds / len(taken.ticks) / (INTERVAL_MS / 1000):.1f} % of a core")
    print(f"sha256 of the last document: {taken.document.sha256}")


if __name__ == "__main__":
    main()
