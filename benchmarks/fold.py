"""The fold by itself: a synthetic log through `PartitionFold`, beside decoding the same records only.

No I/O, so this is the number to compare between two versions of the code, even on a noisy machine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from aggregator.decode import VALUES
from aggregator.effects import Frozen
from aggregator.partition import FoldSettings, Message, PartitionFold
from benchmarks.figures import Row, Section, median_of
from benchmarks.fold_log import AGENTS, INSTANCES, STEP_MS, log_of
from schema.messages import LogRecord, Observed

ROUNDS = 5
FLUSH_MS = 20
"""Changes are taken as often as the aggregator announces them."""
_RECORD = msgspec.json.Decoder(LogRecord)


@dataclass
class Folded:
    """What one pass gave, and the seconds that its ticks and its changes took of all."""

    seconds: float = 0.0
    tick_seconds: float = 0.0
    ticks: int = 0
    change_seconds: float = 0.0
    changes: int = 0
    document_bytes: int = 0


def fold_all(messages: list[Message]) -> Folded:
    """Fold a log from its beginning, freezing its ticks and taking its changes."""
    fold = PartitionFold(0, FoldSettings(partitions=1, interval_ms=2000, max_environments=10))
    fold.caught_up()
    result, flushed_ms = Folded(), 0
    began = time.perf_counter()
    for message in messages:
        before = time.perf_counter()
        frozen = [one for one in fold.advance(message) if isinstance(one, Frozen)]
        if frozen:
            result.tick_seconds += time.perf_counter() - before
            result.ticks += len(frozen)
            result.document_bytes = len(frozen[-1].document.body)
        fold.fold(message)
        if message.appended_ms - flushed_ms >= FLUSH_MS:
            flushed_ms = message.appended_ms
            before = time.perf_counter()
            result.changes += len(fold.changes())
            result.change_seconds += time.perf_counter() - before
    result.seconds = time.perf_counter() - began
    return result


def decode_all(messages: list[Message]) -> float:
    """Decode each record, and the value of each observation; give the seconds."""
    began = time.perf_counter()
    for message in messages:
        record = _RECORD.decode(message.value or b"")
        if isinstance(record, Observed):
            VALUES[record.kind].decode(record.value)
    return time.perf_counter() - began


def measure(count: int, say: Callable[[str], None]) -> Section:
    """Fold and decode in turns, and give the medians."""
    messages = log_of(count)
    folds, decodes = [], []
    for turn in range(1, ROUNDS + 1):
        say(f"fold: round {turn} of {ROUNDS}")
        folds.append(fold_all(messages))
        decodes.append(decode_all(messages))
    seconds, floor = median_of([one.seconds for one in folds]), median_of(decodes)
    record = median_of([one.seconds - one.tick_seconds - one.change_seconds for one in folds])
    tick = median_of([one.tick_seconds / one.ticks for one in folds])
    change = median_of([one.change_seconds / one.changes for one in folds])
    rows = [
        Row("records a second, with changes and ticks", count / seconds, "1/s", count / floor, True),
        Row("folding a record", 1e6 * record / count, "µs", 1e6 * floor / count),
        Row(f"making the changes of {FLUSH_MS} ms", 1e3 * change, "ms"),
        Row("closing and freezing a tick", 1e3 * tick, "ms"),
    ]
    notes = (
        f"{count:,} records, {folds[0].ticks} ticks, {folds[0].changes:,} changes, median of {ROUNDS} rounds",
        f"{AGENTS} agents of {INSTANCES} instances, {1000 // STEP_MS} records a second of the log's time; "
        f"the last document has {folds[0].document_bytes / 1024:.0f} KiB",
    )
    return Section("fold", "Folding, without I/O", "decoding the same records with msgspec", rows, notes)
