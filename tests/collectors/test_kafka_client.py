"""The Kafka collector against the real broker, by both ways of knowing commits."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import get_args

import pytest
from msgspec import UNSET

from cli.stack.server import KafkaServer, free_port
from collectors.base.collector import Collector, Complete, Gone, Observed, Partial
from collectors.kafka_collector.collector import make
from collectors.kafka_collector.settings import KafkaSettings
from runtime.kafka import Consumer, Producer, TopicPartition, open_consumer
from runtime.settings import BaseSettings
from schema.errors import SourceUnavailable
from schema.models import Group, Topic
from schema.observed import KafkaClusterObserved
from schema.part_models import CommitsFrom
from tests.collectors.topics import create_topic

pytestmark = pytest.mark.broker
both_ways = pytest.mark.parametrize("way", get_args(CommitsFrom))
DEADLINE_SECONDS = 40


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


class Watched:
    """The composed collector, and what it has told so far."""

    def __init__(self, broker: KafkaServer, way: CommitsFrom, own: bool = False) -> None:
        settings = KafkaSettings(
            watched_kafka_bootstrap_servers=broker.bootstrap_servers,
            watched_kafka_commits_from=way,
            watched_kafka_include_own=own,
        )
        self.collector: Collector
        self.collector, self.instance = make(settings)
        self.told: dict[tuple[str, str], object] = {}
        self.complete: set[str] = set()
        self.troubles: list[str] = []

    async def take(self) -> None:
        self.troubles = []
        async for item in self.collector.observe():
            if isinstance(item, Observed):
                self.told[item.kind, item.id] = item.value
            elif isinstance(item, Gone):
                self.told.pop((item.kind, item.id), None)
            elif isinstance(item, Complete):
                self.complete.update(item.kinds)
            elif isinstance(item, Partial):
                self.troubles.append(item.reason)

    async def take_whole(self) -> None:
        """Take samples until one has read all there is: the internal topic may be long."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        await self.take()
        while self.troubles or "group" not in self.complete:
            assert time.monotonic() < deadline, self.troubles
            await self.take()

    def group(self, name: str) -> Group:
        found = self.told["group", name]
        assert isinstance(found, Group)
        return found

    def topic(self, name: str) -> Topic:
        found = self.told["topic", name]
        assert isinstance(found, Topic)
        return found


def names(what: str) -> tuple[str, str]:
    return f"tasks-{uuid.uuid4().hex}", f"{what}-{uuid.uuid4().hex}"


@both_ways
async def test_lag_of_a_group_before_and_after_consuming(broker: KafkaServer, way: CommitsFrom) -> None:
    settings, (topic, group) = settings_of(broker), names("writer")
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 10)
    watched = Watched(broker, way)
    with member(settings, group, topic) as consumer:
        read(consumer, 10)
        produce(settings, topic, 6)
        await watched.take_whole()
        lagging, shown = watched.group(group), watched.topic(topic)
        read(consumer, 6)
        await watched.take_whole()
        caught_up, later = watched.group(group), watched.topic(topic)
    assert (lagging.lag_messages, caught_up.lag_messages, caught_up.lag_seconds) == (6, 0, 0.0)
    assert [(p.partition, p.committed_offset, p.end_offset, p.lag_messages) for p in lagging.partitions] == [
        (0, 5, 8, 3),
        (1, 5, 8, 3),
    ]
    assert lagging.state == "Stable"
    assert [(m.client_id, m.host, m.topics) for m in lagging.members] == [(group, "127.0.0.1", [topic])]
    assert (shown.partitions, shown.depth, shown.under_replicated, shown.messages) == (2, 6, 0, 16)
    assert (later.depth, later.messages) == (0, 16)
    cluster = watched.told["kafka_cluster", "cluster"]
    assert isinstance(cluster, KafkaClusterObserved)
    assert (cluster.brokers, cluster.commits_from) == (1, way)
    assert watched.instance == broker.bootstrap_servers


@both_ways
async def test_an_assigned_partition_without_a_commit_has_no_lag_and_says_why(
    broker: KafkaServer, way: CommitsFrom
) -> None:
    settings, (topic, group) = settings_of(broker), names("new")
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 4)
    with member(settings, group, topic) as consumer:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not consumer.assignment():
            assert time.monotonic() < deadline
            consumer.consume(1, 0.1)
        watched = Watched(broker, way)
        await watched.take_whole()
    found = watched.group(group)
    assert [(p.lag_messages, p.doubt, p.end_offset) for p in found.partitions] == [
        (UNSET, "no_commit", 2),
        (UNSET, "no_commit", 2),
    ]
    assert found.lag_messages is UNSET


@both_ways
async def test_a_group_without_members_is_seen_and_a_commit_beyond_the_end_is_no_lag(
    broker: KafkaServer, way: CommitsFrom
) -> None:
    settings, (topic, group) = settings_of(broker), names("empty")
    create_topic(settings, topic, partitions=2)
    produce(settings, topic, 4)
    consumer = open_consumer(settings, group)
    consumer.commit(offsets=[TopicPartition(topic, 0, 99), TopicPartition(topic, 1, 1)], asynchronous=False)
    consumer.close()
    watched = Watched(broker, way)
    await watched.take_whole()
    found = watched.group(group)
    assert (found.state, found.members, found.lag_messages) == ("Empty", [], 1)
    assert [(p.lag_messages, p.doubt) for p in found.partitions] == [(0, "beyond_end"), (1, UNSET)]


@both_ways
async def test_our_own_topics_and_groups_are_left_out_unless_asked_for(
    broker: KafkaServer, way: CommitsFrom
) -> None:
    settings, name = settings_of(broker), f"oracle-{uuid.uuid4().hex}"
    create_topic(settings, name, partitions=2)
    consumer = open_consumer(settings, name)
    consumer.commit(offsets=[TopicPartition(name, 0, 0)], asynchronous=False)
    consumer.close()
    without, with_own = Watched(broker, way), Watched(broker, way, own=True)
    await without.take_whole()
    await with_own.take_whole()
    assert not {("topic", name), ("group", name)} & without.told.keys()
    assert {("topic", name), ("group", name)} <= with_own.told.keys()


@both_ways
async def test_the_oldest_unread_message_has_the_age_that_its_timestamp_says(
    broker: KafkaServer, way: CommitsFrom
) -> None:
    settings, (topic, group) = settings_of(broker), names("old")
    create_topic(settings, topic, partitions=2)
    consumer = open_consumer(settings, group)
    consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
    consumer.close()
    before = time.time()
    produce(settings, topic, 2)
    after = time.time()
    watched = Watched(broker, way)
    await watched.take_whole()
    (shown,) = watched.group(group).partitions
    assert isinstance(shown.unread_since, datetime)
    # To the interval of two seconds, as a watcher that begins later has nothing but the timestamps.
    assert before - 2.0 <= shown.unread_since.timestamp() <= after + 2.0


async def test_a_broker_that_is_not_there_is_an_unavailable_source_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.kafka_collector.client.REQUEST_SECONDS", 1.0)
    address = f"127.0.0.1:{free_port()}"
    collector, _ = make(KafkaSettings(watched_kafka_bootstrap_servers=address))
    with pytest.raises(SourceUnavailable, match=rf"{address} does not answer: .*[Cc]onnect"):
        _ = [item async for item in collector.observe()]
