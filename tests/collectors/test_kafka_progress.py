"""What a group's progress in one partition remembers of its samples: moves, rates, stands."""

import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_collector.progress import MOVES, NEVER, Move, Never, Progress, catch_up
from collectors.kafka_collector.verdicts import verdict
from schema.part_models import Verdict

START = 1_790_000_000.0


def noted(steps: list[tuple[float, int | None, int]], held: bool = True) -> Progress:
    """Play samples of (seconds, committed, end)."""
    progress = Progress()
    for at, committed, end in steps:
        lag = None if committed is None else max(0, end - committed)
        progress.note(START + at, committed, end, lag, None, held)
    return progress


def test_a_move_is_kept_for_each_change_of_the_committed_offset_up_or_down() -> None:
    progress = noted([(0, 5, 9), (10, 5, 10), (20, 8, 10), (30, 2, 12), (40, 2, 13)])
    assert progress.moves == (Move(START, 5, 4), Move(START + 20, 8, 2), Move(START + 30, 2, 10))
    assert (progress.changes, progress.span_seconds) == (2, 30.0)


def test_only_the_latest_moves_are_kept() -> None:
    progress = noted([(i * 10.0, i, 100) for i in range(50)])
    assert [move.committed for move in progress.moves] == list(range(50 - MOVES, 50))
    assert progress.changes == 49


def test_memory_is_bounded_however_long_it_is_fed() -> None:
    progress = noted([(i * 2.0, i * 7, i * 9) for i in range(5000)])
    arrays = sum(map(sys.getsizeof, (progress._moves, progress._points, progress.trend)))
    assert arrays + sys.getsizeof(progress) < 1000
    assert not hasattr(progress, "__dict__")


