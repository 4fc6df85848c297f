"""The real servers of the local stack and of this suite, and what they are for."""

import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cli.stack.server import KafkaServer, PostgresServer


def _create(broker: KafkaServer, topic: NewTopic) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for created in admin.create_topics([topic]).values():
        created.result(10)


@pytest.mark.broker
def test_the_broker_keeps_what_was_acknowledged_when_it_is_killed(broker: KafkaServer) -> None:
    servers = {"bootstrap.servers": broker.bootstrap_servers}
    _create(broker, NewTopic("kept", 1, 1))
    producer = Producer(servers)
    producer.produce("kept", value=b"before")
    assert producer.flush(10) == 0
    broker.kill()
    assert not broker.running
    broker.start()
    consumer = Consumer({**servers, "group.id": "reader", "auto.offset.reset": "earliest"})
    consumer.subscribe(["kept"])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    assert message.value() == b"before"


@pytest.mark.broker
def test_the_broker_takes_a_message_of_nearly_four_mebibytes(broker: KafkaServer) -> None:
    servers = {"bootstrap.servers": broker.bootstrap_servers}
    config = {"max.message.bytes": str(4 * 1024 * 1024)}
    _create(broker, NewTopic("large", 1, 1, config=config))
    producer = Producer({**servers, "message.max.bytes": 8 * 1024 * 1024})
    failures: list[object] = []
    producer.produce(
        "large", value=b"x" * (4 * 1024 * 1024 - 1000), on_delivery=lambda e, _: failures.append(e)
    )
    producer.flush(10)
    assert failures == [None]


@pytest.mark.broker
def test_a_topic_is_not_created_by_a_mistyped_name(broker: KafkaServer) -> None:
    failures: list[object] = []
    producer = Producer(
        {"bootstrap.servers": broker.bootstrap_servers, "topic.metadata.propagation.max.ms": 100}
    )
    producer.produce("oracle.lgo", value=b"x", on_delivery=lambda e, _: failures.append(e))
    producer.flush(10)
    assert [str(failure.code()) for failure in failures if hasattr(failure, "code")] == ["3"]


@pytest.mark.database
def test_the_database_comes_back_after_a_kill_with_what_was_committed(
    postgres: PostgresServer, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    postgres.kill()
    postgres.start()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


@pytest.mark.database
def test_each_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)


@pytest.mark.database
def test_the_database_wants_its_password(postgres: PostgresServer) -> None:
    without = postgres.url.replace(postgres.url.split(":")[2].split("@")[0], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without)
