"""Hours of random load on one partition: what share of the samples gets which verdict, and what else is told.

The randomness is seeded. Overload that lasts must be told most of the time, health hardly ever doubted.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

import pytest

from collectors.kafka_collector.backpressure import Backpressure
from collectors.kafka_collector.progress import NEVER, Progress, catch_up
from collectors.kafka_collector.verdicts import verdict
from schema.part_models import Verdict

START = 1_790_000_000.0
INTERVAL = 2.0
HOUR = 3600.0


class Load(NamedTuple):
    """Seconds at which messages were appended, and commits of (seconds, offset), both in order."""

    appended: Sequence[float]
    commits: Sequence[tuple[float, int]]


class Told(NamedTuple):
    """What was said at one sample."""

    at: float
    verdict: Verdict
    pressed: bool
    never_catches_up: bool


def at_random(random: Random, per_second: float, seconds: float) -> list[float]:
    times, at = list[float](), random.expovariate(per_second)
    while at < seconds:
        times.append(at)
        at += random.expovariate(per_second)
    return times


def one_by_one(appended: Sequence[float], task_seconds: Callable[[int], float]) -> Load:
    """Read one message after the other, and commit after each."""
    commits, free_at = [(0.0, 0)], 0.0
    for i, at in enumerate(appended):
        free_at = max(free_at, at) + task_seconds(i)
        commits.append((free_at, i + 1))
    return Load(appended, commits)


def in_batches(appended: Sequence[float], seconds: float, most: int) -> Load:
    """Commit each so many seconds what is there, at most so many messages at once."""
    commits = [(0.0, 0)]
    for i in range(1, int(appended[-1] / seconds)):
        committed = min(bisect_right(appended, i * seconds), commits[-1][1] + most)
        commits.append((i * seconds, committed))
    return Load(appended, commits)


def told(load: Load, until: float) -> list[Told]:
    progress, pressure, found = Progress(), Backpressure(), list[Told]()
    commit_times = [at for at, _ in load.commits]
    for i in range(int(until / INTERVAL)):
        t = i * INTERVAL
        at, end = START + t, bisect_right(load.appended, t)
        committed_at, committed = load.commits[bisect_right(commit_times, t) - 1]
        lag = end - committed
        progress.note(at, committed, end, lag, START + committed_at, held=True)
        pressure.note(at, lag, progress.consumed_per_second(at, INTERVAL), INTERVAL)
        rates = progress.sustained(at) or (None, None)
        never = catch_up(lag, *rates) is NEVER
        found.append(Told(t, verdict(progress, at, INTERVAL), pressure.pressed, never))
    return found


def evenly(per_second: float, seconds: float) -> list[float]:
    return [i / per_second for i in range(int(per_second * seconds))]


def share(samples: list[Told], is_so: Callable[[Told], bool]) -> float:
    return sum(map(is_so, samples)) / len(samples)


def poisson_9(random: Random) -> Load:
    return one_by_one(at_random(random, 10, HOUR), lambda i: 1 / 9)


def batches(random: Random) -> Load:
    return in_batches(at_random(random, 10, HOUR), 5.0, 40)


def agent_75(random: Random) -> Load:
    return one_by_one(at_random(random, 1 / 60, 8 * HOUR), lambda i: 75.0)


def agent_varied(random: Random) -> Load:
    return one_by_one(at_random(random, 1 / 60, 8 * HOUR), lambda i: random.uniform(40, 110))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("load", "hours", "least_lagging"),
    [(poisson_9, 1, 0.95), (batches, 1, 0.95), (agent_75, 8, 0.5), (agent_varied, 8, 0.75)],
)
def test_a_group_that_falls_behind_for_hours_lags(
    load: Callable[[Random], Load], hours: int, least_lagging: float, seed: int
) -> None:
    later = told(load(Random(seed)), hours * HOUR)[int(hours * HOUR / INTERVAL / 2) :]
    assert share(later, lambda sample: sample.verdict == "lagging") >= least_lagging
    assert not share(later, lambda sample: sample.verdict not in ("lagging", "ok"))


HEALTHY: dict[str, Callable[[Random], Load]] = {
    "an agent of a minute, two thirds busy": lambda random: one_by_one(
        at_random(random, 1 / 90, 8 * HOUR), lambda i: 60.0
    ),
    "an agent with a message in hand most of the time": lambda random: one_by_one(
        [i * 90.0 for i in range(320)], lambda i: 60.0
    ),
    "an agent whose tasks vary a lot": lambda random: one_by_one(
        at_random(random, 0.11, 2 * HOUR), lambda i: random.lognormvariate(1.386, 1.0)
    ),
    "a reader that commits every five seconds": lambda random: in_batches(
        at_random(random, 10, HOUR), 5.0, 10**6
    ),
    "bursts of a thousand that are drained in eleven seconds": lambda random: one_by_one(
        sorted(at_random(random, 10, HOUR) + [j * 300.0 for j in range(1, 12) for _ in range(1000)]),
        lambda i: 0.01,
    ),
    "a burst an hour that is drained in five minutes": lambda random: one_by_one(
        sorted(at_random(random, 5, 4 * HOUR) + [j * HOUR for j in range(1, 4) for _ in range(1500)]),
        lambda i: 0.1,
    ),
    "quick tasks with one of half a minute every ten minutes": lambda random: one_by_one(
        evenly(1 / 0.55, HOUR), lambda i: 30.0 if i % 1100 == 1099 else 0.5
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("load", HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_load_is_hardly_ever_doubted(load: Callable[[Random], Load], seed: int) -> None:
    made = load(Random(seed))
    samples = told(made, made.appended[-1])[60:]
    assert share(samples, lambda sample: sample.verdict == "lagging") <= 0.01
    assert share(samples, lambda sample: sample.verdict in ("stalled", "stopped")) <= 0.02
    assert share(samples, lambda sample: sample.never_catches_up and sample.verdict != "ok") <= 0.02


@pytest.mark.parametrize("load", list(HEALTHY.values())[1:4:2], ids=["in hand", "every five seconds"])
def test_work_in_hand_is_never_called_never(load: Callable[[Random], Load]) -> None:
    samples = told(load(Random(3)), HOUR)[60:]
    assert not any(sample.never_catches_up for sample in samples)


@pytest.mark.parametrize("batch_seconds", [0.2, 5.0])
def test_overload_without_end_presses_without_end_and_never_catches_up(batch_seconds: float) -> None:
    load = in_batches(evenly(10, HOUR), batch_seconds, int(5 * batch_seconds))
    samples = told(load, HOUR - 10)[60:]
    assert share(samples, lambda sample: sample.pressed and sample.never_catches_up) == 1.0
    assert share(samples, lambda sample: sample.verdict == "lagging") == 1.0


def test_random_overload_presses_about_half_of_the_time() -> None:
    assert share(told(poisson_9(Random(1)), HOUR), lambda sample: sample.pressed) >= 0.4


@pytest.mark.parametrize("seed", range(3))
def test_bursts_that_are_drained_at_once_press_nobody(seed: int) -> None:
    load = HEALTHY["bursts of a thousand that are drained in eleven seconds"](Random(seed))
    assert not share(told(load, HOUR), lambda sample: sample.pressed)
