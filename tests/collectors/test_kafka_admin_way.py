"""Groups as coordinators tell them, over samples: what changed, what is missing, and what has ended."""

from collections.abc import Mapping

import pytest

from collectors.kafka_collector.admin_way import MISSING_SAMPLES, AdminWay
from collectors.kafka_collector.coordinators import Told
from collectors.kafka_collector.sample import GroupSample, GroupsSample, TopicPartition
from tests.collectors.kafka_samples import group

PLACE, OTHER = ("tasks", 0), ("tasks", 1)
ONE, TWO = group("one", {PLACE: 1}), group("two", {PLACE: 2})


def told(
    *groups: GroupSample,
    whole: bool = True,
    errors: tuple[str, ...] = (),
    gone: tuple[str, ...] = (),
    doubtful: Mapping[str, str] | None = None,
) -> Told:
    listed = {one.group: one for one in groups}
    return Told(listed, whole, errors, gone=frozenset(gone), doubtful=doubtful or {})


def facts(sample: GroupsSample) -> tuple[set[str], set[str], set[str]]:
    return set(sample.groups), set(sample.changed), set(sample.ended)


def test_the_first_sample_changes_everything_and_the_next_only_what_differs() -> None:
    way = AdminWay()
    assert facts(way.take(told(ONE, TWO))) == ({"one", "two"}, {"one", "two"}, set())
    assert facts(way.take(told(ONE, TWO))) == ({"one", "two"}, set(), set())
    assert facts(way.take(told(ONE, group("two", {PLACE: 3})))) == ({"one", "two"}, {"two"}, set())
    assert facts(way.take(told(ONE, group("two", {PLACE: 3}, state="Empty")))) == (
        {"one", "two"},
        {"two"},
        set(),
    )


def test_a_group_that_is_not_listed_ends_when_it_was_asked_about_and_is_called_gone() -> None:
    way = AdminWay()
    way.take(told(ONE, TWO))
    for sample in range(MISSING_SAMPLES - 1):
        assert way.missing == frozenset(), sample
        waiting = way.take(told(ONE, errors=("e",)))
        assert facts(waiting) == ({"one", "two"}, set(), set())
        assert waiting.errors == ("e", "1 groups are not listed: deleted, or their coordinator is loading")
    assert way.missing == {"two"}
    last = way.take(told(ONE, gone=("two",)))
    assert (facts(last), last.errors) == (({"one"}, set(), {"two"}), ())
    assert facts(way.take(told(ONE))) == ({"one"}, set(), set())
    assert way.missing == frozenset()


def test_a_group_whose_coordinator_does_not_call_it_gone_stays_however_often_it_is_not_listed() -> None:
    way = AdminWay()
    way.take(told(ONE, TWO))
    for number in range(3 * MISSING_SAMPLES):
        why = dict.fromkeys(way.missing, "it is loading")
        sample = way.take(told(ONE, doubtful=why))
        # It says so itself once its coordinator was asked.
        changed = {"two"} if number == MISSING_SAMPLES - 1 else set()
        assert facts(sample) == ({"one", "two"}, changed, set()), number
    assert sample.groups["two"].refused == "it is not listed: it is loading"
    assert sample.groups["two"].commits == TWO.commits
    assert sample.errors == (
        "1 groups are not listed: deleted, or their coordinator is loading (it is loading)",
    )
    assert facts(way.take(told(ONE, gone=("two",)))) == ({"one"}, set(), {"two"})


def test_a_group_that_is_called_gone_and_listed_has_not_ended() -> None:
    way = AdminWay()
    way.take(told(ONE))
    for _ in range(MISSING_SAMPLES):
        way.take(told())
    assert facts(way.take(told(ONE, gone=("one",)))) == ({"one"}, set(), set())


def test_a_group_that_is_listed_again_in_between_has_not_ended() -> None:
    way = AdminWay()
    way.take(told(ONE))
    for _ in range(3):
        for _ in range(MISSING_SAMPLES - 1):
            assert facts(way.take(told())) == ({"one"}, set(), set())
        assert facts(way.take(told(ONE))) == ({"one"}, set(), set())


