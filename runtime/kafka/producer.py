"""The producer of every service: idempotent, and it never gives a message up (`message.timeout.ms=0`).

The application never sends a message again: what the client has taken is delivered once, in order, or the
client says that it cannot continue.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as LibraryProducer

from runtime.kafka.clients import Headers, client_config
from runtime.metrics import PRODUCED, UNDELIVERED
from runtime.settings import BaseSettings
from schema.errors import BrokerFatal, QueueFull
from schema.topics import MAX_MESSAGE_BYTES

QUEUE_BYTES = 64 * 1024 * 1024
PARTITION_ANY = -1
"""The client chooses the partition."""


class Producer:
    """An idempotent producer whose delivery reports are handled in a thread of its own.

    `publish` never blocks: it raises QueueFull when the buffer is full, and BrokerFatal once the client
    cannot continue without a risk of loss or duplicates.
    """

    def __init__(self, settings: BaseSettings, client_id: str) -> None:
        self._fatal: str = ""
        self._pending = 0
        self._waiting_since = 0.0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._producer = LibraryProducer(
            {
                **client_config(settings, client_id),
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "queue.buffering.max.kbytes": QUEUE_BYTES // 1024,
                "linger.ms": 2,
                "compression.type": "lz4",
                "error_cb": self._on_error,
            }
        )
        UNDELIVERED.set_function(self.pending)
        self._thread = threading.Thread(target=self._poll, name="kafka-delivery", daemon=True)
        self._thread.start()

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
        """Hand one message to the broker's client; `delivered` is called once the broker has it."""
        if self._fatal:
            raise BrokerFatal(self._fatal)

        def on_delivery(error: KafkaError | None, _message: Message) -> None:
            with self._lock:
                self._pending -= 1
                self._waiting_since = time.time()
            if error is not None:
                self._on_error(error, lost=True)
                return
            PRODUCED.labels(topic).inc()
            if delivered:
                delivered()

        with self._lock:
            if self._pending == 0:
                self._waiting_since = time.time()
            self._pending += 1
        try:
            self._producer.produce(
                topic,
                value,
                key,
                partition=PARTITION_ANY if partition is None else partition,
                headers=headers or [],
                on_delivery=on_delivery,
            )
        except BufferError:
            self._give_back()
            raise QueueFull(f"{self._pending} messages wait for the broker") from None
        except KafkaException as error:
            self._give_back()
            raise BrokerFatal(error.args[0].str()) from None

    def pending(self) -> int:
        """Count the messages that the broker has not acknowledged."""
        return self._pending

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        """Say since when nothing could be delivered, or None while deliveries come."""
        with self._lock:
            if not self._pending or time.time() - self._waiting_since < patience_seconds:
                return None
            return datetime.fromtimestamp(self._waiting_since, UTC)

    def check(self) -> None:
        """Raise BrokerFatal once the client cannot continue."""
        if self._fatal:
            raise BrokerFatal(self._fatal)

    def flush(self, seconds: float = 10.0) -> int:
        """Wait for the broker to take what is buffered; give the number of messages still waiting."""
        return int(self._producer.flush(seconds))

    def close(self, seconds: float = 10.0) -> int:
        """Flush, stop the thread, and give the number of messages that were not delivered."""
        left = self.flush(seconds)
        self._closing.set()
        self._thread.join()
        return left

    def _give_back(self) -> None:
        with self._lock:
            self._pending -= 1

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(0.2)

    def _on_error(self, error: KafkaError, lost: bool = False) -> None:
        # What is not fatal, the client heals by itself (brokers that are away for a while).
        if lost or error.fatal():
            self._fatal = error.str()
