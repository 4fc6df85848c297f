"""Searches for the time at which one message was appended, by questions for offsets by timestamp; pure.

Between the history of a partition and the questions that lookups.py sends in batches. ListOffsets answers
the first record whose timestamp is not before the one asked, with its offset and its own timestamp (KIP-79),
or -1 where there is none. Those offsets never fall as the timestamp grows, whatever the producers wrote: they
can be bisected.
"""

from math import sqrt
from typing import NamedTuple

from collectors.kafka_collector.history import Appended
from collectors.kafka_collector.sample import TopicPartition

MAX_ROUNDS = 20
WINDOW = 1.5
"""Two samples that follow each other are at most so many intervals apart."""
_MS = 1000


class Found(NamedTuple):
    """When the oldest message that is not committed was appended, in seconds since the epoch.

    A lower bound of the lag where timestamps do not tell: by `at` the message had been seen.
    """

    at: float
    is_lower_bound: bool


class Answer(NamedTuple):
    """The first record at or after `asked` (seconds); offset -1: there is none; no timestamp: it has none."""

    asked: float
    offset: int
    timestamp: float | None


class Search:
    """Searches for the timestamp of the message at one offset of a partition.

    The message was appended after `earliest` (None: nobody knows) and by `latest`; `end_before` and
    `end_after` are the ends at those moments, and `seen_by` is when our newest sample was taken. `compacted`
    says that records may have been taken out of the log: where the one at `offset` is gone, the next counts.
    """

    def __init__(
        self,
        place: TopicPartition,
        offset: int,
        earliest: float | None,
        latest: float,
        tolerance_seconds: float,
        *,
        end_before: int | None = None,
        end_after: int | None = None,
        seen_by: float | None = None,
        compacted: bool = False,
    ) -> None:
        self.place, self.offset, self.compacted = place, offset, compacted
        self._earliest, self._latest = earliest, latest
        self._seen_by = latest if seen_by is None else max(seen_by, latest)
        self._tolerance = max(1, round(tolerance_seconds * _MS))
        # Clocks differ a little: a timestamp within the tolerance outside of our own window is believed.
        self._low = 0 if earliest is None else max(0, round(earliest * _MS) - self._tolerance)
        self._high = max(self._low, round(latest * _MS) + self._tolerance)
        self._low_end, self._high_end = end_before, end_after
        self._low_told = self._high_told = False
        self._above: Answer | None = None
        self._asked, self._asks, self._last_width = 0.0, 0, 2 * (self._high - self._low) + 1
        self._found: Found | None = None

    @property
    def result(self) -> Found | None:
        """What has been found; None while there is more to ask."""
        return self._found

    @property
    def width_seconds(self) -> float:
        """How far apart the two moments are between which the message was appended, as far as is known."""
        return max(0, self._high - self._low) / _MS

    def ask(self, rounds_left: int = MAX_ROUNDS) -> float | None:
        """Give the timestamp to ask next, in seconds; None when nothing is left to ask."""
        if self._found is not None:
            return None
        self._asked, self._asks = self._next(rounds_left) / _MS, self._asks + 1
        self._last_width = self._high - self._low
        return self._asked

    def answer(self, offset: int, timestamp: float | None) -> None:
        """Take in the answer to what was asked last."""
        self.take(Answer(self._asked, offset, timestamp))

    def take(self, answer: Answer) -> None:
        """Take in any answer of this partition, whoever asked."""
        if self._found is not None:
            return
        asked, at = round(answer.asked * _MS), answer.timestamp
        if answer.offset < 0:
            self._from_above(asked, None)
            if asked <= self._low:
                self._give_up()
        elif at is None:
            self._give_up()
        elif answer.offset == self.offset:
            self._settle(at)
        elif answer.offset > self.offset:
            self._from_above(asked, answer)
            if asked <= self._low and not self._low_told:
                self._all_above(at)
        elif at > self._latest + self._tolerance / _MS:
            # A message before ours claims to be of the future: no question reaches past it to ours.
            self._give_up()
        else:
            self._from_below(max(asked, round(at * _MS)), answer.offset)
        self._close()

    def _from_below(self, at_ms: int, offset: int) -> None:
        if at_ms >= self._low:
            self._low, self._low_end, self._low_told = at_ms, offset, True

    def _from_above(self, at_ms: int, answer: Answer | None) -> None:
        if at_ms <= self._high:
            self._high, self._above, self._high_told = at_ms, answer, True
            self._high_end = answer.offset if answer else self._high_end

    def _all_above(self, at: float) -> None:
        """No record at or before ours is left, or it claims to be older than we know it to be."""
        if self._earliest is None or self.compacted:
            self._settle_on_next(at)
        else:
            self._found = Found(max(self._earliest, min(at, self._latest)), True)

    def _next(self, rounds_left: int) -> int:
        """Give the next timestamp in milliseconds; the lower edge itself where all depends on it."""
        if not self._low_told and (self._earliest is None or self._high - self._low <= self._tolerance):
            return self._low
        middle = (self._low + self._high) // 2
        if self.compacted and self._high - self._low <= self._tolerance:
            # Whether anything is left between the two: one question tells where records are few, halves
            # where they are many.
            return middle if self._asks % 2 else self._low + 1
        # What still halves into the tolerance in the rounds that are left may lie off the middle (the
        # projection of the ITP method, doi:10.1145/3423597): a guess can gain rounds and never costs one.
        reach = self._tolerance << max(0, rounds_left - 1 - (not self._low_told))
        guess = self._guess(middle)
        if self._high - self._low > 2 * reach:
            # The rounds need not suffice (many searches share them): every second one is a guess.
            return min(max(guess, self._low + 1), self._high - 1) if self._asks % 2 else middle
        return max(self._low + 1, self._high - reach, min(guess, self._high - 1, self._low + reach))

    def _guess(self, middle: int) -> int:
        """Guess that messages came evenly, a little towards the middle, so that both ends draw near.

        Where the last question has not halved the bracket, by the deviation that arrivals at random would
        have there (a Brownian bridge).
        """
        if self._low_end is None or self._high_end is None or self._high_end <= self._low_end:
            return middle
        width, messages = self._high - self._low, self._high_end - self._low_end
        share = max(0.0, min(1.0, (self.offset - self._low_end + 0.5) / messages))
        guess = self._low + round(share * width)
        nudge = self._tolerance // 2
        if 2 * width > self._last_width:
            nudge = max(nudge, round(width * sqrt(share * (1 - share) / messages)))
        return min(guess + nudge, middle) if guess < middle else max(guess - nudge, middle)

    def _close(self) -> None:
        """End the search when the bracket is narrow enough."""
        width = self._high - self._low
        if self._found is not None or width > self._tolerance or not self._low_told:
            return
        above = self._above.timestamp if self._above else None
        # Messages of one batch may share a timestamp: ours has that of the message before it, then.
        among_others = not self.compacted or (self._high_told and above is None)
        if width < 0:
            self._give_up()  # The log has changed between two answers.
        elif among_others or (above is not None and above * _MS - self._low <= self._tolerance):
            self._settle((self._low + width // 2) / _MS)
        elif width <= 1 and above is not None:
            self._settle_on_next(above)

    def _settle(self, at: float) -> None:
        """Take a timestamp of the message itself, unless our own samples contradict it."""
        slack, earliest = self._tolerance / _MS, self._earliest
        if at > self._latest + slack or (earliest is not None and at < earliest - slack):
            self._give_up()
            return
        at = min(at, self._latest)
        self._found = Found(at if earliest is None else max(at, earliest), False)

    def _settle_on_next(self, at: float) -> None:
        """Take the timestamp of the first message that is left after ours, unless it is of the future."""
        honest = at <= self._seen_by + self._tolerance / _MS
        self._found = Found(min(at, self._seen_by), False) if honest else Found(self._latest, True)

    def _give_up(self) -> None:
        self._found = Found(self._latest, True)


def guess(appended: Appended, interval_seconds: float) -> Found | None:
    """Guess a moment from the samples around it, so that neither of them is further off than an interval.

    None where they lie so far apart that the moment must be asked for.
    """
    earliest, latest = appended.earliest, appended.latest
    if earliest is None or latest - earliest > WINDOW * interval_seconds:
        return None
    at = max(latest - interval_seconds, min(appended.at, earliest + interval_seconds))
    return Found(at, is_lower_bound=False)
