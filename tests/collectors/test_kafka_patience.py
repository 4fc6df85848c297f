"""How long a group may stand in a partition, and which of its partitions speaks for it."""

import pytest

from collectors.kafka_collector.progress import Progress
from collectors.kafka_collector.verdicts import (
    LEAST_SECONDS,
    MOST_SECONDS,
    STILL_SECONDS,
    patience_seconds,
    worst,
)
from schema.part_models import Verdict

START = 1_790_000_000.0


@pytest.mark.parametrize(
    ("interval_seconds", "expected", "expected_with_a_member"),
    [
        (1.0, LEAST_SECONDS, STILL_SECONDS),
        (2.0, 18.0, STILL_SECONDS),
        (30.0, 270.0, 270.0),
        (60.0, 540.0, 540.0),
        (120.0, MOST_SECONDS, MOST_SECONDS),
        (600.0, 1800.0, 1800.0),
    ],
)
def test_patience_is_the_span_of_ten_moves_between_a_ceiling_and_a_floor_that_is_stronger(
    interval_seconds: float, expected: float, expected_with_a_member: float
) -> None:
    for held, seconds in ((False, expected), (True, expected_with_a_member)):
        progress = Progress()
        for i in range(20):
            progress.note(START + i * interval_seconds, i, 100 + i, 100, None, held)
        assert patience_seconds(progress, START + 19 * interval_seconds, interval_seconds) == seconds


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "ok"),
        (["ok", "ok"], "ok"),
        (["ok", "lagging"], "lagging"),
        (["lagging", "rewinding", "ok"], "rewinding"),
        (["rewinding", "stalled"], "stalled"),
        (["stalled", "ok", "stopped", "lagging"], "stopped"),
    ],
)
def test_the_worst_partition_speaks_for_the_group(verdicts: list[Verdict], expected: Verdict) -> None:
    assert worst(verdicts) == expected
