"""Many passes of the Kafka collector into the runner's memory: what it holds is what the last sample says."""

import asyncio
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from collectors.base.collector import Complete, Due
from collectors.kafka_collector.sample import Commit, GroupSample, MemberSample, Sample, TopicSample
from tests.collectors.kafka_samples import (
    INTERVAL,
    Watched,
    completed,
    gone,
    group,
    named,
    partials,
    sample,
)

TASKS = ("tasks", 0)
PLACES = [(topic, number) for topic in ("a", "b", "b-dlq") for number in range(3)]


async def test_the_first_pass_names_everything_and_later_ones_what_changed() -> None:
    watched, still = Watched(), group("still", {TASKS: 5})
    first = await watched.take(sample(0, {TASKS: 5, ("idle", 0): 1}, still, group("mover", {TASKS: 3})))
    assert first[0] == Due(INTERVAL)
    assert (named(first, "group"), named(first, "topic")) == (["mover", "still"], ["idle", "tasks"])
    assert completed(first) == {"kafka_cluster", "topic", "group"}
    later = sample(2, {TASKS: 5, ("idle", 0): 1}, still, group("mover", {TASKS: 5}), changed={"mover"})
    items = await watched.take(later)
    assert (named(items, "group"), named(items, "topic")) == (["mover"], ["tasks"])
    assert completed(items) == {"kafka_cluster"}


async def test_groups_are_complete_once_they_are_whole_and_all_are_named_again_then() -> None:
    watched, old, new = Watched(), group("old", {TASKS: 5}), group("new", {TASKS: 5})
    first = await watched.take(sample(0, {TASKS: 5}, old, whole=False, errors=("being read",)))
    assert completed(first) == {"kafka_cluster", "topic"}
    assert partials(first) == ["being read"]
    whole = await watched.take(sample(2, {TASKS: 5}, old, new, changed={"new"}))
    assert (named(whole, "group"), completed(whole)) == (["new", "old"], {"kafka_cluster", "group"})
    assert partials(whole) == []
    assert completed(await watched.take(sample(4, {TASKS: 5}, old, new, changed=()))) == {"kafka_cluster"}


async def test_what_has_ended_is_said_to_be_gone() -> None:
    watched, one = Watched(), group("one", {TASKS: 5})
    await watched.take(sample(0, {TASKS: 5, ("gone", 0): 1}, one, group("two", {("gone", 0): 1})))
    items = await watched.take(sample(2, {TASKS: 5}, one, changed=(), ended={"two"}))
    assert gone(items) == {("topic", "gone"), ("group", "two")}
    assert (set(watched.groups()), set(watched.topics())) == ({"one"}, {"tasks"})


async def test_nothing_is_gone_while_groups_cannot_be_read() -> None:
    watched, one = Watched(), group("one", {TASKS: 5})
    await watched.take(sample(0, {TASKS: 5}, one))
    items = await watched.take(sample(2, {TASKS: 9}, whole=False, errors=("denied",)))
    assert gone(items) == set()
    assert (set(watched.groups()), partials(items)) == ({"one"}, ["denied"])


async def test_many_errors_are_told_by_the_first_and_their_number() -> None:
    errors = tuple(f"e{number}" for number in range(7))
    (said,) = partials(await Watched().take(sample(0, {}, whole=False, errors=errors)))
    assert said == "e0; e1; e2; e3; e4; and 2 more"


async def test_the_cluster_says_when_and_how_it_was_sampled() -> None:
    watched = Watched()
    await watched.take(sample(0, {TASKS: 1}, commits_from="admin_api"))
    shown = watched.cluster()
    assert (shown.brokers, shown.commits_from, shown.interval_seconds) == (1, "admin_api", INTERVAL)
    assert (shown.brokers_missing, shown.commits_from_reason, shown.interval_reason) == (UNSET,) * 3


@dataclass
class World:
    """A cluster at one moment: topics (None: refused) with watermarks by partition (None: no answer).

    A group that is None is as it was before, if it was.
    """

    topics: dict[str, dict[int, tuple[int, int] | None] | None]
    groups: dict[str, GroupSample | None]
    whole: bool


