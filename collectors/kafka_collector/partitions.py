"""Every watched partition: its watermarks as last told, and the history of its end. Pure.

A partition that does not answer keeps its last watermarks: what is unknown is not nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.sample import Sample, TopicPartition

REMEMBERED_SECONDS = 600.0
"""A topic that comes back so soon under its name, with less in it, was made anew."""
MAX_REMEMBERED = 1000


@dataclass(slots=True)
class TopicShape:
    """What is remembered of a topic: its partitions, and when it was last seen to change shape.

    `ends` and `lows` are the sums of its watermarks; of `lows_known` partitions the low one is known;
    `history` is that of the sum of the ends, for rates.
    """

    partitions: tuple[int, ...]
    ends: int = 0
    lows: int = 0
    lows_known: int = 0
    history: EndHistory = field(default_factory=EndHistory)
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
    _histories: dict[TopicPartition, EndHistory] = field(default_factory=dict)
    unanswered: frozenset[TopicPartition] = frozenset()
    _refused: dict[str, str] = field(default_factory=dict)
    _ended: dict[str, tuple[float, int]] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, int, int | None]] = field(default_factory=dict)

    def take(self, sample: Sample) -> Moved:
        """Take a sample's watermarks."""
        before, self.at = self.at, sample.at
        ended = frozenset(self.topics.keys() - sample.topics.keys())
        touched = {name for name in sample.topics if self._note_topic(name, sample)}
        self._forget(ended)
        moved = set()
        for place, end in sample.end.items():
            if self.end.get(place) != end:
                moved.add(place)
                if self._note_end(place, end, before):
                    touched.add(place[0])
        for place, low in sample.low.items():
            if self.low.get(place) != low and place in self.end:
                moved.add(place)
                if self._note_low(place, low):
                    touched.add(place[0])
        touched |= {name for name in self._ended.keys() & self.topics.keys() if self._came_again(name)}
        for name, shape in self.topics.items():
            if not self._refused[name]:
                shape.history.note(sample.at, shape.ends)
        silent, self.unanswered = self.unanswered, frozenset(self.end.keys() - sample.end.keys())
        return Moved(frozenset(moved | (silent ^ self.unanswered)), frozenset(touched), ended)

    def history(self, place: TopicPartition) -> EndHistory:
        """Give a partition's history, up to the present sample."""
        history = self._histories[place]
        if place not in self.unanswered:
            history.note(self.at, self.end[place])
        return history

    def _note_end(self, place: TopicPartition, end: int, before: float) -> bool:
        """Note where a partition ends now; true when it begins anew. `before` is the sample before's time."""
        topic, known = self.topics[place[0]], self.end.get(place)
        topic.ends += end - (known or 0)
        self.end[place] = end
        if known is None:
            self._histories[place] = EndHistory()
            if end and len(topic.history):
                # What it holds was not produced just now: nobody had told us of it.
                topic.history = EndHistory()
        elif place not in self.unanswered:
            # A history is told of a standing end only when that ends, or when somebody asks.
            self._histories[place].note(before, known)
        if not self._histories[place].note(self.at, end):
            return False
        self._begin_anew(place)
        return True

    def _note_low(self, place: TopicPartition, low: int) -> bool:
        """Note where a partition begins now; true when that went back."""
        topic, known = self.topics[place[0]], self.low.get(place)
        topic.lows += low - (known or 0)
        topic.lows_known += known is None
        self.low[place] = low
        if known is None or low > known:
            return False
        # Retention only moves it up: the topic was made anew, and has caught up with its old end.
        self._begin_anew(place)
        return True

    def _begin_anew(self, place: TopicPartition) -> None:
        """Begin with another history: by it others see that the partition is another."""
        self._histories[place] = EndHistory()
        self._histories[place].note(self.at, self.end[place])
        self.topics[place[0]].recreated_at = self.at

    def _note_topic(self, name: str, sample: Sample) -> bool:
        """Note a topic's shape; true when it is new or has changed."""
        told, state = sample.topics[name], self.topics.get(name)
        changed = self._refused.get(name, "") != told.refused
        self._refused[name] = told.refused
        if told.refused:
            if state is None:
                self.topics[name] = TopicShape(())
            return changed or state is None
        shape = (told.under_replicated, len(told.leaderless), told.size_bytes)
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

    def _came_again(self, name: str) -> bool:
        """Compare a topic with its namesake that ended, once all ends are told; true when it is new."""
        state, (ended_at, ends) = self.topics[name], self._ended[name]
        if self.at - ended_at < REMEMBERED_SECONDS:
            if not state.partitions or any((name, number) not in self.end for number in state.partitions):
                return False
            if state.ends < ends:
                state.recreated_at = self.at
        del self._ended[name]
        return state.recreated_at == self.at

    def _forget(self, topics: frozenset[str]) -> None:
        for name in topics:
            self._ended[name] = (self.at, self.topics[name].ends)
            self._drop((name, number) for number in self.topics[name].partitions)
            del self.topics[name]
            self._refused.pop(name, None)
            self._shapes.pop(name, None)

        while len(self._ended) > MAX_REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _drop(self, places: Iterable[TopicPartition]) -> None:
        for place in places:
            topic = self.topics[place[0]]
            topic.ends -= self.end.pop(place, 0)
            if place in self.low:
                topic.lows -= self.low.pop(place)
                topic.lows_known -= 1
            self._histories.pop(place, None)
