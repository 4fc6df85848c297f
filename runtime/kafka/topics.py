"""The topics at start: created where missing, checked where present; and which partition is whose."""

from dataclasses import dataclass
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from runtime.kafka.clients import client_config
from runtime.settings import BaseSettings
from schema.errors import BrokerError, BrokerUnsuitable
from schema.topics import CHANGES, EVENTS, LOG, TOPICS

REQUEST_SECONDS = 10.0


@dataclass(frozen=True)
class Topics:
    """What the broker says of our topics: the log's partition count, and each topic's id by name."""

    log_partitions: int
    ids: dict[str, str]


def partition_of(environment: str, partitions: int) -> int:
    """Give the partition of the log (and of the changes) that holds an environment whole."""
    return crc32(environment.encode()) % partitions


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
