"""Samples by hand for tests of the Kafka collector's core, and a source of them that a test moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from collectors.base.collector import Complete, Due, Gone, Item, Observed, Partial
from collectors.base.source import Source
from collectors.kafka_collector.collector import KafkaCollector
from collectors.kafka_collector.dead_letters import DeadLetters
from collectors.kafka_collector.sample import (
    Commit,
    GroupSample,
    GroupsSample,
    MemberSample,
    Offsets,
    Sample,
    TopicPartition,
    TopicSample,
)
from schema import models
from schema.observed import KafkaClusterObserved
from schema.part_models import CommitsFrom
from schema.wire import decode

START = 1_790_000_000.0
INTERVAL = 2.0
NOW = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)


def topics_of(ends: Iterable[TopicPartition]) -> dict[str, TopicSample]:
    numbers: dict[str, list[int]] = {}
    for topic, number in ends:
        numbers.setdefault(topic, []).append(number)
    return {name: TopicSample(name, tuple(sorted(found))) for name, found in numbers.items()}


def group(
    name: str,
    commits: Mapping[TopicPartition, int],
    *,
    held: tuple[TopicPartition, ...] = (),
    state: str = "Stable",
    committed_at: float | None = None,
) -> GroupSample:
    """Give a group; with `held` it has one member, which holds these partitions."""
    members = (MemberSample("m-1", "worker", "/10.0.0.7", held),) if held else ()
    told = {place: Commit(offset, committed_at) for place, offset in commits.items()}
    return GroupSample(name, state, members, told)


def sample(
    seconds: float,
    ends: Offsets,
    *groups: GroupSample,
    low: Offsets | None = None,
    topics: Mapping[str, TopicSample] | None = None,
    changed: Iterable[str] | None = None,
    ended: Iterable[str] = (),
    whole: bool = True,
    errors: tuple[str, ...] = (),
    commits_from: CommitsFrom = "internal_topic",
) -> Sample:
    """Give a sample `seconds` after START; unless told otherwise, every low watermark is 0."""
    named = {one.group: one for one in groups}
    return Sample(
        at=START + seconds,
        brokers=1,
        topics=topics_of(ends) if topics is None else topics,
        groups=GroupsSample(
            named, frozenset(named if changed is None else changed), frozenset(ended), whole, errors
        ),
        low=dict.fromkeys(ends, 0) if low is None else low,
        end=ends,
        commits_from=commits_from,
    )


@dataclass
class FakeSamples:
    """Gives what `next` holds; `records` are each partition's (offset, timestamp in milliseconds).

    A partition of which nothing is recorded does not answer questions about timestamps.
    """

    next: Sample | None = None
    records: dict[TopicPartition, list[tuple[int, int]]] = field(default_factory=dict)
    compacted_topics: frozenset[str] = frozenset()
    untold_topics: frozenset[str] = frozenset()
    questions: list[TopicPartition] = field(default_factory=list)

    async def sample(self) -> Sample:
        assert self.next is not None
        return self.next

    async def first_at(
        self, questions: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, tuple[int, int]]:
        self.questions.extend(questions)
        return {
            place: next((one for one in self.records[place] if one[1] >= asked), (-1, -1))
            for place, asked in questions.items()
            if place in self.records
        }

    async def compacted(self, topics: set[str]) -> dict[str, bool]:
        return {name: name in self.compacted_topics for name in topics - self.untold_topics}


class Watched:
    """A collector fed by hand, and what the runner's memory holds of it."""

    def __init__(self, patterns: tuple[str, ...] = ("*-dlq",)) -> None:
        self.samples = FakeSamples()
        self.source = Source("kafka@test", "e1")
        self.collector = KafkaCollector(self.samples, INTERVAL, DeadLetters(patterns), lambda: 0.0)

    async def take(self, taken: Sample) -> list[Item]:
        """Run one pass over this sample; every value must hold its contract."""
        self.samples.next = taken
        self.source.begin_pass()
        items = []
        async for item in self.collector.observe():
            items.append(item)
            if not isinstance(item, Due):
                self.source.take(item, NOW)
        self.source.end_pass()
        return items

    async def after(self, *taken: Sample) -> list[Item]:
        """Run a pass over each; give the items of the last."""
        items: list[Item] = []
        for one in taken:
            items = await self.take(one)
        return items

    def groups(self) -> dict[str, models.Group]:
        return {name: decode(raw, _GROUP) for name, raw in self._values("group")}

    def topics(self) -> dict[str, models.Topic]:
        return {name: decode(raw, _TOPIC) for name, raw in self._values("topic")}

    def cluster(self) -> KafkaClusterObserved:
        ((_, raw),) = self._values("kafka_cluster")
        return decode(raw, _CLUSTER)

    def partition(self, group: str, topic: str = "tasks", number: int = 0) -> models.GroupPartition:
        found = self.groups()[group].partitions
        return next(one for one in found if (one.topic, one.partition) == (topic, number))

    def _values(self, kind: str) -> list[tuple[str, bytes]]:
        # A new epoch tells everything that is remembered.
        told = list(self.source.renew("e2", NOW))
        return [(one.id, bytes(one.value)) for one in told if one.kind == kind and hasattr(one, "value")]


_GROUP = msgspec.json.Decoder(models.Group)
_TOPIC = msgspec.json.Decoder(models.Topic)
_CLUSTER = msgspec.json.Decoder(KafkaClusterObserved)


def named(items: Iterable[Item], kind: str) -> list[str]:
    return [one.id for one in items if isinstance(one, Observed) and one.kind == kind]


def gone(items: Iterable[Item]) -> set[tuple[str, str]]:
    return {(one.kind, one.id) for one in items if isinstance(one, Gone)}


def completed(items: Iterable[Item]) -> set[str]:
    return {kind for one in items if isinstance(one, Complete) for kind in one.kinds}


def partials(items: Iterable[Item]) -> list[str]:
    return [one.reason for one in items if isinstance(one, Partial)]
