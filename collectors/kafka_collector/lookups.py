"""Asks offsets by timestamp for many messages at once, where the history does not tell when they came; pure.

Between the history of end offsets (history.py) and the lag in seconds. The client sends what a `Round` asks,
one batch of ListOffsets for all partitions, and gives it the answers; search.py says what each one needs.
"""

from collections.abc import Iterable, Mapping

from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.sample import TopicPartition
from collectors.kafka_collector.search import MAX_ROUNDS, Answer, Search

_MS = 1000


def search_for(
    place: TopicPartition,
    offset: int,
    history: EndHistory,
    tolerance_seconds: float,
    compacted: bool = False,
) -> Search | None:
    """Give a search for the message at `offset`; None where the history tells enough, or knows of no such.

    `offset` is the committed one, or the low watermark where that is higher: what is gone cannot be found.
    """
    window, newest = history.appended(offset), history.newest
    if window is None or newest is None:
        return None
    if window.earliest is not None and window.latest - window.earliest <= tolerance_seconds:
        return None
    return Search(
        place,
        offset,
        window.earliest,
        window.latest,
        tolerance_seconds,
        end_before=window.end_before,
        end_after=window.end_after,
        seen_by=newest[0],
        compacted=compacted,
    )


class Round:
    """Many searches that advance together: one batch of questions a round, at most MAX_ROUNDS rounds.

    A partition can be asked one timestamp per batch: an answer informs all of its searches, and its history.
    """

    def __init__(
        self, searches: Iterable[Search], histories: Mapping[TopicPartition, EndHistory] | None = None
    ) -> None:
        self._open: dict[TopicPartition, list[Search]] = {}
        for search in searches:
            self._open.setdefault(search.place, []).append(search)
        self._histories = histories or {}
        self.rounds = 0

    def questions(self) -> dict[TopicPartition, int]:
        """Give the timestamps to ask in this round, in milliseconds since the epoch; none: all is done."""
        if self.rounds == MAX_ROUNDS:
            return {}
        questions: dict[TopicPartition, int] = {}
        for place, searches in self._open.items():
            rounds_left = MAX_ROUNDS - self.rounds
            # One after the other: what the rounds do not suffice for goes on in the next sample.
            asked = min(searches, key=lambda search: search.width_seconds).ask(rounds_left)
            if asked is not None:
                questions[place] = round(asked * _MS)
        self.rounds += bool(questions)
        return questions

    def answers(
        self, questions: Mapping[TopicPartition, int], answers: Mapping[TopicPartition, tuple[int, int]]
    ) -> None:
        """Take in (offset, timestamp in milliseconds) as the broker gave them, -1 for what there is not.

        A partition that did not answer is not asked again: its searches keep what is known.
        """
        for place, asked_ms in questions.items():
            if place not in answers:
                self._open.pop(place, None)
                continue
            offset, timestamp_ms = answers[place]
            answer = Answer(asked_ms / _MS, offset, timestamp_ms / _MS if timestamp_ms >= 0 else None)
            for search in self._open[place]:
                search.take(answer)
            if place in self._histories:
                self._learn(self._histories[place], answer, self._open[place])
            self._open[place] = [search for search in self._open[place] if search.result is None]
            if not self._open[place]:
                del self._open[place]

    def _learn(self, history: EndHistory, answer: Answer, searches: Iterable[Search]) -> None:
        """Tell the partition's history, so that the next sample need not ask again."""
        seen = history.appended(answer.offset) if answer.offset >= 0 else None
        at = answer.timestamp
        if seen is not None and at is not None and at <= seen.latest:
            # Where records have been taken out, those before this one need not have been there when asked.
            if answer.asked > 0 and not any(search.compacted for search in searches):
                history.learn(answer.asked, answer.offset)
            history.learn_record(at, answer.offset)
        for search in searches:
            found = search.result
            if found is not None and not found.is_lower_bound:
                history.learn_record(found.at, search.offset)
