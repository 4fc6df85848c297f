"""Observes one Kafka cluster: one pass, one sample.

`python -m collectors.kafka_collector.collector` runs it as the source `kafka@<bootstrap servers>`.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from collectors.base.collector import Collector, Complete, Gone, Item, Observed, Partial
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.kafka_collector import translate
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.settings import KafkaSettings, watched
from collectors.kafka_collector.translate import Sample
from runtime.service import run_async
from schema.observed import KafkaClusterObserved

MISSING_PASSES = 4
"""A group that so many lists in a row leave out is gone."""


class Samples(Protocol):
    """Where samples come from."""

    async def sample(self) -> Sample:
        """Take one sample; raises SourceUnavailable."""


class KafkaCollector:
    """Cluster, groups and topics from samples; remembers one sample, for rates and for what has ended."""

    name = "kafka"

    def __init__(self, client: Samples) -> None:
        self._client = client
        self._before: Sample | None = None
        self._listed: frozenset[str] = frozenset()
        self._missing: dict[str, int] = {}

    async def observe(self) -> AsyncIterator[Item]:
        """Run one pass."""
        sample = self._patient(translate.carried(await self._client.sample(), self._before))
        for item in _items(sample, self._before, datetime.now(UTC)):
            yield item
        self._before = sample

    def _patient(self, sample: Sample) -> Sample:
        """Take a group as listed until it was missing from a few lists.

        A coordinator that is still loading after a broker's start leaves its groups out, without an error.
        """
        if sample.listed_groups is None:
            return sample
        missing = self._listed - sample.listed_groups
        self._missing = {name: self._missing.get(name, 0) + 1 for name in missing}
        waiting = frozenset(name for name, count in self._missing.items() if count < MISSING_PASSES)
        self._listed = sample.listed_groups | waiting
        if not waiting:
            return sample
        told = f"{len(waiting)} groups are not listed: deleted, or their coordinator is loading"
        return replace(sample, listed_groups=self._listed, errors=(*sample.errors, told))


def _items(sample: Sample, before: Sample | None, now: datetime) -> list[Item]:
    groups = [translate.group(one, sample.low, sample.end) for one in sample.groups]
    topics = translate.topics(sample, groups, before)
    # When the sample was taken is told here only: else each pass would publish everything again.
    cluster = KafkaClusterObserved(sampled_at=now, brokers=sample.brokers)
    return [
        Observed("kafka_cluster", "cluster", cluster),
        *(Observed("group", one.group, one) for one in groups),
        *(Observed("topic", one.topic, one) for one in topics),
        Complete(("kafka_cluster", "topic")),
        *_end_of_groups(sample, before),
    ]


def _end_of_groups(sample: Sample, before: Sample | None) -> list[Item]:
    """Say which groups are gone, even while a single one cannot be read."""
    if not sample.errors:
        return [Complete(("group",))]
    ended: list[Item] = []
    if before and before.listed_groups and sample.listed_groups is not None:
        ended = [Gone("group", name) for name in sorted(before.listed_groups - sample.listed_groups)]
    return [*ended, Partial(("group",), "; ".join(sample.errors[:5]))]


def make(settings: KafkaSettings) -> tuple[Collector, str]:
    """Compose the collector, and give its instance: the watched bootstrap servers."""
    target = watched(settings)
    client = KafkaClient(target, settings.watched_kafka_include_own)
    return KafkaCollector(client), target.kafka_bootstrap_servers


def main() -> None:
    """Run the service."""
    run_async("kafka-collector", KafkaSettings, main_of(make), *DEPENDENCIES)


if __name__ == "__main__":
    main()