watermarks = st.one_of(st.none(), st.tuples(st.integers(0, 3), st.integers(3, 12)))
topics = st.dictionaries(
    st.sampled_from(["a", "b", "b-dlq"]),
    st.one_of(
        st.none(), st.lists(watermarks, min_size=1, max_size=3).map(lambda ones: dict(enumerate(ones)))
    ),
)
commits = st.dictionaries(
    st.sampled_from(PLACES),
    st.builds(Commit, st.integers(0, 14), st.sampled_from([None, 0.0, 1_789_999_999.0, 9.2e15])),
)
members = st.lists(st.sampled_from(PLACES), max_size=3).map(
    lambda held: (MemberSample("m", "c", "/h", tuple(held)),) if held else ()
)
told = st.builds(
    GroupSample,
    st.just(""),
    st.sampled_from(["Stable", "Empty", "PreparingRebalance"]),
    members,
    commits,
    st.sampled_from(["", "not authorized"]),
)
groups = st.dictionaries(st.sampled_from(["g1", "g2"]), st.one_of(st.none(), told))
worlds = st.lists(st.builds(World, topics, groups, st.booleans()), min_size=1, max_size=7)


def samples_of(worlds: list[World]) -> list[Sample]:
    """Give the samples as the sampler gives them: what changed, and what ended when all is read."""
    worlds[-1].whole = True
    taken, before = [], dict[str, GroupSample]()
    for pass_, world in enumerate(worlds):
        told = {
            name: replace(one, group=name) if one else before.get(name) for name, one in world.groups.items()
        }
        now = {name: one for name, one in told.items() if one is not None}
        answered = {
            (name, number): marks
            for name, numbers in world.topics.items()
            for number, marks in (numbers or {}).items()
            if marks is not None
        }
        taken.append(
            sample(
                pass_ * INTERVAL,
                {place: end for place, (_, end) in answered.items()},
                *now.values(),
                low={place: low for place, (low, _) in answered.items()},
                topics={
                    name: TopicSample(name, refused="not authorized")
                    if numbers is None
                    else TopicSample(name, tuple(numbers))
                    for name, numbers in world.topics.items()
                },
                changed={name for name, one in now.items() if before.get(name) != one},
                ended=before.keys() - now.keys() if world.whole else (),
                whole=world.whole,
            )
        )
        before = now if world.whole else before | now
    return taken


def group_facts(watched: Watched, only: Sample) -> dict[tuple[str, str, int], tuple[object, ...]]:
    return {
        (name, one.topic, one.partition): (one.committed_offset, one.end_offset, one.lag_messages)
        for name, shown in watched.groups().items()
        for one in shown.partitions
        if (one.topic, one.partition) in only.end
        # What a rebalancing group held before stays shown: a fresh collector cannot know of that.
        and not (shown.state == "PreparingRebalance" and one.committed_offset is UNSET)
    }


@settings(max_examples=80, deadline=None)
@given(worlds)
def test_after_any_passes_the_runner_holds_what_the_last_sample_says(worlds: list[World]) -> None:
    asyncio.run(check(samples_of(worlds)))


async def check(taken: list[Sample]) -> None:
    many, fresh, last = Watched(), Watched(), taken[-1]
    await many.after(*taken)
    await fresh.take(sample_anew(last))
    assert set(many.groups()) == set(fresh.groups()) == set(last.groups.groups)
    assert set(many.topics()) == set(fresh.topics()) == set(last.topics)
    assert group_facts(many, last) == group_facts(fresh, last)
    for name, shown in many.groups().items():
        assert (shown.state, shown.unavailable) == (
            fresh.groups()[name].state,
            fresh.groups()[name].unavailable,
        )
        for one in shown.partitions:
            assert ((one.topic, one.partition) in last.end) == (one.doubt != "unanswered")
    for name, topic in many.topics().items():
        told, numbers = last.topics[name], last.topics[name].partitions
        if not told.refused and all((name, number) in last.end for number in numbers):
            same = fresh.topics()[name]
            assert (topic.partitions, topic.messages, topic.depth) == (
                same.partitions,
                same.messages,
                same.depth,
            )


def sample_anew(last: Sample) -> Sample:
    return sample(
        0,
        last.end,
        *last.groups.groups.values(),
        low=last.low,
        topics=last.topics,
    )


async def test_a_clock_that_is_set_back_lets_everything_begin_anew() -> None:
    watched = Watched()
    await watched.take(sample(600, {TASKS: 5}, group("w", {TASKS: 1})))
    items = await watched.take(sample(0, {TASKS: 9}, group("w", {TASKS: 1}), changed=()))
    assert Complete(("kafka_cluster", "topic", "group")) in items
    later = await watched.take(sample(2, {TASKS: 19}, group("w", {TASKS: 1})))
    assert "w" in named(later, "group")
    assert watched.groups()["w"].produced_per_second == 5.0
