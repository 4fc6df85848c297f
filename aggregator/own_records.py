"""What the aggregator itself appends to the log: marks, and what shapes a snapshot (DESIGN §4.1, §4.3)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from aggregator.tables import OWN_SOURCE
from runtime.kafka import Producer, partition_of
from schema.messages import Mark, Observed
from schema.observed import RefusedObserved, SnapshotSettings
from schema.topics import HEADER_ENVIRONMENT, LOG
from schema.types import DiscoveryMode, Part
from schema.wire import encode

MAX_MARKS_WAITING = 100
"""While the broker is away no marks pile up: a late mark says nothing that the next one does not."""


class OwnRecords:
    """Appends them; every method raises QueueFull and BrokerFatal as the producer does."""

    def __init__(self, producer: Producer, owner: str, partitions: int) -> None:
        self._producer = producer
        self._partitions = partitions
        self._mark = encode(Mark(owner=owner))

    def mark(self, partition: int) -> None:
        """Move a partition's time."""
        if self._producer.pending() <= MAX_MARKS_WAITING:
            self._producer.publish(LOG, self._mark, partition=partition)

    def settings(
        self,
        environment: str,
        interval_ms: int,
        discovery_mode: DiscoveryMode,
        budgets_usd: Mapping[str, Decimal],
    ) -> None:
        """Tell what shapes an environment's snapshots from here on."""
        value = SnapshotSettings(
            snapshot_interval_seconds=interval_ms // 1000,
            discovery_mode=discovery_mode,
            budgets_usd=dict(budgets_usd),
        )
        self._observed(environment, "settings", "settings", value)

    def refused(self, environment: str, kind: str, key: list[str]) -> None:
        """Tell that the store refuses an entity: the fold leaves it out from here on."""
        name = hashlib.sha256(encode([kind, *key])).hexdigest()
        value = RefusedObserved(kind=kind, key=key, reason="the store refuses it")
        self._observed(environment, "refused", name, value)

    def _observed(self, environment: str, kind: str, name: str, value: Part) -> None:
        record = Observed(
            source=f"{OWN_SOURCE}@aggregator",
            epoch="-",
            kind=kind,
            id=name,
            observed_at=datetime.now(UTC),
            value=msgspec.Raw(encode(value)),
        )
        self._producer.publish(
            LOG,
            encode(record),
            partition=partition_of(environment, self._partitions),
            headers=[(HEADER_ENVIRONMENT, environment.encode())],
        )
