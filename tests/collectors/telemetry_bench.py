"""An intake on the suite's broker: what is sent to it, and what comes of it in the log."""

import json
import threading
import time
import uuid
from typing import Any

import msgspec

from cli.stack.server import KafkaServer
from collectors.base.settings import CollectorSettings
from collectors.telemetry_collector.collector import intake_of
from collectors.telemetry_collector.intake import Intake
from runtime.kafka import (
    Consumer,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
    Topics,
    ensure_topics,
    headers_of,
    open_consumer,
    partition_of,
)
from schema.messages import EventRecord, LogRecord, Rejected
from schema.topics import EVENTS, LOG, REJECTED

SECONDS = 30


def end_of(consumer: Consumer, topic: str, partition: int) -> int:
    """Give a partition's end; a topic that was created just now has no leader yet."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1])
        except KafkaException:
            assert time.monotonic() < deadline
            time.sleep(0.1)


class Bench:
    """An environment and a group of the test's own on the suite's broker."""

    def __init__(self, broker: KafkaServer, **more: Any) -> None:
        self.environment = f"test-{uuid.uuid4().hex[:8]}"
        self.group = f"oracle-telemetry-{self.environment}"
        self.settings = CollectorSettings(
            kafka_bootstrap_servers=broker.bootstrap_servers, oracle_max_environments=100_000, **more
        )
        self.topics: Topics = ensure_topics(self.settings)
        self.producer = Producer(self.settings, "test")
        self.log = self._reader(LOG, partition_of(self.environment, self.topics.log_partitions))
        self.rejected = [self._reader(REJECTED, number) for number in range(self.topics.log_partitions)]
        self._skip_the_past()

    def _reader(self, topic: str, partition: int) -> Consumer:
        consumer = open_consumer(self.settings, f"oracle-test-{uuid.uuid4().hex}")
        consumer.assign([TopicPartition(topic, partition, end_of(consumer, topic, partition))])
        return consumer

    def _skip_the_past(self) -> None:
        consumer = open_consumer(self.settings, self.group)
        places = [
            TopicPartition(EVENTS, number, end_of(consumer, EVENTS, number))
            for number in range(self.topics.log_partitions)
        ]
        consumer.commit(offsets=places, asynchronous=False)
        consumer.close()

    def intake(self) -> tuple[Intake, Producer]:
        producer = Producer(self.settings, "telemetry-test")
        return intake_of(self.settings, producer, self.topics, self.group), producer

    def send(self, value: bytes | None, partition: int = 0) -> None:
        self.producer.publish(
            EVENTS,
            value,  # type: ignore[arg-type] # a tombstone, as anybody may send one
            partition=partition,
            headers=[("environment", self.environment.encode())],
        )
        assert self.producer.flush() == 0

    def events(self, count: int) -> list[tuple[str, EventRecord]]:
        """Give the next events of this environment in the log, each with its origin."""
        found: list[tuple[str, EventRecord]] = []
        deadline = time.monotonic() + SECONDS
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} events"
            found += [pair for message in self.log.consume(100, 0.1) if (pair := self._event(message))]
        return found

    def _event(self, message: Message) -> tuple[str, EventRecord] | None:
        headers = dict(headers_of(message))
        if headers.get("environment") != self.environment.encode():
            return None
        record = msgspec.json.decode(message.value() or b"", type=LogRecord)
        return (headers["origin"].decode(), record) if isinstance(record, EventRecord) else None

    def rejects(self, count: int) -> list[Rejected]:
        """Give the next rejected messages of this environment, in the order of their offsets."""
        found: list[Rejected] = []
        deadline = time.monotonic() + SECONDS
        while len(found) < count:
            assert time.monotonic() < deadline, [reject.reason for reject in found]
            for reader in self.rejected:
                values = [message.value() or b"" for message in reader.consume(100, 0.05)]
                rows = [msgspec.json.decode(value, type=Rejected) for value in values]
                found += [row for row in rows if row.environment == self.environment]
        return sorted(found, key=lambda reject: reject.offset)

    def committed(self) -> dict[int, int]:
        consumer = open_consumer(self.settings, self.group)
        places = [TopicPartition(EVENTS, number) for number in range(self.topics.log_partitions)]
        rows = consumer.committed(places, timeout=10)
        consumer.close()
        return {row.partition: row.offset for row in rows}

    def close(self) -> None:
        self.producer.close()
        for reader in (self.log, *self.rejected):
            reader.close()


class Running:
    """An intake in a thread, as the service runs it."""

    def __init__(self, bench: Bench) -> None:
        self.intake, self.producer = bench.intake()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.intake.run, args=(self.stop,))

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        self.producer.close()


def event(number: int, **more: Any) -> bytes:
    raw = {"agent_id": "research-agent-7f8d9", "timestamp": "2026-02-06T14:32:11.482Z", "event_type": "x"}
    return json.dumps({**raw, "message": str(number), **more}).encode()


def messages(found: list[tuple[str, EventRecord]]) -> list[str]:
    return [str(record.event.message) for _, record in found]
