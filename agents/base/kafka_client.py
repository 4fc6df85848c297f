"""An agent's connection to Kafka: events out, messages in, one handler at a time per slot.

The consumer is polled by one thread; handlers run in threads of their own. While all slots are taken the
partitions are paused, so the consumer stays in its group however long a task takes.
"""

import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from agents.base.offsets import Offsets, Partition
from agents.base.settings import AgentSettings
from runtime.kafka import (
    Consumer,
    Headers,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
    ensure_own_topics,
    open_consumer,
)
from runtime.logs import logger
from runtime.metrics import DROPPED_RECORDS
from schema.errors import BrokerError, BrokerFatal, InvalidMessage, QueueFull
from schema.topics import EVENTS, HEADER_ENVIRONMENT, MAX_VALUE_BYTES

POLL_SECONDS = 0.1
RETRY_SECONDS = 0.5
TOPIC_PARTITIONS = 2
"""Of a topic that an agent makes."""
_OURS = ("oracle.", "otlp_", "__")
"""How the topics begin that no agent sends tasks or replies to."""
_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True)
class Received:
    """One message of the inbox."""

    partition: Partition
    offset: int
    value: bytes | None
    traceparent: str | None


class Outlet:
    """What an agent sends: telemetry, which may be dropped when the buffer is full, and messages."""

    def __init__(self, settings: AgentSettings, client_id: str) -> None:
        self._settings = settings
        self._environment = settings.oracle_environment
        self._topics: set[str] = set()
        self.producer = Producer(settings, client_id)

    def event(self, agent_id: str, value: bytes) -> None:
        """Send one event. A full buffer drops it, counted: telemetry never stops an agent."""
        headers: Headers = [(HEADER_ENVIRONMENT, self._environment.encode())]
        try:
            self.producer.publish(EVENTS, value, key=agent_id, headers=headers)
        except QueueFull:
            DROPPED_RECORDS.labels("event").inc()

    def message(
        self, topic: str, key: str, value: bytes, traceparent: str | None, stop: threading.Event
    ) -> None:
        """Send a task or a reply, to a topic that is made where it is missing.

        Neither is dropped: while the broker takes none this waits, until `stop`, and then raises BrokerError.
        Raises InvalidMessage for a topic that must not be written to, and a value that nobody would take.
        """
        if len(value) > MAX_VALUE_BYTES:
            raise InvalidMessage("too_large", f"{len(value)} bytes, at most {MAX_VALUE_BYTES} are taken")
        headers: Headers = [("traceparent", traceparent.encode())] if traceparent else []
        while True:
            try:
                self._ensure(topic)
                self.producer.publish(topic, value, key=key, headers=headers)
            except BrokerFatal:
                raise
            except BrokerError:
                if stop.wait(RETRY_SECONDS):
                    raise
                continue
            return

    def _ensure(self, topic: str) -> None:
        """Make a topic that is missing: a message to none would be the client's end, and so the agent's."""
        if topic in self._topics:
            return
        if not _TOPIC.fullmatch(topic) or topic.startswith(_OURS):
            raise InvalidMessage("bad_topic", f"{topic!a} is no topic for tasks and replies")
        ensure_own_topics(self._settings, [topic], TOPIC_PARTITIONS)
        self._topics.add(topic)

    def close(self, seconds: float) -> int:
        """Flush; give the number of messages that were not delivered."""
        return self.producer.close(seconds)


class Inbox:
    """Receives the messages of one topic as a member of the deployment's group."""

    def __init__(
        self, settings: AgentSettings, group: str, topic: str, slots: int, handle: Callable[[Received], None]
    ) -> None:
        self._handle = handle
        self._slots = slots
        self._offsets = Offsets()
        self._running = 0
        self._ended: queue.SimpleQueue[tuple[Received, bool]] = queue.SimpleQueue()
        self._paused: bool | None = False
        self._fault: Exception | None = None
        self._log = logger().bind(topic=topic, group=group)
        self._consumer: Consumer = open_consumer(settings, group)
        self._consumer.subscribe(
            [topic], on_assign=self._on_assign, on_revoke=self._on_lost, on_lost=self._on_lost
        )

    @property
    def running(self) -> int:
        """Count the handlers that run."""
        return self._running

    def turn(self) -> None:
        """Receive at most one message, start its handler, and commit what is done. Returns within 0.1 s.

        Raises what a handler raised.
        """
        if self._fault is not None:
            raise self._fault
        message = self._consumer.poll(POLL_SECONDS)
        if message is not None:
            self._received(message)
        self._settle(asynchronous=True)
        self._pause(self._running >= self._slots)

    def settle(self) -> None:
        """Commit what is done, and wait for the broker to know it."""
        self._settle(asynchronous=False)

    def _settle(self, asynchronous: bool) -> None:
        commit: dict[Partition, int] = {}
        while not self._ended.empty():
            received, done = self._ended.get()
            self._running -= 1
            if not done:
                continue
            offset = self._offsets.done(received.partition, received.offset)
            if offset is not None:
                commit[received.partition] = offset
        if commit:
            offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in commit.items()]
            try:
                if asynchronous:
                    self._consumer.commit(offsets=offsets)
                else:
                    self._consumer.commit(offsets=offsets, asynchronous=False)
            except KafkaException as error:
                # Not committed is not lost: the tasks come again, and their ids make that harmless.
                self._log.warning("offsets not committed", error=str(error))

    def close(self) -> None:
        """Leave the group. Handlers that still run are not waited for, and not committed."""
        self.settle()
        self._consumer.close()

    def _received(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.fatal():
                raise BrokerError(error.str())
            self._log.warning("not received", error=error.str())
            return
        # A message without an error has all three.
        topic, number, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        headers = dict(message.headers() or [])
        trace = headers.get("traceparent")
        received = Received(
            (topic, number),
            offset,
            message.value(),
            trace.decode(errors="replace") if isinstance(trace, bytes) else None,
        )
        self._offsets.begin(received.partition, offset)
        self._running += 1
        # A daemon: a task that does not end must not keep the process from ending.
        threading.Thread(target=self._work, args=(received,), name="task", daemon=True).start()

    def _work(self, received: Received) -> None:
        done = False
        try:
            self._handle(received)
            done = True
        except Exception as error:  # noqa: BLE001 - raised again by `turn`, in the thread that can end us
            # The handler tells a task's failure itself; what comes here is a fault of ours or the broker's:
            # not done, so not committed, and the task comes again after the restart.
            self._fault = error
        finally:
            self._ended.put((received, done))

    def _pause(self, full: bool) -> None:
        if full is self._paused:
            return
        assigned = self._consumer.assignment()
        (self._consumer.pause if full else self._consumer.resume)(assigned)
        self._paused = full

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        # New partitions come running, and those that stay are as they were: all are told at the next turn.
        self._paused = None

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._offsets.lost((partition.topic, partition.partition))
