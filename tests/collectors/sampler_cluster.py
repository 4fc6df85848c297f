"""A cluster for tests of the Kafka sampler: what it tells by either way, and what it was asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import pytest

from collectors.kafka_collector import sampler as module
from collectors.kafka_collector.client import INTERNAL_TOPIC, LATEST
from collectors.kafka_collector.coordinators import Told
from collectors.kafka_collector.sample import (
    Answers,
    ClusterMetadata,
    GroupSample,
    GroupsSample,
    Offsets,
    TopicSample,
)
from collectors.kafka_collector.sample import TopicPartition as Place
from collectors.kafka_collector.sampler import Sampler
from collectors.kafka_collector.settings import CommitsChoice
from schema.errors import SourceUnavailable
from tests.collectors.kafka_samples import group

P0, P1 = ("tasks", 0), ("tasks", 1)
INTERNAL = TopicSample(INTERNAL_TOPIC, (0,))
ONE, TWO = group("one", {P0: 1}), group("two", {P0: 2})


def groups(*ones: GroupSample, whole: bool = True, ended: Collection[str] = ()) -> GroupsSample:
    named = {one.group: one for one in ones}
    return GroupsSample(named, frozenset(), frozenset(ended), whole)


@dataclass
class FakeCluster:
    """Stands for the client, the coordinators, and the reader of the internal topic."""

    ends: Offsets = field(default_factory=lambda: {P0: 9})
    internal: TopicSample | None = INTERNAL
    by_topic: GroupsSample | Exception = field(default_factory=lambda: groups(ONE))
    by_admin: Told = field(default_factory=lambda: Told({"one": ONE}, whole=True))
    silent: frozenset[Place] = frozenset()
    down: bool = False
    reopened: int = 0
    asked: list[int] = field(default_factory=list)
    policies_asked: list[set[str]] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    seconds: float = 1_000_000.0
    ask_sizes = None
    complete: bool = True
    lost: bool = False
    missing: tuple[int, ...] = (3,)

    async def metadata(self, sizes: Mapping[str, int]) -> ClusterMetadata:
        if self.down:
            raise SourceUnavailable("nobody answers")
        topics = {name: TopicSample(name, (0,)) for name, _ in self.ends}
        if self.internal is not None:
            topics[INTERNAL_TOPIC] = self.internal
        return ClusterMetadata(
            2, self.missing, topics, dict.fromkeys(self.ends, 1) | {(INTERNAL_TOPIC, 0): 1}
        )

    async def watermarks(self, leaders: Mapping[Place, int], which: int) -> Answers:
        self.asked.append(which)
        told = {p: (self.ends[p] if which == LATEST else 0) for p in leaders if p not in self.silent}
        return Answers(told, tuple(f"{place}: silent" for place in self.silent))

    async def compacted(self, topics: set[str]) -> dict[str, bool]:
        self.policies_asked.append(topics)
        return {name: name == "a" for name in topics - self.untold}

    def reopen(self) -> None:
        self.reopened += 1

    async def groups(self, missing: Collection[str]) -> Told:
        return replace(self.by_admin, gone=frozenset(missing))

    async def read(self, _: ClusterMetadata) -> GroupsSample:
        if isinstance(self.by_topic, Exception):
            raise self.by_topic
        return self.by_topic


def composed(
    monkeypatch: pytest.MonkeyPatch, choice: CommitsChoice = "auto", own: bool = False
) -> tuple[FakeCluster, Sampler]:
    """Give a sampler over a fake cluster."""
    cluster = FakeCluster()
    monkeypatch.setattr(module, "Coordinators", lambda *_: cluster)
    monkeypatch.setattr(module, "TopicWay", lambda *_: cluster)
    return cluster, Sampler(cluster, choice, own, lambda: cluster.seconds)  # type: ignore[arg-type]
