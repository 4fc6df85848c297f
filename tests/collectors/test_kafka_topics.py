"""A topic over passes: rates, depth, ages, dead letters, backpressure, and its shape."""

from datetime import UTC, datetime

from msgspec import UNSET

from collectors.kafka_collector.sample import Sample, TopicSample
from tests.collectors.kafka_samples import START, Watched, group, sample

P0, P1 = ("tasks", 0), ("tasks", 1)
DLQ = ("tasks-dlq", 0)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


async def test_a_topic_has_the_largest_lag_of_its_groups_and_the_rate_of_all_its_partitions() -> None:
    watched = Watched()
    slow, fast = group("slow", {P0: 0, P1: 8}), group("fast", {P0: 10, P1: 10})
    await watched.after(
        sample(0, {P0: 5, P1: 10, ("idle", 0): 3}, slow, fast),
        sample(2, {P0: 10, P1: 10, ("idle", 0): 3}, slow, fast, changed=()),
    )
    shown, idle = watched.topics()["tasks"], watched.topics()["idle"]
    assert (shown.partitions, shown.depth, shown.produced_per_second, shown.messages) == (2, 12, 2.5, 20)
    assert (idle.depth, idle.backpressure, idle.consumed_per_second) == (UNSET, UNSET, UNSET)


async def test_rates_are_unknown_before_a_second_sample() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 5}, group("g", {P0: 5})))
    assert watched.topics()["tasks"].produced_per_second is UNSET


async def test_what_groups_consume_is_their_sum_and_the_age_is_that_of_the_slowest() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 10}, group("a", {P0: 10}), group("b", {P0: 10})))
    await watched.take(sample(2, {P0: 30}, group("a", {P0: 10}), group("b", {P0: 30})))
    await watched.take(sample(4, {P0: 30}, group("a", {P0: 20}), group("b", {P0: 30})))
    shown = watched.topics()["tasks"]
    assert shown.consumed_per_second == 10 / 4 + 20 / 4
    # Ten of the twenty messages of the first two seconds are left: the oldest came in their middle.
    assert (shown.depth, shown.lag_seconds) == (10, 2.95)
    # The first ten came a little after 0 s, half a second on the average, and were committed by 4 s.
    assert shown.end_to_end_seconds == 3.5


async def test_a_commit_time_of_another_age_costs_no_topic() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 10}, group("a", {P0: 10}, committed_at=9.2e15)))
    await watched.take(sample(2, {P0: 20}, group("a", {P0: 20}, committed_at=9.2e15)))
    assert watched.topics()["tasks"].end_to_end_seconds == 1.0
    assert watched.groups()["a"].committed_at == datetime(9999, 12, 31, tzinfo=UTC)


async def test_messages_are_those_between_the_watermarks_where_all_are_known() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 10, P1: 20}, low={P0: 4}))
    assert watched.topics()["tasks"].messages is UNSET
    await watched.take(sample(2, {P0: 10, P1: 20}, low={P0: 4, P1: 20}))
    assert watched.topics()["tasks"].messages == 6


async def test_dead_letters_have_an_owner_and_grow_by_the_minute() -> None:
    watched = Watched()
    await watched.after(*(sample(2 * one, {P0: 0, DLQ: one // 5}) for one in range(31)))
    shown, owner = watched.topics()["tasks-dlq"], watched.topics()["tasks"]
    assert (shown.dead_letter_of, shown.dead_letters_per_minute) == ("tasks", 6.0)
    assert (owner.dead_letter_of, owner.dead_letters_per_minute) == (UNSET, UNSET)
    await watched.after(*(sample(2 * one, {P0: 0, DLQ: 6}) for one in range(31, 63)))
    assert watched.topics()["tasks-dlq"].dead_letters_per_minute == 0.0


def pressing(seconds: int, lag: int) -> Sample:
    """Give a sample of a group that consumes ten messages a second; nothing is said of its first lag."""
    read = 10 * seconds
    return sample(seconds, {P0: 1000 + read + lag}, group("g", {P0: 1000 + read}))


async def test_backpressure_is_lag_that_grows_while_consumption_does_not() -> None:
    watched = Watched()
    await watched.take(pressing(0, 0))
    assert watched.topics()["tasks"].backpressure is False
    await watched.after(*(pressing(2 * one, 40 * one) for one in range(1, 31)))
    assert watched.topics()["tasks"].backpressure is True
    await watched.after(*(pressing(60 + 2 * one, 1200 - 40 * one) for one in range(1, 31)))
    assert watched.topics()["tasks"].backpressure is False


async def test_a_topic_says_when_it_was_made_anew_and_when_partitions_were_added() -> None:
    watched = Watched()
    await watched.after(sample(0, {P0: 9}), sample(2, {P0: 9, P1: 0}), sample(4, {P0: 1, P1: 0}))
    shown = watched.topics()["tasks"]
    assert (shown.partitions_added_at, shown.recreated_at) == (at(2), at(4))


async def test_a_topic_without_leaders_and_in_sync_replicas_says_so() -> None:
    watched, bare = Watched(), TopicSample("tasks", (0, 1), 2, frozenset({1}))
    await watched.take(sample(0, {P0: 9}, topics={"tasks": bare}))
    shown = watched.topics()["tasks"]
    assert (shown.partitions, shown.under_replicated, shown.leaderless) == (2, 2, 1)


async def test_of_a_topic_that_is_refused_nothing_is_claimed() -> None:
    watched, refused = Watched(), {"tasks": TopicSample("tasks", refused="not authorized")}
    await watched.after(sample(0, {}, topics=refused), sample(2, {}, topics=refused))
    shown = watched.topics()["tasks"]
    assert (shown.unavailable, shown.partitions) == ("not authorized", 0)
    unknown = (shown.messages, shown.produced_per_second, shown.under_replicated, shown.leaderless)
    assert unknown == (UNSET,) * 4


async def test_a_topic_that_its_last_group_has_left_has_no_depth() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 9}, group("g", {P0: 3})))
    assert watched.topics()["tasks"].depth == 6
    await watched.take(sample(2, {P0: 9}, ended={"g"}))
    assert watched.topics()["tasks"].depth is UNSET
    assert watched.topics()["tasks"].backpressure is UNSET


async def test_a_group_that_has_stopped_is_no_backlog_of_a_topic_that_others_read() -> None:
    watched = Watched()
    for number in range(60):
        end = 100 + 20 * number
        reader, relic = (
            group("reader", {P0: end - 1}, held=(P0,)),
            group("relic", {P0: 3}, state="Empty", committed_at=START - 1000),
        )
        await watched.take(sample(2 * number, {P0: end}, reader, relic))
    assert watched.groups()["relic"].verdict == "stopped"
    topic = watched.topics()["tasks"]
    assert (topic.depth, topic.backpressure) == (1, False)
    relic = group("relic", {P0: 3}, state="Empty", committed_at=START - 1000)
    await watched.take(sample(120, {P0: 1300}, relic, ended={"reader"}))
    assert watched.topics()["tasks"].depth == 1297
