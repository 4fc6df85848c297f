"""One coherent sample: metadata, then the commits by one of two ways, then the end offsets, in this order.

So a lag is never below the truth at the sample's time, nor above it by more than what was committed while the
sample was taken (`Sample.seconds`).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from collectors.kafka_collector.admin_way import AdminWay
from collectors.kafka_collector.client import EARLIEST, INTERNAL_TOPIC, LATEST, KafkaClient
from collectors.kafka_collector.coordinators import Coordinators, Told
from collectors.kafka_collector.sample import (
    ClusterMetadata,
    GroupsSample,
    Offsets,
    Sample,
    TopicPartition,
    TopicSample,
)
from collectors.kafka_collector.settings import CommitsChoice
from collectors.kafka_collector.sizes import TopicSizes
from collectors.kafka_collector.topic_way import TopicWay
from schema.errors import SourceDenied, SourceUnavailable
from schema.part_models import CommitsFrom
from schema.topics import is_own

DENIED_SECONDS = 600.0
"""After so long a way that was refused is tried again: permissions change."""
LOW_SECONDS = 10.0
"""How old low watermarks may be: they move with retention only."""
POLICY_SECONDS = 600.0
"""How old what is known of topics' cleanup policies may be: they hardly ever change."""
NOT_SEEN = f"{INTERNAL_TOPIC} is not to be seen: it is made with the first commit, or it may not be described"


