"""Samples by either way: which one and why, what a change of way ends, and when watermarks are asked."""

from collections.abc import Callable, Mapping
from functools import partial

import pytest

from collectors.kafka_collector.client import EARLIEST, INTERNAL_TOPIC, LATEST
from collectors.kafka_collector.coordinators import Told
from collectors.kafka_collector.sample import Answers, GroupsSample, TopicSample
from collectors.kafka_collector.sample import TopicPartition as Place
from collectors.kafka_collector.sampler import DENIED_SECONDS, LOW_SECONDS, NOT_SEEN, Sampler
from schema.errors import SourceDenied, SourceUnavailable
from tests.collectors.sampler_cluster import INTERNAL, ONE, P0, P1, TWO, FakeCluster, composed, groups

Compose = Callable[..., tuple[FakeCluster, Sampler]]


@pytest.fixture
def compose(monkeypatch: pytest.MonkeyPatch) -> Compose:
    return partial(composed, monkeypatch)


async def test_the_internal_topic_is_read_where_that_is_permitted(compose: Compose) -> None:
    _, sampler = compose()
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason, taken.errors) == ("internal_topic", "", ())
    assert (taken.brokers, taken.missing_brokers, set(taken.groups.changed)) == (2, (3,), {"one"})
    assert (set(taken.topics), taken.end, taken.low) == ({"tasks"}, {P0: 9}, {P0: 0})


async def test_the_admin_api_is_used_when_it_is_chosen(compose: Compose) -> None:
    _, sampler = compose("admin_api")
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("admin_api", "")


@pytest.mark.parametrize("internal", [None, TopicSample(INTERNAL_TOPIC, refused="not authorized")])
async def test_the_admin_api_is_used_while_the_internal_topic_is_not_to_be_seen(
    compose: Compose, internal: TopicSample | None
) -> None:
    cluster, sampler = compose()
    cluster.internal = internal
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("admin_api", NOT_SEEN)
    cluster.internal = INTERNAL
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("internal_topic", "")


async def test_the_admin_api_is_used_until_the_internal_topic_was_read_once(compose: Compose) -> None:
    cluster, sampler = compose()
    cluster.complete = False
    cluster.by_topic = GroupsSample({}, frozenset(), whole=False, errors=("commits are being read",))
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("admin_api", "commits are being read")
    assert taken.groups.groups == {"one": ONE}
    cluster.complete, cluster.by_topic = True, groups(ONE)
    assert (await sampler.sample()).commits_from == "internal_topic"


async def test_after_a_denial_the_admin_api_is_used_and_the_topic_is_tried_again_later(
    compose: Compose,
) -> None:
    cluster, sampler = compose()
    cluster.by_topic = SourceDenied("allow Read")
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason, taken.errors) == ("admin_api", "allow Read", ())
    cluster.by_topic = groups(ONE)
    cluster.seconds += DENIED_SECONDS - 1
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("admin_api", "allow Read")
    cluster.seconds += 1
    taken = await sampler.sample()
    assert (taken.commits_from, taken.commits_from_reason) == ("internal_topic", "")


async def test_a_denied_topic_that_was_asked_for_is_an_error_and_no_group_ends(compose: Compose) -> None:
    cluster, sampler = compose("internal_topic")
    assert (await sampler.sample()).groups.whole
    cluster.by_topic = SourceDenied("allow Read")
    for _ in range(2):
        taken = await sampler.sample()
        assert (taken.commits_from, taken.groups.errors) == ("internal_topic", ("allow Read",))
        assert (taken.groups.whole, set(taken.groups.ended)) == (False, set())


async def test_a_change_of_way_changes_all_and_ends_what_the_new_way_does_not_have(compose: Compose) -> None:
    cluster, sampler = compose()
    cluster.by_topic = SourceDenied("allow Read")
    cluster.by_admin = Told({"one": ONE, "two": TWO}, whole=True)
    assert (await sampler.sample()).groups.changed == {"one", "two"}
    cluster.seconds += DENIED_SECONDS
    cluster.by_topic = groups(whole=False)
    reading = (await sampler.sample()).groups
    assert (set(reading.changed), set(reading.ended)) == (set(), set())
    cluster.by_topic = groups(ONE)
    assert (await sampler.sample()).groups.ended == {"two"}
    assert (await sampler.sample()).groups.ended == set()


async def test_what_another_way_saw_end_does_not_come_back(compose: Compose) -> None:
    cluster, sampler = compose()
    cluster.internal = None
    cluster.by_admin = Told({"one": ONE, "two": TWO}, whole=True)
    await sampler.sample()
    cluster.internal = INTERNAL
    assert (await sampler.sample()).groups.ended == {"two"}
    cluster.internal, cluster.by_admin = None, Told({"one": ONE}, whole=True)
    again = await sampler.sample()
    assert (set(again.groups.groups), set(again.groups.changed), again.errors) == ({"one"}, {"one"}, ())


