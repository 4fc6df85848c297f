"""How one group gets on in one partition, over samples: the state behind its rate and its verdict.

Stands between the samples (`sample.py`) and `verdicts.py`. Pure: time comes in with each note. Twenty
thousand of these live at once, so what they remember lies in two flat arrays of floats, exact for offsets
below 2**53.
"""

from array import array
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from collectors.kafka_collector.trend import Trend

RATE_SECONDS = 30.0
STAND_HALF_LIFE_SECONDS = 900.0
"""A stand that it came out of counts half after so long. By time, not by moves: quick tasks would bury it."""
MOVES = 10
"""So many moves are kept, as many as Burrow keeps commits (`intervals`)."""
CATCH_UP_HORIZON_SECONDS = 365 * 86_400.0
"""What takes longer than this at the present rates does not happen: two equal rates differ by rounding."""
WORK_IN_HAND_STEPS = 2
"""A lag of so many commits' worth of messages is work in hand, which a group that keeps up always has."""

_POINT_SECONDS = 5.0
_POINTS = 8  # The newest may be close to the one before; six distances of five seconds cover RATE_SECONDS.
_MOVE_FIELDS = 4  # Those of Move, and what was consumed up to then.
_POINT_FIELDS = 2


class Never(Enum):
    """What has no number of seconds."""

    NEVER = "never"


NEVER: Final = Never.NEVER


class Move(NamedTuple):
    """A committed offset that differs from the one before, at the sample that saw it first."""

    at: float
    committed: int
    lag: int


