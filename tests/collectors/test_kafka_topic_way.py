"""The internal topic as a way to know commits: what is not read yet, and what open transactions hold back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import pytest

from collectors.kafka_collector import topic_way
from collectors.kafka_collector.client import LATEST
from collectors.kafka_collector.commit_table import CommitTable
from collectors.kafka_collector.internal_topic import Progress
from collectors.kafka_collector.sample import Answers, ClusterMetadata, Commit, TopicPartition, TopicSample
from collectors.kafka_collector.topic_way import TopicWay
from tests.collectors.coordinator_records import commit

TASKS: TopicPartition = ("tasks", 0)
NOBODY = ClusterMetadata(1, (), {"__consumer_offsets": TopicSample("__consumer_offsets", (0, 1))}, {})

LED = replace(NOBODY, leaders={("__consumer_offsets", 0): 1, ("tasks", 0): 1})


class FakeTopic:
    """Stands for the reader: `say` is what the next read folds, and how far it came."""

    def __init__(self, _: Mapping[str, object], watched: Callable[[str], bool]) -> None:
        self.table = CommitTable(watched)
        self.progress = Progress(0, 0, whole=True)
        self.highs: Mapping[int, int] = {}

    def say(self, group: str, partition: int, offset: int, committed_ms: int) -> None:
        self.table.partition = partition
        self.table.take(*commit(group, *TASKS, offset, committed_ms))

    def read(self, _partitions: object, _limit_seconds: float, highs: Mapping[int, int]) -> Progress:
        self.highs = highs
        if self.progress.whole:
            self.table.settle()
        return self.progress


class FakeCoordinators:
    """Stands for the coordinators: `by_group` is what they tell; `reason` is why of others they do not."""

    def __init__(self) -> None:
        self.by_group: dict[str, dict[TopicPartition, Commit]] = {}
        self.asked: list[str] = []
        self.reason = "no answer in 10 s"
        self.lost = False

    async def rebalancing(self) -> dict[str, str]:
        return {}

    async def commits(
        self, names: Collection[str]
    ) -> tuple[dict[str, dict[TopicPartition, Commit]], dict[str, str]]:
        self.asked = sorted(names)
        told = {name: commits for name, commits in self.by_group.items() if name in names}
        return told, {name: self.reason for name in names if name not in told}


class FakeClient:
    """Stands for the client: `highs` are the ends of the internal topic's partitions."""

    config: Mapping[str, object] = {}

    def __init__(self) -> None:
        self.highs: dict[int, int] = {}

    async def watermarks(self, leaders: Mapping[TopicPartition, int], which: int) -> Answers:
        assert which == LATEST
        return Answers({place: self.highs[place[1]] for place in leaders if place[1] in self.highs})


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeTopic, FakeCoordinators, TopicWay]:
    monkeypatch.setattr(topic_way, "InternalTopic", FakeTopic)
    coordinators = FakeCoordinators()
    way = TopicWay(FakeClient(), coordinators, bool)  # type: ignore[arg-type] # fakes
    topic = way._topic
    assert isinstance(topic, FakeTopic)
    return topic, coordinators, way


Parts = tuple[FakeTopic, FakeCoordinators, TopicWay]


async def test_no_group_is_told_before_the_topic_was_read_to_its_end_once(parts: Parts) -> None:
    topic, _, way = parts
    topic.say("writer", 0, 3, 1000)
    topic.progress = Progress(1, 2, whole=False)
    first = await way.read(NOBODY)
    assert (dict(first.groups), first.changed, first.whole) == ({}, frozenset(), False)
    assert first.errors == ("commits are being read: 2 records of __consumer_offsets are left",)
    topic.say("writer", 0, 9, 2000)
    topic.progress = Progress(1, 0, whole=True)
    second = await way.read(NOBODY)
    assert (set(second.changed), second.whole) == ({"writer"}, True)
    assert second.groups["writer"].commits == {TASKS: Commit(9, 2.0)}


async def test_a_later_read_that_is_not_whole_tells_what_it_has(parts: Parts) -> None:
    topic, _, way = parts
    topic.say("writer", 0, 3, 1000)
    await way.read(NOBODY)
    topic.say("writer", 0, 4, 2000)
    topic.progress = Progress(1, 5, whole=False)
    later = await way.read(NOBODY)
    assert (set(later.changed), later.whole) == ({"writer"}, False)


