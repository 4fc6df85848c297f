"""The collector against clusters that are more than one open broker: three of them; SASL, TLS and ACLs."""

import time
from collections.abc import Callable

import pytest
from msgspec import UNSET, UnsetType

from collectors.kafka_collector.settings import CommitsChoice
from runtime.settings import BaseSettings
from schema.errors import SourceUnavailable
from schema.observed import KafkaClusterObserved
from tests.kafka.cluster import KafkaCluster
from tests.kafka.secured import DENIED_GROUP, DENIED_TOPIC, SecuredKafka
from tests.kafka.tool import GroupsTool
from tests.kafka.watching import Watcher, watcher
from tests.kafka.workload import Workload

OPEN_GROUP, OPEN_TOPIC = "open-group", "open-topic"


async def take_until(watching: Watcher, told: Callable[[KafkaClusterObserved], bool]) -> None:
    """Take samples until one tells what is awaited; one that finds the cluster away counts as none."""
    deadline = time.monotonic() + 40
    while True:
        try:
            await watching.take()
        except SourceUnavailable:
            watching.cluster = None
        if watching.cluster is not None and told(watching.cluster):
            return
        assert time.monotonic() < deadline, f"{watching.cluster}, {watching.troubles}"


def secured_settings(kafka: SecuredKafka, user: str, password: str = "") -> BaseSettings:
    return BaseSettings(
        kafka_bootstrap_servers=kafka.bootstrap_servers,
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username=user,
        kafka_sasl_password=password or kafka.password(user),
        kafka_ssl_ca_location=str(kafka.ca_path),
    )


@pytest.fixture(scope="module")
def filled(secured_kafka: SecuredKafka) -> SecuredKafka:
    """Give the secured broker with two topics of three messages, of each of which a group has read one."""
    with Workload(secured_kafka.config("admin")) as workload:
        for topic, group in ((DENIED_TOPIC, DENIED_GROUP), (OPEN_TOPIC, OPEN_GROUP)):
            workload.create_topic(topic)
            workload.produce(topic, 3)
            workload.reader(group, topic).read(1)
    return secured_kafka


@pytest.mark.parametrize("commits_from", ["internal_topic", "admin_api"])
async def test_a_broker_of_three_that_is_gone_is_named_and_the_lag_stays_the_tools(
    three_brokers: KafkaCluster, groups_tool_jars: object, commits_from: CommitsChoice
) -> None:
    topic, group = f"replicated-{commits_from}", f"group-{commits_from}"
    settings = BaseSettings(kafka_bootstrap_servers=three_brokers.bootstrap_servers)
    with Workload({"bootstrap.servers": three_brokers.bootstrap_servers}) as workload:
        workload.create_topic(topic, partitions=3, replication=3)
        workload.produce(topic, 5)
        reader = workload.reader(group, topic)
        reader.read(2)
        watching = watcher(settings, commits_from)
        await take_until(watching, lambda cluster: cluster.brokers == 3)
        assert watching.groups[group].lag_messages == 9
        three_brokers.kill(1)
        workload.produce(topic, 5)
        reader.read(1)
        await take_until(watching, lambda cluster: cluster.brokers == 2 and not watching.troubles)
        assert watching.cluster is not None
        assert watching.cluster.brokers_missing == [1]
        tool = GroupsTool(three_brokers.bootstrap_servers)
        told = {
            row.partition: (row.current_offset, row.log_end_offset, row.lag) for row in tool.offsets([group])
        }
        assert told == dict.fromkeys(range(3), (3, 10, 7))
        await take_until(watching, lambda _: watching.groups[group].lag_messages == 21)
        three_brokers.start_broker(1)
        await take_until(watching, lambda cluster: cluster.brokers == 3)
        assert isinstance(watching.cluster.brokers_missing, UnsetType)
        assert watching.groups[group].lag_messages == 21


async def test_who_may_read_the_internal_topic_knows_commits_by_it_over_sasl_and_tls(
    filled: SecuredKafka,
) -> None:
    watching = watcher(secured_settings(filled, "watcher"))
    await take_until(watching, lambda _: {OPEN_GROUP, DENIED_GROUP} <= watching.groups.keys())
    assert watching.cluster is not None
    assert watching.cluster.commits_from == "internal_topic"
    assert [watching.groups[group].lag_messages for group in (OPEN_GROUP, DENIED_GROUP)] == [2, 2]


async def test_who_may_not_is_told_so_and_what_is_denied_costs_nothing_else(filled: SecuredKafka) -> None:
    watching = watcher(secured_settings(filled, "partial"))
    await take_until(watching, lambda _: OPEN_GROUP in watching.groups)
    assert watching.cluster is not None
    assert watching.cluster.commits_from == "admin_api"
    assert "__consumer_offsets" in str(watching.cluster.commits_from_reason)
    assert watching.groups[OPEN_GROUP].lag_messages == 2
    assert OPEN_TOPIC in watching.topics
    denied = watching.groups[DENIED_GROUP]
    assert denied.lag_messages is UNSET
    assert "uthoriz" in str(denied.unavailable)


async def test_a_wrong_password_is_an_unavailable_source_and_is_not_repeated(filled: SecuredKafka) -> None:
    watching = watcher(secured_settings(filled, "watcher", password="not-this-one"))
    with pytest.raises(SourceUnavailable) as raised:
        await watching.take()
    assert "not-this-one" not in str(raised.value)
    assert "uthentication" in str(raised.value)
