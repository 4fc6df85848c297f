"""Committed offsets by the second library, of a real broker: the same that the first library tells."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from cli.stack.server import KafkaServer, free_port
from collectors.kafka_collector import coordinator_client as module
from collectors.kafka_collector import group_questions
from collectors.kafka_collector.coordinator_client import CoordinatorClient
from collectors.kafka_collector.sample import TopicPartition
from runtime.settings import BaseSettings
from tests.kafka.by_hand import ByHand

pytestmark = pytest.mark.broker
ODD = ("spaced name", "ünïcødé-☃", "dots.and_under-scores", "#!'\"%$", "x" * 200)


@pytest.fixture
def settings(broker: KafkaServer) -> BaseSettings:
    return BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)


@pytest.fixture
def client(settings: BaseSettings) -> Iterator[CoordinatorClient]:
    client = CoordinatorClient(settings)
    yield client
    client._disconnect()


@pytest.fixture
def groups(broker: KafkaServer) -> list[str]:
    """Give groups of many shapes: a commit or many, of one topic or several, odd names, and one without."""
    hands = ByHand({"bootstrap.servers": broker.bootstrap_servers})
    tag = uuid.uuid4().hex
    topics = [f"topic-{number}-{tag}" for number in range(3)]
    for topic in topics:
        hands.create_topic(topic, 5)
    names = [f"{tag}-{odd}" for odd in ODD]
    for number, name in enumerate(names):
        for topic in topics[: 1 + number % 3]:
            hands.commit(name, topic, {part: 10 * number + part for part in range(1 + number)})
    many = [f"{tag}-{number}" for number in range(60)]
    hands.commit_many(many, topics[0], 7)
    return [*names, *many, f"{tag}-nothing"]


def by_the_library(settings: BaseSettings, names: list[str]) -> dict[str, dict[TopicPartition, int]]:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    told = {}
    for name in names:
        answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])[name].result(20)
        told[name] = {(one.topic, one.partition): one.offset for one in answer.topic_partitions}
    return told


def asked(client: CoordinatorClient, names: list[str]) -> dict[str, dict[TopicPartition, int]]:
    answered = client.offsets(names, 20)
    assert answered.refused == {}
    return {
        name: {place: one.offset for place, one in commits.items()} for name, commits in answered.told.items()
    }


def test_the_offsets_are_those_that_the_first_library_tells(
    settings: BaseSettings, client: CoordinatorClient, groups: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = by_the_library(settings, groups)
    assert asked(client, groups) == expected
    monkeypatch.setattr(module, "BATCH", 7)
    assert asked(client, groups) == expected


def test_an_older_broker_is_asked_for_one_group_a_request(
    settings: BaseSettings, client: CoordinatorClient, groups: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_new(names: object) -> object:
        request = group_questions._fetch_many([])
        request._min_version = request._max_version = 10_000
        return request

    for name in ("COORDINATOR", "OFFSETS"):
        monkeypatch.setattr(module, name, replace(getattr(module, name), many=too_new))
    monkeypatch.setattr(module, "IN_FLIGHT", 20)
    assert asked(client, groups) == by_the_library(settings, groups)


def test_it_may_be_asked_from_any_thread_and_its_connections_stay(
    client: CoordinatorClient, groups: list[str]
) -> None:
    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asked, client, groups).result(20)
    manager = client._manager
    asked(client, groups)
    assert client._manager is manager
    client._disconnect()
    assert client._manager is None


def test_only_a_group_that_its_coordinator_does_not_know_is_gone(
    client: CoordinatorClient, groups: list[str]
) -> None:
    answered = client.gone(groups, 20)
    assert answered.refused == {}
    assert {name for name, gone in answered.told.items() if gone} == {groups[-1]}
    assert client.gone([], 20).told == {}


def test_a_group_of_the_consumer_protocol_is_not_gone(broker: KafkaServer, client: CoordinatorClient) -> None:
    name = f"new-{uuid.uuid4().hex}"
    ByHand({"bootstrap.servers": broker.bootstrap_servers}).create_topic(name)
    told = {"bootstrap.servers": broker.bootstrap_servers, "group.id": name, "group.protocol": "consumer"}
    consumer = Consumer(told)
    try:
        consumer.subscribe([name])
        deadline = time.monotonic() + 30
        while not consumer.assignment():
            consumer.poll(0.1)
            assert time.monotonic() < deadline
        answered = client.gone([name], 20)
        assert (answered.told, answered.refused) == ({name: False}, {})
        assert client.offsets([name], 20).refused == {}
    finally:
        consumer.close()


def test_a_broker_that_stands_still_is_told_in_time_and_is_asked_anew(
    broker: KafkaServer, settings: BaseSettings, client: CoordinatorClient, groups: list[str]
) -> None:
    expected = asked(client, groups)
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        known = client.offsets(groups, 1)
        unknown = client.offsets(groups, 1)
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert (known.told, unknown.told) == ({}, {})
    assert known.refused == unknown.refused == dict.fromkeys(groups, "no answer in 1 s")
    deadline = time.monotonic() + 30
    while client.offsets(groups, 5).refused:
        assert time.monotonic() < deadline
    assert asked(client, groups) == expected


def test_a_cluster_that_is_gone_refuses_every_group() -> None:
    gone = CoordinatorClient(BaseSettings(kafka_bootstrap_servers=f"127.0.0.1:{free_port()}"))
    assert gone.offsets(["g"], 0.5).refused == {"g": "no answer in 0.5 s"}
