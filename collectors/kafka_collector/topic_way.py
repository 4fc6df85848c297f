"""The groups by the internal topic, one of the two ways: it costs what is committed, and tells when.

What the topic does not hold is asked: which groups rebalance at the moment, and the names of topics that
members of the consumer protocol hold by id (KIP-848).
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from collectors.kafka_collector.client import INTERNAL_TOPIC, LATEST, KafkaClient
from collectors.kafka_collector.coordinators import Coordinators
from collectors.kafka_collector.internal_topic import InternalTopic, Progress
from collectors.kafka_collector.losses import Commits, Losses
from collectors.kafka_collector.sample import ClusterMetadata, GroupSample, GroupsSample
from runtime.metrics import KAFKA_UNKNOWN_RECORDS
from schema.errors import SourceDenied, SourceUnavailable

READ_SECONDS = 5.0
"""How long one sample reads on; a long topic is read over several of them, and the snapshot says so."""
NAMES_SECONDS = 10.0
"""How often the names of topics are asked while some are not known."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a group's coordinator said; whoever has read on to `until` knows as much.

    `until` is where the group's partition of the internal topic ended just after; None where nobody tells.
    """

    commits: Commits
    until: int | None


class TopicWay:
    """Reads one cluster's internal topic; remembers the groups.

    `lost` when the last read found that the admin client may have lost a broker.
    """

    def __init__(
        self, client: KafkaClient, coordinators: Coordinators, watched: Callable[[str], bool]
    ) -> None:
        self._client = client
        self._coordinators = coordinators
        self._topic = InternalTopic(client.config, watched)
        self._groups: dict[str, GroupSample] = {}
        self._rebalancing: dict[str, str] = {}
        self._watched = watched
        self._said: dict[str, _Said] = {}
        self._restarts = 0
        self._losses = Losses()
        self.lost = False
        self._named_at = -NAMES_SECONDS
        self._counted: dict[str, int] = {}

    async def read(self, metadata: ClusterMetadata) -> GroupsSample:
        """Read what was written since the last sample. Raises SourceDenied where that is not permitted."""
        self.lost = False
        topic = metadata.topics.get(INTERNAL_TOPIC)
        partitions = topic.partitions if topic else ()
        try:
            highs = await self._highs(metadata, partitions)
            progress = await asyncio.to_thread(self._topic.read, partitions, READ_SECONDS, highs)
        except SourceDenied:
            raise
        except SourceUnavailable as error:
            # What was read before it is given with the next sample.
            return GroupsSample(self._groups, frozenset(), whole=False, errors=(str(error),))
        errors = (*_told(progress), *self._unknown())
        if not self.complete:
            # Old commits stand before the new ones: half of them read would be told as lag.
            return GroupsSample(self._groups, frozenset(), whole=False, errors=errors)
        if self._restarts != self._topic.table.restarts:
            # What was read anew is newer than what was said before.
            self._restarts, self._said = self._topic.table.restarts, {}
        await self._name_topics(metadata)
        changed, ended = await self._follow()
        overlaid, refused = await self._overlay(progress, metadata)
        if refused:
            reasons = "; ".join(sorted(set(refused.values())))
            held_back = f"open transactions hold back the commits of {len(refused)} groups"
            errors = (*errors, f"{held_back}, which are not told: {reasons}")
        changed = (changed | overlaid) & self._groups.keys()
        return GroupsSample(self._groups, changed, ended, progress.whole, errors)

    @property
    def complete(self) -> bool:
        """Say whether the topic was read to its end once, so that what is known is not of long ago."""
        return self._topic.table.complete

    async def _highs(self, metadata: ClusterMetadata, partitions: Iterable[int]) -> dict[int, int]:
        """Ask where these partitions of the topic end, open transactions included.

        The reader's own client asks for committed records only, and knows of no other end before it fetches.
        """
        places = [(INTERNAL_TOPIC, number) for number in partitions]
        leaders = {place: metadata.leaders[place] for place in places if place in metadata.leaders}
        told = await self._client.watermarks(leaders, LATEST)
        return {number: offset for (_, number), offset in told.offsets.items()}

    async def _follow(self) -> tuple[frozenset[str], frozenset[str]]:
        """Follow the table; give the groups that changed, and those that have ended."""
        table = self._topic.table
        changed, ended = set(table.changed()), table.ended()
        for name in ended:
            self._groups.pop(name, None)
        before, self._rebalancing = self._rebalancing, await self._coordinators.rebalancing()
        self.lost = self._coordinators.lost
        changed |= {
            name
            for name in before.keys() | self._rebalancing.keys()
            if before.get(name) != self._rebalancing.get(name)
        }
        known = set()
        for name in changed:
            if table.group(name) is not None:
                self._show(name, self._said.get(name))
                known.add(name)
        return frozenset(known), ended

    async def _overlay(
        self, progress: Progress, metadata: ClusterMetadata
    ) -> tuple[frozenset[str], Mapping[str, str]]:
        """Ask for the commits that open transactions hold back, of whichever group.

        What a transaction wrote keeps everything behind it in its partition from being read until it ends.
        Gives the groups that changed, and why others are not told.
        """
        before = self._said
        names = self._topic.table.groups_in(progress.held) if progress.held else {}
        told, refused = await self._coordinators.commits(names) if names else ({}, {})
        ends = await self._highs(metadata, progress.held) if told else {}
        answered = {**told, **self._losses.take(told, self._groups)}
        self._said = {name: _Said(commits, ends.get(names[name])) for name, commits in answered.items()}
        for name in names.keys() & before.keys() - answered.keys():
            # Who does not answer keeps what it said last, as long as what was read may be older.
            until = before[name].until
            if until is None or progress.read_to.get(names[name], 0) < until:
                self._said[name] = before[name]
        freed = before.keys() - self._said.keys()
        changed = {name for name in freed if self._show(name, None)}
        changed |= {name for name, said in self._said.items() if self._show(name, said)}
        return frozenset(changed), refused

    def _show(self, name: str, said: _Said | None) -> bool:
        """Take a group from the table, with what its coordinator said instead; true when it changed."""
        group = self._topic.table.group(name)
        if group is None:
            return False
        group = replace(group, state=self._rebalancing.get(name, group.state))
        if said is not None:
            # One that was read has its time.
            told = {
                place: known if (known := group.commits.get(place)) and known.offset == one.offset else one
                for place, one in said.commits.items()
                if self._watched(place[0])
            }
            group = replace(group, commits=told)
        changed = self._groups.get(name) != group
        self._groups[name] = group
        return changed

    def _unknown(self) -> tuple[str, ...]:
        """Count what could not be understood, and say so where commits or members may be missing for it."""
        unknown = self._topic.table.unknown
        for what, count in unknown.items():
            KAFKA_UNKNOWN_RECORDS.labels(what).inc(count - self._counted.get(what, 0))
        self._counted = dict(unknown)
        missing = {
            what: count for what, count in unknown.items() if "version" in what or what == "unreadable"
        }
        if not missing:
            return ()
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(missing.items()))
        return (f"commits or members may be missing: {INTERNAL_TOPIC} has what is not known here: {told}",)

    async def _name_topics(self, metadata: ClusterMetadata) -> None:
        if not self._topic.table.unnamed_topic_ids() or time.monotonic() - self._named_at < NAMES_SECONDS:
            return
        self._named_at = time.monotonic()
        self._topic.table.name_topics(await self._client.topic_ids(metadata.topics.keys()))


def _told(progress: Progress) -> tuple[str, ...]:
    """Say what of the internal topic is not read yet, and what could not be."""
    told = list(progress.errors)
    if progress.left:
        told.append(f"commits are being read: {progress.left:,} records of {INTERNAL_TOPIC} are left")
    return tuple(told)
