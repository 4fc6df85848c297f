"""What the tests of the internal topic's reader do to a real broker."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)

from cli.stack.server import KafkaServer
from collectors.kafka_collector.client import INTERNAL_TOPIC, LATEST
from collectors.kafka_collector.internal_topic import InternalTopic, Progress
from collectors.kafka_collector.sample import Commit
from runtime.settings import BaseSettings

WAIT_SECONDS = 30.0


def settings_of(broker: KafkaServer) -> BaseSettings:
    return BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)


def config_of(broker: KafkaServer) -> dict[str, Any]:
    return {"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}


def admin_of(broker: KafkaServer) -> Any:
    return AdminClient(config_of(broker))


@contextmanager
def reader_of(broker: KafkaServer, watched: Callable[[str], bool] = bool) -> Iterator[InternalTopic]:
    reader = InternalTopic(config_of(broker), watched)
    try:
        yield reader
    finally:
        reader._consumer.close()


def partitions_of(broker: KafkaServer) -> list[int]:
    return sorted(admin_of(broker).list_topics(timeout=10).topics[INTERNAL_TOPIC].partitions)


def read_all(broker: KafkaServer, reader: InternalTopic) -> Progress:
    progress = reader.read(partitions_of(broker), WAIT_SECONDS, high_watermarks(broker))
    assert progress.whole
    assert progress.left == 0
    return progress


def high_watermarks(broker: KafkaServer) -> dict[int, int]:
    """Give the ends of the internal topic's partitions, open transactions included."""
    latest = OffsetSpec.for_timestamp(LATEST)
    places = {TopicPartition(INTERNAL_TOPIC, number): latest for number in partitions_of(broker)}
    admin = admin_of(broker)  # It must outlive its futures.
    told = admin.list_offsets(places, isolation_level=IsolationLevel.READ_UNCOMMITTED)
    return {place.partition: future.result().offset for place, future in told.items()}


def groups_of(reader: InternalTopic) -> set[str]:
    return set(reader.table.groups_in(range(100)))


def offsets_of(reader: InternalTopic, group: str) -> dict[tuple[str, int], int] | None:
    found = reader.table.group(group)
    return None if found is None else {place: commit.offset for place, commit in found.commits.items()}


def until(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alter(admin: Any, group: str, offsets: dict[tuple[str, int], int]) -> None:
    """Set a group's offsets by the admin API, again while the group's coordinator is loading."""
    wanted = ConsumerGroupTopicPartitions(
        group, [TopicPartition(*place, one) for place, one in offsets.items()]
    )

    def altered() -> bool:
        (future,) = admin.alter_consumer_group_offsets([wanted], request_timeout=10).values()
        try:
            return all(one.error is None for one in future.result().topic_partitions)
        except KafkaException:
            return False

    until(altered)


def alter_many(admin: Any, groups: dict[str, dict[tuple[str, int], int]]) -> None:
    futures = []
    for group, offsets in groups.items():
        places = [TopicPartition(*place, offset) for place, offset in offsets.items()]
        request = ConsumerGroupTopicPartitions(group, places)
        futures += admin.alter_consumer_group_offsets([request], request_timeout=30).values()
    for future in futures:
        assert all(one.error is None for one in future.result().topic_partitions)


def offsets_by_admin(admin: Any, groups: list[str]) -> dict[str, dict[tuple[str, int], int]]:
    futures: dict[str, Any] = {}
    for group in groups:
        request = [ConsumerGroupTopicPartitions(group)]
        futures |= admin.list_consumer_group_offsets(request, request_timeout=30)
    return {
        group: {(one.topic, one.partition): one.offset for one in future.result().topic_partitions}
        for group, future in futures.items()
    }


@contextmanager
def member(broker: KafkaServer, group: str, topic: str, **more: object) -> Iterator[Consumer]:
    """Give a consumer of a group, with its partitions assigned."""
    consumer = Consumer({**config_of(broker), "group.id": group, "enable.auto.commit": False, **more})
    consumer.subscribe([topic])
    try:
        until(lambda: not consumer.consume(1, 0.1) and bool(consumer.assignment()))
        yield consumer
    finally:
        consumer.close()


def transaction(broker: KafkaServer, consumer: Consumer, place: TopicPartition, name: str) -> Producer:
    """Begin a transaction in which the consumer's group commits; it is left open."""
    producer = Producer({**config_of(broker), "transactional.id": name})
    producer.init_transactions(WAIT_SECONDS)
    producer.begin_transaction()
    producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), WAIT_SECONDS)
    return producer


def rule(kind: Any, name: str, operation: Any, permission: Any, what: type[Any] = AclBinding) -> Any:
    return what(kind, name, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", operation, permission)


def allow_everything(admin: Any) -> None:
    for kind in (ResourceType.TOPIC, ResourceType.GROUP):
        made = admin.create_acls([rule(kind, "*", AclOperation.ALL, AclPermissionType.ALLOW)])
        for future in made.values():
            future.result()


@contextmanager
def denied(admin: Any, kind: Any, name: str, operation: Any) -> Iterator[None]:
    for future in admin.create_acls([rule(kind, name, operation, AclPermissionType.DENY)]).values():
        future.result()
    yield
    gone = rule(kind, name, operation, AclPermissionType.DENY, AclBindingFilter)
    for future in admin.delete_acls([gone]).values():
        future.result()


def has_member(reader: InternalTopic, group: str) -> bool:
    found = reader.table.group(group)
    return found is not None and bool(found.members) and bool(found.members[0].assigned)


def commit_of(reader: InternalTopic, group: str, place: tuple[str, int]) -> Commit:
    found = reader.table.group(group)
    assert found is not None
    return found.commits[place]
