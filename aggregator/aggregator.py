"""The aggregator's service: reads the log, folds it, stores each tick, announces every change.

Start it with `python -m aggregator.aggregator`. Offsets of the consumer group are committed for operators'
eyes only: where to read from is in the checkpoints, and each start seeks there.
"""

import os
import socket
import time

from aggregator.announcer import Announcer
from aggregator.budgets import budgets_of
from aggregator.log_reader import LogReader
from aggregator.own_records import OwnRecords
from aggregator.partition import FoldSettings
from aggregator.refusals import Refusals
from aggregator.writer import Writer
from runtime.kafka import Producer, ensure_topics
from runtime.rejects import Rejecter
from runtime.service import Service, run
from runtime.store.opening import StoreSettings, open_store
from schema.errors import BrokerError, StoreUnavailable
from schema.types import DiscoveryMode

POLL_SECONDS = 0.05


class Settings(StoreSettings, frozen=True, kw_only=True):
    """The aggregator's settings: those of every service and of the store, and what shapes a snapshot."""

    oracle_discovery_mode: DiscoveryMode = "auto"
    llm_budgets_usd: str = "{}"
    """A JSON object: agent to its soft budget in US dollars a UTC day, `*` for everybody else."""


def main(service: Service[Settings]) -> None:
    """Run until the service is asked to stop."""
    settings = service.settings
    budgets_usd = budgets_of(settings.llm_budgets_usd)
    store = open_store(settings)
    service.until("store", store.prepare, StoreUnavailable)
    topics = service.until("broker", lambda: ensure_topics(settings), BrokerError)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    producer = Producer(settings, f"oracle-aggregator-{owner}")
    rejecter = Rejecter(producer, service.name)
    announcer = Announcer(producer, topics.log_partitions)
    own = OwnRecords(producer, owner, topics.log_partitions)
    refusals = Refusals(store, own, rejecter)
    writer = Writer(store, announcer, refusals, service.health, topics.ids["oracle.log"])
    shape = FoldSettings(
        topics.log_partitions,
        settings.snapshot_interval_seconds * 1000,
        settings.oracle_max_environments,
        settings.oracle_discovery_mode,
        budgets_usd,
    )
    reader = LogReader(settings, shape, own, rejecter, announcer, writer)
    try:
        while not service.stop.is_set():
            reader.turn(POLL_SECONDS)
            producer.check()
            writer.check()
            service.health.turn()
            waiting = producer.undelivered_since(patience_seconds=5)
            service.health.report(
                "broker", waiting is None, f"no delivery since {waiting}" if waiting else ""
            )
    finally:
        started = time.monotonic()
        # What waits is stored before the group is left: then nobody else makes it meanwhile.
        left = writer.close()
        reader.close()
        undelivered = producer.close(5)
        store.close()
        service.log.info(
            "flushed", ticks_left=left, undelivered=undelivered, seconds=round(time.monotonic() - started, 2)
        )


if __name__ == "__main__":
    run("aggregator", Settings, main, "broker", "store")
