"""One of three real brokers is killed, watched both ways: what it led alone stands, all else goes on."""

import asyncio

from msgspec import UNSET

from schema.models import GroupPartition
from tests.kafka.by_hand import ByHand, unique
from tests.kafka.cluster import KafkaCluster
from tests.kafka.composed import ages_known, both_ways, every
from tests.kafka.workload import Workload

GROUPS = 12


async def test_a_killed_broker_takes_no_group_with_it_and_what_it_led_alone_keeps_its_last_lag(
    three_brokers: KafkaCluster, groups_tool_jars: object
) -> None:
    config = {"bootstrap.servers": three_brokers.bootstrap_servers}
    hands, alone, shared, tag = ByHand(config), unique("alone"), unique("shared"), unique("group")
    # So many that each of the brokers coordinates some, whichever is killed.
    groups = [f"{tag}-{number}" for number in range(GROUPS)]
    with Workload(config) as workload:
        workload.create_topic(alone, partitions=3, replication=1)
        workload.create_topic(shared, partitions=3, replication=3)
        for topic in (alone, shared):
            workload.produce(topic, 5)
            for group in groups:
                hands.commit(group, topic, {0: 2, 1: 2, 2: 2})
        watching = both_ways(three_brokers.bootstrap_servers)
        await every(watching, lambda one: ages_known(one, *groups) and not one.unavailable)
        before = [
            {(part.topic, part.partition): part.unread_since for part in one.groups[groups[0]].partitions}
            for one in watching
        ]
        killed = 2
        looking = asyncio.gather(*(one.until(lambda one: one.cluster.brokers == 2) for one in watching))
        await asyncio.to_thread(three_brokers.kill, killed)
        await looking
        workload.produce(shared, 1)
        await every(
            watching,
            lambda one: all(_lag_of(one.groups[group].partitions, shared) == 12 for group in groups),
        )
        for one, since in zip(watching, before, strict=True):
            assert one.cluster.brokers_missing == [killed]
            assert one.topics[shared].under_replicated == 3
            assert (one.topics[alone].leaderless, one.topics[shared].leaderless) == (1, 0)
            assert one.ended == [], one.commits_from
            for group in groups:
                assert _lag_of(one.groups[group].partitions, alone) == 9
            silent = [part for part in one.groups[groups[0]].partitions if part.doubt == "unanswered"]
            assert [part.topic for part in silent] == [alone]
            assert silent[0].lag_messages == 3
            for part in one.groups[groups[0]].partitions:
                assert part.unread_since == since[part.topic, part.partition]
        # A group moves on while its coordinator is another one than before.
        for group in groups:
            hands.commit(group, shared, {0: 6, 1: 6, 2: 6})
        await every(
            watching,
            lambda one: all(_lag_of(one.groups[group].partitions, shared) == 0 for group in groups),
        )
        await asyncio.to_thread(three_brokers.start_broker, killed)
        await every(watching, lambda one: one.cluster.brokers == 3 and not one.unavailable)
        workload.produce(alone, 1)
        await every(
            watching,
            lambda one: all(_lag_of(one.groups[group].partitions, alone) == 12 for group in groups),
        )
        await every(watching, lambda one: one.topics[shared].under_replicated == 0)
        for one in watching:
            assert one.cluster.brokers_missing is UNSET
            assert one.topics[alone].leaderless == 0
            assert not [part for part in one.groups[groups[0]].partitions if part.doubt is not UNSET]
            assert one.topics[alone].recreated_at is UNSET
            assert one.ended == []


def _lag_of(partitions: list[GroupPartition], topic: str) -> int:
    return sum(part.lag_messages for part in partitions if part.topic == topic)  # type: ignore[misc] # committed
