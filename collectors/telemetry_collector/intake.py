"""The loop that takes `oracle.events` to the log: read, publish, commit what the broker has acknowledged.

An offset is committed only when everything up to it lies in the log or in `oracle.rejected`. A crash in
between means reading again, with the same origins, which the aggregator skips: nothing lost, nothing twice.
It runs in a thread of its own, since reading blocks.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from collectors.base.publisher import LogPublisher
from collectors.telemetry_collector.events import EventReader
from collectors.telemetry_collector.window import Slot, Window
from runtime.kafka import Consumer, KafkaException, Message, TopicPartition, headers_of
from runtime.logs import logger
from runtime.metrics import DROPPED_FIELDS
from runtime.rejects import Rejecter
from schema.errors import BrokerFatal, InvalidMessage, QueueFull
from schema.messages import EventRecord
from schema.topics import EVENTS, HEADER_ENVIRONMENT

BATCH = 500
WAIT_SECONDS = 0.2
MAX_UNACKNOWLEDGED = 20_000
"""So many records may wait for the broker before reading pauses."""
COMMIT_SECONDS = 1.0
REPEAT_COMMIT_SECONDS = 30.0
"""A commit is sent without waiting for its answer; repeating it makes good one that was lost."""
FLUSH_SECONDS = 5.0


class Flushes(Protocol):
    """The part of `runtime.kafka.Producer` that the intake needs beside publishing."""

    def check(self) -> None:
        """Raise BrokerFatal once the client cannot continue."""

    def flush(self, seconds: float = 10.0) -> int:
        """Wait for the broker to take what is buffered."""


class Intake:
    """Reads the intake as a member of a consumer group."""

    def __init__(
        self,
        consumer: Consumer,
        producer: Flushes,
        publisher: LogPublisher,
        rejecter: Rejecter,
        reader: EventReader,
        topic_id: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._publisher = publisher
        self._rejecter = rejecter
        self._reader = reader
        self._topic_id = topic_id
        self._monotonic = monotonic
        self._windows: dict[int, Window] = {}
        self._waiting: deque[Message] = deque()
        self._committed: dict[int, int] = {}
        self._committed_at = self._repeated_at = monotonic()
        self._failed = False
        self._paused: bool | None = False
        self._log = logger()

    def run(self, stop: threading.Event) -> None:
        """Read until asked to stop, then leave the group with everything acknowledged committed.

        Raises BrokerFatal, without a commit.
        """
        self.subscribe()
        try:
            while not stop.is_set():
                self.step()
        except BaseException:
            self._failed = True
            raise
        finally:
            self._consumer.close()

    def subscribe(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            [EVENTS], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def step(self) -> None:
        """Read one batch, publish what there is room for, and commit what is due."""
        self._producer.check()
        self._waiting.extend(self._batch())
        self._pause(self._publish_waiting() > 0)
        self._commit_when_due()

    def _batch(self) -> list[Message]:
        """Wait for one message, and take what else is there: `consume` alone would wait for a full batch."""
        message = self._consumer.poll(WAIT_SECONDS)
        return [] if message is None else [message, *self._consumer.consume(BATCH - 1, 0)]

    def _pause(self, full: bool) -> None:
        """Pause reading or go on with it; a paused member goes on polling, so it stays in its group."""
        if full is not self._paused:
            (self._consumer.pause if full else self._consumer.resume)(self._consumer.assignment())
        self._paused = full

    def _publish_waiting(self) -> int:
        """Publish in the order read; give the number of records for which there was no room."""
        try:
            while self._waiting and self._unacknowledged() < MAX_UNACKNOWLEDGED:
                self._take(self._waiting[0])
                self._waiting.popleft()
        except QueueFull:
            self._log.debug("the producer is full: reading pauses", waiting=len(self._waiting))
        return len(self._waiting)

    def _take(self, message: Message) -> None:
        if error := message.error():
            if error.fatal():
                raise BrokerFatal(error.str())
            self._log.warning("reading failed", error=error.str())
            return
        partition, offset = message.partition() or 0, message.offset() or 0
        window = self._windows.get(partition)
        if window is None:
            return  # It was taken from us meanwhile: its next owner reads the record.
        if offset <= window.last_read:
            # Origins under this id would be taken for repetitions: start again and ask for the new one.
            raise BrokerFatal(f"{EVENTS} was made anew: its offsets begin again")
        slot = Slot(offset)
        self._publish(message, f"{self._topic_id}:{partition}:{offset}:0", slot)
        window.add(slot)

    def _publish(self, message: Message, origin: str, slot: Slot) -> None:
        value = _bytes(message.value())
        environment = dict(headers_of(message)).get(HEADER_ENVIRONMENT)
        try:
            taken = self._reader.read(value, environment, origin)
        except InvalidMessage as error:
            self._rejecter.reject(
                error,
                topic=EVENTS,
                partition=message.partition() or 0,
                offset=slot.offset,
                value=value,
                environment=(environment or b"").decode(errors="replace"),
                delivered=slot.acknowledge,
            )
            return
        self._publisher.publish(
            EventRecord(event=taken.event),
            environment=taken.environment,
            origin=origin,
            delivered=slot.acknowledge,
        )
        DROPPED_FIELDS.inc(taken.dropped_fields)

    def _unacknowledged(self) -> int:
        return sum(map(len, self._windows.values()))

    def _commit_when_due(self) -> None:
        now = self._monotonic()
        if now - self._committed_at < COMMIT_SECONDS:
            return
        self._committed_at = now
        if now - self._repeated_at >= REPEAT_COMMIT_SECONDS:
            self._repeated_at = now
            self._committed.clear()
        self._commit(list(self._windows), wait=False)

    def _commit(self, partitions: list[int], *, wait: bool) -> None:
        due = {
            partition: position
            for partition in partitions
            if (position := self._windows[partition].advance()) is not None
            and position != self._committed.get(partition)
        }
        if not due:
            return
        offsets = [TopicPartition(EVENTS, partition, position) for partition, position in due.items()]
        try:
            if wait:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            # Reading the records again is harmless; the next commit tries again.
            self._log.warning("commit failed", error=error.args[0].str())
            return
        self._committed |= due

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for place in partitions:
            self._windows[place.partition] = Window()
        self._paused = None  # The new ones are not, and those that stay are as they were.

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        revoked = [place.partition for place in partitions if place.partition in self._windows]
        if not self._failed:
            self._producer.flush(FLUSH_SECONDS)
            self._commit(revoked, wait=True)
        self._forget(revoked)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Another member has them already: a commit of ours would be refused, or wrong.
        self._forget([place.partition for place in partitions])

    def _forget(self, partitions: list[int]) -> None:
        for partition in partitions:
            self._windows.pop(partition, None)
            self._committed.pop(partition, None)
        self._waiting = deque(one for one in self._waiting if one.partition() not in partitions)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
