"""What a large cluster costs the aggregator, without I/O: folding, changes and ticks at ten thousand pods."""

from collections.abc import Callable, Iterator
from statistics import median

from aggregator.partition import FoldSettings, PartitionFold
from benchmarks.figures import Row, Section
from benchmarks.fold_pods import BEGIN_MS, INTERVAL_MS, PODS, WORKLOADS, messages_of, steady_state
from benchmarks.kubernetes.steady import FEW, MANY

TICKS = 8


def measure(say: Callable[[str], None]) -> Section:
    """Fold a log of both rates."""
    rows = [row for percent in (FEW, MANY) for row in _rows(percent, say)]
    size = next(row.value for row in rows if row.unit == "MB")
    notes = (
        f"{PODS:,} pods and {WORKLOADS:,} agents, a document of {size:.1f} MB, {TICKS} ticks; CPU time, "
        "without Kafka and the store",
    )
    shown = [row for row in rows if row.unit != "MB"]
    return Section("kubernetes_fold", "Kubernetes: the aggregator's fold, without I/O", "", shown, notes)


def _rows(percent: float, say: Callable[[str], None]) -> Iterator[Row]:
    say(f"kubernetes: folding {percent:.0f} % of {PODS:,} pods a tick")
    messages = messages_of(TICKS, agents=True, changed=int(PODS * percent / 100))
    fold = PartitionFold(0, FoldSettings(partitions=1, interval_ms=INTERVAL_MS, max_environments=10))
    fold.caught_up()
    first = next(index for index, one in enumerate(messages) if one.appended_ms > BEGIN_MS + INTERVAL_MS)
    for message in messages[:first]:
        fold.advance(message)
        fold.fold(message)
    fold.changes()
    taken = steady_state(fold, messages[first:])
    assert taken.document is not None
    seconds = taken.fold + sum(taken.flushes) + sum(taken.ticks)
    yield Row(
        f"{percent:.0f} % a tick: share of one core",
        100 * seconds / len(taken.ticks) / (INTERVAL_MS / 1000),
        "%",
    )
    yield Row(f"  closing and freezing a tick at {percent:.0f} %", 1e3 * median(taken.ticks[1:]), "ms")
    yield Row("document", len(taken.document.body) / 1e6, "MB")
