"""Observes one Kafka cluster: one pass, one coherent sample.

`python -m collectors.kafka_collector.collector` runs it as the source `kafka@<bootstrap servers>`. The first
pass names everything; later ones what changed, so that a sample costs what it changes.
"""

import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from msgspec import UNSET

from collectors.base.collector import Collector, Complete, Due, Item, Observed, Partial
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.dead_letters import DeadLetters
from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.lookups import Round, search_for
from collectors.kafka_collector.pace import Pace
from collectors.kafka_collector.picture import Picture
from collectors.kafka_collector.positions import Wanted
from collectors.kafka_collector.sample import Sample, TopicPartition
from collectors.kafka_collector.sampler import Sampler
from collectors.kafka_collector.search import Search
from collectors.kafka_collector.settings import KafkaSettings, watched
from collectors.kafka_collector.times import moment
from runtime.metrics import KAFKA_INTERVAL_SECONDS, KAFKA_LOOKUPS, KAFKA_SAMPLE_CPU_SECONDS
from runtime.service import run_async
from schema.observed import KafkaClusterObserved

MAX_SEARCHES = 2000
"""So many messages are looked up by timestamp in one pass; the others wait for the next ones."""
MAX_ERRORS = 5
CLOCK_SECONDS = 5.0
"""A clock that steps back further than this is no correction of a drift."""


class Samples(Protocol):
    """Where samples come from, and answers about timestamps."""

    async def sample(self) -> Sample:
        """Take one sample; raises SourceUnavailable."""

    async def first_at(
        self, questions: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """Ask for the first record at or after a time, in milliseconds: its offset and its timestamp."""

    async def compacted(self, topics: set[str]) -> dict[str, bool]:
        """Say whether these topics are compacted; those of which nobody tells it are left out."""


class KafkaCollector:
    """Cluster, groups and topics from samples; `spent_seconds` tells the CPU time used by the process."""

    name = "kafka"

    def __init__(
        self,
        samples: Samples,
        interval_seconds: float,
        dead_letters: DeadLetters,
        spent_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        self._samples = samples
        self._dead_letters = dead_letters
        self._picture = Picture(dead_letters)
        self._pace = Pace(interval_seconds)
        self._spent_seconds = spent_seconds
        self._open: dict[tuple[TopicPartition, int], tuple[EndHistory, Search]] = {}
        self._groups_named = False
        self._topics_named = False

    async def observe(self) -> AsyncIterator[Item]:
        """Run one pass."""
        self._pace.begin(self._spent_seconds())
        KAFKA_INTERVAL_SECONDS.set(self._pace.interval_seconds)
        KAFKA_SAMPLE_CPU_SECONDS.set(self._pace.cost_seconds)
        yield Due(self._pace.interval_seconds)
        sample = self._in_order(await self._samples.sample())
        wanted = self._picture.take(sample, self._pace.interval_seconds)
        await self._look_up(wanted, self._pace.interval_seconds / 2)
        yield Observed("kafka_cluster", "cluster", self._cluster(sample))
        # What a pass calls complete it must have named itself.
        whole = sample.groups.whole and not self._groups_named
        for item in self._picture.items(sample, self._pace.interval_seconds, every_group=whole):
            yield item
        yield Complete(("kafka_cluster", *self._named_first(whole)))
        for part, errors in (("group", sample.groups.errors), ("topic", sample.errors)):
            if errors:
                yield Partial((part,), _few(errors))

    def _in_order(self, sample: Sample) -> Sample:
        """Begin anew where the clock was set back: what is remembered lies in the future then."""
        if sample.at < self._picture.partitions.at - CLOCK_SECONDS:
            self._picture, self._open = Picture(self._dead_letters), {}
            self._groups_named = self._topics_named = False
            everything = replace(sample.groups, changed=frozenset(sample.groups.groups))
            return replace(sample, groups=everything)
        return sample

    async def _look_up(self, wanted: list[Wanted], tolerance_seconds: float) -> None:
        """Ask for the moments that the history does not tell, those of which nothing is known first."""
        some = sorted(wanted, key=lambda one: one.guessed)[:MAX_SEARCHES]
        before, self._open = self._open, {}
        if not some:
            return
        compacted = await self._samples.compacted({one.place[0] for one in some})
        histories = {one.place: self._picture.partitions.history(one.place) for one in some}
        searches: dict[tuple[TopicPartition, int], Search] = {}
        for one in some:
            history, key = histories[one.place], (one.place, one.offset)
            known, search = before.get(key, (None, None))
            if search is None or known is not history:
                is_compacted = compacted.get(one.place[0])
                if is_compacted is None:
                    continue  # The two are searched differently: the next sample asks again.
                search = search_for(one.place, one.offset, history, tolerance_seconds, is_compacted)
            if search is not None:
                searches[key] = search
        searching = Round(searches.values(), histories)
        while questions := searching.questions():
            KAFKA_LOOKUPS.inc(len(questions))
            searching.answers(questions, await self._samples.first_at(questions))
        for key, search in searches.items():
            if search.result is None:
                # What the rounds did not suffice for goes on with the next sample.
                self._open[key] = (histories[key[0]], search)
        for one in some:
            answered = searches.get((one.place, one.offset))
            if answered is not None and answered.result is not None:
                self._picture.found(one, answered.result)

    def _cluster(self, sample: Sample) -> KafkaClusterObserved:
        # When the sample was taken is told here only: else each pass would publish everything again.
        return KafkaClusterObserved(
            sampled_at=moment(sample.at),
            sample_seconds=round(sample.seconds, 3),
            interval_seconds=self._pace.interval_seconds,
            interval_reason=self._pace.reason or UNSET,
            commits_from=sample.commits_from,
            commits_from_reason=sample.commits_from_reason or UNSET,
            brokers=sample.brokers,
            brokers_missing=list(sample.missing_brokers) or UNSET,
        )

    def _named_first(self, groups_whole: bool) -> Iterator[str]:
        """Give the kinds that this pass has named whole for the first time; later passes say what ended."""
        if not self._topics_named:
            self._topics_named = True
            yield "topic"
        if groups_whole:
            self._groups_named = True
            yield "group"


def _few(errors: tuple[str, ...]) -> str:
    more = f"; and {len(errors) - MAX_ERRORS} more" if len(errors) > MAX_ERRORS else ""
    return "; ".join(errors[:MAX_ERRORS]) + more


def make(settings: KafkaSettings) -> tuple[Collector, str]:
    """Compose the collector, and give its instance: the watched bootstrap servers."""
    target = watched(settings)
    sampler = Sampler(
        KafkaClient(target), settings.watched_kafka_commits_from, settings.watched_kafka_include_own
    )
    dead_letters = DeadLetters(settings.watched_kafka_dead_letter_patterns)
    collector = KafkaCollector(sampler, settings.observe_interval_seconds, dead_letters)
    return collector, target.kafka_bootstrap_servers


def collect_garbage_seldom() -> None:
    """Let this process look for garbage less often.

    Groups and partitions are some hundred thousand objects that live for long: looking through them again and
    again took a sixth of the CPU of a first sample of ten thousand groups.
    """
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """Run the service."""
    collect_garbage_seldom()
    run_async("kafka-collector", KafkaSettings, main_of(make), *DEPENDENCIES)


if __name__ == "__main__":
    main()
