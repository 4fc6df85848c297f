"""What comes, goes, and comes again on a real broker, both ways: topics, partitions, groups, members."""

import time
from collections.abc import Iterator

import pytest
from msgspec import UNSET

from cli.stack.server import KafkaServer
from tests.kafka.by_hand import ByHand, unique
from tests.kafka.composed import Composed, ages_known, both_ways, every, slack_seconds, unread_since
from tests.kafka.workload import Protocol, Workload


@pytest.fixture
def hands(broker: KafkaServer) -> ByHand:
    return ByHand({"bootstrap.servers": broker.bootstrap_servers})


@pytest.fixture
def workload(broker: KafkaServer) -> Iterator[Workload]:
    with Workload({"bootstrap.servers": broker.bootstrap_servers}) as made:
        yield made


async def watch(broker: KafkaServer, *groups: str) -> list[Composed]:
    """Watch both ways, until these groups are told whole."""
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, *groups))
    return watching


async def test_a_topic_that_is_deleted_is_gone_and_its_group_has_nothing_left(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, stays, group = unique("topic"), unique("stays"), unique("group")
    for name in (topic, stays):
        hands.create_topic(name)
        hands.produce(name, [time.time()] * 3)
        hands.commit(group, name, {0: 1})
    watching = await watch(broker, group)
    hands.delete_topic(topic)
    await every(watching, lambda one: topic not in one.topics and len(one.groups[group].partitions) == 1)
    for one in watching:
        assert ("topic", topic) in one.ended
        assert one.partition(group).topic == stays
        assert one.groups[group].lag_messages == 2


async def test_a_topic_made_again_with_lower_offsets_is_told_and_nobody_is_called_rewinding(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, group, again = unique("topic"), unique("group"), unique("again")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 10)
    hands.commit(group, topic, {0: 8})
    hands.commit(again, topic, {0: 6})
    watching = await watch(broker, group, again)
    hands.delete_topic(topic)
    hands.create_topic(topic)
    made_at = time.time()
    hands.produce(topic, [time.time()] * 3)
    # The broker may drop the commits of a deleted topic: one commits in the new one, one as it did before.
    hands.commit(group, topic, {0: 8})
    hands.commit(again, topic, {0: 1})
    verdicts: set[object] = set()

    def told(one: Composed) -> bool:
        verdicts.update(name.verdict for name in (one.groups.get(group), one.groups.get(again)) if name)
        return topic in one.topics and again in one.groups and one.groups[again].lag_messages == 2

    await every(watching, told)
    for _ in range(3):
        await every(watching, told)
    for one in watching:
        # One that saw it missing in between has told its end, and then a new topic.
        assert one.topics[topic].recreated_at is not UNSET or ("topic", topic) in one.ended
        assert one.partition(group).doubt == "beyond_end"
        assert (one.groups[group].lag_messages, one.groups[group].lag_seconds) == (0, 0)
        assert unread_since(one, again) == pytest.approx(made_at, abs=slack_seconds(one) + 1)
    assert "rewinding" not in verdicts


async def test_a_topic_made_again_between_two_samples_is_told_with_the_time(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, group = unique("topic"), unique("group")
    hands.create_topic(topic, partitions=2)
    hands.produce(topic, [time.time()] * 10)
    hands.commit(group, topic, {0: 8})
    watching = await watch(broker, group)
    began = time.time()
    # Nobody looks meanwhile.
    hands.delete_topic(topic)
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 2)
    await every(watching, lambda one: topic in one.topics and one.topics[topic].recreated_at is not UNSET)
    for one in watching:
        recreated_at = one.topics[topic].recreated_at
        assert recreated_at is not UNSET
        assert began <= recreated_at.timestamp() <= time.time()
        assert one.topics[topic].partitions == 1
        assert ("topic", topic) not in one.ended


async def test_partitions_that_are_added_are_told_with_the_time(broker: KafkaServer, hands: ByHand) -> None:
    topic, group = unique("topic"), unique("group")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 3)
    hands.commit(group, topic, {0: 1})
    watching = await watch(broker, group)
    began = time.time()
    hands.add_partitions(topic, 3)
    await every(watching, lambda one: one.topics[topic].partitions == 3)
    hands.produce(topic, [time.time()] * 4, partition=2)
    hands.commit(group, topic, {2: 1})
    await every(watching, lambda one: one.groups[group].lag_messages == 5)
    for one in watching:
        added_at = one.topics[topic].partitions_added_at
        assert added_at is not UNSET
        assert began <= added_at.timestamp() <= time.time()
        assert one.topics[topic].recreated_at is UNSET
        assert one.topics[topic].messages == 7
        assert unread_since(one, group) < began


async def test_a_group_that_is_deleted_is_gone_and_comes_back_when_made_again(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, group, stays = unique("topic"), unique("group"), unique("stays")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 5)
    hands.commit(group, topic, {0: 4})
    hands.commit(stays, topic, {0: 2})
    watching = await watch(broker, group, stays)
    for lag in (3, 5):
        hands.delete_groups([group])
        await every(watching, lambda one: group not in one.groups)
        hands.commit(group, topic, {0: 5 - lag})
        await every(watching, lambda one: ages_known(one, group))
        for one in watching:
            assert one.groups[group].lag_messages == lag
            assert one.groups[group].verdict == "ok"
    for one in watching:
        assert [ended for ended in one.ended if ended[0] == "group"] == [("group", group)] * 2
        assert one.groups[stays].lag_messages == 3


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_members_and_what_they_hold_are_told_for_both_protocols_until_they_leave(
    broker: KafkaServer, workload: Workload, protocol: Protocol
) -> None:
    topic, group = unique("topic"), unique(protocol)
    workload.create_topic(topic, partitions=3)
    workload.produce(topic, 5)
    reader = workload.reader(group, topic, protocol)
    reader.read(2)
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: group in one.groups and one.groups[group].members)
    await every(watching, lambda one: one.groups[group].members[0].topics is not UNSET)
    for one in watching:
        shown = one.groups[group]
        [member] = shown.members
        assert (shown.state, shown.unavailable) == ("Stable", UNSET), one.commits_from
        assert (member.topics, member.client_id, member.host) == ([topic], "rdkafka", "127.0.0.1")
        assert [part.lag_messages for part in shown.partitions] == [3, 3, 3]
        assert shown.verdict == "ok"
    reader.close()
    await every(watching, lambda one: one.groups[group].state == "Empty")
    for one in watching:
        assert (one.groups[group].members, one.groups[group].lag_messages) == ([], 9)
        assert one.ended == []