async def test_a_group_that_the_topic_does_not_have_yet_is_not_ended_by_the_next_change_of_way(
    compose: Compose,
) -> None:
    cluster, sampler = compose()
    cluster.missing, cluster.complete, cluster.by_topic = (), False, groups(whole=False)
    cluster.by_admin = Told({"one": ONE, "two": TWO}, whole=True)
    await sampler.sample()
    cluster.complete, cluster.by_topic = True, groups(ONE, whole=False)
    assert (await sampler.sample()).groups.ended == set()
    # It is read anew, while the coordinator of the other is loading, and so leaves it out.
    cluster.complete, cluster.by_admin = False, Told({"one": ONE}, whole=True)
    anew = (await sampler.sample()).groups
    assert (set(anew.groups), set(anew.ended)) == ({"one", "two"}, set())


async def test_own_topics_are_left_out_unless_asked_for(compose: Compose) -> None:
    for own, expected in ((False, {"tasks"}), (True, {"tasks", "oracle.state", INTERNAL_TOPIC})):
        cluster, sampler = compose(own=own)
        cluster.ends = {P0: 9, ("oracle.state", 0): 1}
        if own:
            cluster.ends = {**cluster.ends, (INTERNAL_TOPIC, 0): 7}
        assert set((await sampler.sample()).topics) == expected


async def test_low_watermarks_are_asked_now_and_then_and_for_new_partitions(compose: Compose) -> None:
    cluster, sampler = compose()
    await sampler.sample()
    await sampler.sample()
    assert cluster.asked == [LATEST, EARLIEST, LATEST]
    cluster.ends = {P0: 9, P1: 3}
    await sampler.sample()
    cluster.seconds += LOW_SECONDS - 1
    await sampler.sample()
    assert cluster.asked.count(EARLIEST) == 2
    cluster.seconds += 1
    await sampler.sample()
    assert cluster.asked.count(EARLIEST) == 3


async def test_the_low_watermark_of_a_topic_made_anew_is_asked_at_once(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, sampler = compose()
    low = {P0: 500}

    async def watermarks(leaders: Mapping[Place, int], which: int) -> Answers:
        return Answers(dict(cluster.ends) if which == LATEST else dict(low))

    monkeypatch.setattr(cluster, "watermarks", watermarks)
    cluster.ends = {P0: 900}
    assert (await sampler.sample()).low == {P0: 500}
    cluster.ends, low = {P0: 3}, {P0: 0}
    assert (await sampler.sample()).low == {P0: 0}


async def test_a_partition_that_does_not_answer_keeps_its_low_watermark_and_the_error_is_told(
    compose: Compose,
) -> None:
    cluster, sampler = compose()
    await sampler.sample()
    cluster.silent, cluster.seconds = frozenset({P0}), cluster.seconds + LOW_SECONDS
    taken = await sampler.sample()
    assert (taken.end, taken.low, len(taken.errors)) == ({}, {P0: 0}, 2)


async def test_a_client_that_lost_its_broker_begins_with_new_connections(compose: Compose) -> None:
    cluster, sampler = compose("admin_api")
    cluster.down = True
    with pytest.raises(SourceUnavailable):
        await sampler.sample()
    cluster.down = False
    await sampler.sample()
    assert cluster.reopened == 1
    cluster.by_admin = Told({}, whole=False, errors=("groups: timed out",), lost=True)
    assert (await sampler.sample()).groups.errors[0] == "groups: timed out"
    cluster.by_admin = Told({"one": ONE}, whole=True)
    await sampler.sample()
    await sampler.sample()
    assert cluster.reopened == 2


async def test_no_group_ends_while_a_broker_or_a_leader_of_the_internal_topic_is_missing(
    compose: Compose,
) -> None:
    cluster, sampler = compose("admin_api")
    await sampler.sample()
    cluster.by_admin = Told({}, whole=True)
    for _ in range(10):
        taken = await sampler.sample()
    assert (set(taken.groups.groups), set(taken.groups.ended), taken.groups.whole) == ({"one"}, set(), False)
    (said,) = taken.groups.errors
    assert said == "brokers 3 do not answer: groups that they coordinate may not be listed"
    cluster.missing, cluster.internal = (), TopicSample(INTERNAL_TOPIC, (0, 1), 0, frozenset({1}))
    (said,) = (await sampler.sample()).groups.errors
    assert said == "1 partitions of __consumer_offsets have no leader, so no coordinator"
