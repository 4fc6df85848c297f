"""The dates of the API server's answers → what time it is there."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.k8s_collector.clock import ServerClock
from tests.collectors.k8s.things import NOW


@pytest.mark.parametrize(
    ("ahead_seconds", "skew"),
    [
        (0, ""),
        (4, ""),
        (-4, ""),
        (3600, "this host's clock is 3600 s behind the API server's; its times are used"),
        (-3600, "this host's clock is 3600 s ahead of the API server's; its times are used"),
    ],
)
def test_the_server_says_what_time_it_is(ahead_seconds: int, skew: str) -> None:
    clock = ServerClock(NOW.timestamp)
    clock.learn(NOW + timedelta(seconds=ahead_seconds))
    assert clock.skew == skew
    assert clock.now() == NOW + timedelta(seconds=ahead_seconds if skew else 0)


def test_the_same_difference_is_told_in_the_same_words() -> None:
    here = NOW.timestamp()
    clock = ServerClock(lambda: here)
    words = set()
    for step in range(50):
        here = NOW.timestamp() + step * 2.13
        told = datetime.fromtimestamp(here + 3600.4, UTC).replace(microsecond=0)
        clock.learn(told)
        words.add(clock.skew)
    assert len(words) == 1
    clock.learn(datetime.fromtimestamp(here, UTC))
    assert not clock.skew


@pytest.mark.parametrize("told", [None, datetime(2026, 1, 1)])  # noqa: DTZ001 - an answer may have no zone
def test_an_answer_without_a_time_teaches_nothing(told: datetime | None) -> None:
    clock = ServerClock(NOW.timestamp)
    clock.learn(NOW + timedelta(hours=1))
    clock.learn(told)
    assert clock.now() == NOW + timedelta(hours=1)
