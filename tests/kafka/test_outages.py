"""The only broker is gone, or stands still, watched both ways: it is told, and nothing is lost by it."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping

import pytest
from msgspec import UNSET

from cli.stack.server import KafkaServer
from collectors.kafka_collector.coordinators import Coordinators
from collectors.kafka_collector.sample import GroupSample
from tests.kafka.by_hand import ByHand, unique
from tests.kafka.composed import ages_known, both_ways, composed, every, unread_since


@pytest.fixture
def hands(broker: KafkaServer) -> ByHand:
    return ByHand({"bootstrap.servers": broker.bootstrap_servers})


async def test_a_broker_that_is_gone_is_told_and_comes_back_with_nothing_lost(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, group = unique("topic"), unique("group")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 5)
    hands.commit(group, topic, {0: 2})
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, group))
    before = [(unread_since(one, group), set(one.groups), set(one.topics)) for one in watching]
    broker.kill()
    await every(watching, lambda one: one.down_reason)
    for one in watching:
        assert one.down_reason.startswith(f"{broker.bootstrap_servers} does not answer: "), one.commits_from
        assert (one.groups[group].lag_messages, one.ended) == (3, [])
    broker.start()
    await every(watching, lambda one: not one.down_reason and not one.unavailable)
    hands.produce(topic, [time.time()])
    await every(watching, lambda one: one.groups[group].lag_messages == 4)
    for one, told in zip(watching, before, strict=True):
        assert (unread_since(one, group), set(one.groups), set(one.topics)) == told
        assert one.ended == []
        assert one.topics[topic].recreated_at is UNSET


async def test_a_broker_that_stands_still_in_the_middle_of_a_pass_is_told_and_nothing_is_lost(
    broker: KafkaServer, hands: ByHand
) -> None:
    topic, tag = unique("topic"), unique("group")
    hands.create_topic(topic)
    hands.produce(topic, [time.time()] * 5)
    groups = [f"{tag}-{number}" for number in range(100)]
    hands.commit(groups[0], topic, {0: 2})
    hands.commit_many(groups, topic, 2)
    watching = both_ways(broker.bootstrap_servers)
    await every(watching, lambda one: ages_known(one, *groups) and not one.unavailable)
    assert broker.pid is not None
    passes = [asyncio.create_task(one.look()) for one in watching]
    await asyncio.sleep(0.02)
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        await asyncio.gather(*passes)
        await every(watching, lambda one: one.down_reason)
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    for one in watching:
        assert one.ended == []
        assert {one.groups[name].lag_messages for name in groups} == {3}
    await every(watching, lambda one: not one.down_reason and not one.unavailable)
    hands.commit(groups[0], topic, {0: 5})
    await every(watching, lambda one: one.groups[groups[0]].lag_messages == 0)
    for one in watching:
        assert (one.ended, one.unavailable) == ([], {})


async def test_coordinators_that_answer_after_they_were_given_up_do_no_harm(
    broker: KafkaServer, hands: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, tag = unique("topic"), unique("group")
    hands.create_topic(topic)
    hands.commit(tag, topic, {0: 0})
    names = [f"{tag}-{number}" for number in range(300)]
    hands.commit_many(names, topic, 0)
    for name, seconds in (("coordinators.ANSWER", 1.0), ("client.REQUEST", 2.0)):
        monkeypatch.setattr(f"collectors.kafka_collector.{name}_SECONDS", seconds)
    stopped: list[int] = []

    def read_while_it_stands_still(one: Coordinators, states: Mapping[str, str]) -> dict[str, GroupSample]:
        """Let the broker stand still once it has listed the groups, before any coordinator is known."""
        if not stopped and broker.pid is not None:
            stopped.append(broker.pid)
            os.kill(broker.pid, signal.SIGSTOP)
        # As if they had members: so they are described, which is the first library's part.
        return read(one, dict.fromkeys(states, "Stable"))

    read = Coordinators._read
    monkeypatch.setattr(Coordinators, "_read", read_while_it_stands_still)
    one = composed(broker.bootstrap_servers, "admin_api")
    try:
        await one.look()
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        monkeypatch.undo()
    assert stopped
    assert {str(one.groups[name].unavailable) for name in names} == {"no answer in 1 s"}
    # The collector's client is still open, and is answered now: had the library given up, we would end here.
    deadline = time.monotonic() + 30
    while not set(names) <= hands.listed_groups():
        # The cluster had given the broker up too, and it is loading its groups again.
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await one.until(
        lambda one: not one.unavailable and all(one.groups[name].unavailable is UNSET for name in names)
    )
    assert one.ended == []
    hands.delete_groups(names)
