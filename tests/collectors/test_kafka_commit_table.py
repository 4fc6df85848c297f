"""Folding the records of the internal topic into groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_collector.commit_table import CommitTable
from collectors.kafka_collector.sample import Commit, GroupSample, MemberSample
from schema.topics import is_own
from tests.collectors import coordinator_records as made
from tests.collectors.coordinator_records import Pair, commit

ID_A, ID_B = bytes(16), b"\xff" * 16
NAME_A, NAME_B = "A" * 22, "_" * 21 + "w"
CLASSIC: Pair = (made.key(2, "g"), made.group_value([("m", "c", "/h", made.assignment(("a", 0), ("b", 1)))]))
CLASSIC_EMPTY: Pair = (made.key(2, "g"), made.group_value([]))
CLASSIC_GONE: Pair = (made.key(2, "g"), None)
CONSUMER: Pair = (made.key(3, "g"), b"\0\0\0\0\0\5\0")
CONSUMER_GONE: Pair = (made.key(3, "g"), None)
MEMBER: Pair = (made.key(5, "g", "m"), made.member_value("c", "/h"))
MEMBER_GONE: Pair = (made.key(5, "g", "m"), None)
HAS: Pair = (made.key(8, "g", "m"), made.current_value((ID_A, [0]), (ID_B, [1])))
HAS_GONE: Pair = (made.key(8, "g", "m"), None)
STREAMS: Pair = (made.key(17, "g"), b"\0\0\0\0\0\5\0")
STREAMS_MEMBER: Pair = (made.key(19, "g", "m"), made.member_value("c", "/h"))
COMMIT: Pair = commit("g", "a", 0, 7)
COMMIT_GONE: Pair = (made.commit_key("g", "a", 0), None)
WITH_COMMIT = {("a", 0): Commit(7, 1.0)}
BOTH = MemberSample("m", "c", "/h", (("a", 0), ("b", 1)))


def table_of(*records: Pair) -> CommitTable:
    table = CommitTable()
    table.name_topics({NAME_A: "a", NAME_B: "b"})
    for record in records:
        table.take(*record)
    return table


FOLDS: list[tuple[list[Pair], GroupSample | None]] = [
    ([COMMIT], GroupSample("g", "Empty", (), WITH_COMMIT)),
    ([CLASSIC, COMMIT], GroupSample("g", "Stable", (BOTH,), WITH_COMMIT)),
    ([CLASSIC, COMMIT, CLASSIC_EMPTY], GroupSample("g", "Empty", (), WITH_COMMIT)),
    ([CLASSIC_EMPTY], GroupSample("g", "Empty")),
    ([CONSUMER], GroupSample("g", "Empty")),
    ([CONSUMER, MEMBER, HAS, COMMIT], GroupSample("g", "Stable", (BOTH,), WITH_COMMIT)),
    ([STREAMS, STREAMS_MEMBER], GroupSample("g", "Stable", (MemberSample("m", "c", "/h"),))),
    # Compaction keeps the last record of each key, in the order in which those were written.
    ([HAS, COMMIT, MEMBER, CONSUMER], GroupSample("g", "Stable", (BOTH,), WITH_COMMIT)),
    ([CONSUMER, MEMBER, HAS, HAS_GONE, MEMBER_GONE], GroupSample("g", "Empty")),
    ([CONSUMER, MEMBER, HAS, HAS_GONE, MEMBER_GONE, CONSUMER_GONE], None),
    ([CLASSIC, COMMIT, CLASSIC_GONE], GroupSample("g", "Empty", (), WITH_COMMIT)),
    ([CLASSIC, COMMIT, CLASSIC_GONE, COMMIT_GONE], None),
    ([CLASSIC, COMMIT, COMMIT_GONE], GroupSample("g", "Stable", (BOTH,))),
    # Converted to the consumer protocol, and back.
    ([CLASSIC, CLASSIC_GONE, CONSUMER, MEMBER, HAS], GroupSample("g", "Stable", (BOTH,))),
    (
        [CONSUMER, MEMBER, HAS, HAS_GONE, MEMBER_GONE, CONSUMER_GONE, CLASSIC],
        GroupSample("g", "Stable", (BOTH,)),
    ),
    # What compaction left behind of a group that is gone.
    ([COMMIT_GONE, CLASSIC_GONE, CONSUMER_GONE, MEMBER_GONE, HAS_GONE], None),
    ([commit("g", "a", 0, -1)], None),
    ([COMMIT, commit("g", "a", 0, -1)], None),
    ([COMMIT, commit("g", "a", 0, 3, 2_500)], GroupSample("g", "Empty", (), {("a", 0): Commit(3, 2.5)})),
    ([commit("g", "a", 0, 3, -1)], GroupSample("g", "Empty", (), {("a", 0): Commit(3)})),
]


def groups_of(table: CommitTable) -> set[str]:
    return set(table.groups_in({-1}))


@pytest.mark.parametrize(("records", "group"), FOLDS)
def test_records_of_a_group_become_the_group(records: list[Pair], group: GroupSample | None) -> None:
    table = table_of(*records)
    assert table.group("g") == group
    assert groups_of(table) == (set() if group is None else {"g"})
    assert table.changed() == groups_of(table)
    assert table.ended() == frozenset()


def test_changes_are_told_once() -> None:
    table = table_of(COMMIT, commit("h", "a", 0, 1))
    assert (table.changed(), table.changed()) == (frozenset({"g", "h"}), frozenset())
    table.take(*commit("h", "a", 0, 2))
    assert table.changed() == {"h"}


def test_a_group_that_was_told_and_is_gone_has_ended_once() -> None:
    table = table_of(COMMIT)
    table.changed()
    table.take(*COMMIT_GONE)
    assert (table.changed(), table.ended(), table.ended()) == (frozenset(), frozenset({"g"}), frozenset())


def test_a_group_that_came_and_went_between_two_calls_is_never_told() -> None:
    table = table_of(COMMIT, COMMIT_GONE)
    assert (table.changed(), table.ended()) == (frozenset(), frozenset())


def test_a_group_that_comes_back_before_its_end_was_told_has_changed() -> None:
    table = table_of(COMMIT)
    table.changed()
    table.take(*COMMIT_GONE)
    table.take(*COMMIT)
    assert (table.changed(), table.ended()) == (frozenset({"g"}), frozenset())
    table.take(*COMMIT_GONE)
    assert table.ended() == {"g"}


def test_topic_ids_without_a_name_are_left_out_until_they_are_named() -> None:
    table = CommitTable()
    for record in (CONSUMER, MEMBER, HAS):
        table.take(*record)
    assert table.unnamed_topic_ids() == {NAME_A, NAME_B}
    assert table.group("g") == GroupSample("g", "Stable", (MemberSample("m", "c", "/h"),))
    table.changed()
    # librdkafka prints ids in the other alphabet.
    table.name_topics({NAME_B.replace("_", "/"): "b", "unrelated": "c"})
    assert table.changed() == {"g"}
    assert table.group("g") == GroupSample("g", "Stable", (MemberSample("m", "c", "/h", (("b", 1),)),))
    assert table.unnamed_topic_ids() == {NAME_A}
    table.name_topics({NAME_B: "b", "unrelated": "d"})
    assert table.changed() == frozenset()
    table.name_topics({NAME_B: "b", NAME_A: "a"})
    assert (table.changed(), table.unnamed_topic_ids()) == (frozenset({"g"}), frozenset())
    assert table.group("g") == GroupSample("g", "Stable", (BOTH,))


def test_the_id_of_a_topic_that_nobody_is_assigned_to_any_more_is_not_asked_for() -> None:
    table = CommitTable()
    for record in (CONSUMER, MEMBER, HAS, HAS_GONE):
        table.take(*record)
    table.name_topics({})
    assert table.unnamed_topic_ids() == frozenset()


def test_what_is_not_watched_is_left_out_and_a_group_stays_without_such_commits() -> None:
    table = CommitTable(watched=lambda name: not is_own(name))
    for record in (commit("oracle-x", "a", 0, 1), commit("g", "__own", 0, 1), commit("h", "a", 0, 1)):
        table.take(*record)
    table.take(made.key(2, "oracle-y"), made.group_value([]))
    table.take(made.key(5, "oracle-z", "m"), made.member_value("c", "/h"))
    assert table.changed() == groups_of(table) == {"g", "h"}
    assert table.group("g") == GroupSample("g", "Empty")


def test_what_is_not_known_or_does_not_parse_is_counted() -> None:
    table = table_of((made.key(99), b"x"), (made.key(99), None), (b"\0\1", b"x"), (b"", b"x"))
    table.take(made.commit_key("g", "a", 0), b"\0\x09")
    table.take(made.key(2, "g"), made.group_value([("m", "c", "h", b"\0\1\0\0")]))
    table.take(made.key(4, "g"), b"\0\0")
    assert table.unknown == {
        "record type 99": 2,
        "unreadable": 2,
        "offset commit version 9": 1,
        "assignment": 1,
    }
    for kind in range(1000, 1300):
        table.take(made.key(kind), b"")
    assert len(table.unknown) == 101
    assert sum(table.unknown.values()) == 306


def test_after_a_restart_only_what_is_missing_when_all_is_read_has_ended() -> None:
    table = table_of(COMMIT, commit("h", "a", 0, 1))
    table.changed()
    table.restart()
    assert (groups_of(table), table.changed(), table.ended()) == (set(), frozenset(), frozenset())
    table.restart()
    table.take(*commit("h", "a", 0, 5))
    assert (table.changed(), table.ended()) == (frozenset({"h"}), frozenset())
    table.settle()
    assert (table.changed(), table.ended(), groups_of(table)) == (frozenset(), frozenset({"g"}), {"h"})
    table.settle()
    assert table.ended() == frozenset()
    table.take(made.commit_key("h", "a", 0), None)
    assert table.ended() == {"h"}


_PAIRS = [
    CLASSIC, CLASSIC_EMPTY, CLASSIC_GONE, CONSUMER, CONSUMER_GONE, MEMBER, MEMBER_GONE, HAS, HAS_GONE, COMMIT,
    COMMIT_GONE, commit("g", "b", 1, 3), commit("h", "b", 1, 3), (made.commit_key("h", "b", 1), None),
]  # fmt: skip


@given(st.lists(st.sampled_from(_PAIRS) | st.sampled_from(["look", "restart"])))
def test_the_last_record_of_each_key_is_the_state_and_no_end_is_told_of_what_is_there(
    steps: list[Pair | str],
) -> None:
    table, told, last = table_of(), set[str](), dict[bytes, bytes | None]()
    for step in steps:
        if step == "restart":
            table.restart()
            last.clear()
        elif isinstance(step, str):
            changed, ended = table.changed(), table.ended()
            assert changed <= groups_of(table)
            assert ended <= told - groups_of(table)
            told = told - ended | changed
        else:
            table.take(*step)
            last[step[0]] = step[1]
    compacted = table_of(*last.items())
    assert {name: table.group(name) for name in "gh"} == {name: compacted.group(name) for name in "gh"}
    table.settle()
    changed, ended = table.changed(), table.ended()
    assert told - ended | changed == groups_of(table)
