"""When a topic is said to be under backpressure: scripted lag and consumption over time."""

import sys
from collections.abc import Callable

import pytest

from collectors.kafka_collector.backpressure import Backpressure

START = 1_790_000_000.0
OfTime = Callable[[float], float]


def played(
    lag: OfTime, consumed: OfTime, seconds: int, interval: int = 2, late_seconds: float = 0.0
) -> Backpressure:
    pressure = Backpressure()
    for i, t in enumerate(range(0, seconds + 1, interval)):
        pressure.note(START + t + late_seconds * (i % 2), int(lag(t)), consumed(t), float(interval))
    return pressure


@pytest.mark.parametrize(
    ("lag", "consumed", "expected"),
    [
        pytest.param(lambda t: 20 * t, lambda t: 50, True, id="lag grows, consumption is flat"),
        pytest.param(lambda t: 20 * t, lambda t: 0, True, id="nobody reads, lag grows"),
        pytest.param(lambda t: 20 * t, lambda t: 90 - t / 2, True, id="lag grows, consumption falls"),
        pytest.param(lambda t: 20 * t, lambda t: 50 + t, False, id="consumption rises with it"),
        pytest.param(lambda t: 20 * t, lambda t: t / 1000, True, id="a rise from nothing to next to nothing"),
        pytest.param(lambda t: 20 * t, lambda t: t, False, id="a rise from nothing to what is needed"),
        pytest.param(lambda t: 20 * t + 15 * (t % 10), lambda t: 50, True, id="it grows in a saw's teeth"),
        pytest.param(lambda t: 10**6 + 5 * t, lambda t: 5, True, id="overload that lasts for days"),
        pytest.param(lambda t: 5 * t, lambda t: 100, False, id="much less than is consumed"),
        pytest.param(
            lambda t: max(0, 1000 - 90 * abs(118 - t)), lambda t: 50, False, id="a burst of this moment"
        ),
        pytest.param(lambda t: 5000, lambda t: 50, False, id="a high lag that stays"),
        pytest.param(lambda t: 5000 - 10 * t, lambda t: 50, False, id="lag shrinks"),
        pytest.param(lambda t: 0, lambda t: 50, False, id="no lag"),
        pytest.param(lambda t: t / 20, lambda t: 50, False, id="a few messages are no pressure"),
        pytest.param(lambda t: 100_000 + t, lambda t: 50, False, id="a little more of a lot"),
        pytest.param(lambda t: 900 * (90 < t < 105), lambda t: 50, False, id="a spike that is over"),
        pytest.param(
            lambda t: max(0, 900 - 20 * abs(90 - t)), lambda t: 50, False, id="a hill, on its way down"
        ),
        pytest.param(lambda t: 9000 * (t < 60) + 5, lambda t: 50, False, id="old lag that was worked off"),
    ],
)
@pytest.mark.parametrize(("interval", "late_seconds"), [(1, 0.0), (2, 0.3), (5, 0.5), (10, 1.0)])
def test_a_topic_is_pressed_when_lag_grows_while_throughput_is_flat(
    lag: OfTime, consumed: OfTime, expected: bool, interval: int, late_seconds: float
) -> None:
    assert played(lag, consumed, 120, interval, late_seconds).pressed is expected


@pytest.mark.parametrize(
    ("seconds", "interval", "expected"),
    [(0, 2, False), (20, 2, False), (28, 2, False), (30, 2, True), (30, 10, False), (40, 10, True)],
)
def test_a_trend_takes_five_samples_and_half_a_window(seconds: int, interval: int, expected: bool) -> None:
    assert played(lambda t: 20 * t + 1, lambda t: 50, seconds, interval).pressed is expected


def test_samples_far_apart_widen_the_window() -> None:
    assert played(lambda t: 20 * t + 1, lambda t: 50, 1200, interval=60, late_seconds=3.0).pressed


def test_what_was_before_a_silence_is_forgotten() -> None:
    pressure = played(lambda t: t, lambda t: 50, 60)
    for t in range(3600, 3620, 2):
        pressure.note(START + t, 5000, 50.0, 2.0)
    assert not pressure.pressed


def test_it_ends_when_the_lag_is_gone() -> None:
    pressure = played(lambda t: 20 * t, lambda t: 50, 60)
    assert pressure.pressed
    pressure.note(START + 62, 0, 50.0, 2.0)
    assert not pressure.pressed


def test_an_unknown_rate_is_not_judged() -> None:
    pressure = Backpressure()
    for t in range(0, 120, 2):
        pressure.note(START + t, 20 * t, None, 2.0)
    assert not pressure.pressed


def test_a_clock_that_is_set_back_neither_presses_nor_fails() -> None:
    pressure = played(lambda t: 20 * t, lambda t: 50, 60)
    pressure.note(START - 3600, 3000, 50.0, 2.0)
    assert not pressure.pressed


def test_memory_is_bounded_however_often_it_is_fed() -> None:
    pressure = Backpressure()
    for i in range(20_000):
        pressure.note(START + i / 100, i, 50.0)
    assert sys.getsizeof(pressure) + sys.getsizeof(pressure._samples) < 1200
