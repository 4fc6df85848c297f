"""Kafka as every service uses it (DESIGN §3): topics, the partition of an environment, producer, consumer.

The producer is idempotent and never gives a message up (`message.timeout.ms=0`); the application never sends
a message again. Consumers commit by hand. Only this module and the Kafka collector's client import the
Kafka library.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Producer as LibraryProducer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from runtime.metrics import PRODUCED, UNDELIVERED
from runtime.settings import BaseSettings
from schema.errors import BrokerError, BrokerFatal, BrokerUnsuitable, QueueFull
from schema.topics import CHANGES, EVENTS, LOG, MAX_MESSAGE_BYTES, TOPICS

__all__ = [
    "OFFSET_BEGINNING",
    "OFFSET_END",
    "TIMESTAMP_LOG_APPEND_TIME",
    "Consumer",
    "KafkaError",
    "KafkaException",
    "Message",
    "Producer",
    "TopicPartition",
    "Topics",
    "client_config",
    "ensure_own_topics",
    "ensure_topics",
    "headers_of",
    "open_consumer",
    "partition_of",
]

REQUEST_SECONDS = 10.0
QUEUE_BYTES = 64 * 1024 * 1024
PARTITION_ANY = -1
"""The client chooses the partition."""

Headers = list[tuple[str, str | bytes | None]]
Config = dict[str, str | int | float | bool]


@dataclass(frozen=True)
class Topics:
    """What the broker says of our topics: the log's partition count, and each topic's id by name."""

    log_partitions: int
    ids: dict[str, str]


def partition_of(environment: str, partitions: int) -> int:
    """Give the partition of the log (and of the changes) that holds an environment whole."""
    return crc32(environment.encode()) % partitions


def client_config(settings: BaseSettings, client_id: str) -> Config:
    """Give what every client of the broker needs: addresses, security, and a quick return after an outage."""
    config: Config = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": client_id,
        "security.protocol": settings.kafka_security_protocol,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "socket.keepalive.enable": True,
        "allow.auto.create.topics": False,
        # While a broker is away the library would print a line per attempt; readiness tells it once.
        "log_level": 2,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = settings.kafka_sasl_username
        config["sasl.password"] = settings.kafka_sasl_password
    if settings.kafka_ssl_ca_location:
        config["ssl.ca.location"] = settings.kafka_ssl_ca_location
    return config


def ensure_topics(settings: BaseSettings) -> Topics:
    """Create the topics that are missing, and check those that are there.

    Raises BrokerError while the broker does not answer, and BrokerUnsuitable when it cannot carry the log:
    another partition count than ORACLE_LOG_PARTITIONS, or no LogAppendTime without ORACLE_EPHEMERAL=true.
    """
    admin = AdminClient(client_config(settings, "oracle-topics"))
    try:
        present = admin.list_topics(timeout=REQUEST_SECONDS).topics
        missing = [
            NewTopic(
                spec.name,
                num_partitions=settings.oracle_log_partitions,
                replication_factor=-1,
                config=spec.settings(),
            )
            for spec in TOPICS
            if spec.name not in present
        ]
        if missing:
            _create(admin, missing)
        described = admin.describe_topics(
            TopicCollection([spec.name for spec in TOPICS]), request_timeout=REQUEST_SECONDS
        )
        topics = {name: future.result() for name, future in described.items()}
        if not settings.oracle_ephemeral:
            _check_append_time(admin)
    except KafkaException as error:
        raise BrokerError(f"the broker does not answer: {error.args[0].str()}") from None
    counts = {name: len(topics[name].partitions) for name in (LOG, CHANGES)}
    if set(counts.values()) != {settings.oracle_log_partitions}:
        raise BrokerUnsuitable(
            f"ORACLE_LOG_PARTITIONS is {settings.oracle_log_partitions}, but the topics have {counts}: "
            "set it to what they have (a partition count is fixed at creation)"
        )
    return Topics(
        settings.oracle_log_partitions, {name: str(topic.topic_id) for name, topic in topics.items()}
    )


def ensure_own_topics(settings: BaseSettings, names: list[str], partitions: int) -> None:
    """Create a service's own topics (an agent's tasks) and the intake of events, where they are missing.

    Raises BrokerError while the broker does not answer, or refuses.
    """
    admin = AdminClient(client_config(settings, "oracle-topics"))
    try:
        present = admin.list_topics(timeout=REQUEST_SECONDS).topics
        missing = [
            NewTopic(name, num_partitions=partitions, replication_factor=-1)
            for name in names
            if name not in present
        ]
        missing += [
            NewTopic(spec.name, settings.oracle_log_partitions, -1, config=spec.settings())
            for spec in TOPICS
            if spec.name == EVENTS and spec.name not in present
        ]
        if missing:
            _create(admin, missing)
    except KafkaException as error:
        raise BrokerError(f"the broker does not answer: {error.args[0].str()}") from None


def _create(admin: AdminClient, missing: list[NewTopic]) -> None:
    for future in admin.create_topics(missing, request_timeout=REQUEST_SECONDS).values():
        try:
            future.result()
        except KafkaException as error:
            # Another service created it at the same time.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _check_append_time(admin: AdminClient) -> None:
    resource = ConfigResource(ResourceType.TOPIC, LOG)
    (future,) = admin.describe_configs([resource], request_timeout=REQUEST_SECONDS).values()
    kind = future.result()["message.timestamp.type"].value
    if kind != "LogAppendTime":
        raise BrokerUnsuitable(
            f"topic {LOG} has message.timestamp.type={kind}, and ticks need LogAppendTime: "
            "change the topic, or set ORACLE_EPHEMERAL=true for a broker that is only for trying"
        )


def open_consumer(settings: BaseSettings, group: str, *, from_start: bool = True) -> Consumer:
    """Open a consumer that commits by hand and sees oversized messages too, so they can be rejected."""
    return Consumer(
        {
            **client_config(settings, group),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest" if from_start else "latest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1500,
            "fetch.message.max.bytes": 2 * MAX_MESSAGE_BYTES,
            "queued.max.messages.kbytes": 32 * 1024,
            # The fallback broker answers an empty fetch only at this limit (docs/TROUBLESHOOTING.md).
            "fetch.wait.max.ms": 10 if settings.oracle_ephemeral else 250,
            "fetch.error.backoff.ms": 100,
        }
    )


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """Give a message's headers; one without a value has empty bytes."""
    rows = message.headers() or []
    pairs = rows.items() if isinstance(rows, dict) else rows
    return [(str(name), value if isinstance(value, bytes) else b"") for name, value in pairs]


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
        UNDELIVERED.set(self._pending)
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
