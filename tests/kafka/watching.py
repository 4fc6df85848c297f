"""The Kafka collector as these tests run it: pass by pass, what it has told so far kept together."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from collectors.base.collector import Complete, Gone, Observed, Partial
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.collector import KafkaCollector
from collectors.kafka_collector.dead_letters import DeadLetters
from collectors.kafka_collector.sampler import Sampler
from collectors.kafka_collector.settings import CommitsChoice
from runtime.settings import BaseSettings
from schema.models import Group, GroupPartition, Topic
from schema.observed import KafkaClusterObserved

INTERVAL_SECONDS = 1.0
Place = tuple[str, str, int]


@dataclass
class Watcher:
    """A collector, and what it has told so far: its last sample lies between `began_at` and `ended_at`.

    `since_last_seconds` is the sampling interval that came about: on a busy machine it is longer than asked.
    """

    collector: KafkaCollector
    groups: dict[str, Group] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    cluster: KafkaClusterObserved | None = None
    troubles: list[str] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)
    began_at: float = 0.0
    ended_at: float = 0.0
    since_last_seconds: float = 0.0

    async def take(self) -> None:
        """Take one sample; `troubles` are what this one could not read."""
        self.since_last_seconds = time.time() - self.began_at if self.began_at else 0.0
        self.began_at = time.time()
        self.troubles = []
        async for item in self.collector.observe():
            if isinstance(item, Observed):
                self._note(item)
            elif isinstance(item, Gone):
                (self.groups if item.kind == "group" else self.topics).pop(item.id, None)
            elif isinstance(item, Partial):
                self.troubles.append(item.reason)
            elif isinstance(item, Complete):
                self.completed.update(item.kinds)
        self.ended_at = time.time()

    def partitions(self, groups: Iterable[str]) -> dict[Place, GroupPartition]:
        """Give every partition of these groups by group, topic and number."""
        return {
            (name, one.topic, one.partition): one for name in groups for one in self.groups[name].partitions
        }

    def _note(self, item: Observed) -> None:
        if isinstance(item.value, Group):
            self.groups[item.id] = item.value
        elif isinstance(item.value, Topic):
            self.topics[item.id] = item.value
        elif isinstance(item.value, KafkaClusterObserved):
            self.cluster = item.value


def watcher(settings: BaseSettings, commits_from: CommitsChoice = "auto") -> Watcher:
    """Let the collector watch a cluster, its commits known in this way."""
    sampler = Sampler(KafkaClient(settings), commits_from, include_own=False)
    # The workload's threads spend CPU in this process: it is none of the collector's.
    return Watcher(KafkaCollector(sampler, INTERVAL_SECONDS, DeadLetters(()), spent_seconds=lambda: 0.0))