@pytest.mark.parametrize(
    ("steps", "at", "interval_seconds", "expected"),
    [
        pytest.param([], 0, 10, None, id="nothing"),
        pytest.param([(0, 5, 9)], 0, 10, None, id="one sample"),
        pytest.param([(0, None, 9), (10, None, 9)], 10, 10, None, id="no commit"),
        pytest.param([(0, 5, 9)], 10, 10, 0.0, id="nothing noted since: it stood"),
        pytest.param([(0, 5, 9), (10, 5, 9)], 10, 10, 0.0, id="it stood"),
        pytest.param([(0, 0, 9), (10, 50, 90)], 10, 10, 5.0, id="two samples"),
        pytest.param([(i, 7 * i, 9 * i) for i in range(300)], 299, 1, 7.0, id="steady, each second"),
        pytest.param(
            [(2 * i, 14 * i, 10**6) for i in range(300)], 598, 2, 7.0, id="steady, every two seconds"
        ),
        pytest.param(
            [(10 * i, 70 * i, 10**6) for i in range(30)], 290, 10, 7.0, id="steady, every ten seconds"
        ),
        pytest.param([(7 * i, 49 * i, 10**6) for i in range(30)], 203, 7, 7.0, id="steady, an odd interval"),
        pytest.param([(60 * i, 420 * i, 10**6) for i in range(9)], 480, 60, 7.0, id="steady, once a minute"),
        pytest.param(
            [(10 * i, 70 * i, 10**6) for i in range(30)], 300, 10, 140 / 30, id="it stands, and decays"
        ),
        pytest.param([(10 * i, 70 * i, 10**6) for i in range(30)], 320, 10, 0.0, id="it has stood as long"),
        pytest.param([(0, 0, 0), (3600, 60, 60)], 3600, 10, 2.0, id="an hour of silence is none of it"),
        pytest.param([(0, 90, 99), (10, 30, 99)], 10, 10, 0.0, id="a rewind is no consumption"),
        pytest.param([(0, 90, 99), (10, 30, 99), (20, 50, 99)], 20, 10, 1.0, id="reading again is"),
        pytest.param([(0, 5, 9), (10, 10**15, 9)], 10, 10, 0.4, id="beyond the end nothing is consumed"),
        pytest.param([(0, 5, 9), (-600, 9, 9)], -600, 10, None, id="a clock set back"),
    ],
)
def test_consumption_is_that_of_the_last_half_minute(
    steps: list[tuple[float, int | None, int]], at: float, interval_seconds: float, expected: float | None
) -> None:
    found = noted(steps).consumed_per_second(START + at, interval_seconds)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("steps", "at", "expected"),
    [
        pytest.param([], 0, None, id="nothing"),
        pytest.param([(0, 5, 9), (10, 5, 12)], 10, None, id="no move yet"),
        pytest.param(
            [(0, 0, 100), (120, 1, 103), (240, 2, 106)], 240, (1 / 120, 1 / 40), id="two minutes each"
        ),
        pytest.param([(0, 0, 100), (120, 1, 103), (180, 1, 103)], 180, (1 / 180, 1 / 60), id="and a stand"),
        pytest.param([(0, 9, 10), (10, 4, 10), (20, 8, 10)], 20, (0.2, 0.0), id="a rewind counts as zero"),
        pytest.param([(0, 0, 3), (10, 5, 15), (20, 10, 20)], 20, (0.5, 0.0), id="two steps are in hand"),
        pytest.param([(0, 0, 3), (10, 5, 15), (20, 10, 21)], 20, (0.5, 0.9), id="more are none"),
        pytest.param([(0, 9, 10), (10, 4, 10)], 10, (0.0, 0.0), id="without a step nothing is in hand"),
    ],
)
def test_a_slow_worker_has_a_steady_rate_over_its_moves(
    steps: list[tuple[float, int | None, int]], at: float, expected: tuple[float, float] | None
) -> None:
    found = noted(steps).sustained(START + at)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("steps", "stands_since", "zero_lag_at"),
    [
        pytest.param([(0, 5, 9), (10, 5, 9)], 0.0, None, id="from the first sample that saw lag"),
        pytest.param([(0, 5, 9), (10, 6, 9), (20, 6, 9)], 10.0, None, id="from the last move"),
        pytest.param([(0, 5, 5), (10, 5, 6), (20, 5, 7)], 10.0, 0.0, id="from the end of zero lag"),
        pytest.param([(0, 5, 6), (10, 6, 6)], None, 10.0, id="without lag nothing stands"),
        pytest.param([(0, 9, 6), (10, 9, 6)], None, 10.0, id="beyond the end there is no lag"),
        pytest.param([(0, None, 6), (10, None, 7), (20, None, 7)], 10.0, None, id="never committed"),
        pytest.param([(0, 3, 6), (10, None, 6)], None, None, id="its commit was taken back"),
    ],
)
def test_a_stand_begins_where_both_lag_and_position_stay(
    steps: list[tuple[float, int | None, int]], stands_since: float | None, zero_lag_at: float | None
) -> None:
    progress = noted(steps)
    assert progress.stands_since == (None if stands_since is None else START + stands_since)
    assert progress.zero_lag_at == (None if zero_lag_at is None else START + zero_lag_at)


@pytest.mark.parametrize(
    ("held", "committed_at", "unread_since", "expected"),
    [
        (False, -500.0, None, -500.0),
        (False, -500.0, -80.0, -80.0),
        (False, None, -80.0, 0.0),
        (True, -500.0, None, 0.0),
        (True, -500.0, -80.0, -80.0),
        (True, -80.0, -500.0, -80.0),
        (True, 30.0, 40.0, 0.0),
    ],
)
def test_a_stand_older_than_the_first_sample_began_with_the_later_of_commit_and_message(
    held: bool, committed_at: float | None, unread_since: float | None, expected: float
) -> None:
    progress = Progress()
    committed_at = None if committed_at is None else START + committed_at
    unread_since = None if unread_since is None else START + unread_since
    progress.note(START, 5, 9, 4, committed_at, held, unread_since)
    assert progress.stands_since == START + expected


def test_the_longest_stand_is_remembered_and_fades_with_time() -> None:
    progress = noted([(0, 0, 99), (100, 1, 99)])
    assert progress.longest_stand_seconds == 100.0
    for i in range(1, 101):
        progress.note(START + 100 + 9 * i, 1 + i, 999, 998 - i, None, True)
    assert progress.longest_stand_seconds == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("low", "expected"),
    [(0, 9.0), (10, 9.0), (60, 4.0), (100, 0.0), (10**15, 0.0)],
)
def test_what_retention_took_is_not_consumed(low: int, expected: float) -> None:
    progress = noted([(0, 10, 200)])
    progress.note(START + 10, 100, 210, 110, None, True, low=low)
    assert progress.consumed_per_second(START + 10, 10) == expected
    found = progress.sustained(START + 10)
    assert found is not None
    assert found[0] == expected


