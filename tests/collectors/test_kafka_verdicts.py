"""Scripted timelines of a group in one partition, and what is to be said of it at each sample."""

from typing import NamedTuple

import pytest

from collectors.kafka_collector.progress import Progress
from collectors.kafka_collector.verdicts import MOST_SECONDS, STILL_SECONDS, UNKNOWN_SECONDS, verdict
from schema.part_models import Verdict

INTERVAL = 10.0
START = 1_790_000_000.0
DAY = 86_400.0


class Step(NamedTuple):
    """One sample; `committed_at` and `unread_since` are seconds after START like `at`."""

    at: float
    committed: int | None
    end: int
    held: bool = True
    committed_at: float | None = None
    unread_since: float | None = None


Expected = list[tuple[float, Verdict]]
"""From this second on, this verdict."""


def told(steps: list[Step], interval_seconds: float = INTERVAL) -> Expected:
    """Play a timeline, and give each verdict at the sample from which it was said."""
    progress, found = Progress(), list[tuple[float, Verdict]]()
    for step in steps:
        lag = None if step.committed is None else max(0, step.end - step.committed)
        progress.note(
            START + step.at,
            step.committed,
            step.end,
            lag,
            None if step.committed_at is None else START + step.committed_at,
            step.held,
            None if step.unread_since is None else START + step.unread_since,
        )
        said = verdict(progress, START + step.at, interval_seconds)
        if not found or found[-1][1] != said:
            found.append((step.at, said))
    return found


def every(first: int, last: int, seconds: int = 10) -> range:
    return range(first, last + 1, seconds)


