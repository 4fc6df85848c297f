"""Coordinators that move, and a group that may not be read: what is told of real brokers."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from collectors.kafka_collector.admin_way import AdminWay
from collectors.kafka_collector.coordinator_client import Answered, CoordinatorClient
from collectors.kafka_collector.coordinators import Told
from collectors.kafka_collector.group_questions import Commits
from collectors.kafka_collector.sample import Commit, GroupSample
from runtime.settings import BaseSettings
from tests.kafka.by_hand import ByHand, unique
from tests.kafka.cluster import KafkaCluster
from tests.kafka.secured import DENIED_GROUP, SecuredKafka

INTERVAL_SECONDS = 2.0
ROUNDS = 2
GROUPS = 60
GROUP_AUTHORIZATION_FAILED = 30


def test_coordinators_that_are_killed_while_they_are_asked_cost_no_commit(
    three_brokers: KafkaCluster,
) -> None:
    hands = ByHand({"bootstrap.servers": three_brokers.bootstrap_servers})
    topic, tag = unique("topic"), unique("group")
    hands.create_topic(topic)
    groups = [f"{tag}-{number}" for number in range(GROUPS)]
    hands.commit(groups[0], topic, {0: 1})
    hands.commit_many(groups, topic, 1)
    client = CoordinatorClient(BaseSettings(kafka_bootstrap_servers=three_brokers.bootstrap_servers))
    way, ended = AdminWay(), Event()
    answers = [client.offsets(groups, 10)]
    told = [way.take(_told(answers[0]))]

    def ask() -> None:
        """Ask without a pause; of some answers, an interval apart, the samples are made."""
        next_at = 0.0
        while not ended.is_set():
            answers.append(client.offsets(groups, 10))
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + INTERVAL_SECONDS
                told.append(way.take(_told(answers[-1])))

    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(ask)
        try:
            for number in [*three_brokers.servers] * ROUNDS:
                three_brokers.servers[number].kill()
                three_brokers.start_broker(number)
                # Else nobody is left who may tell what was acknowledged, for as long as that takes.
                three_brokers.wait_for_replicas()
        finally:
            ended.set()
    asking.result()
    expected = {(topic, 0): Commit(1)}
    for one in answers:
        assert one.told.keys() | one.refused.keys() == set(groups)
    # A new coordinator tells what lies below the high watermark, which for a moment is not all of it.
    for sample in told:
        shown = {name: group.commits for name, group in sample.groups.items()}
        assert shown == dict.fromkeys(groups, expected)
    deadline = time.monotonic() + 60
    while (last := client.offsets(groups, 10)).told != dict.fromkeys(groups, expected):
        assert last.told.keys().isdisjoint(last.refused)
        assert time.monotonic() < deadline, last
    client._disconnect()


def _told(answered: Answered[Commits]) -> Told:
    groups = {name: GroupSample(name, "Empty", commits=commits) for name, commits in answered.told.items()}
    groups |= {name: GroupSample(name, "Empty", refused=str(why)) for name, why in answered.refused.items()}
    return Told(groups, whole=True)


def test_a_group_that_may_not_be_described_is_refused_and_the_others_are_told(
    secured_kafka: SecuredKafka,
) -> None:
    topic, group = unique("topic"), unique("group")
    hands = ByHand(secured_kafka.config("admin"))
    hands.create_topic(topic)
    for name in (group, DENIED_GROUP):
        hands.commit(name, topic, {0: 2})
    for mechanism in ("PLAIN", "SCRAM-SHA-512"):
        client = CoordinatorClient(
            BaseSettings(
                kafka_bootstrap_servers=secured_kafka.bootstrap_servers,
                kafka_security_protocol="SASL_SSL",
                kafka_sasl_mechanism=mechanism,
                kafka_sasl_username="partial",
                kafka_sasl_password=secured_kafka.password("partial"),
                kafka_ssl_ca_location=str(secured_kafka.ca_path),
            )
        )
        answered = client.offsets([group, DENIED_GROUP], 10)
        assert answered.told == {group: {(topic, 0): Commit(2)}}
        assert answered.refused == {DENIED_GROUP: GROUP_AUTHORIZATION_FAILED}
        assert client.gone([group, DENIED_GROUP], 10).refused == {DENIED_GROUP: GROUP_AUTHORIZATION_FAILED}
        client._disconnect()


def test_a_wrong_password_refuses_every_group_and_is_not_told(secured_kafka: SecuredKafka) -> None:
    client = CoordinatorClient(
        BaseSettings(
            kafka_bootstrap_servers=secured_kafka.bootstrap_servers,
            kafka_security_protocol="SASL_SSL",
            kafka_sasl_username="partial",
            kafka_sasl_password="wr0ng",
            kafka_ssl_ca_location=str(secured_kafka.ca_path),
        )
    )
    refused = client.offsets(["g"], 5).refused
    assert refused.keys() == {"g"}
    assert "wr0ng" not in str(refused)
    client._disconnect()
