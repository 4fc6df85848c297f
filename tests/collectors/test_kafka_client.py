"""The Kafka collector against the real broker."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.stack.server import KafkaServer, free_port
from collectors.base.collector import Complete, Observed
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.collector import KafkaCollector
from runtime.kafka import Consumer, Producer, TopicPartition, open_consumer
from runtime.settings import BaseSettings
from schema.errors import SourceUnavailable
from schema.models import Group, Topic
from tests.collectors.topics import create_topic

pytestmark = pytest.mark.broker


def settings_of(broker: KafkaServer) -> BaseSettings:
    return BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)


@contextmanager
def member(settings: BaseSettings, group: str, topic: str) -> Iterator[Consumer]:
    consumer = open_consumer(settings, group)
    consumer.subscribe([topic])
    try:
        yield consumer
    finally:
        consumer.close()


def produce(settings: BaseSettings, topic: str, count: int) -> None:
    producer = Producer(settings, "test")
    for number in range(count):
        producer.publish(topic, b"task", partition=number % 2)
    assert producer.close() == 0


def read(consumer: Consumer, count: int) -> None:
    """Read `count` messages, in batches, and commit them."""
    left, deadline = count, time.monotonic() + 20
    while left:
        assert time.monotonic() < deadline
        left -= len(consumer.consume(left, 0.2))
    positions = consumer.position(consumer.assignment())
    consumer.commit(offsets=[place for place in positions if place.offset >= 0], asynchronous=False)


async def one_pass(collector: KafkaCollector) -> dict[tuple[str, str], object]:
    items = [item async for item in collector.observe()]
    assert Complete(("group",)) in items
    return {(item.kind, item.id): item.value for item in items if isinstance(item, Observed)}


async def test_lag_of_a_group_before_and_after_consuming(broker: KafkaServer) -> None:
    settings, topic, group = settings_of(broker), f"tasks-{uuid.uuid4().hex}", f"writer-{uuid.uuid4().hex}"
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 10)
    collector = KafkaCollector(KafkaClient(settings, include_own=False))
    with member(settings, group, topic) as consumer:
        read(consumer, 10)
        produce(settings, topic, 6)
        before = await one_pass(collector)
        read(consumer, 6)
        after = await one_pass(collector)
    lagging, caught_up = before["group", group], after["group", group]
    assert isinstance(lagging, Group)
    assert isinstance(caught_up, Group)
    assert (lagging.lag_messages, caught_up.lag_messages) == (6, 0)
    assert [(p.partition, p.committed_offset, p.end_offset, p.lag_messages) for p in lagging.partitions] == [
        (0, 5, 8, 3),
        (1, 5, 8, 3),
    ]
    assert lagging.state == "Stable"
    assert [(m.client_id, m.host) for m in lagging.members] == [(group, "127.0.0.1")]
    shown = before["topic", topic]
    assert isinstance(shown, Topic)
    assert (shown.partitions, shown.depth, shown.under_replicated) == (2, 6, 0)
    later = after["topic", topic]
    assert isinstance(later, Topic)
    assert (later.depth, later.produced_per_second) == (0, 0.0)


async def test_groups_are_seen_again_after_the_broker_was_killed(broker: KafkaServer) -> None:
    settings, topic, group = settings_of(broker), f"tasks-{uuid.uuid4().hex}", f"writer-{uuid.uuid4().hex}"
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 4)
    collector = KafkaCollector(KafkaClient(settings, include_own=False))
    with member(settings, group, topic) as consumer:
        read(consumer, 4)
        assert ("group", group) in await one_pass(collector)
        broker.kill()
        broker.start()
        deadline = time.monotonic() + 40
        seen: set[str] = set()
        while group not in seen:
            assert time.monotonic() < deadline
            consumer.poll(0.5)
            try:
                items = [item async for item in collector.observe()]
            except SourceUnavailable:
                continue
            seen = {item.id for item in items if isinstance(item, Observed) and item.kind == "group"}


async def test_an_assigned_partition_without_a_commit_lags_from_its_beginning(broker: KafkaServer) -> None:
    settings, topic, group = settings_of(broker), f"tasks-{uuid.uuid4().hex}", f"new-{uuid.uuid4().hex}"
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 4)
    with member(settings, group, topic) as consumer:
        while not consumer.assignment():
            consumer.consume(1, 0.1)
        found = (await one_pass(KafkaCollector(KafkaClient(settings, include_own=False))))["group", group]
    assert isinstance(found, Group)
    assert (found.lag_messages, [p.lag_messages for p in found.partitions]) == (4, [2, 2])


async def test_a_group_without_members_is_seen_and_a_commit_beyond_the_end_is_no_lag(
    broker: KafkaServer,
) -> None:
    settings, topic, group = settings_of(broker), f"tasks-{uuid.uuid4().hex}", f"empty-{uuid.uuid4().hex}"
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 4)
    consumer = open_consumer(settings, group)
    consumer.commit(offsets=[TopicPartition(topic, 0, 99), TopicPartition(topic, 1, 1)], asynchronous=False)
    consumer.close()
    found = (await one_pass(KafkaCollector(KafkaClient(settings, include_own=False))))["group", group]
    assert isinstance(found, Group)
    assert (found.state, found.members, found.lag_messages) == ("Empty", [], 1)


async def test_our_own_topics_and_groups_are_left_out_unless_asked_for(broker: KafkaServer) -> None:
    settings, name = settings_of(broker), f"oracle-{uuid.uuid4().hex}"
    create_topic(settings, name, partitions=2)
    consumer = open_consumer(settings, name)
    consumer.commit(offsets=[TopicPartition(name, 0, 0)], asynchronous=False)
    consumer.close()
    without = await one_pass(KafkaCollector(KafkaClient(settings, include_own=False)))
    with_own = await one_pass(KafkaCollector(KafkaClient(settings, include_own=True)))
    assert not {("topic", name), ("group", name)} & without.keys()
    assert {("topic", name), ("group", name)} <= with_own.keys()


async def test_a_broker_that_is_not_there_is_an_unavailable_source_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.kafka_collector.client.REQUEST_SECONDS", 1.0)
    address = f"127.0.0.1:{free_port()}"
    client = KafkaClient(BaseSettings(kafka_bootstrap_servers=address), include_own=False)
    with pytest.raises(SourceUnavailable, match=rf"{address} does not answer: .*[Cc]onnect"):
        await client.sample()
