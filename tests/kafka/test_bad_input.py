"""Bad input on a real broker, known both ways: each is told in what is observed, and none stops the rest."""

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from msgspec import UNSET

from cli.stack.server import KafkaServer
from tests.kafka.by_hand import ByHand, unique
from tests.kafka.composed import ages_known, both_ways, every, slack_seconds, unread_since
from tests.kafka.tool import GroupsTool
from tests.kafka.workload import Workload

HOUR = 3600.0


@pytest.fixture
def hands(broker: KafkaServer) -> ByHand:
    return ByHand({"bootstrap.servers": broker.bootstrap_servers})


@pytest.fixture
def workload(broker: KafkaServer) -> Iterator[Workload]:
    with Workload({"bootstrap.servers": broker.bootstrap_servers}) as made:
        yield made


def by_the_tool(broker: KafkaServer, *groups: str) -> dict[str, int | None]:
    rows = GroupsTool(broker.bootstrap_servers).offsets(groups)
    return {row.group: row.lag for row in rows if row.partition == 0}


async def test_a_commit_beyond_the_end_is_doubtful_and_no_lag(broker: KafkaServer, hands: ByHand) -> None:
    topic, group, other = unique("topic"), unique("beyond"), unique("other")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 3)
    hands.commit(group, topic, {0: 99})
    hands.commit(other, topic, {0: 1})
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: {group, other} <= one.groups.keys())
    for one in watching:
        beyond = one.partition(group)
        assert (beyond.doubt, beyond.committed_offset, beyond.end_offset) == ("beyond_end", 99, 3)
        assert (beyond.lag_messages, beyond.lag_seconds) == (0, 0)
        assert one.groups[other].lag_messages == 2


async def test_timestamps_of_the_future_and_without_order_give_a_bound_and_no_nonsense(
    broker: KafkaServer, hands: ByHand
) -> None:
    now = time.time()
    told = {
        "future": [now + 10 * HOUR] * 5,
        "future-first": [now + HOUR, *[now - 30] * 4],
        "without-order": [now - 50, now + HOUR, now - 40, 5.0, now - 30],
        "honest": [now - 60, now - 50, now - 40, now - 30, now - 20],
    }
    names = {case: unique(case) for case in told}
    for case, name in names.items():
        # Retention would remove what claims to be of 1970, and the broker refuses what is an hour ahead.
        hands.create_topic(name, retention_ms=-1, message_timestamp_after_max_ms=2**62)
        hands.produce(name, told[case])
        hands.commit(name, name, {0: 2})
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, *names.values()))
    for one in watching:
        assert {one.groups[name].lag_messages for name in names.values()} == {3}
        since = {case: unread_since(one, name) for case, name in names.items()}
        doubts = {case: one.partition(name).doubt for case, name in names.items()}
        assert since["honest"] == pytest.approx(now - 40, abs=slack_seconds(one))
        assert doubts["honest"] is UNSET
        # A lower bound: by our first sample the message had been seen.
        for case in ("future", "future-first"):
            assert (since[case] >= now, doubts[case]) == (True, "future_timestamps"), case
    known_at = time.time()
    for name in names.values():
        hands.commit(name, name, {0: 5})
    await every(watching, lambda one: all(one.groups[name].lag_messages == 0 for name in names.values()))
    for case, name in names.items():
        hands.produce(name, told[case][:1])
    await every(watching, lambda one: ages_known(one, *names.values()))
    await every(watching, lambda one: all(one.groups[name].lag_messages == 1 for name in names.values()))
    for one in watching:
        # What is appended while we look is known by our own samples, whatever it claims.
        for case, name in names.items():
            assert unread_since(one, name) >= known_at - slack_seconds(one), case


async def test_timestamps_of_1970_have_an_age_that_is_known_after_a_few_passes(
    broker: KafkaServer, hands: ByHand
) -> None:
    name = unique("of-1970")
    hands.create_topic(name, retention_ms=-1)
    hands.produce(name, [0.001] * 5)
    hands.commit(name, name, {0: 2})
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: name in one.groups)
    for _ in range(5):
        await every(watching, lambda _: True)
    for one in watching:
        assert one.groups[name].lag_messages == 3
        assert ages_known(one, name)


async def test_a_truncated_partition_has_the_tools_lag_and_tells_what_was_lost(
    broker: KafkaServer, hands: ByHand, groups_tool_jars: object
) -> None:
    topic, group, ahead = unique("truncated"), unique("behind"), unique("ahead")
    hands.create_topic(topic)
    now = time.time()
    hands.produce(topic, [now - 100 + number for number in range(50)])
    hands.commit(group, topic, {0: 10})
    hands.commit(ahead, topic, {0: 40})
    hands.delete_before(topic, 30)
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, group, ahead))
    assert by_the_tool(broker, group, ahead) == {group: 40, ahead: 10}
    for one in watching:
        assert [one.groups[name].lag_messages for name in (group, ahead)] == [40, 10]
        behind, other = one.partition(group), one.partition(ahead)
        assert (behind.doubt, behind.lost_messages) == ("truncated", 20)
        assert (other.doubt, other.lost_messages) == (UNSET, UNSET)
        # The oldest message that is left to read.
        assert unread_since(one, group) == pytest.approx(now - 70, abs=slack_seconds(one))
        assert unread_since(one, ahead) == pytest.approx(now - 60, abs=slack_seconds(one))
        assert one.topics[topic].messages == 20
    hands.delete_before(topic, 45)
    await every(watching, lambda one: one.partition(ahead).doubt == "truncated" and ages_known(one, ahead))
    for one in watching:
        assert (one.partition(group).lost_messages, one.partition(ahead).lost_messages) == (35, 5)
        assert unread_since(one, ahead) == pytest.approx(now - 55, abs=slack_seconds(one))


