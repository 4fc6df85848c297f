"""The loop that takes the intake (`oracle.events`, `otlp_*`) to the log: read, publish, and commit.

An offset is committed only when everything up to it lies in the log or in `oracle.rejected`. A crash in
between means reading again, with the same origins, which the aggregator skips: nothing lost, nothing twice.
It runs in a thread of its own, since reading blocks.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from collectors.base.publisher import LogPublisher
from collectors.telemetry_collector.reading import Read, Reader, Source, Taken
from collectors.telemetry_collector.unreadable import report, unreadable
from collectors.telemetry_collector.window import Slot, Window
from runtime.kafka import Consumer, KafkaException, Message, TopicPartition, headers_of
from runtime.logs import logger
from runtime.rejects import Rejecter
from schema.errors import BrokerError, BrokerFatal, InvalidMessage, QueueFull
from schema.topics import HEADER_CONTENT_TYPE, HEADER_ENVIRONMENT

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


class Place(NamedTuple):
    """A partition of a topic of the intake."""

    topic: str
    partition: int


class Topic(NamedTuple):
    """A topic of the intake: its id, and what reads its records."""

    id: str
    reader: Reader


class Intake:
    """Reads the intake as a member of a consumer group."""

    def __init__(
        self,
        consumer: Consumer,
        producer: Flushes,
        publisher: LogPublisher,
        rejecter: Rejecter,
        topics: Mapping[str, Topic],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._publisher = publisher
        self._rejecter = rejecter
        self._topics = topics
        self._monotonic = monotonic
        self._windows: dict[Place, Window] = {}
        self._waiting: deque[Message] = deque()
        self._outcomes: deque[Callable[[], None]] = deque()
        """What came of the record read last and is not handed to the producer yet."""
        self._committed: dict[Place, int] = {}
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
            list(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
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
            while self._unacknowledged() < MAX_UNACKNOWLEDGED:
                if self._outcomes:
                    self._outcomes[0]()
                    self._outcomes.popleft()
                elif self._waiting:
                    self._take(self._waiting.popleft())
                else:
                    break
        except QueueFull:
            self._log.debug("the producer is full: reading pauses", waiting=len(self._waiting))
        return len(self._waiting) + len(self._outcomes)

    def _take(self, message: Message) -> None:
        if error := message.error():
            if error.fatal():
                raise BrokerFatal(error.str())
            self._log.warning("reading failed", error=error.str())
            return
        place, offset = Place(message.topic() or "", message.partition() or 0), message.offset() or 0
        window = self._windows.get(place)
        if window is None:
            return  # It was taken from us meanwhile: its next owner reads the record.
        if offset <= window.last_read:
            # Origins under this id would be taken for repetitions: start again and ask for the new one.
            raise BrokerFatal(f"{place.topic} was made anew: its offsets begin again")
        self._read(place, offset, message, window)

    def _read(self, place: Place, offset: int, message: Message, window: Window) -> None:
        topic, value, environment = self._topics[place.topic], _bytes(message.value()), None
        origin = f"{topic.id}:{place.partition}:{offset}"
        try:
            headers = dict(headers_of(message))
            environment = headers.get(HEADER_ENVIRONMENT)
            at_ms = message.timestamp()[1]
            read = topic.reader.read(
                Source(value, environment, headers.get(HEADER_CONTENT_TYPE), origin, at_ms)
            )
        except Exception as error:  # noqa: BLE001 - whatever a record holds, it is put aside and the next is read
            wrong = unreadable(error)
            report(wrong, origin)
            read = Read(refused=wrong)
        slot = Slot(offset, len(read.taken) + (read.refused is not None))
        put_aside = partial(
            self._rejecter.reject,
            topic=place.topic,
            partition=place.partition,
            offset=offset,
            value=value,
            environment=(environment or b"").decode(errors="replace"),
            delivered=slot.acknowledge,
        )
        self._outcomes.extend(partial(self._publish, taken, origin, slot, put_aside) for taken in read.taken)
        if read.refused:
            self._outcomes.append(partial(put_aside, read.refused))
        window.add(slot)

    def _publish(
        self, taken: Taken, origin: str, slot: Slot, put_aside: Callable[[InvalidMessage], None]
    ) -> None:
        """Publish a record to the log; one that cannot be written is put aside in its place."""
        try:
            self._publisher.publish(
                taken.record,
                environment=taken.environment,
                origin=f"{origin}:{taken.index}",
                delivered=slot.acknowledge,
            )
        except BrokerError:
            raise
        except Exception as error:  # noqa: BLE001 - it would fail again after each restart
            wrong = unreadable(error)
            report(wrong, origin)
            put_aside(wrong)

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

    def _commit(self, places: list[Place], *, wait: bool) -> None:
        due = {
            place: position
            for place in places
            if (position := self._windows[place].advance()) is not None
            and position != self._committed.get(place)
        }
        if not due:
            return
        offsets = [TopicPartition(*place, position) for place, position in due.items()]
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
        for one in partitions:
            self._windows[Place(one.topic, one.partition)] = Window()
        self._paused = None  # The new ones are not, and those that stay are as they were.

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        revoked = [place for one in partitions if (place := Place(one.topic, one.partition)) in self._windows]
        if not self._failed:
            self._producer.flush(FLUSH_SECONDS)
            self._commit(revoked, wait=True)
        self._forget(revoked)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Another member has them already: a commit of ours would be refused, or wrong.
        self._forget([Place(one.topic, one.partition) for one in partitions])

    def _forget(self, places: list[Place]) -> None:
        for place in places:
            self._windows.pop(place, None)
            self._committed.pop(place, None)
        # What came of the record read last is published all the same: its next owner tells it again under
        # the same origin.
        self._waiting = deque(one for one in self._waiting if (one.topic(), one.partition()) not in places)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
