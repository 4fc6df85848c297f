"""The end offsets of one partition against time: windows, knowledge from timestamps, rates, bounds."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_collector.history import MAX_RUNS, EndHistory

STEPS = st.lists(st.tuples(st.integers(1, 100), st.sampled_from([0, 0, 1, 3, 1000])), min_size=1, max_size=60)
WORDS = st.lists(st.tuples(st.booleans(), st.integers(-50, 300), st.integers(-5, 120)), max_size=150)


def history_of(*samples: tuple[float, int]) -> EndHistory:
    history = EndHistory()
    for at, end in samples:
        history.note(at, end)
    return history


def points_of(history: EndHistory) -> list[tuple[float, int]]:
    return list(zip(history._ats, history._ends, strict=True))


@pytest.mark.parametrize(
    ("offset", "earliest", "latest", "at"),
    [
        (9, None, 100, 100),
        (10, 102, 104, 102.25),
        (13, 102, 104, 103.75),
        (14, 104, 106, 105),
        (15, 120, 122, 121),
    ],
)
def test_a_message_came_between_two_samples(
    offset: int, earliest: float | None, latest: float, at: float
) -> None:
    history = history_of((100, 10), (102, 10), (104, 14), (106, 15), (108, 15), (120, 15), (122, 16))
    window = history.appended(offset)
    assert window is not None
    assert window[:3] == (earliest, latest, at)


def test_a_message_that_is_not_written_yet_has_no_time() -> None:
    assert EndHistory().appended(0) is None
    assert history_of((100, 10)).appended(10) is None
    assert EndHistory().newest is None
    assert EndHistory().end_at(1) is None
    assert EndHistory().rate(1, 60) is None


def test_a_standing_end_costs_two_points() -> None:
    history = history_of(*((float(at), 7) for at in range(10_000)))
    assert points_of(history) == [(0, 7), (9999, 7)]


def test_a_partition_made_anew_begins_afresh() -> None:
    history = history_of((100, 10), (102, 20))
    assert history.note(104, 3)
    assert points_of(history) == [(104, 3)]
    assert not history.note(106, 4)


def test_a_clock_that_steps_back_stands_still_until_it_is_right_again() -> None:
    history = history_of((100, 10), (102, 11), (90, 12), (92, 13), (94, 14), (104, 15))
    assert points_of(history) == [(100, 10), (102, 11), (102, 14), (104, 15)]
    window = history.appended(13)
    assert window is not None
    assert window[:3] == (102, 102, 102)


@pytest.mark.parametrize(
    ("at", "offset", "agrees"),
    [
        (50, 4, True), (50, 0, True), (99, 10, True),  # older than all: the first sample said 10
        (50, 11, False), (101, 9, False), (101, 13, False), (103, 12, True), (103, 13, False),
        (101, 11, True), (100, 10, True), (104, 20, False), (200, 30, False),
    ],
)  # fmt: skip
def test_what_timestamps_say_is_taken_where_our_samples_agree(at: float, offset: int, agrees: bool) -> None:
    history = history_of((100, 10), (102, 12), (104, 12))
    assert history.learn(at, offset) is agrees


def test_nothing_is_learnt_before_the_first_sample() -> None:
    history = EndHistory()
    assert not history.learn(50, 3)
    assert len(history) == 0


def test_a_record_that_is_known_has_its_own_moment() -> None:
    history = history_of((100, 10), (102, 12))
    assert history.learn_record(40, 4)
    assert history.learn_record(60, 6)
    found = [history.appended(offset) for offset in (3, 4, 5, 6, 7)]
    assert [one[:2] for one in found if one] == [(None, 40), (40, 40), (40, 60), (60, 60), (60, 100)]


@given(STEPS)
def test_windows_and_ends_are_those_of_the_samples(steps: list[tuple[int, int]]) -> None:
    ats = [float(at) for at in accumulate(gap for gap, _ in steps)]
    ends = list(accumulate(grown for _, grown in steps))
    history = history_of(*zip(ats, ends, strict=True))
    for at, end in zip(ats, ends, strict=True):
        assert history.end_at(at) == end
    for offset in {0, *ends, *(end - 1 for end in ends if end)}:
        window = history.appended(offset)
        after = next((i for i, end in enumerate(ends) if end > offset), None)
        if after is None:
            assert window is None
            continue
        assert window is not None
        assert window.latest == ats[after]
        assert window.earliest == (ats[after - 1] if after else None)
        assert (window.earliest or 0) <= window.at <= window.latest


@given(WORDS)
def test_whatever_is_said_ends_never_fall_with_time(words: list[tuple[bool, int, int]]) -> None:
    history = EndHistory()
    for is_sample, at, offset in words:
        if is_sample:
            history.note(float(at), offset)
        else:
            history.learn_record(float(at), offset)
        points = points_of(history)
        ats, ends = [at for at, _ in points], [end for _, end in points]
        assert ats == sorted(ats)
        assert ends == sorted(ends)
        for line in (ats, ends):
            assert not any(a == b == c for a, b, c in zip(line, line[1:], line[2:], strict=False))
        if is_sample:
            assert history.newest == (ats[-1], offset)


@given(STEPS, WORDS)
def test_no_words_take_our_own_samples_back(
    steps: list[tuple[int, int]], words: list[tuple[bool, int, int]]
) -> None:
    ats = [float(at) for at in accumulate(gap for gap, _ in steps)]
    samples = list(zip(ats, accumulate(grown for _, grown in steps), strict=True))
    history = history_of(*samples)
    plain = {offset: history.appended(offset) for offset in range(samples[-1][1])[:2000]}
    for _, at, offset in words:
        history.learn(float(at), offset)
    for offset, before in plain.items():
        now = history.appended(offset)
        assert now is not None
        assert before is not None
        assert now.latest <= before.latest
        if before.earliest is not None:
            assert now.earliest is not None
            assert before.earliest <= now.earliest <= now.latest


def test_many_samples_stay_bounded_and_the_recent_ones_exact() -> None:
    samples = [(2.0 * i, 10 * i) for i in range(20_000)]
    history = history_of(*samples)
    assert len(history) <= MAX_RUNS
    for at, end in samples[-MAX_RUNS // 2 :]:
        assert history.end_at(at) == end
        window = history.appended(end - 1)
        assert window is not None
        assert (window.earliest, window.latest) == (at - 2, at)
    oldest = history.appended(5)
    assert oldest is not None
    assert oldest.earliest == 0


def test_thinning_keeps_the_pauses() -> None:
    history = EndHistory()
    at, ends = 0.0, 0
    for burst in range(20):
        for _ in range(50):
            at, ends = at + 2, ends + 5
            history.note(at, ends)
        history.note(at + 3600, ends)
        at += 3600
        if burst == 4:
            paused_until, first_after = at, ends
    window = history.appended(first_after)
    assert window is not None
    assert window.earliest == paused_until
    assert len(history) <= MAX_RUNS


@pytest.mark.parametrize(
    ("now", "window_seconds", "rate"),
    [
        (130, 10, 3), (130, 20, 2), (130, 30, 2), (130, 1e9, 2), (130, 5, 3), (125, 10, 2),
        (135, 10, 3), (140, 10, None), (200, 10, None), (100, 10, None), (90, 10, None),
    ],
)  # fmt: skip
def test_the_rate_is_that_of_the_window(now: float, window_seconds: float, rate: float | None) -> None:
    history = history_of((100, 10), (110, 30), (120, 40), (130, 70))
    history.learn(99.9, 0)  # a producer's word is no sample: no rate comes of it
    assert history.rate(now, window_seconds) == (None if rate is None else pytest.approx(rate))
    assert history_of((100, 10)).rate(now, window_seconds) is None