class Progress:
    """The recent positions of a group in a partition. Times are seconds since the epoch, lag is in messages.

    `stands_since`: since when there is lag and the committed offset has not moved; in a partition without a
    commit, since when a member that holds it has left new messages uncommitted. `zero_lag_at`: when lag was
    last seen at zero. `let_go_at`: when the partition was last taken from its member, None while one holds
    it. `recommitted_at`: when a commit of the same offset was last seen. `changes`: moves seen since the
    first position. `longest_stand_seconds`: the longest stand that ended by a move; fades with time.
    `first_at`: when a position was first seen, or, without one, that there is none. `cadence_known`: whether
    a move has ended a stand whose beginning was seen. `trend`: lag over many more moves than are kept.
    """

    __slots__ = (
        "_first_end",
        "_moves",
        "_noted",
        "_points",
        "_total",
        "cadence_known",
        "changes",
        "committed",
        "committed_at",
        "end",
        "first_at",
        "held",
        "lag",
        "let_go_at",
        "longest_stand_seconds",
        "recommitted_at",
        "stands_since",
        "trend",
        "zero_lag_at",
    )

    def __init__(self) -> None:
        self.committed: int | None = None
        self.committed_at: float | None = None
        self.end = 0
        self.lag: int | None = None
        self.held = False
        self._noted = False
        self._forget(0.0, 0)
        self.let_go_at: float | None = None

    def _forget(self, at: float, end: int) -> None:
        """Start anew: nothing is known of a position; `end` is where the partition ends now."""
        self.first_at = at
        self.cadence_known = False
        self.trend = Trend()
        self._moves = array("d")
        self._points = array("d")
        self._total = 0
        self._first_end = end
        self.changes = 0
        self.longest_stand_seconds = 0.0
        self.recommitted_at: float | None = None
        self.stands_since: float | None = None
        self.zero_lag_at: float | None = None

    def note(
        self,
        at: float,
        committed: int | None,
        end: int,
        lag: int | None,
        committed_at: float | None,
        held: bool,
        unread_since: float | None = None,
        low: int = 0,
    ) -> None:
        """Take in one sample; owed at each one at which something of it changed, or there is lag.

        `held`: a member of the group has been given this partition; also while the group rebalances.
        `unread_since`: when the message at the committed offset was appended, where that is known.
        `low`: the partition's low watermark. Who is behind it has not consumed what retention took.
        """
        if held:
            self.let_go_at = None
        elif self.held:
            self.let_go_at = at
        if committed is None:
            self._note_uncommitted(at, end, held)
        else:
            behind = max(0, end - committed) if lag is None else lag
            moved = self._note_position(at, committed, end, behind, committed_at, low)
            if self.trend.note(at, behind):
                self.trend.judge(self.largest_step)
            self._note_standing(at, behind, moved)
            if behind and not moved and not self.changes and self.zero_lag_at is None:
                self._backdate(committed_at, unread_since, held)
            lag = behind
        self.committed, self.committed_at = committed, committed_at
        self.end, self.lag, self.held, self._noted = end, lag, held, True

    def _note_uncommitted(self, at: float, end: int, held: bool) -> None:
        if self.committed is not None or not self._noted:
            self._forget(at, end)
        if not held or end <= self._first_end:
            self.stands_since = None
        elif self.stands_since is None:
            self.stands_since = at

    def _note_position(
        self, at: float, committed: int, end: int, lag: int, committed_at: float | None, low: int
    ) -> bool:
        """Note where the group is. Gives whether it moved there since the note before."""
        before = self.committed
        moved = before is not None and committed != before
        if before is None:
            self._forget(at, end)
        elif committed != before:
            # What was committed beyond the end was never there to be consumed, what lies below `low` no more.
            self._total += max(0, min(committed, end) - max(before, low))
            self.recommitted_at = None
            if committed < before:
                self.trend.restart()
        elif committed_at is not None and self.committed_at is not None and committed_at > self.committed_at:
            self.recommitted_at = at
        # A position that does not exist is nothing to come back to, and so no move.
        if committed <= end and (not self._moves or self._moves[1 - _MOVE_FIELDS] != committed):
            self._add_move(at, committed, lag)
        self._add_point(at)
        return moved

    def _add_move(self, at: float, committed: int, lag: int) -> None:
        if self._moves:
            if self.longest_stand_seconds:
                passed = max(0.0, at - self._moves[-_MOVE_FIELDS])
                self.longest_stand_seconds *= 0.5 ** (passed / STAND_HALF_LIFE_SECONDS)
            if self.stands_since is not None:
                self.longest_stand_seconds = max(self.longest_stand_seconds, at - self.stands_since)
            # Of a stand that was there before us we have seen the end only.
            self.cadence_known = self.changes > 0 or self.stands_since != self.first_at
            self.changes += 1
        if len(self._moves) == MOVES * _MOVE_FIELDS:
            del self._moves[:_MOVE_FIELDS]
        self._moves.extend((at, committed, lag, self._total))
        # Cheap in the long run, and soon enough: ten moves are all that the cadence is known from.
        if 0 < self.changes < MOVES or self.changes % MOVES == 0:
            self._fit_trend()

    def _fit_trend(self) -> None:
        times = self._moves[0::_MOVE_FIELDS]
        gaps = sorted(times[i] - times[i - 1] for i in range(1, len(times)))
        if gaps:
            self.trend.fit(gaps[len(gaps) // 2])

    def _add_point(self, at: float) -> None:
        points = self._points
        if len(points) > _POINT_FIELDS and points[-2] - points[-4] < _POINT_SECONDS:
            points[-2], points[-1] = at, self._total
            return
        if len(points) == _POINTS * _POINT_FIELDS:
            del points[:_POINT_FIELDS]
        points.extend((at, self._total))

    def _note_standing(self, at: float, lag: int, moved: bool) -> None:
        if lag == 0:
            self.zero_lag_at, self.stands_since = at, None
        elif moved or self.stands_since is None:
            self.stands_since = at

    def _backdate(self, committed_at: float | None, unread_since: float | None, held: bool) -> None:
        """Let a stand that began before the first sample begin when it did.

        Without `unread_since` the commit's age says it only where no member is there: a live member at an
        idle topic has an old commit too, and may have got its next message a second ago.
        """
        if committed_at is None or self.stands_since is None or (held and unread_since is None):
            return
        since = committed_at if unread_since is None else max(committed_at, unread_since)
        self.stands_since = min(self.stands_since, since)

    @property
    def moves(self) -> tuple[Move, ...]:
        """The latest positions, oldest first; the first may be where the group stood when first seen."""
        flat = self._moves
        return tuple(
            Move(flat[i], int(flat[i + 1]), int(flat[i + 2])) for i in range(0, len(flat), _MOVE_FIELDS)
        )

    @property
    def span_seconds(self) -> float:
        """Seconds between the oldest and the newest move that are kept."""
        return self._moves[-_MOVE_FIELDS] - self._moves[0] if self._moves else 0.0

    def columns(self) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
        """Give the moves by column: times, committed offsets, lags. For rules that run at each sample."""
        return self._moves[0::_MOVE_FIELDS], self._moves[1::_MOVE_FIELDS], self._moves[2::_MOVE_FIELDS]

    @property
    def largest_step(self) -> float:
        """The most messages that one of the kept moves went forward."""
        offsets = self._moves[1::_MOVE_FIELDS]
        return max([offsets[i] - offsets[i - 1] for i in range(1, len(offsets))], default=0.0)

    def consumed_per_second(self, at: float, interval_seconds: float = 0.0) -> float | None:
        """Give messages per second over the last RATE_SECONDS, or the last interval if that is longer.

        None before a second sample. Zero while it stands; a rewind counts as zero. What happened between two
        notes is spread over one interval before the second: in between, nothing was owed to be noted.
        Counted in offsets: markers of transactions, and what was aborted or compacted, count as messages. A
        group that is set to the end seems to have consumed what it skipped; nothing tells the two apart.
        """
        points = self._points
        if not points or at <= points[0]:
            return None
        start = at - max(RATE_SECONDS, interval_seconds)
        if start <= points[0]:
            return (self._total - points[1]) / (at - points[0])
        index = len(points) - _POINT_FIELDS
        while points[index] > start and index:
            index -= _POINT_FIELDS
        base = points[index + 1]
        if index + _POINT_FIELDS < len(points):
            until, total = points[index + 2], points[index + 3]
            since = max(points[index], until - max(1.5 * interval_seconds, 2 * _POINT_SECONDS))
            if since < start < until:
                base += (total - base) * (start - since) / (until - since)
        return (self._total - base) / (at - start)

    def sustained(self, at: float) -> tuple[float, float] | None:
        """Give consumed and produced messages per second since the oldest move that is kept.

        For `catch_up`: a worker that commits every two minutes consumes at a steady pace, and its rate over
        RATE_SECONDS is zero most of the time. Both are of the same span. None before the first change.
        Nothing counts as produced where the lag is work in hand: of two rates over ten moves that are equal
        in the long run, the one or the other is ahead by chance.
        """
        moves = self._moves
        if not self.changes or len(moves) <= _MOVE_FIELDS or at <= moves[0]:
            return None
        seconds = at - moves[0]
        consumed = self._total - moves[3]
        if consumed and self.lag is not None and self.lag <= WORK_IN_HAND_STEPS * self.largest_step:
            return consumed / seconds, 0.0
        return consumed / seconds, max(0.0, self.end - moves[1] - moves[2]) / seconds


def catch_up(
    lag: int | None, consumed_per_second: float | None, produced_per_second: float | None
) -> float | Never | None:
    """Give the seconds until lag is zero at these rates: NEVER when it does not shrink, None when unknown."""
    if lag == 0:
        return 0.0
    if lag is None or consumed_per_second is None or produced_per_second is None:
        return None
    gain = consumed_per_second - produced_per_second
    if gain <= 0 or lag > gain * CATCH_UP_HORIZON_SECONDS:
        return NEVER
    return lag / gain
