"""Our collector as a measured process: `python -m benchmarks.kafka.ours SERVERS WAY [keep]`.

Collector, runner and publisher are the service's own; in place of the Kafka client stands a sink that takes
the encoded records. It says a `Reading` when everything is known, and again for each line that it is told:
`read`; `collect` for one with its memory; with `keep` it keeps the newest record of each entity, and
`write PATH` writes them down.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from benchmarks.kafka.readings import COLLECT, WRITE, Reading, uss
from collectors.base.publisher import LogPublisher
from collectors.base.runner import Pace, Runner
from collectors.kafka_collector.collector import collect_garbage_seldom, make
from collectors.kafka_collector.settings import KafkaSettings
from runtime.health import Health
from runtime.kafka import Headers
from schema.messages import Gone, Heartbeat, LogRecord, Observed
from schema.observed import KafkaClusterObserved

KINDS = frozenset({"kafka_cluster", "group", "topic"})
_RECORD = msgspec.json.Decoder(LogRecord)


class Sink:
    """A producer that never waits: it counts what it is given, and sees when all kinds are synced."""

    def __init__(self, source: str, keep: bool, synced: Callable[[], None]) -> None:
        self.samples = 0
        self.records = 0
        self.cluster: KafkaClusterObserved | None = None
        self.kept: dict[str, bytes] = {}
        self._source = source
        self._cluster_key = f"{source}/kafka_cluster/cluster"
        self._keep = keep
        self._synced = synced

    def publish(
        self,
        _topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Take one record."""
        if key == self._source:
            beat = _RECORD.decode(value)
            if isinstance(beat, Heartbeat) and set(beat.synced) >= KINDS:
                self._synced()
            return
        self.records += 1
        if key == self._cluster_key:
            self.samples += 1
            record = _RECORD.decode(value)
            assert isinstance(record, Observed)
            self.cluster = msgspec.json.decode(record.value, type=KafkaClusterObserved)
        if self._keep and key is not None:
            self.kept[key] = value
        if delivered:
            delivered()

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        """Say that nothing waits."""
        return None

    def check(self) -> None:
        """Say that nothing is wrong."""

    def write(self, path: Path) -> None:
        """Write what is kept, but what is gone, a record a line."""
        records = (value for value in self.kept.values() if not isinstance(_RECORD.decode(value), Gone))
        path.write_bytes(b"\n".join(records))


def main() -> None:
    """Observe until the parent ends us."""
    bootstrap_servers, choice, *chosen = sys.argv[1:]
    # Readings have standard output for themselves: logs that would go there go with the errors.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = msgspec.convert(
        {"watched_kafka_bootstrap_servers": bootstrap_servers, "watched_kafka_commits_from": choice},
        KafkaSettings,
    )
    uss_before = uss()
    began, began_cpu = time.perf_counter(), time.process_time()
    told = threading.Event()

    def say(collect: bool = False) -> None:
        assert sink.cluster is not None
        cpu_seconds, seconds = time.process_time() - began_cpu, time.perf_counter() - began
        reading = Reading(
            cpu_seconds=cpu_seconds, seconds=seconds, uss_before=uss_before,
            uss=uss() if collect else None, samples=sink.samples, records=sink.records, cluster=sink.cluster,
        )  # fmt: skip
        print(msgspec.json.encode(reading).decode(), file=out, flush=True)

    def synced() -> None:
        if not told.is_set():
            told.set()
            say(collect=True)

    def answer() -> None:
        for line in sys.stdin:
            asked, _, path = line.strip().partition(" ")
            if asked == WRITE:
                sink.write(Path(path))
            say(asked == COLLECT)
        os._exit(0)

    collect_garbage_seldom()
    watching, instance = make(settings)
    sink = Sink(f"{watching.name}@{instance}", "keep" in chosen, synced)
    threading.Thread(target=answer, name="answers", daemon=True).start()
    pace = Pace(settings.observe_interval_seconds, settings.observe_refresh_seconds)
    publisher = LogPublisher(sink, settings.oracle_environment, settings.oracle_log_partitions)
    asyncio.run(Runner(watching, instance, pace, publisher, sink, Health()).run())


if __name__ == "__main__":
    main()
