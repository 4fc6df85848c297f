"""The workload's own arithmetic: what the lag was, told from append times and commits."""

import pytest

from tests.kafka.truth import Lag, Range, Truth


@pytest.fixture
def truth() -> Truth:
    """Ten messages, one a second from 100 on; commits of 2 at 104, 5 at 106, back to 1 at 108."""
    made = Truth()
    for offset in range(10):
        made.appended("topic", 0, offset, 100.0 + offset)
    for offset, at in ((2, 104.0), (5, 106.0), (1, 108.0)):
        made.committed("group", "topic", 0, offset, at - 0.5, at)
    return made


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (103.9, None),
        (104.0, Lag(3, 2.0)),
        (105.5, Lag(4, 3.5)),
        (106.0, Lag(2, 1.0)),
        (108.0, Lag(8, 7.0)),
        (120.0, Lag(9, 19.0)),
    ],
)
def test_lag_at_a_moment(truth: Truth, at: float, expected: Lag | None) -> None:
    assert truth.lag("group", "topic", 0, at) == expected


def test_what_is_read_to_its_end_has_no_lag(truth: Truth) -> None:
    truth.committed("group", "topic", 0, 10, 129.0, 130.0)
    assert truth.lag("group", "topic", 0, 1000.0) == Lag(0, 0.0)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (103.0, 105.0, None),
        (104.0, 105.0, Range(Lag(3, 2.0), Lag(4, 3.0))),
        # The next commit was asked for, and may have counted already.
        (105.0, 105.5, Range(Lag(1, 0.0), Lag(4, 3.5))),
        (106.0, 109.0, Range(Lag(2, 1.0), Lag(9, 8.0))),
        (200.0, 201.0, Range(Lag(9, 99.0), Lag(9, 100.0))),
    ],
)
def test_bounds_of_lag_in_a_span(truth: Truth, begin: float, end: float, expected: Range | None) -> None:
    assert truth.lag_within("group", "topic", 0, begin, end) == expected


def test_a_message_out_of_its_turn_is_no_truth(truth: Truth) -> None:
    with pytest.raises(AssertionError, match="offset 11"):
        truth.appended("topic", 0, 11, 111.0)
