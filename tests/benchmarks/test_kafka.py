"""The Kafka benchmark's parts: what it writes, scales and compares; its peers on a small real broker."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import __main__ as command
from benchmarks.child import child, result_of
from benchmarks.figures import Row, Section
from benchmarks.kafka import agree, full_sample, steady
from benchmarks.kafka.agree import Published, compare, compare_with_tool
from benchmarks.kafka.cluster import COMMITS_EACH, MEMBERS, MESSAGES, Filled, Size, filled
from benchmarks.kafka.full_sample import WAYS, Measured
from benchmarks.kafka.loop import in_parts
from benchmarks.kafka.readings import Committed, Looped, Reading, Sampled
from benchmarks.kafka.steady import Watched
from benchmarks.kafka.tool import Described, describe
from cli.stack.jars import missing
from schema.messages import Observed
from schema.observed import KafkaClusterObserved
from schema.part_models import Group, GroupPartition, Topic
from tests.kafka.tool import OffsetRow

MIB = 2**20
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("partitions", "topics"),
    [(1, [1]), (49, [49]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])],
)
def test_topics_have_at_most_fifty_partitions_and_all_of_them_together(
    partitions: int, topics: list[int]
) -> None:
    size = Size(groups=3, partitions=partitions)
    assert list(size.topics().values()) == topics
    assert len(size.places()) == len(set(size.places())) == partitions


def test_commits_lie_within_what_is_written_and_reach_from_its_beginning_to_its_end() -> None:
    size = Size(groups=100, partitions=50)
    commits = dict(size.commits())
    assert len(commits) == 100
    assert {len(one) for one in commits.values()} == {COMMITS_EACH}
    offsets = {offset for one in commits.values() for offset in one.values()}
    assert (min(offsets), max(offsets)) == (0, MESSAGES)
    assert {place for one in commits.values() for place in one} == set(size.places())


@pytest.mark.parametrize(
    ("limit_seconds", "asked"),
    [(1e9, [10, 4]), (0.0, [3, 3])],
)
def test_the_whole_is_asked_unless_it_would_take_too_long(limit_seconds: float, asked: list[int]) -> None:
    seen: list[int] = []
    costs = in_parts([(seen.append, range(10)), (seen.append, range(100, 104))], 3, limit_seconds)
    assert [cost.calls for cost in costs] == asked
    assert len(seen) == len(set(seen)) == sum(asked)
    assert costs[0].scaled(10).seconds == pytest.approx(costs[0].seconds * 10 / costs[0].calls)


def _partition(**changed: Any) -> GroupPartition:
    told = {"topic": "orders", "partition": 0, "committed_offset": 5, "end_offset": 20, "lag_messages": 15}
    return GroupPartition(**{**told, "unread_since": NOON, **changed})


def _published(partition: GroupPartition, state: str = "Empty", depth: int = 15) -> Published:
    group = Group(group="readers", state=state, members=[], partitions=[partition], lag_messages=15)
    return Published({"readers": group}, {"orders": Topic(topic="orders", partitions=1, depth=depth)})


@pytest.mark.parametrize(
    ("other", "exact", "times"),
    [
        (_published(_partition()), 0, 0),
        (_published(_partition(committed_offset=6)), 1, 0),
        (_published(_partition(end_offset=21, lag_messages=16)), 2, 0),
        (_published(_partition(), state="Stable"), 1, 0),
        (_published(_partition(), depth=16), 1, 0),
        (_published(_partition(doubt="truncated")), 1, 0),
        (_published(_partition(committed_at=NOON)), 0, 0),
        (_published(_partition(unread_since=NOON + timedelta(seconds=2))), 0, 0),
        (_published(_partition(unread_since=NOON + timedelta(seconds=2.1))), 0, 1),
        (_published(_partition(unread_since=msgspec.UNSET)), 0, 1),
    ],
)
def test_both_ways_agree_when_every_number_is_the_same_and_times_lie_within_an_interval(
    other: Published, exact: int, times: int
) -> None:
    found = compare(_published(_partition()), other, interval_seconds=2.0)
    assert [one.differing for one in found] == [exact, times]
    assert [len(one.examples) for one in found] == [exact, times]


@pytest.mark.parametrize(
    ("partition", "unknown"),
    [
        (_partition(), 0),
        (_partition(unread_since=msgspec.UNSET), 1),
        (_partition(lag_messages=0, unread_since=msgspec.UNSET), 0),
        (_partition(lag_messages=msgspec.UNSET, unread_since=msgspec.UNSET), 0),
    ],
)
def test_only_a_partition_that_lags_lacks_the_time_since_when_it_does(
    partition: GroupPartition, unknown: int
) -> None:
    assert _published(partition).unknown == unknown


def test_what_only_one_of_them_tells_is_a_difference() -> None:
    (exact, times) = compare(_published(_partition()), Published({}, {}), 2.0)
    assert exact.differing == exact.compared > 0
    assert times.differing == 1


@pytest.mark.parametrize(
    ("current", "end", "lag", "differing"),
    [(5, 20, 15, 0), (6, 20, 14, 1), (5, 21, 16, 1), (None, 20, None, 1)],
)
def test_the_tool_agrees_when_it_prints_the_same_offsets_and_lag(
    current: int | None, end: int, lag: int | None, differing: int
) -> None:
    row = OffsetRow("readers", "orders", 0, current, end, lag, None, None, None)
    assert compare_with_tool(_published(_partition()), [row]).differing == differing


def test_a_position_without_a_commit_is_what_the_tool_prints_a_dash_for() -> None:
    ours = _published(_partition(committed_offset=msgspec.UNSET, lag_messages=msgspec.UNSET))
    row = OffsetRow("readers", "orders", 0, None, 20, None, None, None, None)
    assert compare_with_tool(ours, [row]).differing == 0


def test_what_a_collector_wrote_down_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "records"
    told = _published(_partition())
    values = [("group", "readers", told.groups["readers"]), ("topic", "orders", told.topics["orders"])]
    records = [
        Observed(
            source="kafka@test", epoch="e", kind=kind, id=name, observed_at=NOON,
            value=msgspec.Raw(msgspec.json.encode(value)),
        )
        for kind, name, value in values
    ]  # fmt: skip
    path.write_bytes(b"\n".join(msgspec.json.encode(one) for one in records))
    assert agree.read(path) == told


def _sampled(cpu_seconds: float, uss: int) -> Sampled:
    return Sampled(
        seconds=2.0, cpu_seconds=cpu_seconds, samples=1, later_seconds=0.1, later_cpu_seconds=0.05,
        uss_before=10 * MIB, uss=uss * MIB, groups=10, commits=20, partitions=5, commits_from="admin_api",
        errors=[],
    )  # fmt: skip


def _reading(cpu_seconds: float = 1.0, seconds: float = 2.0, **changed: Any) -> Reading:
    cluster = KafkaClusterObserved(
        sampled_at=NOON, brokers=1, interval_seconds=4.0, interval_reason="it is dear"
    )
    told = {"uss_before": 10 * MIB, "uss": 14 * MIB, "samples": 1, "records": 30, "cluster": cluster}
    return Reading(cpu_seconds=cpu_seconds, seconds=seconds, **{**told, **changed})


def _measured(asked_groups: int) -> Measured:
    looped = Looped(
        seconds=20.0, cpu_seconds=8.0, uss_before=10 * MIB, uss=16 * MIB, groups=10, partitions=5,
        asked_groups=asked_groups, asked_partitions=5,
    )  # fmt: skip
    sampled = {way: [_sampled(0.1, 12), _sampled(0.2, 12), _sampled(0.9, 12)] for way in WAYS}
    collected = {way: [_reading()] * 3 for way in WAYS}
    return Measured(sampled, collected, looped, Described(40.0, 16.0, 400 * MIB, []))


@pytest.mark.parametrize(
    ("asked", "note"), [(10, "all were asked"), (3, "3 groups and 5 partitions were asked")]
)
def test_the_medians_stand_beside_each_peer_and_a_scaled_loop_says_so(asked: int, note: str) -> None:
    beside_loop, beside_tool = full_sample.sections(_measured(asked))
    loop, tool = ({row.name: row for row in one.rows} for one in (beside_loop, beside_tool))
    first = "internal topic: CPU of the first sample"
    assert (loop[first].value, loop[first].ratio, tool[first].ratio) == (0.2, 40.0, 80.0)
    memory = loop["internal topic: memory for a sample (USS grown)"]
    assert (memory.value, memory.peer) == (2.0, 6.0)
    assert note in " ".join(beside_loop.notes)


def test_a_share_of_a_core_is_of_the_time_between_two_readings_and_says_how_often_it_sampled() -> None:
    watched = Watched(_reading(1.0, 10.0), _reading(2.0, 30.0, samples=6, records=130))
    assert watched.percent == 5.0
    assert watched.told() == "5 samples in 20 s, every 4 s (it is dear); 100 records published"


def test_each_section_is_shown_as_it_ends_and_stays_when_the_next_one_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def measure(_options: Any, _progress: Callable[[str], None]) -> Iterator[Section]:
        yield Section("one", "The first", "", [Row("a number", 1.0, "s")])
        shown.append(capsys.readouterr().out)
        raise RuntimeError("the second could not be run")

    monkeypatch.setattr(command, "_measure", measure)
    assert command.main(["kafka"]) == 1
    assert "The first" in shown[0]
    told = capsys.readouterr()
    assert "The first" not in told.out
    assert "the second could not be run" in told.err


def test_without_java_the_part_is_skipped_with_a_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.kafka.suite.missing", lambda: "Apache Kafka needs Java: install it")
    assert command.main(["kafka", "--json"]) == 0
    assert "kafka: skipped, for Apache Kafka needs Java: install it" in capsys.readouterr().err


def test_a_process_that_cannot_begin_is_told_with_its_words() -> None:
    with child("kafka.loop") as one, pytest.raises(RuntimeError, match="IndexError"):
        one.line(60)


@pytest.fixture(scope="module")
def small() -> Iterator[Filled]:
    """Give a small broker, filled, with its members."""
    if why := missing():
        pytest.skip(why)
    with filled(Size(groups=30, partitions=60), lambda _text: None) as cluster:
        yield cluster


def test_on_a_real_broker_the_loop_and_the_tool_see_every_group_and_partition(small: Filled) -> None:
    looped = result_of(Looped, 60, "kafka.loop", small.bootstrap_servers, "10", "60")
    groups = 30 + MEMBERS // 5
    assert (
        (looped.groups, looped.partitions) == (looped.asked_groups, looped.asked_partitions) == (groups, 60)
    )
    rows = {(row.group, row.topic, row.partition): row for row in describe(small.bootstrap_servers).rows}
    for group, commits in small.size.commits():
        for place, offset in commits.items():
            row = rows[(group, *place)]
            assert (row.current_offset, row.log_end_offset, row.lag) == (offset, MESSAGES, MESSAGES - offset)
    assert len({row.client_id for row in rows.values() if row.client_id}) == MEMBERS


def test_on_a_real_broker_members_commit_as_often_as_they_are_told(small: Filled) -> None:
    small.members.tell("commit 200")
    time.sleep(1.0)  # for so long, not until something
    small.members.tell("stop")
    committed = small.members.result(Committed, 60)
    assert committed.commits > 0
    assert committed.refused == 0
    assert steady.COMMITS_PER_SECOND == 1000
