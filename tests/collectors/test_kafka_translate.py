"""A sample of the broker into groups and topics, as tables."""

import dataclasses
from datetime import UTC, datetime

import pytest
from msgspec import UNSET, structs

from collectors.base.collector import Complete, Gone, Item, Observed, Partial
from collectors.kafka_collector import translate
from collectors.kafka_collector.collector import MISSING_PASSES, KafkaCollector
from collectors.kafka_collector.settings import KafkaSettings, watched
from collectors.kafka_collector.translate import GroupSample, MemberSample, Offsets, Sample, TopicSample
from schema.models import Group, GroupPartition, Member, Topic

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("committed", "low", "end", "lag"),
    [
        (10, 0, 1210, 1200),
        (1210, 0, 1210, 0),
        (None, 0, 5, 5),
        (None, 3, 5, 2),
        (2, 3, 5, 2),
        (9, 0, 5, 0),
        (0, 0, 0, 0),
    ],
)
def test_lag_is_what_is_left_between_the_position_and_the_end(
    committed: int | None, low: int, end: int, lag: int
) -> None:
    assert translate.partition_lag(committed, low, end) == lag


def test_a_group_has_its_committed_and_its_assigned_partitions_in_order() -> None:
    members = (
        MemberSample("m-2", "writer-2", "/10.0.0.8", (("tasks", 1),)),
        MemberSample("m-1", "writer-1", "/10.0.0.7", (("tasks", 0),)),
    )
    committed: Offsets = {("tasks", 0): 10, ("gone", 0): 5}
    low, end = {("tasks", 0): 0, ("tasks", 1): 2}, {("tasks", 0): 30, ("tasks", 1): 7}
    found = translate.group(GroupSample("writer", "Stable", members, committed), low, end)
    assert found == Group(
        group="writer",
        state="Stable",
        lag_messages=25,
        members=[
            Member(member_id="m-1", client_id="writer-1", host="10.0.0.7"),
            Member(member_id="m-2", client_id="writer-2", host="10.0.0.8"),
        ],
        partitions=[
            GroupPartition(topic="tasks", partition=0, committed_offset=10, end_offset=30, lag_messages=20),
            GroupPartition(topic="tasks", partition=1, end_offset=7, lag_messages=5),
        ],
    )


def sample(
    end: Offsets,
    taken_at: float = 0.0,
    groups: tuple[GroupSample, ...] = (),
    errors: tuple[str, ...] = (),
    listed: frozenset[str] | None = frozenset(),
) -> Sample:
    topics = tuple(
        TopicSample(name, sum(place[0] == name for place in end), 0) for name in sorted({t for t, _ in end})
    )
    return Sample(taken_at, 1, topics, groups, listed, dict.fromkeys(end, 0), end, errors)


def test_a_topic_has_the_largest_lag_of_its_groups_and_its_rate() -> None:
    groups = (
        GroupSample("slow", "Empty", (), {("tasks", 0): 0, ("tasks", 1): 8}),
        GroupSample("fast", "Empty", (), {("tasks", 0): 10, ("tasks", 1): 10}),
    )
    now = sample({("tasks", 0): 10, ("tasks", 1): 10, ("idle", 0): 3}, 12.0, groups)
    before = sample({("tasks", 0): 5, ("tasks", 1): 10, ("idle", 0): 9}, 10.0)
    lags = [translate.group(one, now.low, now.end) for one in groups]
    assert translate.topics(now, lags, before) == [
        Topic(topic="idle", partitions=1, produced_per_second=0.0, under_replicated=0),
        Topic(topic="tasks", partitions=2, produced_per_second=2.5, depth=12, under_replicated=0),
    ]
    assert translate.topics(now, lags, None)[1].produced_per_second is UNSET


class FakeClient:
    def __init__(self, *samples: Sample) -> None:
        self.samples = list(samples)

    async def sample(self) -> Sample:
        return self.samples.pop(0)


async def passes(*samples: Sample) -> list[list[Item]]:
    collector = KafkaCollector(FakeClient(*samples))
    return [[item async for item in collector.observe()] for _ in samples]