class Sampler:
    """Samples one cluster; remembers which groups there were, and by which way they are known."""

    def __init__(
        self,
        client: KafkaClient,
        commits_from: CommitsChoice,
        include_own: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._choice = commits_from
        self._now = now
        self._include_own = include_own
        self._coordinators = Coordinators(client, self._is_watched)
        self._admin_way = AdminWay()
        self._sizes = TopicSizes(client.ask_sizes)
        self._topic_way = TopicWay(client, self._coordinators, self._is_watched)
        self._way: CommitsFrom | None = None
        self._known: frozenset[str] = frozenset()
        self._denial = ""
        self._denied_at = 0.0
        self._low: Offsets = {}
        self._low_at = 0.0
        self._lost = False
        self._brokers: int | None = None
        self._policies: dict[str, bool] = {}
        self._policies_at = 0.0
        self._end: Offsets = {}

    async def sample(self) -> Sample:
        """Take one sample. Raises SourceUnavailable when the cluster does not answer."""
        if self._lost:
            await asyncio.to_thread(self._client.reopen)
            self._lost = False
        began = time.monotonic()
        try:
            metadata = await self._client.metadata(self._sizes.sizes)
        except SourceUnavailable:
            self._lost = True
            raise
        if metadata.brokers != self._brokers:
            # The admin client lists groups at the brokers that it was told of when it was opened.
            self._lost = self._lost or self._brokers is not None
            self._brokers = metadata.brokers
        topics = {name: one for name, one in metadata.topics.items() if self._is_watched(name)}
        leaders = {place: leader for place, leader in metadata.leaders.items() if place[0] in topics}
        self._sizes.take(topics, leaders)
        way, reason, groups = await self._groups(metadata)
        at = self._now()
        end = await self._client.watermarks(leaders, LATEST)
        low_errors = await self._refresh_low(leaders, end.offsets, at)
        self._forget_policies(topics, end.offsets)
        return Sample(
            at=at,
            brokers=metadata.brokers,
            missing_brokers=metadata.missing_brokers,
            topics=topics,
            groups=self._switched(way, groups),
            low=self._low,
            end=end.offsets,
            seconds=time.monotonic() - began,
            commits_from=way,
            commits_from_reason=reason,
            errors=(*end.errors, *low_errors),
        )

    async def first_at(
        self, questions: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """Ask for the first record at or after a time, in milliseconds (`KafkaClient.first_at`)."""
        return await self._client.first_at(questions)

    async def compacted(self, topics: set[str]) -> dict[str, bool]:
        """Say whether these topics are compacted; those of which nobody tells it are left out.

        What was told is asked again after POLICY_SECONDS, or when the topic is another one.
        """
        now = self._now()
        if not 0 <= now - self._policies_at < POLICY_SECONDS:
            self._policies, self._policies_at = {}, now
        unknown = topics - self._policies.keys()
        if unknown:
            self._policies |= await self._client.compacted(unknown)
        return {name: self._policies[name] for name in topics if name in self._policies}

    async def _groups(self, metadata: ClusterMetadata) -> tuple[CommitsFrom, str, GroupsSample]:
        """Read the groups by the way that is permitted; give it, why it is not the other, and the groups."""
        reason = ""
        if self._choice != "admin_api":
            reason = self._why_not(metadata)
            if not reason:
                try:
                    groups = await self._topic_way.read(metadata)
                    self._lost = self._lost or self._topic_way.lost
                    if self._topic_way.complete or self._choice == "internal_topic":
                        self._admin_way.follow(groups)
                        return "internal_topic", "", groups
                    reason = "; ".join(groups.errors)
                except SourceDenied as error:
                    reason = self._denial = str(error)
                    self._denied_at = self._now()
            if self._choice == "internal_topic":
                nothing = GroupsSample({}, frozenset(), whole=False, errors=(reason,))
                return "internal_topic", "", nothing
        told = await self._coordinators.groups(self._admin_way.missing)
        self._lost = self._lost or told.lost
        return "admin_api", reason, self._admin_way.take(_doubted(told, metadata))

    def _why_not(self, metadata: ClusterMetadata) -> str:
        """Say why the internal topic is not read now, or nothing."""
        topic = metadata.topics.get(INTERNAL_TOPIC)
        if topic is None or topic.refused:
            return NOT_SEEN
        return self._denial if 0 <= self._now() - self._denied_at < DENIED_SECONDS else ""

    def _switched(self, way: CommitsFrom, groups: GroupsSample) -> GroupsSample:
        """Let everything count as changed where the way has changed, and what is missing then as ended."""
        if way != self._way:
            self._way = way
            groups = replace(groups, changed=frozenset(groups.groups))
        ended = groups.ended
        if groups.whole:
            ended |= self._known - groups.groups.keys()
        self._known = (self._known - ended) | groups.changed
        return replace(groups, ended=ended)

    async def _refresh_low(
        self, leaders: Mapping[TopicPartition, int], end: Offsets, at: float
    ) -> tuple[str, ...]:
        recent = 0 <= at - self._low_at < LOW_SECONDS and leaders.keys() <= self._low.keys()
        # An end below the low one that we know of is that of a topic made anew.
        if recent and all(end.get(place, low) >= low for place, low in self._low.items()):
            return ()
        self._low_at = at
        answers = await self._client.watermarks(leaders, EARLIEST)
        # What does not answer keeps its last one.
        self._low = {place: self._low[place] for place in leaders if place in self._low} | dict(
            answers.offsets
        )
        return answers.errors

    def _forget_policies(self, topics: Mapping[str, TopicSample], end: Offsets) -> None:
        """Forget those of topics that ended, or were made anew: there an end goes back."""
        self._policies = {
            name: policy
            for name, policy in self._policies.items()
            if (told := topics.get(name)) is not None
            and all(
                end.get((name, number), before) >= before
                for number in told.partitions
                if (before := self._end.get((name, number))) is not None
            )
        }
        self._end = end

    def _is_watched(self, name: str) -> bool:
        return bool(name) and (self._include_own or not is_own(name))


def _doubted(told: Told, metadata: ClusterMetadata) -> Told:
    """Let no group end while some coordinators may be away: their groups are left out without an error."""
    topic = metadata.topics.get(INTERNAL_TOPIC)
    if metadata.missing_brokers:
        missing = ", ".join(map(str, metadata.missing_brokers))
        why = f"brokers {missing} do not answer: groups that they coordinate may not be listed"
    elif topic is not None and topic.leaderless:
        why = f"{len(topic.leaderless)} partitions of {INTERNAL_TOPIC} have no leader, so no coordinator"
    else:
        return told
    return replace(told, whole=False, errors=(*told.errors, why))
