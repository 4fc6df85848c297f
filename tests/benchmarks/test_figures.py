"""The arithmetic of the benchmarks, and what they read, as tables; nothing here measures."""

import json
from collections.abc import Sequence

import pytest
from rich.console import Console

from benchmarks.aggregator_cpu import counters
from benchmarks.figures import Row, Section, number, percentile, percentile_rows
from benchmarks.fold import fold_all
from benchmarks.fold_log import log_of
from benchmarks.live_client import Frames, events_of
from benchmarks.memory import Memory, total
from benchmarks.report import as_json, show
from benchmarks.stages import TOPICS, stage_rows


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([1.0, 2.0], 50, 1.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        (range(1, 101), 0, 1),
        (range(1, 101), 50, 50),
        (range(1, 101), 99, 99),
        (range(1, 101), 100, 100),
        (range(1, 301), 99, 297),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: Sequence[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 101), ([1.0], -1)])
def test_a_percentile_of_nothing_or_beyond_all_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="per"):
        percentile(values, percent)


@pytest.mark.parametrize(
    ("row", "ratio"),
    [
        (Row("time", 30.0, "ms", 10.0), 3.0),
        (Row("rate", 100.0, "1/s", 400.0, more_is_better=True), 4.0),
        (Row("alone", 30.0, "ms"), None),
        (Row("a floor too small to see", 30.0, "ms", 0.0), None),
        (Row("a rate of nothing", 0.0, "1/s", 400.0, more_is_better=True), None),
    ],
)
def test_a_ratio_says_how_many_times_the_floor_it_costs(row: Row, ratio: float | None) -> None:
    assert row.ratio == ratio
    assert ("ratio" in row.as_json()) == (ratio is not None)


def test_percentiles_stand_beside_the_same_percentiles_of_the_floor() -> None:
    rows = percentile_rows("wait", [2.0, 4.0, 90.0], [1.0, 2.0, 3.0])
    assert [(row.name, row.value, row.floor) for row in rows] == [
        ("wait, p50", 4.0, 2.0),
        ("wait, p99", 90.0, 3.0),
        ("wait, max", 90.0, 3.0),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (12.34, "12.3"), (123.4, "123"), (9876.5, "9,876"),
        (-2.5, "-2.50"),
    ],
)  # fmt: skip
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_stream_is_cut_into_events_wherever_its_chunks_end() -> None:
    stream = (
        b"retry: 1000\n\nid: 1:2\nevent: patch\ndata: {}\n\n: keep-alive\n\nevent: tick\ndata: a\ndata: b\n\n"
    )
    expected = [("patch", b"{}"), ("tick", b"a\nb")]
    for cut in range(len(stream)):
        frames = Frames()
        assert [*frames.feed(stream[:cut]), *frames.feed(stream[cut:])] == expected


def test_only_a_patchs_events_count_as_seen() -> None:
    change = {
        "type": "change", "environment": "default", "generation": 1, "sequence": 1,
        "at": "2026-02-06T14:32:11Z", "remove": [],
        "set": [["agent", ["a"], {"agent_id": "a"}], ["event", ["e1"], {}], ["call", ["c1"], {}]],
    }  # fmt: skip
    assert list(events_of(json.dumps(change).encode())) == ["e1"]


def test_counters_are_added_up_over_their_labels() -> None:
    text = (
        "# TYPE oracle_folded_total counter\n"
        'oracle_folded_total{type="EventRecord"} 3.0\noracle_folded_total{type="Gone"} 4.0\n'
        "# TYPE oracle_waiting_ticks gauge\noracle_waiting_ticks 9.0\n"
    )
    assert counters(text) == {
        "oracle_folded_total": 7.0, "oracle_ticks_total": 0.0, "oracle_changes_total": 0.0
    }  # fmt: skip


def test_the_memory_of_processes_adds_up() -> None:
    assert total([Memory(3, 1, 2), Memory(30, 10, 20)]) == Memory(33, 11, 22)


def test_stages_count_events_whose_whole_way_is_known() -> None:
    appended = {topic: {"a": 10.0 + place, "b": 10.0} for place, topic in enumerate(TOPICS, 1)}
    rows = stage_rows({"a": 10.0, "b": 10.0}, appended, {"a": 13.25})
    medians = [row.value for row in rows if row.name.endswith("p50")]
    assert medians == [1000.0, 1000.0, 1000.0, 250.0]


def test_the_synthetic_log_is_the_same_each_time_and_folds_without_a_refusal() -> None:
    log = log_of(2000)
    assert log == log_of(2000)
    result = fold_all(log)
    assert (result.ticks, result.changes > 0, result.document_bytes > 0) == (5, True, True)


def test_the_report_is_a_table_for_people_and_json_for_machines() -> None:
    section = Section("wait", "Waiting", "the least", [Row("wait, p50", 30.0, "ms", 10.0)], ["a note"])
    console = Console(record=True, width=100)
    show([section], console)
    told = console.export_text()
    assert all(text in told for text in ("Waiting", "30.0 ms", "10.0 ms", "3.00×", "the least", "a note"))
    document = json.loads(as_json([section]))
    assert document["wait"]["rows"] == [
        {"name": "wait, p50", "value": 30.0, "unit": "ms", "floor": 10.0, "ratio": 3.0}
    ]
    assert document["machine"]["cores"] >= 1