async def test_a_whole_sample_completes_every_kind() -> None:
    ((cluster, topic, *rest),) = await passes(sample({("tasks", 0): 1}))
    assert isinstance(cluster, Observed)
    assert isinstance(topic, Observed)
    assert (cluster.kind, cluster.id, topic.kind, topic.id) == ("kafka_cluster", "cluster", "topic", "tasks")
    assert rest == [Complete(("kafka_cluster", "topic")), Complete(("group",))]


async def test_a_group_that_cannot_be_read_stays_and_one_that_is_not_listed_is_gone() -> None:
    group = GroupSample("good", "Empty", (), {})
    later = [
        sample({}, 2.0 * one, (group,), ("group refused: not authorized",), frozenset({"good", "refused"}))
        for one in range(1, MISSING_PASSES + 1)
    ]
    first = sample({}, 0.0, (group,), listed=frozenset({"good", "refused", "old"}))
    *_, items = await passes(first, *later)
    assert items[-2:] == [Gone("group", "old"), Partial(("group",), "group refused: not authorized")]
    assert Complete(("group",)) not in items


async def test_groups_that_a_loading_coordinator_leaves_out_for_a_while_stay() -> None:
    group = GroupSample("writer", "Stable", (), {})
    whole = sample({}, 0.0, (group,), listed=frozenset({"writer"}))
    unknown = dataclasses.replace(sample({}, 2.0, ()), listed_groups=None, errors=("no list",))
    empty = sample({}, 4.0, (), listed=frozenset())
    for items in (await passes(whole, unknown, empty, empty, whole))[1:4]:
        assert Complete(("group",)) not in items
        assert not [one for one in items if isinstance(one, Gone)]
    *_, last = await passes(whole, *[empty] * MISSING_PASSES)
    assert last[-1] == Complete(("group",))


async def test_what_does_not_answer_is_as_it_was_before() -> None:
    group = GroupSample("writer", "Stable", (), {("tasks", 0): 1, ("tasks", 1): 1, ("other", 0): 1})
    whole = sample({("old", 0): 1, ("other", 0): 4, ("tasks", 0): 5, ("tasks", 1): 9}, 0.0, (group,))
    torn = dataclasses.replace(
        sample({("tasks", 0): 6}, 2.0, (group,), ("offsets of tasks 1: timed out",)),
        topics=(TopicSample("tasks", 2, 0),),
        refused_topics=frozenset({"other"}),
    )
    for items in (await passes(whole, torn, torn))[1:]:
        seen = {item.id: item.value for item in items if isinstance(item, Observed)}
        assert seen.keys() == {"cluster", "writer", "other", "tasks"}
        shown = seen["writer"]
        assert isinstance(shown, Group)
        assert [one.lag_messages for one in shown.partitions] == [3, 5, 8]


def test_a_member_with_a_very_long_name_keeps_its_group_visible() -> None:
    member = MemberSample("c" * 300 + "-1", "c" * 300, "/10.0.0.7")
    (shown,) = translate.group(GroupSample("writer", "Stable", (member,), {}), {}, {}).members
    assert (len(shown.member_id), shown.member_id[-2:], len(shown.client_id)) == (256, "-1", 256)


async def test_a_list_that_could_not_be_read_whole_lets_no_group_go() -> None:
    _, items = await passes(
        sample({}, listed=frozenset({"a"})), sample({}, errors=("groups: timed out",), listed=None)
    )
    assert not any(isinstance(item, Gone) for item in items)


def test_another_cluster_is_watched_with_its_own_security() -> None:
    settings = KafkaSettings(
        kafka_bootstrap_servers="ours:9092", kafka_security_protocol="SSL", kafka_ssl_ca_location="ca"
    )
    assert watched(settings) is settings
    other = watched(structs.replace(settings, watched_kafka_bootstrap_servers="theirs:9092"))
    assert (other.kafka_bootstrap_servers, other.kafka_security_protocol) == ("theirs:9092", "PLAINTEXT")
    assert other.kafka_ssl_ca_location == ""
