"""The cluster as it is remembered between samples, and which groups and topics each sample changes. Pure.

A sample costs what it changes: a group is judged again when it or one of its partitions changed, or while
time alone changes it (`groups.py`); a topic when its partitions or a group that reads it did.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from heapq import nsmallest

from collectors.base.collector import Gone, Item, Observed
from collectors.kafka_collector.dead_letters import DeadLetters
from collectors.kafka_collector.groups import GroupState
from collectors.kafka_collector.names import id_of
from collectors.kafka_collector.partitions import Partitions
from collectors.kafka_collector.positions import Unrest, Wanted
from collectors.kafka_collector.sample import Sample, TopicPartition
from collectors.kafka_collector.search import Found
from collectors.kafka_collector.topics import TopicFlow
from schema import models

MAX_AGEING = 200
"""So many groups of which nothing changes but the age of their lag are told anew in one sample.

Of ten thousand dead groups each so has its turn about once a minute; `unread_since` is exact all the time.
"""
MAX_WAITING = 1000
"""So many groups have their lag's age looked up in one sample."""


class Picture:
    """All groups and topics of one cluster: `take` a sample, answer what it wants, then `items`."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self.partitions = Partitions()
        self._dead_letters = dead_letters
        self._groups: dict[str, GroupState] = {}
        self._topics: dict[str, TopicFlow] = {}
        self._readers: dict[TopicPartition, set[str]] = defaultdict(set)
        self._reading: dict[str, set[str]] = defaultdict(set)
        self._judge: frozenset[str] = frozenset()
        self._touched: set[str] = set()
        self._ended: list[Item] = []

    def take(self, sample: Sample, interval_seconds: float) -> list[Wanted]:
        """Take a sample; give the moments that must be looked up: the history does not reach there."""
        moved = self.partitions.take(sample)
        self._ended = []
        self._touched = set(moved.topics) | {topic for topic, _ in moved.places}
        self._end_topics(moved.ended)
        for name in sample.groups.ended:
            self._end_group(name)
        moving = {name for place in moved.places for name in self._readers.get(place, ())}
        topical = {name for topic in moved.ended | moved.topics for name in self._reading.get(topic, ())}
        changed = sample.groups.changed
        told = sample.groups.groups
        self._judge = (changed | moving | topical | self._due(told)) & told.keys()
        wanted: list[Wanted] = []
        for name in self._judge:
            group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = GroupState(name)
            before = set(group.places)
            renewed = told[name] if name in changed else None
            wanted += group.take(renewed, self.partitions, interval_seconds, moved.places)
            self._note_places(name, before, set(group.places))
        return wanted

    def found(self, wanted: Wanted, found: Found) -> None:
        """Take the answer to a lookup."""
        self._groups[wanted.group].found(wanted.place, wanted.offset, found)

    def items(self, sample: Sample, interval_seconds: float, *, every_group: bool = False) -> Iterator[Item]:
        """Give what the sample changed, or every group: what has ended, then groups, then topics."""
        yield from self._ended
        for name in sorted(self._groups if every_group else self._judge):
            group = self._groups[name]
            yield Observed("group", id_of(name), group.told(self.partitions, interval_seconds))
            self._touched.update(group.topics)
        restless = {name for name, one in self._topics.items() if one.restless}
        for name in sorted((self._touched | restless) & sample.topics.keys()):
            yield Observed("topic", id_of(name), self._topic(name, sample, interval_seconds))

    def _due(self, told: Collection[str]) -> set[str]:
        """Give the groups that change without a message or a commit; many of a kind take turns.

        Of those that the sample tells: one that it lacks has no turn to take.
        """
        due = set()
        turns: dict[Unrest, list[tuple[float, str]]] = {Unrest.AGES: [], Unrest.WAITS: []}
        for name, one in self._groups.items():
            if one.unrest is Unrest.MOVES:
                due.add(name)
            elif one.unrest is not Unrest.NONE and name in told:
                turns[one.unrest].append((one.told_at, name))
        for kind, most in ((Unrest.AGES, MAX_AGEING), (Unrest.WAITS, MAX_WAITING)):
            due.update(name for _, name in nsmallest(most, turns[kind]))
        return due

    def _topic(self, name: str, sample: Sample, interval_seconds: float) -> models.Topic:
        flow = self._topics.get(name)
        if flow is None:
            flow = self._topics[name] = TopicFlow(name)
        readers = [
            self._groups[group].topics[name]
            for group in self._reading.get(name, ())
            if name in self._groups[group].topics
        ]
        return flow.told(
            sample.topics[name],
            self.partitions,
            readers,
            self._dead_letters.is_dead_letter(name),
            self._dead_letters.owner(name, sample.topics),
            interval_seconds,
        )

    def _end_topics(self, topics: Iterable[str]) -> None:
        for name in topics:
            self._topics.pop(name, None)
            self._ended.append(Gone("topic", id_of(name)))

    def _end_group(self, name: str) -> None:
        group = self._groups.pop(name, None)
        if group is None:
            return
        self._touched.update(group.topics)
        self._note_places(name, set(group.places), set())
        self._ended.append(Gone("group", id_of(name)))

    def _note_places(self, name: str, before: set[TopicPartition], after: set[TopicPartition]) -> None:
        """Follow which groups read a partition, and which a topic."""
        if before == after:
            return
        for place in before - after:
            self._readers[place].discard(name)
            if not self._readers[place]:
                del self._readers[place]
        for place in after - before:
            self._readers[place].add(name)
        left = {topic for topic, _ in before} - {topic for topic, _ in after}
        for topic in left:
            self._reading[topic].discard(name)
            if not self._reading[topic]:
                del self._reading[topic]
        for topic, _ in after:
            self._reading[topic].add(name)
        self._touched |= left