async def test_a_compacted_topic_has_the_tools_lag_and_the_age_of_what_is_left(
    broker: KafkaServer, hands: ByHand, groups_tool_jars: object
) -> None:
    topic, group, read = unique("compacted"), unique("behind"), unique("read")
    hands.create_topic(
        topic, cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio="0.01",
        max_compaction_lag_ms=200, min_compaction_lag_ms=0, delete_retention_ms=0,
    )  # fmt: skip
    now = time.time()
    hands.produce(topic, [now - 200 + number for number in range(100)], keys="abcde")
    # The segment that is written to is not compacted: these begin another.
    hands.produce(topic, [now - 20 + number for number in range(5)], keys="vwxyz")
    hands.commit(group, topic, {0: 10})
    hands.commit(read, topic, {0: 105})
    deadline = time.monotonic() + 30
    while first_left(hands, topic, 10) != 95:
        assert time.monotonic() < deadline, "the broker has compacted nothing"
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, group, read))
    assert by_the_tool(broker, group, read) == {group: 95, read: 0}
    for one in watching:
        assert [one.groups[name].lag_messages for name in (group, read)] == [95, 0]
        assert unread_since(one, group) == pytest.approx(now - 105, abs=slack_seconds(one))
        assert (one.groups[read].lag_seconds, one.partition(group).lost_messages) == (0, UNSET)


async def test_an_open_transaction_lets_nothing_wrong_be_told(
    broker: KafkaServer, hands: ByHand, workload: Workload, groups_tool_jars: object
) -> None:
    topic, group, other = unique("topic"), unique("group"), unique("other")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 5)
    reader = Consumer({**hands.config, "group.id": group, "isolation.level": "read_committed"})
    watching = both_ways(broker.bootstrap_servers)

    async def agree(committed: int) -> None:
        """Both tell this commit, and the tool's lag, of a group that no transaction touches too."""
        told = by_the_tool(broker, group, other)
        await every(watching, lambda one: one.partition(group).committed_offset == committed)
        for one in watching:
            assert {name: one.groups[name].lag_messages for name in (group, other)} == told
            assert one.ended == []

    try:
        reader.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
        hands.commit(other, topic, {0: 4})
        await every(watching, lambda one: {group, other} <= one.groups.keys())
        for ends in ("abort", "commit"):
            producer = Producer({**hands.config, "transactional.id": unique("transactional")})
            producer.init_transactions(20)
            producer.begin_transaction()
            for _ in range(3):
                producer.produce(topic, b"open")
            producer.send_offsets_to_transaction(
                [TopicPartition(topic, 0, 3)], reader.consumer_group_metadata(), 20
            )
            producer.flush(20)
            await agree(1)
            if ends == "abort":
                producer.abort_transaction(20)
                await agree(1)
            else:
                producer.commit_transaction(20)
                await agree(3)
            await every(watching, lambda one: not one.unavailable)
    finally:
        reader.close()


def first_left(hands: ByHand, topic: str, offset: int) -> int:
    """Give the offset of the first message from an offset on that compaction has left."""
    consumer = Consumer({**hands.config, "group.id": "nobody", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, offset)])
        deadline = time.monotonic() + 30
        while (message := consumer.poll(0.5)) is None or message.error():
            assert time.monotonic() < deadline
        found = message.offset()
        assert found is not None
        return found
    finally:
        consumer.close()


async def test_two_thousand_dead_groups_are_all_told_and_hold_nothing_up(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, dead, alive = unique("topic"), unique("dead"), unique("alive")
    hands.create_topic(topic)
    now = time.time()
    hands.produce(topic, [now - 60 + number for number in range(5)])
    names = [f"{dead}-{number}" for number in range(2000)]
    hands.commit_many(names, topic, 1)
    hands.commit(alive, topic, {0: 0})
    watching = both_ways(broker.bootstrap_servers)
    try:
        # So many ages are looked up in turns.
        await every(watching, lambda one: "group" in one.synced and ages_known(one, alive, *names))
        hands.commit(alive, topic, {0: 5})
        for one in watching:
            assert {one.groups[name].lag_messages for name in names} == {4}
            for name in names:
                assert unread_since(one, name) == pytest.approx(now - 59, abs=slack_seconds(one))
            await one.look()
            assert one.groups[alive].lag_messages == 0
            assert (one.ended, one.unavailable) == ([], {})
    finally:
        hands.delete_groups(names)
