"""The partitions of a cluster over samples: watermarks, histories, and topics that change shape."""

import pytest

from collectors.kafka_collector.partitions import REMEMBERED_SECONDS, Partitions
from collectors.kafka_collector.sample import Offsets, Sample, TopicSample
from tests.collectors.kafka_samples import START, sample

P0, P1, P2 = ("tasks", 0), ("tasks", 1), ("tasks", 2)


def fed(*taken: Sample) -> Partitions:
    partitions = Partitions()
    for one in taken:
        partitions.take(one)
    return partitions


def test_a_sample_says_what_it_moved() -> None:
    partitions = Partitions()
    first = partitions.take(sample(0, {P0: 5, P1: 7}))
    assert (set(first.places), set(first.topics), set(first.ended)) == ({P0, P1}, {"tasks"}, set())
    assert partitions.take(sample(2, {P0: 5, P1: 8})).places == {P1}
    assert partitions.take(sample(4, {P0: 5, P1: 8}, low={P0: 3, P1: 0})).places == {P0}
    still = partitions.take(sample(6, {P0: 5, P1: 8}, low={P0: 3, P1: 0}))
    assert not still.places | {(name, 0) for name in still.topics}


def test_a_partition_that_does_not_answer_keeps_its_last_watermarks() -> None:
    whole = sample(0, {P0: 5, P1: 7})
    partitions = fed(whole)
    silent = partitions.take(sample(2, {P0: 6}, topics=whole.topics))
    assert (set(silent.places), set(partitions.unanswered), partitions.end[P1]) == ({P0, P1}, {P1}, 7)
    assert (partitions.topics["tasks"].ends, partitions.low[P1]) == (13, 0)
    again = partitions.take(sample(4, {P0: 6, P1: 7}))
    assert (set(again.places), set(partitions.unanswered)) == ({P1}, set())


def test_a_history_that_was_silent_says_only_what_is_known() -> None:
    partitions = fed(
        sample(0, {P0: 5, P1: 7}),
        sample(2, {P0: 5}, topics=sample(0, {P0: 0, P1: 0}).topics),
        sample(4, {P0: 5, P1: 9}),
    )
    seen = partitions.history(P1).appended(7)
    assert seen is not None
    assert (seen.earliest, seen.latest) == (START, START + 4)


def test_a_standing_end_lasts_until_the_last_sample_that_saw_it() -> None:
    partitions = fed(*(sample(2 * one, {P0: 5}) for one in range(5)), sample(10, {P0: 6}))
    seen = partitions.history(P0).appended(5)
    assert seen is not None
    assert (seen.earliest, seen.latest) == (START + 8, START + 10)


@pytest.mark.parametrize(
    ("ends", "low"),
    [
        ({P0: 2, P1: 9}, {P0: 0, P1: 0}),
        ({P0: 9, P1: 9}, {P0: 0, P1: 0}),
        ({P0: 9}, {P0: 4}),
    ],
)
def test_an_end_or_a_beginning_that_goes_back_is_another_topic(ends: Offsets, low: Offsets) -> None:
    partitions = fed(sample(0, {P0: 9, P1: 9}, low={P0: 4, P1: 0}))
    before = partitions.history(P0)
    moved = partitions.take(sample(2, ends, low=low))
    assert moved.topics == {"tasks"}
    assert partitions.topics["tasks"].recreated_at == START + 2
    if P1 in ends:
        assert partitions.history(P0) is not before


def test_partitions_that_are_added_are_no_new_topic() -> None:
    partitions = fed(sample(0, {P0: 9}))
    moved = partitions.take(sample(2, {P0: 9, P1: 0, P2: 0}))
    shape = partitions.topics["tasks"]
    assert (set(moved.topics), shape.partitions) == ({"tasks"}, (0, 1, 2))
    assert (shape.partitions_added_at, shape.recreated_at) == (START + 2, None)


def test_what_ends_is_forgotten_and_begins_anew_when_it_comes_again() -> None:
    partitions = fed(sample(0, {P0: 9, ("other", 0): 1}))
    moved = partitions.take(sample(2, {("other", 0): 1}))
    assert (set(moved.ended), set(partitions.end), set(partitions.low)) == (
        {"tasks"},
        {("other", 0)},
        {("other", 0)},
    )
    assert partitions.take(sample(4, {P0: 3, ("other", 0): 1})).topics == {"tasks"}
    shape = partitions.topics["tasks"]
    assert (shape.ends, shape.recreated_at, shape.partitions_added_at) == (3, START + 4, None)
    assert len(partitions.history(P0)) == 1


@pytest.mark.parametrize(("seconds", "end"), [(2 + REMEMBERED_SECONDS, 3), (4, 9)])
def test_a_topic_that_comes_again_much_later_or_with_all_it_had_was_not_made_anew(
    seconds: float, end: int
) -> None:
    partitions = fed(sample(0, {P0: 9}), sample(2, {}), sample(seconds, {P0: end}))
    assert partitions.topics["tasks"].recreated_at is None


@pytest.mark.parametrize(
    "first",
    [TopicSample("tasks", (0,), leaderless=frozenset({0})), TopicSample("tasks", refused="not authorized")],
)
def test_a_topic_made_anew_is_known_as_one_when_all_its_ends_are_told(first: TopicSample) -> None:
    partitions = fed(sample(0, {P0: 9}), sample(2, {}), sample(4, {}, topics={"tasks": first}))
    assert partitions.topics["tasks"].recreated_at is None
    assert partitions.take(sample(6, {P0: 3})).topics == {"tasks"}
    assert partitions.topics["tasks"].recreated_at == START + 6
    assert partitions.take(sample(8, {P0: 3})).topics == set()


def test_a_topic_that_is_refused_for_a_while_is_as_it_was() -> None:
    partitions = fed(sample(0, {P0: 9}))
    refused = {"tasks": TopicSample("tasks", refused="not authorized")}
    assert partitions.take(sample(2, {}, topics=refused)).topics == {"tasks"}
    assert (partitions.topics["tasks"].partitions, set(partitions.unanswered)) == ((0,), {P0})
    assert partitions.take(sample(4, {}, topics=refused)).topics == set()
    assert partitions.take(sample(6, {P0: 9})).topics == {"tasks"}
    assert partitions.unanswered == set()


@pytest.mark.parametrize(
    "first",
    [
        sample(0, {}, topics={"tasks": TopicSample("tasks", refused="not authorized")}),
        sample(0, {P1: 5}, topics={"tasks": TopicSample("tasks", (0, 1))}),
    ],
)
def test_what_a_partition_holds_when_it_answers_first_was_not_produced_just_then(first: Sample) -> None:
    partitions = fed(first, sample(2, {P0: 1_000_000, P1: 5}), sample(4, {P0: 1_000_020, P1: 5}))
    assert partitions.topics["tasks"].history.rate(START + 4, 30.0) == 10.0


@pytest.mark.parametrize(
    "changed",
    [
        TopicSample("tasks", (0,), under_replicated=1),
        TopicSample("tasks", (0,), leaderless=frozenset({0})),
        TopicSample("tasks", (0,), refused="no"),
    ],
)
def test_a_topic_is_told_again_when_its_replicas_or_its_leaders_change(changed: TopicSample) -> None:
    partitions = fed(sample(0, {P0: 9}))
    assert partitions.take(sample(2, {P0: 9}, topics={"tasks": changed})).topics == {"tasks"}
    assert partitions.take(sample(4, {P0: 9}, topics={"tasks": changed})).topics == set()
