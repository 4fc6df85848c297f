"""Observes one Kafka cluster: one pass, one sample.

`python -m collectors.kafka_collector.collector` runs it as the source `kafka@<bootstrap servers>`.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Protocol

from collectors.base.collector import Collector, Complete, Gone, Item, Observed, Partial
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.kafka_collector import translate
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.settings import KafkaSettings, watched
from collectors.kafka_collector.translate import Sample
from runtime.service import run_async
from schema.messages import KafkaClusterObserved


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

    async def observe(self) -> AsyncIterator[Item]:
        """Run one pass."""
        sample = translate.carried(await self._client.sample(), self._before)
        for item in _items(sample, self._before, datetime.now(UTC)):
            yield item
        self._before = sample


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