def test_a_group_that_retention_carries_along_consumes_nothing() -> None:
    progress = Progress()
    for i in range(50):
        progress.note(START + 2 * i, 20 * i, 20 * i + 500, 500, None, True, low=20 * i)
    assert progress.consumed_per_second(START + 98, 2.0) == 0.0


def test_the_trend_of_lag_starts_anew_where_a_group_is_rewound() -> None:
    progress = noted([(2.0 * i, 10 * i, 15 * i + 10) for i in range(300)])
    assert progress.trend.grows
    progress.note(START + 600, 0, 4510, 4510, None, True)
    assert not progress.trend.grows


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(0, 5, 9), (10, 5, 9)], False, id="no move yet"),
        pytest.param([(0, 5, 9), (10, 6, 9)], False, id="a stand that was there before the first sample"),
        pytest.param([(0, 5, 9), (10, 6, 9), (20, 7, 9)], True, id="a second move"),
        pytest.param([(0, 5, 5), (10, 5, 9), (20, 6, 9)], True, id="a stand that began before our eyes"),
        pytest.param([(0, 5, 5), (10, 6, 6)], True, id="a move without a stand"),
    ],
)
def test_the_cadence_is_known_from_a_stand_that_was_seen_whole(
    steps: list[tuple[float, int | None, int]], expected: bool
) -> None:
    assert noted(steps).cadence_known is expected


def test_a_partition_is_let_go_when_its_member_loses_it_and_no_more_once_it_has_one() -> None:
    progress = Progress()
    found = list[float | None]()
    for at, held in enumerate((False, True, False, False, True)):
        progress.note(START + at, 1, 2, 1, None, held)
        found.append(progress.let_go_at)
    assert found == [None, None, START + 2, START + 2, None]


@pytest.mark.parametrize(
    ("lag", "consumed", "produced", "expected"),
    [
        (0, None, None, 0.0),
        (0, 0.0, 5.0, 0.0),
        (None, 5.0, 1.0, None),
        (100, None, 1.0, None),
        (100, 5.0, None, None),
        (100, 5.0, 0.0, 20.0),
        (100, 5.0, 1.0, 25.0),
        (100, 5.0, 5.0, NEVER),
        (100, 5.0, 9.0, NEVER),
        (100, 0.0, 0.0, NEVER),
        (100, 5.0 + 1e-12, 5.0, NEVER),
    ],
)
def test_catching_up_takes_what_the_rates_leave_over(
    lag: int | None, consumed: float | None, produced: float | None, expected: float | Never | None
) -> None:
    assert catch_up(lag, consumed, produced) == expected


OFFSETS = st.one_of(st.integers(0, 200), st.integers(0, 2**63 - 1))
SAMPLES = st.lists(
    st.tuples(
        st.floats(-60, 4000), st.none() | OFFSETS, OFFSETS, st.none() | st.floats(0, 4e9), st.booleans()
    ),
    max_size=40,
)


@given(SAMPLES, st.sampled_from([0.1, 2.0, 300.0]))
def test_whatever_a_broker_tells_rates_are_never_negative_and_a_verdict_is_found(
    samples: list[tuple[float, int | None, int, float | None, bool]], interval_seconds: float
) -> None:
    progress, at = Progress(), START
    for passed, committed, end, committed_at, held in samples:
        at += passed
        lag = None if committed is None else max(0, end - committed)
        progress.note(at, committed, end, lag, committed_at, held)
        consumed = progress.consumed_per_second(at, interval_seconds)
        sustained = progress.sustained(at)
        assert consumed is None or consumed >= 0
        assert sustained is None or min(sustained) >= 0
        assert verdict(progress, at, interval_seconds) in get_args(Verdict)
        assert lag or verdict(progress, at, interval_seconds) in ("ok", "stalled")
        assert progress.longest_stand_seconds >= 0
