"""Records into `oracle.log`: environment, partition, key and headers (DESIGN §3), set in one place."""

from collections.abc import Callable
from typing import Protocol

from runtime.kafka import Headers, partition_of
from schema.messages import CallRecord, EventRecord, Gone, Heartbeat, Observed
from schema.topics import HEADER_ENVIRONMENT, HEADER_ORIGIN, LOG
from schema.wire import encode

CollectorRecord = Observed | Gone | Heartbeat | EventRecord | CallRecord
"""What a collector writes to the log; marks are the aggregator's."""


class Publishes(Protocol):
    """The part of `runtime.kafka.Producer` that publishing needs."""

    def publish(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Hand one message over; raises QueueFull or BrokerFatal."""


class LogPublisher:
    """Publishes records to the log, by default for the service's own environment."""

    def __init__(self, producer: Publishes, environment: str, log_partitions: int) -> None:
        self._producer = producer
        self._environment = environment
        self._log_partitions = log_partitions

    def publish(
        self,
        record: CollectorRecord,
        *,
        environment: str | None = None,
        origin: str | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Publish one record; `origin` is `topic id:partition:offset:index` of an intake record.

        Raises QueueFull when the record was not taken, and BrokerFatal.
        """
        environment = environment or self._environment
        headers: Headers = [(HEADER_ENVIRONMENT, environment.encode())]
        if origin:
            headers.append((HEADER_ORIGIN, origin.encode()))
        self._producer.publish(
            LOG,
            encode(record),
            partition=partition_of(environment, self._log_partitions),
            key=_key(record),
            headers=headers,
            delivered=delivered,
        )


def _key(record: CollectorRecord) -> str:
    match record:
        case Observed() | Gone():
            return f"{record.source}/{record.kind}/{record.id}"
        case Heartbeat():
            return record.source
        case EventRecord():
            return record.event.agent_id
        case CallRecord():
            return record.call.call_id
