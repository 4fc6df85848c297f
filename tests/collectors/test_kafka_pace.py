"""How the sampling interval follows what a sample costs."""

import pytest

from collectors.kafka_collector.pace import Pace


def paced(asked: float, costs: list[float]) -> Pace:
    pace, spent = Pace(asked), 5.0
    pace.begin(spent)
    for cost in costs:
        spent += cost
        pace.begin(spent)
    return pace


@pytest.mark.parametrize(
    ("asked", "costs", "interval"),
    [
        (2.0, [], 2.0),
        (2.0, [0.1, 0.1, 0.1], 2.0),
        (2.0, [0.19, 0.19, 0.19], 2.0),
        (2.0, [0.3, 0.3, 0.3], 4.0),
        (2.0, [0.5, 0.5, 0.5], 6.0),
        (2.0, [9.0, 0.1, 0.1], 2.0),  # the first read of a long topic
        (2.0, [0.1, 0.1, 9.0], 2.0),
        (2.0, [100.0, 100.0, 100.0], 60.0),
        (2.0, [0.5, 0.5, 0.5, 0.1, 0.1], 2.0),  # it narrows again
        (90.0, [100.0, 100.0, 100.0], 90.0),  # never more often than asked
    ],
)
def test_the_interval_widens_until_sampling_takes_a_tenth_of_a_core(
    asked: float, costs: list[float], interval: float
) -> None:
    pace = paced(asked, costs)
    assert pace.interval_seconds == pytest.approx(interval)
    assert bool(pace.reason) == (interval > asked or asked > 60)


def test_the_reason_names_the_cost_and_the_limit() -> None:
    assert paced(2.0, [0.5] * 3).reason == (
        "a sample takes 0.5 s of CPU: every 2 s would be 25% of a core, and at most 10% is spent"
    )