async def test_what_an_open_transaction_holds_back_is_asked_of_the_coordinators(parts: Parts) -> None:
    topic, coordinators, way = parts
    topic.say("writer", 0, 3, 1000)
    topic.say("neighbour", 0, 5, 1000)
    topic.say("elsewhere", 1, 7, 1000)
    await way.read(NOBODY)
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}))
    coordinators.by_group = {"writer": {TASKS: Commit(8)}, "neighbour": {TASKS: Commit(5)}}
    held = await way.read(NOBODY)
    assert coordinators.asked == ["neighbour", "writer"]
    assert (set(held.changed), held.whole, held.errors) == ({"writer"}, True, ())
    assert held.groups["writer"].commits == {TASKS: Commit(8)}
    assert held.groups["neighbour"].commits == {TASKS: Commit(5, 1.0)}  # read, so its time is known
    again = await way.read(NOBODY)
    assert again.changed == frozenset()
    topic.say("writer", 0, 8, 3000)
    topic.progress = Progress(1, 0, whole=True)
    freed = await way.read(NOBODY)
    assert freed.groups["writer"].commits == {TASKS: Commit(8, 3.0)}
    assert "writer" in freed.changed


@pytest.mark.parametrize("reason", ["no answer in 10 s", "Broker: Group authorization failed"])
async def test_why_groups_that_are_held_back_are_not_told_is_said_once(parts: Parts, reason: str) -> None:
    topic, coordinators, way = parts
    coordinators.reason = reason
    topic.say("writer", 0, 3, 1000)
    topic.say("neighbour", 0, 3, 1000)
    await way.read(NOBODY)
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}))
    held = await way.read(NOBODY)
    assert held.groups["writer"].commits == {TASKS: Commit(3, 1.0)}
    assert held.errors == (
        f"open transactions hold back the commits of 2 groups, which are not told: {reason}",
    )


async def test_who_is_held_back_and_stops_answering_keeps_what_it_said_last(parts: Parts) -> None:
    topic, coordinators, way = parts
    topic.say("writer", 0, 3, 1000)
    await way.read(NOBODY)
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}))
    coordinators.by_group = {"writer": {TASKS: Commit(8)}}
    await way.read(NOBODY)
    coordinators.by_group = {}
    topic.say("writer", 0, 4, 1500)  # It was committed before the eight.
    silent = await way.read(NOBODY)
    assert silent.groups["writer"].commits == {TASKS: Commit(8)}
    assert len(silent.errors) == 1


async def test_who_stops_answering_keeps_what_it_said_until_all_that_was_there_is_read(parts: Parts) -> None:
    topic, coordinators, way = parts
    client = way._client
    assert isinstance(client, FakeClient)
    topic.say("writer", 0, 3, 1000)
    await way.read(LED)
    client.highs = {0: 20}
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}), read_to={0: 10})
    coordinators.by_group = {"writer": {TASKS: Commit(8)}}
    await way.read(LED)
    # The eight was among the twenty; the first transaction ends, and another one is open.
    coordinators.by_group, client.highs = {}, {0: 40}
    topic.progress = replace(topic.progress, read_to={0: 19})
    topic.say("writer", 0, 4, 1500)
    assert (await way.read(LED)).groups["writer"].commits == {TASKS: Commit(8)}
    topic.progress = replace(topic.progress, read_to={0: 20})
    topic.say("writer", 0, 12, 9000)
    read = await way.read(LED)
    assert (read.groups["writer"].commits, set(read.changed)) == ({TASKS: Commit(12, 9.0)}, {"writer"})
    assert len(read.errors) == 1


async def test_what_was_said_before_the_topic_was_read_anew_is_forgotten(parts: Parts) -> None:
    topic, coordinators, way = parts
    topic.say("writer", 0, 3, 1000)
    await way.read(NOBODY)
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}))
    coordinators.by_group = {"writer": {TASKS: Commit(8)}}
    await way.read(NOBODY)
    topic.table.restart()
    topic.say("writer", 0, 20, 99000)
    coordinators.by_group = {}
    assert (await way.read(NOBODY)).groups["writer"].commits == {TASKS: Commit(20, 99.0)}


async def test_the_reader_is_told_where_the_partitions_that_have_a_leader_end(parts: Parts) -> None:
    topic, _, way = parts
    client = way._client
    assert isinstance(client, FakeClient)
    client.highs = {0: 7, 1: 9}
    await way.read(LED)
    assert topic.highs == {0: 7}


async def test_commits_that_were_deleted_behind_an_open_transaction_are_gone_when_two_samples_say_so(
    parts: Parts,
) -> None:
    topic, coordinators, way = parts
    topic.say("writer", 0, 3, 1000)
    await way.read(NOBODY)
    topic.progress = Progress(0, 0, whole=True, held=frozenset({0}))
    coordinators.by_group = {"writer": {TASKS: Commit(8)}}
    await way.read(NOBODY)
    coordinators.by_group = {"writer": {}}
    once = await way.read(NOBODY)
    assert (once.groups["writer"].commits, once.errors) == ({TASKS: Commit(8)}, ())
    assert once.changed == frozenset()
    twice = await way.read(NOBODY)
    assert (twice.groups["writer"].commits, twice.errors) == ({}, ())
    assert twice.changed == {"writer"}
