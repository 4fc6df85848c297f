"""The one consumer of `oracle.changes`: reads every partition from its end, in a thread of its own.

It commits nothing and joins no group, so any number of API replicas read side by side. Invalid messages go to
`oracle.rejected`. What is missed while the broker is away shows as a hole, and the next snapshot fills it.
"""

import threading
import time
from collections.abc import Callable

from api.announced import Announced, announced
from runtime.health import Health
from runtime.kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
    ensure_topics,
    open_consumer,
)
from runtime.logs import logger
from runtime.rejects import Rejecter
from runtime.settings import BaseSettings
from schema.errors import BrokerError, BrokerFatal, BrokerUnsuitable, InvalidMessage, QueueFull
from schema.topics import CHANGES

POLL_SECONDS = 0.2
QUIET_SECONDS = 5.0
"""After so long without a message the broker is asked whether it is there."""
ASK_SECONDS = 3.0
PAUSE_SECONDS = 1.0
MAX_BATCH = 500
GROUP = "oracle-api-live"
"""Only a name: with partitions assigned by hand no group is joined."""
_TOPIC_LOST = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)

Deliver = Callable[[list[Announced]], None]


class ChangesReader:
    """Reads until stopped; `deliver` is called in this thread with each batch, in order."""

    def __init__(self, settings: BaseSettings, rejecter: Rejecter, health: Health, deliver: Deliver) -> None:
        self._settings = settings
        self._rejecter = rejecter
        self._health = health
        self._deliver = deliver

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set; a broker that is away is waited for.

        Raises BrokerUnsuitable or BrokerFatal when waiting cannot help.
        """
        while not stop.is_set():
            try:
                self._follow(stop)
            except (BrokerUnsuitable, BrokerFatal):
                raise
            except BrokerError as error:
                self._health.report("broker", False, str(error))
                logger().warning("live stream waits for the broker", error=str(error))
                stop.wait(PAUSE_SECONDS)

    def _follow(self, stop: threading.Event) -> None:
        partitions = ensure_topics(self._settings).log_partitions
        consumer = open_consumer(self._settings, GROUP, from_start=False)
        try:
            consumer.assign([_end(consumer, number) for number in range(partitions)])
            self._health.report("broker", True)
            heard_at = time.monotonic()
            while not stop.is_set():
                batch = _batch(consumer)
                if batch:
                    heard_at = time.monotonic()
                    self._take(batch, stop)
                elif time.monotonic() - heard_at > QUIET_SECONDS:
                    self._ask(consumer)
                    heard_at = time.monotonic()
        except KafkaException as error:
            raise BrokerError(error.args[0].str()) from None
        finally:
            consumer.close()

    def _take(self, batch: list[Message], stop: threading.Event) -> None:
        valid = []
        for message in batch:
            if (fault := message.error()) is not None:
                _check(fault)
                continue
            try:
                valid.append(announced(message.value()))
            except InvalidMessage as error:
                self._reject(message, error, stop)
        if valid:
            self._health.report("broker", True)
            self._deliver(valid)

    def _reject(self, message: Message, error: InvalidMessage, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._rejecter.reject(
                    error,
                    topic=CHANGES,
                    partition=message.partition() or 0,
                    offset=message.offset() or 0,
                    value=message.value(),
                )
                return
            except QueueFull:
                stop.wait(PAUSE_SECONDS)

    def _ask(self, consumer: Consumer) -> None:
        """Find out whether the broker is there and still has the topic; raises BrokerError when not."""
        topic = consumer.list_topics(CHANGES, timeout=ASK_SECONDS).topics[CHANGES]
        if topic.error is not None:
            raise BrokerError(topic.error.str())
        self._health.report("broker", True)


def _end(consumer: Consumer, partition: int) -> TopicPartition:
    """Give a partition's end as a number: the library looks its OFFSET_END up later than we say ready."""
    _, high = consumer.get_watermark_offsets(TopicPartition(CHANGES, partition), timeout=ASK_SECONDS)
    return TopicPartition(CHANGES, partition, high)


def _batch(consumer: Consumer) -> list[Message]:
    """Wait for one message, and take what else is there already, so that none waits for a full batch."""
    batch: list[Message] = []
    message = consumer.poll(POLL_SECONDS)
    while message is not None:
        batch.append(message)
        message = consumer.poll(0) if len(batch) < MAX_BATCH else None
    return batch


def _check(error: KafkaError) -> None:
    """Let the client heal what it can; raise BrokerError when the topic must be opened anew."""
    if error.fatal():
        raise BrokerFatal(error.str())
    if error.code() in _TOPIC_LOST:
        raise BrokerError(error.str())
    logger().warning("live stream", error=error.str())
