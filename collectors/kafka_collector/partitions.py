"""Every watched partition: its watermarks as last told, and the history of its end. Pure.

A partition that does not answer keeps its last watermarks: what is unknown is not nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.sample import Sample, TopicPartition


@dataclass(slots=True)
class TopicShape:
    """What is remembered of a topic: its partitions, and when it was last seen to change shape."""

    partitions: tuple[int, ...]
    recreated_at: float | None = None
    partitions_added_at: float | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a sample changed: partitions whose watermarks moved, and topics that came, went or changed.

    `ended` topics are no longer there.
    """

    places: frozenset[TopicPartition]
    topics: frozenset[str]
    ended: frozenset[str]


@dataclass(slots=True)
class Partitions:
    """The partitions of one cluster."""

    at: float = 0.0
    topics: dict[str, TopicShape] = field(default_factory=dict)
    end: dict[TopicPartition, int] = field(default_factory=dict)
    low: dict[TopicPartition, int] = field(default_factory=dict)
    history: dict[TopicPartition, EndHistory] = field(default_factory=dict)
    unanswered: frozenset[TopicPartition] = frozenset()
    _refused: dict[str, str] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, sample: Sample) -> Moved:
        """Take a sample's watermarks."""
        self.at = sample.at
        ended = frozenset(self.topics.keys() - sample.topics.keys())
        touched = {name for name in sample.topics if self._note_topic(name, sample)}
        self._forget(ended)
        moved = set()
        for place, end in sample.end.items():
            if place not in self.history:
                self.history[place] = EndHistory()
            begun_anew = self.history[place].note(sample.at, end)
            if begun_anew:
                self.topics[place[0]].recreated_at = sample.at
                touched.add(place[0])
            if self.end.get(place) != end:
                self.end[place] = end
                moved.add(place)
        for place, low in sample.low.items():
            known = self.low.get(place)
            if known == low or place not in self.end:
                continue
            self.low[place] = low
            moved.add(place)
            if known is not None and low < known:
                # Retention only moves it up: the topic was made anew, and has caught up with its old end.
                self.history[place] = EndHistory()
                self.history[place].note(sample.at, self.end[place])
                self.topics[place[0]].recreated_at = sample.at
                touched.add(place[0])
        before, self.unanswered = self.unanswered, frozenset(self.end.keys() - sample.end.keys())
        moved |= before ^ self.unanswered
        return Moved(frozenset(moved), frozenset(touched), ended)

    def _note_topic(self, name: str, sample: Sample) -> bool:
        """Note a topic's shape; true when it is new or has changed."""
        told, state = sample.topics[name], self.topics.get(name)
        changed = self._refused.get(name, "") != told.refused
        self._refused[name] = told.refused
        if told.refused:
            if state is None:
                self.topics[name] = TopicShape(())
            return changed or state is None
        shape = (told.under_replicated, len(told.leaderless))
        changed = changed or self._shapes.get(name) != shape
        self._shapes[name] = shape
        if state is None:
            self.topics[name] = TopicShape(told.partitions)
            return True
        if state.partitions != told.partitions:
            if state.partitions and len(told.partitions) > len(state.partitions):
                state.partitions_added_at = sample.at
            elif len(told.partitions) < len(state.partitions):
                # Kafka never takes partitions away from a topic: this is another one under its name.
                state.recreated_at = sample.at
            self._drop((name, number) for number in state.partitions if number not in told.partitions)
            state.partitions = told.partitions
            return True
        return changed

    def _forget(self, topics: frozenset[str]) -> None:
        for name in topics:
            self._drop((name, number) for number in self.topics[name].partitions)
            del self.topics[name]
            self._refused.pop(name, None)
            self._shapes.pop(name, None)

    def _drop(self, places: Iterable[TopicPartition]) -> None:
        for place in places:
            self.end.pop(place, None)
            self.low.pop(place, None)
            self.history.pop(place, None)