def slow_worker(seconds: int, until: int, backlog: int = 1, late: int = 0) -> list[Step]:
    """Commits one message each so many seconds; the next is always waiting."""
    return [Step(t, (t + late) // seconds, backlog + (t + late) // seconds) for t in every(0, until)]


DEAD_AGENT = [*slow_worker(120, 1200), *(Step(t, 10, 11 + t // 120) for t in every(1210, 3000))]
TIMELINES: dict[str, tuple[list[Step], Expected]] = {
    "a steady consumer with zero lag is ok": (
        [Step(t, t, t) for t in every(0, 600)],
        [(0, "ok")],
    ),
    "a steady consumer whose lag goes up and down is ok": (
        [Step(t, t, t + 20 + 5 * (t // 10 % 3)) for t in every(0, 600)],
        [(0, "ok")],
    ),
    "an idle topic read to its end is ok for ever": (
        [Step(t, 7, 7, committed_at=-DAY) for t in every(0, 3000)],
        [(0, "ok")],
    ),
    "a message at an idle topic alarms nobody before its time": (
        [
            *(Step(t, 7, 7, committed_at=-DAY) for t in every(0, 100)),
            *(Step(t, 7, 8) for t in every(110, 170)),
        ],
        [(0, "ok")],
    ),
    "a live member at an idle topic is not stalled because the collector starts": (
        [Step(0, 7, 8, committed_at=-DAY), Step(10, 8, 8, committed_at=9)],
        [(0, "ok")],
    ),
    "nor with the message's own time known, and no member seen yet": (
        [Step(0, 7, 8, False, -DAY, -1), Step(10, 7, 8, True, -DAY, -1), Step(20, 8, 8, committed_at=19)],
        [(0, "ok")],
    ),
    "a worker that takes 120 s is never doubted": (
        slow_worker(120, 6000),
        [(0, "ok")],
    ),
    "nor is one that takes four minutes, of which the first sample saw the last half": (
        slow_worker(240, 6000, late=120),
        [(0, "ok")],
    ),
    "nor where that sample saw the last ten seconds": (
        slow_worker(240, 6000, late=230),
        [(0, "ok")],
    ),
    "one that takes six minutes is doubted once, while its cadence is unknown": (
        slow_worker(360, 6000),
        [(0, "ok"), (UNKNOWN_SECONDS + 10, "stalled"), (360, "ok")],
    ),
    "a worker that takes 120 s and dies is told after the ceiling": (
        DEAD_AGENT,
        [(0, "ok"), (1200 + MOST_SECONDS + 10, "stalled")],
    ),
    "the same worker is told a minute after its member is gone": (
        [step._replace(held=step.at <= 1300) for step in DEAD_AGENT],
        [(0, "ok"), (1310 + STILL_SECONDS + 10, "stopped")],
    ),
    "a rebalance of half a minute stops nobody": (
        [step._replace(held=not 600 < step.at <= 630) for step in slow_worker(120, 1200)],
        [(0, "ok")],
    ),
    "a consumer without a group protocol is judged by its commits alone": (
        [step._replace(held=False) for step in slow_worker(50, 3000, late=5)],
        [(0, "ok")],
    ),
    "a reader whose members are gone is stopped": (
        [*(Step(t, t, t + 5) for t in every(0, 100)), *(Step(t, 100, t, False) for t in every(110, 400))],
        [(0, "ok"), (180, "stopped")],
    ),
    "a member that neither moves nor commits is stalled": (
        [*(Step(t, t, t) for t in every(0, 100)), *(Step(t, 100, t) for t in every(110, 400))],
        [(0, "ok"), (210, "stalled")],
    ),
    "one that commits the same offset again and again is stalled, member or not": (
        [
            *(Step(t, t, t, False, t) for t in every(0, 100)),
            *(Step(t, 100, t, False, t - 1) for t in every(110, 400)),
        ],
        [(0, "ok"), (210, "stalled")],
    ),
    "and stopped once those commits end": (
        [
            *(Step(t, t, t, False, t) for t in every(0, 100)),
            *(Step(t, 100, t, False, min(t, 300) - 1) for t in every(110, 600)),
        ],
        [(0, "ok"), (210, "stalled"), (400, "stopped")],
    ),
    "one that moves again is ok again": (
        [
            *(Step(t, t, t) for t in every(0, 100)),
            *(Step(t, 100, t) for t in every(110, 400)),
            *(Step(t, min(t, 100 + 5 * (t - 400)), t) for t in every(410, 600)),
        ],
        [(0, "ok"), (210, "stalled"), (410, "ok")],
    ),
    "a rewound group is rewinding until it is back where it was": (
        [
            *(Step(t, 1000 + t, 1005 + t) for t in every(0, 100)),
            *(Step(t, min(1000 + t, 500 + 10 * (t - 110)), 1005 + t) for t in every(110, 400)),
        ],
        [(0, "ok"), (110, "rewinding"), (170, "ok")],
    ),
    "ten moves on, the way back from a rewind is lag like any other": (
        [
            *(Step(t, 1000 + t, 1005 + t) for t in every(0, 100)),
            *(Step(t, 500 + 4 * (t - 110), 1005 + t) for t in every(110, 400)),
        ],
        [(0, "ok"), (110, "rewinding"), (200, "ok")],
    ),
    "a rewind that is made good within two samples is told for one": (
        [Step(0, 100, 110), Step(10, 105, 112), Step(20, 95, 113), Step(30, 106, 113), Step(40, 110, 114)],
        [(0, "ok"), (20, "rewinding"), (30, "ok")],
    ),
    "a second rewind counts although the first is made good": (
        [Step(0, 10, 90), Step(10, 5, 90), Step(20, 30, 90), Step(30, 12, 90), Step(40, 31, 90)],
        [(0, "ok"), (10, "rewinding"), (20, "ok"), (30, "rewinding"), (40, "ok")],
    ),
    "a group that is rewound and left alone is stopped": (
        [Step(0, 100, 100, False), *(Step(t, 0, 100, False) for t in every(10, 300))],
        [(0, "ok"), (10, "rewinding"), (80, "stopped")],
    ),
    "a recreated topic is no rewind": (
        [
            *(Step(t, 1000 + t, 1010 + t) for t in every(0, 50)),
            Step(60, 1050, 4),
            *(Step(t, (t - 60) // 2, t - 55) for t in every(70, 90)),
        ],
        [(0, "ok")],
    ),
    "a commit beyond the end is nothing to come back to": (
        [Step(0, 50, 60), Step(10, 10**15, 61), Step(20, 55, 62), Step(30, 60, 63), Step(40, 62, 64)],
        [(0, "ok")],
    ),
    "one that advances while its lag only grows lags": (
        [Step(t, 2 * t, 3 * t + 10) for t in every(0, 200)],
        [(0, "ok"), (30, "lagging")],
    ),
    "one that kept up lags once the window has forgotten its zero": (
        [*(Step(t, t, t) for t in every(0, 100)), *(Step(t, t, 2 * t - 90) for t in every(110, 300))],
        [(0, "ok"), (200, "lagging")],
    ),
    "a high lag that becomes less is ok": (
        [Step(t, 5 * t, 100_000 + t) for t in every(0, 600)],
        [(0, "ok")],
    ),
    "a high lag that stays lags": (
        [Step(t, t, 100_000 + t) for t in every(0, 600)],
        [(0, "ok"), (30, "lagging")],
    ),
    "a lag that stays and is one commit's worth is work in hand": (
        [Step(t, t, t + 10) for t in every(0, 600)],
        [(0, "ok")],
    ),
    "bursts with silence between them are ok": (
        [
            Step(t, min(t // 300 * 1000 + t % 300 * 20, t // 300 * 1000 + 1000), t // 300 * 1000 + 1000)
            for t in every(0, 3000)
        ],
        [(0, "ok")],
    ),
    "a group dead for days is told at the first sample that knows its commit's time": (
        [Step(0, 5, 9, False, -3 * DAY), Step(10, 5, 9, False, -3 * DAY)],
        [(0, "stopped")],
    ),
    "also where that time becomes known later": (
        [Step(0, 5, 9, False), Step(10, 5, 9, False, -3 * DAY)],
        [(0, "ok"), (10, "stopped")],
    ),
    "a member stuck for days is told at once where the message's time is known": (
        [Step(0, 5, 9, True, -3 * DAY, -2 * DAY)],
        [(0, "stalled")],
    ),
    "without any time a dead group is told after five minutes": (
        [Step(t, 5, 9, False) for t in every(0, 400)],
        [(0, "ok"), (UNKNOWN_SECONDS + 10, "stopped")],
    ),
    "with a commit of minutes ago as well: it may commit as rarely": (
        [Step(t, 5, 9, False, -400, -390) for t in every(0, 400)],
        [(0, "ok"), (UNKNOWN_SECONDS + 10, "stopped")],
    ),
    "or once that commit is as old as nobody may stand": (
        [Step(t, 5, 9, False, -800, -790) for t in every(0, 400)],
        [(0, "ok"), (MOST_SECONDS - 790 + 10, "stopped")],
    ),
    "or a minute after its member is gone": (
        [Step(t, 5, 9, t <= 100, -200, -190) for t in every(0, 400)],
        [(0, "ok"), (110 + STILL_SECONDS + 10, "stopped")],
    ),
    "a restart of the collector tells a live group nothing new": (
        [Step(t, 3 * t, 10_000 + t, True, t - 2, t - 400) for t in every(0, 300)],
        [(0, "ok")],
    ),
    "a held partition without a commit is stalled five minutes after messages arrive": (
        [*(Step(t, None, 4) for t in every(0, 100)), *(Step(t, None, 6) for t in every(110, 500))],
        [(0, "ok"), (110 + UNKNOWN_SECONDS + 10, "stalled")],
    ),
    "without a member nothing is owed to it": (
        [Step(t, None, 4 + t, False) for t in every(0, 300)],
        [(0, "ok")],
    ),
    "its first commit ends that": (
        [*(Step(t, None, 4 + t) for t in every(0, 400)), *(Step(t, t, 4 + t) for t in every(410, 450))],
        [(0, "ok"), (10 + UNKNOWN_SECONDS + 10, "stalled"), (410, "ok")],
    ),
    "a commit that is taken back forgets what was before": (
        [*(Step(t, 50, 90) for t in every(0, 40)), Step(50, None, 90), Step(60, 10, 90), Step(70, 11, 90)],
        [(0, "ok")],
    ),
    "a clock that is set back raises no alarm": (
        [*(Step(t, t, t + 5) for t in every(0, 100)), *(Step(t - 3600, t, t + 5) for t in every(110, 200))],
        [(0, "ok")],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), TIMELINES.values(), ids=TIMELINES.keys())
def test_a_timeline_is_told_as(steps: list[Step], expected: Expected) -> None:
    assert told(steps) == expected
