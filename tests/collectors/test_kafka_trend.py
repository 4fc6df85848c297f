"""Whether lag grows over minutes: scripted lags, one sample each so many seconds."""

import sys
from collections.abc import Callable

import pytest

from collectors.kafka_collector.trend import LEAST_MOVES, LEAST_SECONDS, Trend

START = 1_790_000_000.0
OfTime = Callable[[float], float]


def take(trend: Trend, t: float, lag: int, step: float = 50.0) -> None:
    if trend.note(START + t, lag):
        trend.judge(step)


def fed(lag: OfTime, seconds: int, interval: int = 2, move_seconds: float | None = None) -> Trend:
    trend = Trend()
    if move_seconds is not None:
        trend.fit(move_seconds)
    for t in range(0, seconds + 1, interval):
        take(trend, t, int(lag(t)))
    return trend


@pytest.mark.parametrize("interval", [1, 2, 10, 30])
@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        pytest.param(lambda t: 10 + t, True, id="it grows evenly"),
        pytest.param(lambda t: 10 + t + 90 * (t // 10 % 2), True, id="it grows in a saw's teeth"),
        pytest.param(lambda t: 10 + t / 30, False, id="it grows by no more than a step"),
        pytest.param(lambda t: 5000, False, id="it stays"),
        pytest.param(lambda t: 5000 - t, False, id="it shrinks"),
        pytest.param(lambda t: t % 100, False, id="it is worked off again and again"),
        pytest.param(lambda t: 10 + t if t % 90 else 0, False, id="and now and then to nothing"),
        pytest.param(lambda t: 10 + t / 30 + 5000 * (t > 690), False, id="it jumps once"),
        pytest.param(lambda t: 10 + t if t < 840 else 12, False, id="it grew, and fell a moment ago"),
    ],
)
def test_a_trend_is_a_lowest_lag_that_rises_from_third_to_third(
    lag: OfTime, expected: bool, interval: int
) -> None:
    assert fed(lag, 900, interval).grows is expected


def test_it_takes_a_whole_window() -> None:
    assert not fed(lambda t: 10 + t, int(LEAST_SECONDS * 0.8)).grows
    assert fed(lambda t: 10 + t, int(LEAST_SECONDS)).grows


def test_the_window_of_a_slow_group_is_so_many_moves_long() -> None:
    def lag(t: float) -> float:
        return 10 + t / 10

    seconds = LEAST_MOVES * 75
    assert not fed(lag, int(0.8 * seconds), 10, move_seconds=75.0).grows
    assert fed(lag, 2 * seconds, 10, move_seconds=75.0).grows


def test_a_wider_window_keeps_what_the_narrow_one_saw() -> None:
    trend = fed(lambda t: 10 + t, 600)
    trend.fit(LEAST_SECONDS * 2 / LEAST_MOVES)
    assert not trend.grows
    for t in range(602, 902, 2):
        take(trend, t, 10 + t)
    assert trend.grows


def test_a_window_that_is_several_times_too_long_starts_anew() -> None:
    trend = fed(lambda t: 10 + t, 40_000, 10, move_seconds=600.0)
    assert trend.grows
    trend.fit(2.0)
    assert not trend.grows
    for t in range(40_000, 40_310, 10):
        take(trend, t, 10 + t)
    assert trend.grows


@pytest.mark.parametrize("silent_seconds", [300, 10_000, 10**9])
def test_a_silence_as_long_as_the_window_starts_anew(silent_seconds: int) -> None:
    trend = fed(lambda t: 10 + t, 600)
    take(trend, 600 + silent_seconds, 900)
    assert not trend.grows


def test_in_a_shorter_silence_lag_stays_what_it_was() -> None:
    trend = fed(lambda t: 10 + t, 600)
    take(trend, 750, 760)
    assert trend.grows


def test_a_trend_is_taken_back_once_lag_is_lower_than_a_window_ago() -> None:
    def lag(t: float) -> float:
        return 1000 + t if t < 900 else 2 * 900 + 1000 - t

    found = [fed(lag, seconds).grows for seconds in (890, 950, 1400)]
    assert found == [True, True, False]


def test_a_clock_that_is_set_back_starts_anew() -> None:
    trend = fed(lambda t: 10 + t, 600)
    take(trend, -3600, 900)
    assert not trend.grows


def test_memory_is_bounded_however_long_it_is_fed() -> None:
    trend = fed(lambda t: 10 + t, 40_000)
    assert sys.getsizeof(trend) + sys.getsizeof(trend._minima) < 300
    assert not hasattr(trend, "__dict__")
