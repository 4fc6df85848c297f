"""Reading the internal topic of a real broker: commits of every kind, compared with the admin API."""

import time
import uuid
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition

from cli.stack.server import KafkaServer, free_port
from collectors.kafka_collector.internal_topic import InternalTopic, Progress
from schema.errors import SourceUnavailable
from schema.topics import is_own
from tests.collectors import internal_topic_broker as on
from tests.collectors.topics import create_topic

pytestmark = pytest.mark.broker


@pytest.fixture
def admin(broker: KafkaServer) -> Any:
    made = on.admin_of(broker)
    # The internal topic is there once somebody has committed.
    topic = f"first-{uuid.uuid4().hex}"
    create_topic(on.settings_of(broker), topic, partitions=1)
    on.alter(made, topic, {(topic, 0): 0})
    return made


@pytest.fixture
def topic(broker: KafkaServer, admin: Any) -> str:
    name = f"tasks-{uuid.uuid4().hex}"
    create_topic(on.settings_of(broker), name, partitions=2)
    return name


def new_group() -> str:
    return f"group-{uuid.uuid4().hex}"


def test_commits_of_a_classic_consumer_and_its_member_are_known(broker: KafkaServer, topic: str) -> None:
    group = new_group()
    with on.reader_of(broker) as reader, on.member(broker, group, topic) as consumer:
        before = time.time()
        consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
        on.read_all(broker, reader)
        assert group in reader.table.changed()
        found = reader.table.group(group)
        assert found is not None
        (one,) = found.members
        assert (found.state, one.client_id, one.host) == ("Stable", "rdkafka", "/127.0.0.1")
        assert one.assigned == ((topic, 0), (topic, 1))
        commit = on.commit_of(reader, group, (topic, 0))
        assert commit.offset == 3
        assert commit.at is not None
        assert before - 0.001 <= commit.at <= time.time()
        consumer.close()
        on.read_all(broker, reader)
        found = reader.table.group(group)
        assert found is not None
        assert (found.state, found.members, found.commits[topic, 0]) == ("Empty", (), commit)
        assert reader.table.unknown == {}


def test_commits_and_members_of_the_consumer_protocol_are_known(
    broker: KafkaServer, topic: str, admin: Any
) -> None:
    group = new_group()
    described = admin.describe_topics(TopicCollection([topic]))[topic].result()
    with on.reader_of(broker) as reader:
        reader.table.name_topics({str(described.topic_id): topic})
        with on.member(broker, group, topic, **{"group.protocol": "consumer"}) as consumer:
            consumer.commit(offsets=[TopicPartition(topic, 1, 4)], asynchronous=False)
            on.until(lambda: bool(on.read_all(broker, reader)) and on.has_member(reader, group))
            found = reader.table.group(group)
            assert found is not None
            assert found.state == "Stable"
            assert [sorted(one.assigned) for one in found.members] == [[(topic, 0), (topic, 1)]]
            assert on.offsets_of(reader, group) == {(topic, 1): 4}
        # The same name, then, with the classic protocol: the group is converted.
        with on.member(broker, group, topic) as consumer:
            consumer.commit(offsets=[TopicPartition(topic, 1, 5)], asynchronous=False)
            on.read_all(broker, reader)
            found = reader.table.group(group)
            assert found is not None
            assert [one.assigned for one in found.members] == [((topic, 0), (topic, 1))]
            assert on.offsets_of(reader, group) == {(topic, 1): 5}
        on.read_all(broker, reader)
        reader.table.changed()
        admin.delete_consumer_groups([group])[group].result()
        on.read_all(broker, reader)
        assert reader.table.group(group) is None
        assert group in reader.table.ended()
        assert reader.table.unknown == {}


def test_a_transactional_commit_shows_when_it_is_committed_and_not_when_it_is_aborted(
    broker: KafkaServer, topic: str, admin: Any
) -> None:
    group = new_group()
    with on.reader_of(broker) as reader, on.member(broker, group, topic) as consumer:
        on.alter(admin, f"{group}-other", {(topic, 0): 1})
        on.read_all(broker, reader)
        aborted = on.transaction(broker, consumer, TopicPartition(topic, 0, 5), group)
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {}
        aborted.abort_transaction(on.WAIT_SECONDS)
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {}
        committed = on.transaction(broker, consumer, TopicPartition(topic, 0, 7), group)
        assert len(on.read_all(broker, reader).held) == 1
        assert on.offsets_of(reader, group) == {}
        committed.commit_transaction(on.WAIT_SECONDS)
        on.until(lambda: not on.read_all(broker, reader).held)
        assert on.offsets_of(reader, group) == {(topic, 0): 7}
        assert on.offsets_by_admin(admin, [group]) == {group: {(topic, 0): 7}}


def test_offsets_that_were_altered_and_groups_and_topics_that_were_deleted(
    broker: KafkaServer, topic: str, admin: Any
) -> None:
    group, gone = new_group(), new_group()
    other = f"{topic}-other"
    create_topic(on.settings_of(broker), other, partitions=1)
    with on.reader_of(broker) as reader:
        on.alter(admin, group, {(topic, 0): 9, (other, 0): 2})
        on.alter(admin, gone, {(other, 0): 2})
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {(topic, 0): 9, (other, 0): 2}
        on.alter(admin, group, {(topic, 0): 1})
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {(topic, 0): 1, (other, 0): 2}
        assert {group, gone} <= reader.table.changed()
        admin.delete_topics([other])[other].result()
        on.until(lambda: bool(on.read_all(broker, reader)) and reader.table.group(gone) is None)
        assert on.offsets_of(reader, group) == {(topic, 0): 1}
        admin.delete_consumer_groups([group])[group].result()
        on.read_all(broker, reader)
        assert {group, gone} <= reader.table.ended()


