"""Lookups by timestamp, against a partition that answers as ListOffsets does."""

from itertools import accumulate, chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_collector.history import Appended, EndHistory
from collectors.kafka_collector.lookups import Round, search_for
from collectors.kafka_collector.sample import TopicPartition
from collectors.kafka_collector.search import MAX_ROUNDS, Found, Search, guess

TOLERANCE = 2.0
PLACE = ("orders", 0)
START_MS = 1_790_000_000_000
WEEK_MS = 7 * 86_400_000
Record = tuple[int, int]
"""Offset, and timestamp in milliseconds."""


def lookup(records: list[Record], asked_ms: int) -> Record:
    """Give the first record in the log whose timestamp is not before the one asked."""
    return next((record for record in records if record[1] >= asked_ms), (-1, -1))


def run(search: Search, records: list[Record]) -> tuple[Found | None, int]:
    for rounds in range(MAX_ROUNDS):
        asked = search.ask(MAX_ROUNDS - rounds)
        if asked is None:
            return search.result, rounds
        offset, timestamp_ms = lookup(records, round(asked * 1000))
        search.answer(offset, timestamp_ms / 1000 if timestamp_ms >= 0 else None)
    return search.result, MAX_ROUNDS


def run_all(ongoing: Round, logs: dict[TopicPartition, list[Record]]) -> None:
    while questions := ongoing.questions():
        ongoing.answers(questions, {place: lookup(logs[place], asked) for place, asked in questions.items()})
    assert ongoing.rounds <= MAX_ROUNDS


def log_of(gaps_ms: list[int]) -> list[Record]:
    return list(enumerate(accumulate(gaps_ms, initial=START_MS)))


