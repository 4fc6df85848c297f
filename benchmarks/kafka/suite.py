"""The whole Kafka part, in the order in which it runs: on a quiet broker first, then on one in motion."""

from collections.abc import Callable, Iterator

from benchmarks.figures import Section
from benchmarks.kafka import full_sample, steady
from benchmarks.kafka.cluster import Size, filled
from cli.stack.jars import missing


def lacking() -> str:
    """Say why this part cannot run here; empty when it can."""
    return missing() or ""


def measure(groups: int, partitions: int, seconds: float, say: Callable[[str], None]) -> Iterator[Section]:
    """Measure a broker of so many; raises StackError, PartMissing or RuntimeError when something fails."""
    with filled(Size(groups, partitions), say) as cluster:
        measured = full_sample.measure(cluster, say)
        yield from full_sample.sections(measured)
        yield from steady.measure(cluster, measured.described.rows, seconds, say)
        say("kafka: stopping the broker")
