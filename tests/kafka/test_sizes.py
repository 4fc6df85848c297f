"""Topics' sizes where a password and a permission are needed, and where each message lies on three disks."""

import logging
import uuid
from collections import defaultdict

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the stubs do not re-export them
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourceType,
)
from kafka.errors import KafkaError

from collectors.kafka_collector import sizes
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.sizes import ask_for, by_topic
from runtime.settings import BaseSettings
from tests.kafka.cluster import KafkaCluster
from tests.kafka.secured import Mechanism, SecuredKafka, acl, create_acls

MESSAGES, MESSAGE_BYTES = 200, 500


def settings_of(secured: SecuredKafka, user: str, mechanism: Mechanism, password: str = "") -> BaseSettings:
    return BaseSettings(
        kafka_bootstrap_servers=secured.bootstrap_servers,
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism=mechanism,
        kafka_sasl_username=user,
        kafka_sasl_password=password or secured.password(user),
        kafka_ssl_ca_location=str(secured.ca_path),
    )


def filled_topic(config: dict[str, str | int | float | bool], partitions: int, replicas: int) -> str:
    name = f"sized-{uuid.uuid4().hex}"
    admin = AdminClient(config)
    (made,) = admin.create_topics([NewTopic(name, partitions, replicas)]).values()
    made.result(20)
    producer = Producer({**config, "acks": "all"})
    for number in range(MESSAGES):
        producer.produce(name, bytes(MESSAGE_BYTES), partition=number % partitions)
    assert producer.flush(20) == 0
    return name


async def told_sizes(settings: BaseSettings, topic: str) -> dict[str, int]:
    """Ask the leaders that the cluster names; give the size of this topic, if it is told."""
    client = KafkaClient(settings)
    leaders = {place: on for place, on in (await client.metadata({})).leaders.items() if place[0] == topic}
    assert leaders
    ask = ask_for(settings)
    assert ask is not None
    return by_topic(leaders, ask(leaders))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_who_may_describe_the_cluster_is_told_the_size(
    secured_kafka: SecuredKafka, mechanism: Mechanism
) -> None:
    topic = filled_topic(secured_kafka.config("admin"), 2, 1)
    data = secured_kafka.server.log_path.parent / "data"
    files = data.glob(f"{topic}-[0-9]*/*.log")
    told = await told_sizes(settings_of(secured_kafka, "watcher", mechanism), topic)
    assert told == {topic: sum(one.stat().st_size for one in files)}


async def test_who_may_not_describe_the_cluster_is_told_no_size_and_of_no_trouble(
    secured_kafka: SecuredKafka, caplog: pytest.LogCaptureFixture
) -> None:
    topic = filled_topic(secured_kafka.config("admin"), 2, 1)
    cluster = (ResourceType.BROKER, "kafka-cluster", AclOperation.DESCRIBE, AclPermissionType.DENY)
    create_acls(AdminClient(secured_kafka.config("admin")), [acl("partial", *cluster)])
    caplog.set_level(logging.DEBUG)
    assert await told_sizes(settings_of(secured_kafka, "partial", "PLAIN"), topic) == {}
    assert not [one for one in caplog.records if one.name.startswith("kafka")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_an_error_that_does_not_name_it(
    secured_kafka: SecuredKafka,
    mechanism: Mechanism,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sizes, "REQUEST_SECONDS", 1.0)
    caplog.set_level(logging.DEBUG)
    ask = ask_for(settings_of(secured_kafka, "watcher", mechanism, "not-the-s3cret"))
    assert ask is not None
    with pytest.raises(KafkaError) as raised:
        ask({("any", 0): 1})
    assert "s3cret" not in f"{raised.value!r}{caplog.text}{''.join(capfd.readouterr())}"


async def test_of_three_copies_one_is_the_size(three_brokers: KafkaCluster) -> None:
    servers = three_brokers.bootstrap_servers
    topic = filled_topic({"bootstrap.servers": servers}, 6, 3)
    told = await told_sizes(BaseSettings(kafka_bootstrap_servers=servers), topic)
    copies: dict[str, list[int]] = defaultdict(list)
    for server in three_brokers.servers.values():
        for one in (server.log_path.parent / "data").glob(f"{topic}-[0-9]*/*.log"):
            copies[one.parent.name].append(one.stat().st_size)
    assert [len(one) for one in copies.values()] == [3] * 6
    # A follower may be behind, its leader is not.
    assert told == {topic: sum(max(one) for one in copies.values())}
    assert told[topic] > MESSAGES * MESSAGE_BYTES
