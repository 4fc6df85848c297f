"""What to call a group's progress in a partition: the last step before the model, after `progress.py`.

The rules and their order are those of Burrow's evaluator (core/internal/evaluator/caching.go), over samples
in place of commits, so that they say the same however the commits are known. Where one differs, it says why.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from collectors.kafka_collector.progress import Progress
from schema.part_models import Verdict

STILL_SECONDS: Final = 60.0
"""How long a group may stand while fewer than KNOWN_MOVES of its moves are known.

One with a member always may: among quick tasks there is one of half a minute now and then.
"""
UNKNOWN_SECONDS: Final = 300.0
"""How long it may stand before our eyes while nothing is known of its cadence, as at each start of ours."""
KNOWN_MOVES: Final = 3
LEAST_SECONDS: Final = 10.0
LEAST_INTERVALS: Final = 3
MOST_SECONDS: Final = 900.0

_WORST_FIRST: Final[tuple[Verdict, ...]] = ("stopped", "stalled", "rewinding", "lagging", "ok")


def verdict(progress: Progress, at: float, interval_seconds: float) -> Verdict:
    """Judge one partition at `at` (seconds since the epoch), with a sample every `interval_seconds`."""
    if progress.lag == 0:
        return "ok"
    limit = patience_seconds(progress, at, interval_seconds)
    if _stands(progress, at, limit, interval_seconds):
        return "stalled" if _alive(progress, at, limit) else "stopped"
    times, offsets, lags = progress.columns()
    if not offsets:
        return "ok"
    if _rewinds(progress, offsets):
        return "rewinding"
    # Rule 1: whoever had nothing left at some point of the window has kept up with it.
    if min(lags) == 0 or (progress.zero_lag_at is not None and progress.zero_lag_at >= times[0]):
        return "ok"
    return "lagging" if progress.changes >= KNOWN_MOVES and _falls_behind(progress, lags) else "ok"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst one: stopped, stalled, rewinding, lagging, ok. Nothing to judge is ok."""
    return min(verdicts, key=_WORST_FIRST.index, default="ok")


def patience_seconds(progress: Progress, at: float, interval_seconds: float) -> float:
    """Give how long this group may stand: as long as its last moves took together (rule 3).

    An agent may take two minutes for each message. Twice the longest stand that it came out of also counts,
    so that its cadence is known from the second move on, and long tasks among short ones are learnt.
    """
    span = STILL_SECONDS
    if progress.changes >= KNOWN_MOVES:
        span = progress.span_seconds
    cadence = min(MOST_SECONDS, max(span, 2 * progress.longest_stand_seconds))
    if _held_lately(progress, at):
        cadence = max(cadence, STILL_SECONDS)
    return max(cadence, _least_seconds(interval_seconds))


def _held_lately(progress: Progress, at: float) -> bool:
    """Whether a member has the partition, or may have it again in a moment: a crash loop is told as one."""
    return progress.held or (progress.let_go_at is not None and at - progress.let_go_at <= STILL_SECONDS)


def _least_seconds(interval_seconds: float) -> float:
    return max(LEAST_SECONDS, LEAST_INTERVALS * interval_seconds)


def _stands(progress: Progress, at: float, limit: float, interval_seconds: float) -> bool:
    """Tell whether it has stood, with lag, for longer than it may.

    Counted from the later of the last move and the last zero lag: that is Burrow's "and not recently zero".
    """
    since = progress.stands_since
    if since is None:
        return False
    if progress.cadence_known:
        if at - since > limit:
            return True
    elif at - since > MOST_SECONDS or at - max(since, progress.first_at) > max(UNKNOWN_SECONDS, limit):
        # A stand from before the first sample is told at once where it is longer than anybody may stand.
        return True
    # A partition that was taken from its member tells more than silence: its cadence has ended with it.
    let_go, again = progress.let_go_at, progress.recommitted_at
    if let_go is None or (again is not None and again > let_go):
        return False
    alone_seconds = at - max(since, let_go)
    return alone_seconds > max(STILL_SECONDS, _least_seconds(interval_seconds))


def _alive(progress: Progress, at: float, limit: float) -> bool:
    """Tell whether somebody is there who does not move: a member, or one that commits the same again."""
    again = progress.recommitted_at
    return progress.held or (again is not None and at - again <= limit)


def _rewinds(progress: Progress, offsets: Sequence[float]) -> bool:
    """Rule 2: it went back, and has not come back yet to where it was.

    Burrow looks at the first rewind of the window; this is the same for all of them. A place beyond the end
    is gone with the messages before it (a recreated topic): nobody can come back to it.
    """
    return offsets[-1] < max(offsets) <= progress.end


def _falls_behind(progress: Progress, lags: Sequence[float]) -> bool:
    """Rule 5: it advances, and its lag has at no move become less.

    Burrow warns of a constant lag too. Here one that is no more than a single commit brings is work in hand:
    an agent that always has the next message waiting keeps pace. And where messages come at random, ten moves
    without a decrease are rare however far it falls behind: the trend over minutes says it as well.
    """
    if any(lags[i] < lags[i - 1] for i in range(1, len(lags))):
        return progress.trend.grows
    return lags[-1] > lags[0] or lags[-1] > progress.largest_step
