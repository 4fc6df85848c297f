"""Who takes whose place, as tables."""

import pytest

from collectors.process_collector.readings import End, Process
from collectors.process_collector.slots import (
    FORGOTTEN_AFTER_SECONDS,
    LOOP_RESTARTS,
    LOOP_SECONDS,
    Slots,
)
from tests.collectors.process_samples import BORN, process

ENDED = End(BORN, code=1)


def test_a_new_process_takes_a_lost_place_with_how_the_one_before_ended() -> None:
    slots = Slots()
    first, second, third = (process(n, workload="a") for n in (1, 2, 3))
    other = process(4, workload="b")
    slots.enter(first, 0)
    slots.enter(other, 0)
    slots.leave(first, ENDED, 2)
    assert slots.waiting() == {"a"}
    for one in (second, third):
        slots.enter(one, 4)
    assert [slots.of(one).restarts for one in (second, third, other)] == [1, 0, 0]
    assert [slots.of(one).last for one in (second, third, other)] == [ENDED, None, None]
    assert slots.waiting() == set()


def test_a_crash_loop_stays_in_its_own_place_beside_one_that_was_given_up() -> None:
    slots = Slots()
    gone, crashing = process(1), process(2)
    slots.enter(gone, 0)
    slots.enter(crashing, 0)
    slots.leave(gone, ENDED, 1)
    for n in range(3, 8):
        slots.leave(crashing, ENDED, n)
        crashing = process(n)
        slots.enter(crashing, n)
    assert slots.of(crashing).restarts == 5


def test_a_place_that_stays_empty_is_given_up() -> None:
    slots = Slots()
    slots.enter(process(1), 0)
    slots.leave(process(1), ENDED, 2)
    slots.forget(2 + FORGOTTEN_AFTER_SECONDS)
    assert slots.waiting() == set()
    slots.enter(process(2), 3 + FORGOTTEN_AFTER_SECONDS)
    assert slots.of(process(2)).restarts == 0


def restarted(seconds: list[float]) -> tuple[Slots, Process]:
    slots, last = Slots(), process(0)
    slots.enter(last, 0)
    for n, at in enumerate(seconds, 1):
        slots.leave(last, ENDED, at)
        last = process(n)
        slots.enter(last, at)
    return slots, last


@pytest.mark.parametrize(
    ("restarts_at", "now", "looping"),
    [
        ([], 10, False),
        ([1, 2], 10, False),
        ([1, 2, 3], 10, True),
        ([1, 2, 3], 1 + LOOP_SECONDS, False),
        ([1, 2, LOOP_SECONDS + 5], LOOP_SECONDS + 5, False),
        ([1, 300, 310, 320], LOOP_SECONDS + 5, True),
        ([float(n) for n in range(100)], 100, True),
        ([float(n) for n in range(100)], 100 + LOOP_SECONDS, False),
    ],
)
def test_three_restarts_within_ten_minutes_are_a_loop_until_it_is_calm(
    restarts_at: list[float], now: float, looping: bool
) -> None:
    slots, last = restarted(restarts_at)
    assert slots.of(last).looping(now) is looping
    assert slots.of(last).restarts == len(restarts_at)


def test_ten_thousand_restarts_keep_no_more_than_one() -> None:
    slots, last = restarted([n / 10 for n in range(10_000)])
    assert slots.of(last).restarts == 10_000
    assert len(slots.of(last).restarted_at) == LOOP_RESTARTS
    assert len(slots._places) == 1
    assert slots.waiting() == set()
