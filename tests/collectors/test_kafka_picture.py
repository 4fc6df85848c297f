"""Which groups and topics a pass tells: those that changed, and in turns those of which only the age does."""

import pytest
from msgspec import UNSET

from collectors.kafka_collector import collector, picture
from collectors.kafka_collector.names import id_of
from collectors.kafka_collector.sample import Sample
from tests.collectors.kafka_samples import START, Watched, gone, group, named, sample

P0, P1, OTHER = ("tasks", 0), ("tasks", 1), ("other", 0)
OLD = [(number, round((START - 1100 + 100 * number) * 1000)) for number in range(9)]


def dead(seconds: float, count: int, changed: bool = False) -> Sample:
    groups = [group(f"g{number}", {P0: 1}, committed_at=START - 1000) for number in range(count)]
    return sample(seconds, {P0: 9}, *groups, changed=None if changed else ())


async def test_a_group_that_has_read_everything_is_not_told_again() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 5}, group("w", {P0: 5})))
    for number in range(1, 4):
        items = await watched.take(sample(2 * number, {P0: 5}, group("w", {P0: 5}), changed=()))
        assert (named(items, "group"), named(items, "topic")) == ([], [])


async def test_groups_of_a_partition_that_moved_are_told() -> None:
    watched, one, two = Watched(), group("one", {P0: 5}), group("two", {P1: 5, OTHER: 1})
    await watched.take(sample(0, {P0: 5, P1: 5, OTHER: 1}, one, two))
    items = await watched.take(sample(2, {P0: 6, P1: 5, OTHER: 1}, one, two, changed=()))
    assert (named(items, "group"), named(items, "topic")) == (["one"], ["tasks"])


async def test_groups_that_only_age_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MAX_AGEING", 3)
    watched = Watched()
    watched.samples.records = {P0: OLD}
    await watched.take(dead(0, 9, changed=True))
    # Until every one is judged to stand still, all are told.
    for number in range(1, 40):
        await watched.take(dead(2.0 * number, 9))
    told = [named(await watched.take(dead(80.0 + 2 * number, 9)), "group") for number in range(3)]
    assert [len(names) for names in told] == [3, 3, 3]
    assert {name for names in told for name in names} == {f"g{number}" for number in range(9)}
    ages = [watched.partition(f"g{number}").lag_seconds for number in range(9)]
    assert sorted(age for age in ages if isinstance(age, float)) == [1080.0] * 3 + [1082.0] * 3 + [1084.0] * 3


@pytest.mark.parametrize("told", [1, 2])
async def test_a_group_that_a_sample_lacks_takes_no_turn(monkeypatch: pytest.MonkeyPatch, told: int) -> None:
    monkeypatch.setattr(picture, "MAX_AGEING", 1)
    watched = Watched()
    watched.samples.records = {P0: OLD}
    await watched.take(dead(0, 2, changed=True))
    for number in range(1, 40):
        await watched.take(dead(2.0 * number, 2))
    # The first one is still there: only the samples do not have it.
    left = [group(f"g{number}", {P0: 1}, committed_at=START - 1000) for number in range(2)][2 - told :]
    turns = 0
    for number in range(4):
        taken = sample(80.0 + 2 * number, {P0: 9}, *left, changed=(), whole=False)
        turns += named(await watched.take(taken), "group") == ["g1"]
    assert turns == 4 // told


async def test_of_many_lookups_some_wait_and_all_are_made_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MAX_SEARCHES", 4)
    monkeypatch.setattr(picture, "MAX_WAITING", 4)
    watched = Watched()
    watched.samples.records = {(f"t{number}", 0): OLD for number in range(10)}
    groups = [group(f"g{number}", {(f"t{number}", 0): 1}) for number in range(10)]
    ends = dict.fromkeys(watched.samples.records, 9)
    known = []
    for number in range(4):
        watched.samples.questions.clear()
        await watched.take(sample(2 * number, ends, *groups, changed=None if number == 0 else ()))
        assert len(set(watched.samples.questions)) <= 4
        shown = watched.groups().values()
        known.append(sum(isinstance(one.lag_seconds, float) for one in shown))
    assert (known[0], known[-1]) == (4, 10)


async def test_a_topic_whose_group_reads_it_no_more_is_told() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 5, OTHER: 5}, group("w", {P0: 1, OTHER: 2})))
    items = await watched.take(sample(2, {P0: 5, OTHER: 5}, group("w", {P0: 1})))
    assert "other" in named(items, "topic")
    assert watched.topics()["other"].depth is UNSET


async def test_groups_are_told_when_a_topic_of_theirs_ends_and_when_it_comes_again() -> None:
    watched, one = Watched(), group("w", {P0: 1, OTHER: 2})
    await watched.take(sample(0, {P0: 5, OTHER: 2}, one))
    items = await watched.take(sample(2, {OTHER: 2}, one, changed=()))
    assert gone(items) == {("topic", "tasks")}
    assert [part.topic for part in watched.groups()["w"].partitions] == ["other"]
    await watched.take(sample(4, {P0: 3, OTHER: 2}, one, changed=()))
    assert watched.partition("w").lag_messages == 2
    assert watched.topics()["tasks"].depth == 2


async def test_a_group_that_came_and_ended_and_came_again_begins_anew() -> None:
    watched, one = Watched(), group("w", {P0: 1})
    await watched.take(sample(0, {P0: 5}, one))
    assert gone(await watched.take(sample(2, {P0: 5}, ended={"w"}))) == {("group", "w")}
    await watched.take(sample(4, {P0: 5}, one))
    assert (set(watched.groups()), watched.topics()["tasks"].depth) == ({"w"}, 4)


async def test_names_that_are_too_long_are_cut_and_stay_different() -> None:
    watched, one, two = Watched(), "g" * 300, "g" * 301
    taken = sample(0, {P0: 5}, group(one, {P0: 1}), group(two, {P0: 4}))
    first, second = named(await watched.take(taken), "group")
    assert {len(first), len(second)} == {256}
    assert first != second
    assert {first, second} == {id_of(one), id_of(two)}
    assert gone(await watched.take(sample(2, {P0: 5}, ended={one}))) == {("group", id_of(one))}
    assert set(watched.groups()) == {id_of(two)}