def test_thousands_of_commits_are_those_of_the_admin_api_from_the_start_and_over_a_kill(
    broker: KafkaServer, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, names = f"tasks-{uuid.uuid4().hex}", [new_group() for _ in range(50)]
    create_topic(on.settings_of(broker), topic, partitions=20)
    with on.reader_of(broker) as early, on.reader_of(broker) as late:
        for turn in range(2):
            offsets = {
                name: {(topic, number): turn + n for number in range(20)} for n, name in enumerate(names)
            }
            on.alter_many(admin, offsets)
            on.read_all(broker, early)
        # A reader that is stopped by its limit goes on where it was.
        with monkeypatch.context() as patched:
            patched.setattr("collectors.kafka_collector.internal_topic._BATCH", 100)
            first = late.read(on.partitions_of(broker), 0)
            assert not first.whole
            assert first.left >= 1900
            on.until(lambda: late.read(on.partitions_of(broker), 0.02).left <= 1000)
            assert late.table.ended() == frozenset()
        broker.kill()
        with pytest.raises(SourceUnavailable, match=broker.bootstrap_servers):
            early.read([0, 1, 2, 3], 5)
        broker.start()
        admin = on.admin_of(broker)
        on.alter(admin, names[0], {(topic, 0): 77})
        truth = on.offsets_by_admin(admin, names)
        assert truth[names[0]][topic, 0] == 77
        for reader in (early, late):
            on.until(lambda reader=reader: is_whole(broker, reader))  # type: ignore[misc] # the default binds it
            assert {name: on.offsets_of(reader, name) for name in names} == truth
            assert set(names) <= reader.table.changed()
            assert reader.table.unknown == {}
        listed = {one.group_id for one in admin.list_consumer_groups().result().valid}
        assert on.groups_of(early) == on.groups_of(late)
        assert on.groups_of(early) <= listed
        # A coordinator that has loaded lists groups too of which only aborted or deleted commits are left.
        empty = sorted(listed - on.groups_of(early))
        assert on.offsets_by_admin(admin, empty) == {name: {} for name in empty}
        assert "oracle-kafka-collector" not in listed


def test_a_record_that_comes_while_the_ends_do_not_is_not_lost(
    broker: KafkaServer, admin: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, later = new_group(), new_group()
    on.alter(admin, group, {(topic, 0): 1})
    with on.reader_of(broker) as reader:
        on.read_all(broker, reader)
        on.alter(admin, group, {(topic, 0): 2})
        on.alter(admin, later, {(topic, 0): 3})
        for _ in range(20):
            # The client has fetched them by now, or will between two of these.
            with monkeypatch.context() as once:
                once.setattr(reader, "_offsets", timed_out)
                with pytest.raises(SourceUnavailable, match="gives no offsets"):
                    reader.read(on.partitions_of(broker), on.WAIT_SECONDS)
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {(topic, 0): 2}
        assert on.offsets_of(reader, later) == {(topic, 0): 3}


def timed_out(_: object) -> list[TopicPartition]:
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))


def test_what_is_left_of_a_reading_that_was_given_up_counts_for_nothing(
    broker: KafkaServer, admin: Any, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = new_group()
    with on.reader_of(broker) as reader:
        on.alter(admin, group, {(topic, 0): 1})
        on.read_all(broker, reader)
        on.alter(admin, group, {(topic, 0): 2})
        reader._forget()
        for _ in range(20):
            with monkeypatch.context() as once:
                once.setattr(reader, "_offsets", timed_out)
                with pytest.raises(SourceUnavailable):
                    reader.read(on.partitions_of(broker), on.WAIT_SECONDS)
            assert not reader.table.complete
        on.read_all(broker, reader)
        assert on.offsets_of(reader, group) == {(topic, 0): 2}
        assert group not in reader.table.ended()


def is_whole(broker: KafkaServer, reader: InternalTopic) -> bool:
    try:
        return reader.read(on.partitions_of(broker), 5).whole
    except SourceUnavailable:
        return False


def test_our_own_groups_are_left_out_where_they_are_not_watched(
    broker: KafkaServer, topic: str, admin: Any
) -> None:
    on.alter(admin, "oracle-own", {(topic, 0): 1})
    with on.reader_of(broker) as everything, on.reader_of(broker, lambda name: not is_own(name)) as others:
        on.read_all(broker, everything)
        on.read_all(broker, others)
        assert on.groups_of(everything) - on.groups_of(others) >= {"oracle-own"}
        assert not any(map(is_own, on.groups_of(others)))


def test_without_the_internal_topic_nothing_has_been_committed(broker: KafkaServer) -> None:
    with on.reader_of(broker) as reader:
        assert reader.read([], 1) == Progress(0, 0, whole=True)


def test_a_broker_that_is_not_there_is_an_unavailable_source_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.kafka_collector.internal_topic.REQUEST_SECONDS", 0.5)
    address = f"127.0.0.1:{free_port()}"
    reader = InternalTopic({"bootstrap.servers": address, "log_level": 0})
    with pytest.raises(
        SourceUnavailable, match=rf"{address} gives no offsets of __consumer_offsets: .*onnect"
    ):
        reader.read([0], 2)
    reader._consumer.close()