def test_a_list_that_is_not_whole_lets_no_group_end_however_often() -> None:
    way = AdminWay()
    way.take(told(ONE, TWO))
    for _ in range(2 * MISSING_SAMPLES):
        sample = way.take(told(ONE, whole=False, errors=("groups: timed out",)))
        assert facts(sample) == ({"one", "two"}, set(), set())
        assert (sample.whole, sample.errors) == (False, ("groups: timed out",))


def test_a_group_that_is_refused_keeps_what_was_known_and_says_why() -> None:
    way = AdminWay()
    way.take(told(group("one", {PLACE: 1}, held=(PLACE,))))
    refused = GroupSample("one", "Empty", refused="not authorized")
    sample = way.take(told(refused))
    shown = sample.groups["one"]
    assert (shown.refused, shown.state, shown.commits, len(shown.members)) == (
        "not authorized",
        "Empty",
        ONE.commits,
        1,
    )
    assert facts(way.take(told(refused))) == ({"one"}, set(), set())
    assert way.take(told(ONE)).groups["one"] == ONE


def test_a_group_that_was_never_read_is_there_and_says_why() -> None:
    sample = AdminWay().take(told(GroupSample("one", "Stable", refused="not authorized")))
    assert facts(sample) == ({"one"}, {"one"}, set())


def test_it_goes_on_from_the_groups_that_the_other_way_knew() -> None:
    way = AdminWay()
    way.follow(GroupsSample({"one": ONE, "two": TWO}, frozenset()))
    sample = way.take(told(ONE))
    assert facts(sample) == ({"one", "two"}, set(), set())
    assert sample.errors == ("1 groups are not listed: deleted, or their coordinator is loading",)


LESS: list[tuple[list[dict[TopicPartition, int]], list[dict[TopicPartition, int]]]] = [
    # What the coordinator tells, sample by sample, and what counts.
    ([{PLACE: 1}, {}, {PLACE: 1}], [{PLACE: 1}, {PLACE: 1}, {PLACE: 1}]),
    ([{PLACE: 1}, {}, {}, {}], [{PLACE: 1}, {PLACE: 1}, {}, {}]),
    (
        [{PLACE: 1, OTHER: 1}, {PLACE: 2}, {PLACE: 3}],
        [{PLACE: 1, OTHER: 1}, {PLACE: 2, OTHER: 1}, {PLACE: 3}],
    ),
    (
        [{PLACE: 1}, {}, {PLACE: 2}, {}, {PLACE: 3}],
        [{PLACE: 1}, {PLACE: 1}, {PLACE: 2}, {PLACE: 2}, {PLACE: 3}],
    ),
    ([{}, {PLACE: 1}, {OTHER: 2}], [{}, {PLACE: 1}, {PLACE: 1, OTHER: 2}]),
]


@pytest.mark.parametrize(("answers", "expected"), LESS)
def test_commits_that_an_answer_lacks_are_gone_when_the_next_one_lacks_some_too(
    answers: list[dict[TopicPartition, int]], expected: list[dict[TopicPartition, int]]
) -> None:
    way = AdminWay()
    taken = [way.take(told(group("one", answer, state="Empty"))).groups["one"] for answer in answers]
    assert taken == [group("one", commits, state="Empty") for commits in expected]


def test_an_answer_that_lacked_commits_is_not_confirmed_by_a_refusal() -> None:
    way = AdminWay()
    way.take(told(ONE))
    for answer in (group("one", {}), GroupSample("one", "Stable", refused="no answer"), group("one", {})):
        assert way.take(told(answer)).groups["one"].commits == ONE.commits
    assert way.take(told(group("one", {}))).groups["one"].commits == {}


def test_what_the_other_way_has_not_read_yet_goes_on_too_unless_it_has_ended() -> None:
    way, gone = AdminWay(), group("gone", {PLACE: 1})
    way.take(told(ONE, TWO, gone))
    way.follow(GroupsSample({"one": ONE}, frozenset(), frozenset({"gone"}), whole=False))
    assert facts(way.take(told(ONE))) == ({"one", "two"}, set(), set())
    way.follow(GroupsSample({"one": ONE}, frozenset()))
    assert facts(way.take(told(ONE))) == ({"one"}, set(), set())