def runs(smallest_gap_ms: int) -> st.SearchStrategy[list[Record]]:
    """Logs of at most a week: steady, in bursts, idle; gaps of 0 are batches that share a timestamp."""
    gap = st.one_of(
        st.integers(smallest_gap_ms, 50), st.integers(smallest_gap_ms, 5000), st.integers(1, WEEK_MS // 10)
    )
    stretch = st.tuples(st.integers(1, 200), gap).map(lambda run: [run[1]] * (run[0] if run[1] < 9000 else 1))
    return st.lists(stretch, min_size=1, max_size=8).map(lambda all_of: log_of(list(chain(*all_of))))


def seconds(at_ms: float) -> float:
    return at_ms / 1000


@given(runs(0), st.data())
def test_an_honest_timestamp_is_found_within_the_tolerance(
    records: list[Record], data: st.DataObject
) -> None:
    offset, at_ms = data.draw(st.sampled_from(records))
    retained = records[data.draw(st.integers(0, offset)) :]
    before_ms, after_ms = data.draw(st.tuples(*[st.integers(0, WEEK_MS // 20)] * 2))
    search = Search(
        PLACE,
        offset,
        data.draw(st.sampled_from([None, seconds(at_ms - before_ms - 1)])),
        seconds(at_ms + after_ms),
        TOLERANCE,
        end_after=data.draw(st.sampled_from([None, len(records)])),
    )
    found, rounds = run(search, retained)
    assert found is not None
    assert not found.is_lower_bound
    assert found.at == pytest.approx(seconds(at_ms), abs=TOLERANCE)
    assert rounds <= MAX_ROUNDS


@given(runs(1), st.data())
def test_where_the_record_is_gone_the_next_one_is_found(records: list[Record], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    left = [record for record, keep in zip(records, kept, strict=True) if keep or record == records[-1]]
    offset, appended_ms = data.draw(st.sampled_from(records))
    truth = seconds(next(at_ms for other, at_ms in left if other >= offset))
    earliest = data.draw(st.sampled_from([None, seconds(appended_ms - 1)]))
    latest = seconds(appended_ms + data.draw(st.integers(0, 10**7)))
    search = Search(
        PLACE, offset, earliest, latest, TOLERANCE, compacted=True, seen_by=seconds(records[-1][1])
    )
    found, _ = run(search, left)
    if found is None:  # The rounds did not suffice.
        return
    if found.is_lower_bound:
        assert found.at >= truth - TOLERANCE
    else:
        assert found.at == pytest.approx(truth, abs=TOLERANCE)


@given(runs(0), st.integers(0, 30_000), st.data())
def test_timestamps_that_jitter_are_found_within_the_jitter(
    records: list[Record], jitter_ms: int, data: st.DataObject
) -> None:
    jitters = data.draw(st.lists(st.integers(-jitter_ms, jitter_ms), min_size=1, max_size=50))
    offset, at_ms = data.draw(st.sampled_from(records))
    written = [(other, ms + jitters[other % len(jitters)]) for other, ms in records]
    search = Search(PLACE, offset, None, seconds(at_ms), TOLERANCE)
    found, _ = run(search, written)
    assert found is not None
    assert found.at == pytest.approx(seconds(at_ms), abs=TOLERANCE + seconds(jitter_ms))


@given(runs(0), st.data())
def test_no_answer_is_too_strange(records: list[Record], data: st.DataObject) -> None:
    now = seconds(records[-1][1])
    earliest = data.draw(st.sampled_from([None, 0.0, seconds(START_MS), now - 1]))
    search = Search(
        PLACE,
        data.draw(st.sampled_from(records))[0],
        earliest,
        now,
        TOLERANCE,
        compacted=data.draw(st.booleans()),
        seen_by=now + 5,
    )
    ongoing = Round([search], {PLACE: EndHistory()})
    timestamps = st.sampled_from([-1, 0, START_MS, round(now * 1000), 2**62]) | st.integers(-5, 2**63)
    while questions := ongoing.questions():
        answer = data.draw(st.tuples(st.integers(-1, len(records) + 3), timestamps) | st.none())
        ongoing.answers(questions, {} if answer is None else {PLACE: answer})
    assert ongoing.rounds <= MAX_ROUNDS
    assert search.result is None or 0 <= search.result.at <= now + 5


MINUTE = 60_000
TABLE = [
    # The case, the offset, the records with ms after the start, earliest, latest; then what is found.
    ("the middle of a batch", 2, [(0, 0), (1, 5), (2, 5), (3, 5), (4, 99 * MINUTE)], None, 9000, 5, False),
    ("the last batch", 2, [(0, 0), (1, 5), (2, 5), (3, 5)], None, 9000, 5, False),
    ("a truncated head", 2, [(7, 8000), (8, 9000)], None, 9000, 8000, False),
    ("the first of all", 0, [(0, 0), (1, 5)], None, 9000, 0, False),
    ("an idle topic", 1, [(0, 0), (1, 5)], None, 6 * 1440 * MINUTE, 5, False),
    ("the future before it", 2, [(0, 0), (1, 90 * MINUTE), (2, 10)], None, 9000, 9000, True),
    ("its own future", 1, [(0, 0), (1, 90 * MINUTE), (2, 10)], None, 9000, 9000, True),
    ("a clock somewhat ahead", 1, [(0, 0), (1, 10_500)], None, 9000, 9000, False),
    ("a clock somewhat behind", 1, [(0, 0), (1, 7500)], 8000, 29_000, 8000, False),
    ("a time before we saw it", 1, [(0, 0), (1, 10)], 8000, 29_000, 29_000, True),
    ("old times throughout", 1, [(0, 0), (1, 10), (2, 9000)], 8000, 29_000, 9000, True),
    ("no timestamps", 1, [(0, -1), (1, -1)], None, 9000, 9000, True),
    ("nothing left", 1, [], None, 9000, 9000, True),
    ("reversed", 2, [(0, 8000), (1, 7000), (2, 6000)], None, 9000, 8000, False),
]  # fmt: skip


@pytest.mark.parametrize(("offset", "records", "earliest", "latest", "at", "is_lower_bound"),
                         [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])  # fmt: skip
def test_what_is_found_of(
    offset: int, records: list[Record], earliest: int | None, latest: int, at: int, is_lower_bound: bool
) -> None:
    log = [(other, START_MS + ms if ms >= 0 else -1) for other, ms in records]
    known = None if earliest is None else seconds(START_MS + earliest)
    found, rounds = run(Search(PLACE, offset, known, seconds(START_MS + latest), TOLERANCE), log)
    assert found is not None
    assert found.is_lower_bound is is_lower_bound
    # A bracket that is narrower than the tolerance is not asked further; an exact answer is exact.
    assert found.at == pytest.approx(seconds(START_MS + at), abs=1.0)
    assert rounds <= MAX_ROUNDS


def test_a_partition_without_an_answer_keeps_its_bracket() -> None:
    search = Search(PLACE, 5, None, 100.0, TOLERANCE)
    ongoing = Round([search])
    ongoing.answers(ongoing.questions(), {})
    assert ongoing.questions() == {}
    assert (search.result, search.width_seconds) == (None, 100.0 + TOLERANCE)


def test_searches_of_one_partition_share_its_answers() -> None:
    records = log_of([100] * 20_000)
    now = seconds(records[-1][1])
    offsets = [5, 100, 101, 7000, 19_000]
    searches = [Search(PLACE, offset, None, now, TOLERANCE, end_after=len(records)) for offset in offsets * 3]
    run_all(Round(searches), {PLACE: records})
    for search in searches:
        assert search.result is not None
        assert not search.result.is_lower_bound
        assert search.result.at == pytest.approx(seconds(records[search.offset][1]), abs=TOLERANCE)


@given(st.lists(st.tuples(runs(0), st.integers(0, 100)), min_size=1, max_size=5), st.booleans())
def test_what_was_found_need_not_be_asked_again(
    partitions: list[tuple[list[Record], int]], compacted: bool
) -> None:
    logs = {("orders", number): records for number, (records, _) in enumerate(partitions)}
    wanted = {("orders", number): share * len(log) // 101 for number, (log, share) in enumerate(partitions)}
    now = seconds(max(records[-1][1] for records in logs.values()))
    histories = {place: EndHistory() for place in logs}
    for place, history in histories.items():
        history.note(now + 3, len(logs[place]))
        history.note(now + 5, len(logs[place]))
    searches = {
        place: search_for(place, wanted[place], histories[place], TOLERANCE, compacted) for place in logs
    }
    run_all(Round([search for search in searches.values() if search is not None], histories), logs)
    for place, history in histories.items():
        search = searches[place]
        assert search is not None
        found = search.result
        if compacted and (found is None or found.is_lower_bound):
            continue
        assert found is not None
        window = history.appended(wanted[place])
        assert window is not None
        assert search_for(place, wanted[place], history, TOLERANCE, compacted) is None
        assert window.at == pytest.approx(found.at, abs=TOLERANCE)


def test_what_the_rounds_do_not_suffice_for_is_found_in_later_samples() -> None:
    records = log_of([(number * 7919) % 20_011 for number in range(20_000)])
    now = seconds(records[-1][1])
    offsets = [number * 1990 + 7 for number in range(10)]
    history = EndHistory()
    history.note(now + 3, len(records))
    for number in range(10):
        history.note(now + 5 + 2 * number, len(records))
        searches = [search_for(PLACE, offset, history, TOLERANCE) for offset in offsets]
        open_ones = [search for search in searches if search is not None]
        run_all(Round(open_ones, {PLACE: history}), {PLACE: records})
        for search in open_ones:
            if (found := search.result) is None:
                continue
            truth = seconds(records[search.offset][1])
            assert found.at >= truth - TOLERANCE  # never more lag than there is
            assert found.is_lower_bound or found.at <= truth + TOLERANCE
    assert [search_for(PLACE, offset, history, TOLERANCE) for offset in offsets] == [None] * 10


def test_a_guess_within_a_window_is_nowhere_further_off_than_a_sampling_interval() -> None:
    interval = 2.0
    for at in (100.0, 100.1, 101.5, 102.9, 103.0):
        found = guess(Appended(100.0, 103.0, at, 5, 9), interval)
        assert found is not None
        assert max(found.at - 100.0, 103.0 - found.at) <= interval
        assert not found.is_lower_bound
    assert guess(Appended(100.0, 101.0, 100.9, 5, 9), interval) == Found(100.9, False)


def test_nothing_is_guessed_where_a_sample_is_missing_between_two() -> None:
    assert guess(Appended(100.0, 103.1, 101.0, 5, 9), 2.0) is None
    assert guess(Appended(None, 103.1, 101.0, None, 9), 2.0) is None
