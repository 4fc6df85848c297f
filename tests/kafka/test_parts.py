"""The real Kafkas of the tests, Kafka's own tool and the workload do what they are for."""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # not re-exported

from cli.stack.jars import KAFKA_VERSION
from cli.stack.server import KafkaServer
from tests.kafka.secured import DENIED_GROUP, DENIED_TOPIC, Mechanism, SecuredKafka
from tests.kafka.tool import GroupsTool, MemberRow, OffsetRow, StateRow, ToolFailed, offset_rows
from tests.kafka.truth import Lag
from tests.kafka.workload import Protocol, Workload

LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call] # the library does not annotate it


@pytest.fixture
def workload(broker: KafkaServer) -> Iterator[Workload]:
    with Workload({"bootstrap.servers": broker.bootstrap_servers}) as made:
        yield made


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def rows_by_admin_api(admin: AdminClient, group: str) -> set[tuple[str, int, int, int]]:
    """Give topic, partition, committed offset and end offset of everything that a group has committed."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
    committed = [place for place in asked.result(10).topic_partitions or () if place.offset >= 0]
    ends = admin.list_offsets({TopicPartition(p.topic, p.partition): LATEST for p in committed})
    end_of = {(p.topic, p.partition): end.result(10).offset for p, end in ends.items()}
    return {(p.topic, p.partition, p.offset, end_of[p.topic, p.partition]) for p in committed}


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_the_tools_rows_equal_the_offsets_of_the_admin_api_and_of_the_workload(
    broker: KafkaServer, workload: Workload, groups_tool_jars: object, protocol: Protocol
) -> None:
    topic, group = unique("rows"), unique("group")
    workload.create_topic(topic, partitions=2)
    workload.produce(topic, 10)
    reader = workload.reader(group, topic, protocol)
    assert reader.read(4) == 8
    reader.rewind(1, 1)
    rows = GroupsTool(broker.bootstrap_servers).offsets([group])
    expected = {(topic, 0, 4, 10), (topic, 1, 1, 10)}
    assert {(r.topic, r.partition, r.current_offset, r.log_end_offset) for r in rows} == expected
    assert rows_by_admin_api(AdminClient({"bootstrap.servers": broker.bootstrap_servers}), group) == expected
    assert {row.partition: row.lag for row in rows} == {0: 6, 1: 9}
    lags = [workload.truth.lag(group, topic, number, time.time()) for number in (0, 1)]
    assert [lag.messages for lag in lags if lag] == [6, 9]
    assert all(row.consumer_id and row.host == "/127.0.0.1" for row in rows)


def test_the_tool_describes_members_and_states(
    broker: KafkaServer, workload: Workload, groups_tool_jars: object
) -> None:
    topic, group, lone = unique("members"), unique("group"), unique("lone")
    workload.create_topic(topic, partitions=3)
    workload.produce(topic, 1)
    workload.reader(group, topic).read_all()
    workload.lone_reader(lone, topic).read_all()
    tool = GroupsTool(broker.bootstrap_servers)
    [member] = tool.members([group, lone])
    assert (member.group, member.partitions) == (group, 3)
    states = {row.group: (row.state, row.members) for row in tool.states([group, lone])}
    assert states == {group: ("Stable", 1), lone: ("Empty", 0)}


def test_the_tool_names_a_group_that_is_not_there(broker: KafkaServer, groups_tool_jars: object) -> None:
    with pytest.raises(ToolFailed, match="not found"):
        GroupsTool(broker.bootstrap_servers).offsets([unique("nobody")])


def test_the_tools_are_those_of_the_broker_that_is_run() -> None:
    pinned = Path(__file__).resolve().parents[2] / "infrastructure" / "kafka" / "tools"
    assert f"<version>{KAFKA_VERSION}</version>" in (pinned / "pom.xml").read_text()
    assert (pinned / "jars.sha256").read_text().split()[1:] == [f"kafka-tools-{KAFKA_VERSION}.jar"]


def test_a_dash_of_the_tool_is_not_known() -> None:
    printed = """
GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST        CLIENT-ID
g      t      0          -               7               -    c-1          /127.0.0.1  c
g      -      -          -               -               -    c-2          /127.0.0.1  c

GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST        CLIENT-ID
h      t      1          3               7               4    -            -           -
"""
    assert list(offset_rows(printed)) == [
        OffsetRow("g", "t", 0, None, 7, None, "c-1", "/127.0.0.1", "c"),
        OffsetRow("h", "t", 1, 3, 7, 4, None, None, None),
    ]


class Printed(GroupsTool):
    """The tool with its answer given."""

    def __init__(self, printed: str) -> None:
        super().__init__("nowhere")
        self._printed = printed

    def describe(self, *_: object) -> str:
        return self._printed


def test_rows_of_members_and_states_are_read() -> None:
    members = "GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS\ng c-1 /127.0.0.1 c 2\n"
    assert Printed(members).members() == [MemberRow("g", "c-1", "/127.0.0.1", "c", 2)]
    states = (
        "GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS\ng 127.0.0.1:9  (1)  range  Stable  1\n"
    )
    assert Printed(states).states() == [StateRow("g", "127.0.0.1:9", "range", "Stable", 1)]


def test_the_workload_knows_the_age_of_the_oldest_message_that_is_not_committed(workload: Workload) -> None:
    topic, group = unique("age"), unique("group")
    workload.create_topic(topic)
    workload.produce(topic, 2)
    reader = workload.reader(group, topic)
    reader.read(1)
    now = time.time()
    at_first = workload.truth.lag(group, topic, 0, now)
    assert at_first is not None
    assert at_first.messages == 1
    later = workload.truth.lag(group, topic, 0, now + 5)
    assert later is not None
    assert later.seconds == pytest.approx(at_first.seconds + 5)
    reader.read_all()
    assert workload.truth.lag(group, topic, 0, time.time() + 60) == Lag(0, 0.0)


def test_a_reader_that_read_ahead_or_went_back_misses_nothing(workload: Workload) -> None:
    topic = unique("steps")
    workload.create_topic(topic, partitions=2)
    workload.produce(topic, 300)
    reader = workload.reader(unique("group"), topic)
    assert [reader.read(50), reader.read(200), reader.read(200)] == [100, 400, 100]
    reader.rewind(0, 10)
    assert reader.read_all() == 290


def test_a_paused_workload_does_not_move_and_a_closed_one_has_no_threads(broker: KafkaServer) -> None:
    topic, threads = unique("paused"), threading.active_count()
    with Workload({"bootstrap.servers": broker.bootstrap_servers}) as workload:
        workload.create_topic(topic)
        workload.repeat(lambda: workload.produce(topic, 1), 0.01)
        deadline = time.monotonic() + 20
        while workload.truth.end_offset(topic, 0) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        workload.pause()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        ends = admin.list_offsets({TopicPartition(topic, 0): LATEST}).values()
        assert [end.result(10).offset for end in ends] == [workload.truth.end_offset(topic, 0)]
        workload.resume()
    assert threading.active_count() == threads


def test_what_a_repeated_action_runs_into_is_raised(workload: Workload) -> None:
    def fails() -> None:
        raise ValueError("the script is wrong")

    repeated = workload.repeat(fails, 0.01)
    repeated._thread.join(20)
    with pytest.raises(ValueError, match="the script is wrong"):
        workload.pause()
    workload._repeated.clear()


def error_of(admin: AdminClient, group: str) -> KafkaError | None:
    """Give why the offsets of a group are refused."""
    try:
        admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(10)
    except KafkaException as error:
        return error.args[0]  # type: ignore[no-any-return] # the library does not annotate it
    return None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
@pytest.mark.parametrize("user", ["admin", "watcher", "partial"])
def test_every_user_comes_in_by_both_mechanisms(
    secured_kafka: SecuredKafka, user: str, mechanism: Mechanism
) -> None:
    admin = AdminClient(secured_kafka.config(user, mechanism))
    assert len(admin.list_topics(timeout=20).brokers) == 1


def test_a_wrong_password_is_refused(secured_kafka: SecuredKafka) -> None:
    seen: list[KafkaError] = []
    config: dict[str, Any] = {
        **secured_kafka.config("watcher"),
        "sasl.password": "wrong",
        "error_cb": seen.append,
        "log_level": 0,
    }
    admin = AdminClient(config)
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=3)
    admin.poll(0)
    assert KafkaError._AUTHENTICATION in {error.code() for error in seen}


def test_partial_is_refused_one_topic_and_one_group(
    secured_kafka: SecuredKafka, groups_tool_jars: object
) -> None:
    topics, groups = (DENIED_TOPIC, "open-topic"), (DENIED_GROUP, "open-group")
    with Workload(secured_kafka.config("admin")) as workload:
        for topic, group in zip(topics, groups, strict=True):
            workload.create_topic(topic)
            workload.produce(topic, 3)
            workload.reader(group, topic).read(1)
    watcher = AdminClient(secured_kafka.config("watcher", "SCRAM-SHA-512"))
    partial = AdminClient(secured_kafka.config("partial", "SCRAM-SHA-512"))
    assert {*topics} <= watcher.list_topics(timeout=20).topics.keys()
    assert {*topics} & partial.list_topics(timeout=20).topics.keys() == {"open-topic"}
    assert [error_of(watcher, group) for group in groups] == [None, None]
    refused, allowed = (error_of(partial, group) for group in groups)
    assert allowed is None
    assert refused is not None
    assert refused.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
    tool = GroupsTool(secured_kafka.bootstrap_servers, secured_kafka.command_config("watcher"))
    assert {(row.group, row.topic, row.lag) for row in tool.offsets()} >= set(
        zip(groups, topics, (2, 2), strict=True)
    )


def error_of_reading_commits(kafka: SecuredKafka, user: str) -> KafkaError | None:
    """Read the first record of `__consumer_offsets` without joining a group; give why it is refused."""
    config = {**kafka.config(user), "group.id": "reads-commits", "enable.auto.commit": False}
    consumer = Consumer(config)
    consumer.assign([TopicPartition("__consumer_offsets", number, 0) for number in range(4)])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    return message.error()


def test_watcher_reads_the_internal_topic_and_partial_does_not(secured_kafka: SecuredKafka) -> None:
    topic = unique("commits")
    with Workload(secured_kafka.config("admin")) as workload:
        workload.create_topic(topic)
        workload.produce(topic, 1)
        workload.reader(unique("group"), topic).read_all()
    assert error_of_reading_commits(secured_kafka, "watcher") is None
    refused = error_of_reading_commits(secured_kafka, "partial")
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
