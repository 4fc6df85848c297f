"""One group over passes: lag as Kafka's tool counts it, its age, its doubts, and how much of it is listed."""

from datetime import UTC, datetime

import pytest
from msgspec import UNSET, UnsetType

from collectors.kafka_collector.listing import MAX_PARTITIONS
from collectors.kafka_collector.sample import (
    Commit,
    GroupSample,
    MemberSample,
    Offsets,
    TopicPartition,
    TopicSample,
)
from schema.part_models import PartitionDoubt
from schema.topics import MAX_VALUE_BYTES
from schema.wire import encode
from tests.collectors.kafka_samples import START, Watched, group, sample, topics_of

P0, P1 = ("tasks", 0), ("tasks", 1)
NONE: dict[TopicPartition, int] = {}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


@pytest.mark.parametrize(
    ("committed", "low", "end", "lag", "doubt", "lost"),
    [
        (10, 0, 1210, 1200, UNSET, UNSET),
        (1210, 0, 1210, 0, UNSET, UNSET),
        (0, 0, 0, 0, UNSET, UNSET),
        (None, 3, 5, UNSET, "no_commit", UNSET),
        (2, 3, 5, 3, "truncated", 1),
        (5, 5, 5, 0, UNSET, UNSET),
        (2, 5, 5, 3, "truncated", 3),
        (9, 0, 5, 0, "beyond_end", UNSET),
        (2**63 - 1, 0, 5, 0, "beyond_end", UNSET),
    ],
)
async def test_lag_is_what_kafkas_own_tool_counts(
    committed: int | None,
    low: int,
    end: int,
    lag: int | UnsetType,
    doubt: PartitionDoubt | UnsetType,
    lost: int | UnsetType,
) -> None:
    watched = Watched()
    one = group("writer", NONE if committed is None else {P0: committed}, held=(P0,))
    await watched.take(sample(0, {P0: end}, one, low={P0: low}))
    shown = watched.partition("writer")
    assert (shown.lag_messages, shown.doubt, shown.lost_messages) == (lag, doubt, lost)
    assert shown.committed_offset == (UNSET if committed is None else min(committed, 2**53))
    assert watched.groups()["writer"].lag_messages == lag


async def test_a_group_has_its_committed_and_its_assigned_partitions_in_order() -> None:
    watched = Watched()
    members = (
        MemberSample("m-2", "writer-2", "/10.0.0.8", (P1,)),
        MemberSample("m-1", "writer-1", "/10.0.0.7", (P0,)),
    )
    one = GroupSample("writer", "Stable", members, {P0: Commit(10), ("gone", 0): Commit(5)})
    await watched.take(sample(0, {P0: 30, P1: 7, ("other", 0): 1}, one))
    shown = watched.groups()["writer"]
    assert [(m.member_id, m.client_id, m.host, m.topics) for m in shown.members] == [
        ("m-1", "writer-1", "10.0.0.7", ["tasks"]),
        ("m-2", "writer-2", "10.0.0.8", ["tasks"]),
    ]
    assert [(p.partition, p.end_offset, p.lag_messages) for p in shown.partitions] == [
        (0, 30, 20),
        (1, 7, UNSET),
    ]
    assert (shown.state, shown.lag_messages, shown.unavailable) == ("Stable", 20, UNSET)


async def test_a_member_with_a_very_long_name_keeps_its_group_visible() -> None:
    watched = Watched()
    members = (MemberSample("c" * 300 + "-1", "c" * 300, "/" + "h" * 300),)
    await watched.take(sample(0, {}, GroupSample("w", "Stable", members)))
    (shown,) = watched.groups()["w"].members
    assert (len(shown.member_id), shown.member_id[-2:]) == (256, "-1")
    assert (len(shown.client_id), len(shown.host)) == (256, 256)


async def test_a_group_that_is_refused_says_why() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 9}, GroupSample("w", "Stable", refused="not authorized")))
    shown = watched.groups()["w"]
    assert (shown.unavailable, shown.lag_messages, shown.verdict) == ("not authorized", UNSET, UNSET)


async def test_a_partition_that_does_not_answer_keeps_its_lag_and_says_so() -> None:
    watched, one = Watched(), group("w", {P0: 1, P1: 1})
    whole = sample(0, {P0: 5, P1: 9}, one)
    await watched.take(whole)
    await watched.take(sample(2, {P0: 6}, one, topics=whole.topics, changed=()))
    shown = watched.groups()["w"]
    assert [(p.lag_messages, p.doubt) for p in shown.partitions] == [(5, UNSET), (8, "unanswered")]
    assert (shown.lag_messages, watched.topics()["tasks"].depth) == (13, 13)
    await watched.take(sample(4, {P0: 6, P1: 9}, one, changed=()))
    assert watched.partition("w", number=1).doubt is UNSET


async def test_a_partition_that_answers_for_the_first_time_is_shown_in_its_group() -> None:
    watched, one = Watched(), group("w", {P0: 1})
    await watched.take(sample(0, {}, one, topics={"tasks": TopicSample("tasks", (0,))}))
    assert watched.groups()["w"].partitions == []
    await watched.take(sample(2, {P0: 5}, one, changed=()))
    assert watched.partition("w").lag_messages == 4


async def test_the_age_of_lag_is_exact_to_the_interval_and_ages() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    await watched.after(sample(0, {P0: 5}, one), sample(2, {P0: 5}, one), sample(4, {P0: 6}, one))
    shown = watched.partition("w")
    # The message came between 2 and 4 s.
    assert (shown.unread_since, shown.lag_seconds) == (at(3), 1.0)
    await watched.take(sample(10, {P0: 6}, one, changed=()))
    later = watched.partition("w")
    assert (later.unread_since, later.lag_seconds) == (at(3), 7.0)
    assert watched.samples.questions == []
    await watched.take(sample(12, {P0: 6}, group("w", {P0: 6})))
    assert (watched.partition("w").lag_seconds, watched.partition("w").unread_since) == (0.0, UNSET)


async def test_what_the_history_does_not_tell_is_looked_up_once() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    watched.samples.records = {P0: [(n, round((START - 1000 + 100 * n) * 1000)) for n in range(9)]}
    await watched.take(sample(0, {P0: 9}, one))
    shown = watched.partition("w")
    assert (shown.unread_since, shown.lag_seconds, shown.doubt) == (at(-500), 500.0, UNSET)
    asked = len(watched.samples.questions)
    await watched.take(sample(2, {P0: 9}, one, changed=()))
    assert (watched.partition("w").lag_seconds, len(watched.samples.questions)) == (502.0, asked)


async def test_what_was_truncated_is_as_old_as_what_is_left() -> None:
    watched = Watched()
    watched.samples.records = {P0: [(n, round((START - 1000 + 100 * n) * 1000)) for n in range(7, 9)]}
    await watched.take(sample(0, {P0: 9}, group("w", {P0: 5}), low={P0: 7}))
    shown = watched.partition("w")
    assert (shown.lag_messages, shown.lost_messages, shown.unread_since) == (4, 2, at(-300))


async def test_a_lookup_that_is_not_answered_is_asked_again() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    await watched.take(sample(0, {P0: 9}, one))
    shown = watched.partition("w")
    assert (shown.lag_messages, shown.lag_seconds, shown.doubt) == (4, UNSET, UNSET)
    watched.samples.records = {P0: [(n, round((START - 1000 + 100 * n) * 1000)) for n in range(9)]}
    await watched.take(sample(2, {P0: 9}, one, changed=()))
    assert watched.partition("w").lag_seconds == 502.0


async def test_timestamps_of_the_future_give_a_lower_bound() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    watched.samples.records = {P0: [(n, 292_000_000 * 31_556_952_000) for n in range(9)]}
    await watched.take(sample(0, {P0: 9}, one))
    await watched.take(sample(2, {P0: 9}, one, changed=()))
    shown = watched.partition("w")
    assert (shown.doubt, shown.lag_seconds, shown.unread_since) == ("future_timestamps", 2.0, at(0))


@pytest.mark.parametrize("seconds", [-62_135_596_801.0, -1.0, 0.0, 253_402_300_800.0, 9.2e15])
async def test_a_commit_time_outside_the_calendar_costs_nothing(seconds: float) -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 5}, group("w", {P0: 5}, committed_at=seconds)))
    await watched.take(sample(2, {P0: 8}, group("w", {P0: 7}, committed_at=seconds)))
    shown = watched.partition("w")
    assert (shown.lag_messages, isinstance(shown.committed_at, datetime)) == (1, True)


async def test_a_topic_made_anew_has_other_messages_at_the_same_offsets() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    await watched.after(sample(0, {P0: 5}, one), sample(2, {P0: 9}, one, changed=()))
    assert watched.partition("w").unread_since is not UNSET
    await watched.take(sample(4, {P0: 2}, one, changed=()))
    assert (watched.partition("w").lag_messages, watched.partition("w").doubt) == (0, "beyond_end")
    await watched.take(sample(6, {P0: 8}, one, changed=()))
    since = watched.partition("w").unread_since
    assert isinstance(since, datetime)
    assert at(4) < since < at(6)


async def test_what_is_recreated_beyond_the_commit_has_the_age_of_its_new_messages() -> None:
    watched, one = Watched(), group("w", {P0: 5})
    await watched.after(sample(0, {P0: 5}, one), sample(2, {P0: 9}, one, changed=()))
    watched.samples.records = {P0: [(n, round((START + 800 + 20 * n) * 1000)) for n in range(8)]}
    await watched.take(sample(1000, {P0: 8}, one, changed=()))
    assert watched.partition("w").unread_since == at(900)


async def test_what_a_rebalancing_group_held_stays_held() -> None:
    watched = Watched()
    await watched.take(sample(0, {P0: 5, P1: 5}, group("w", {P0: 1}, held=(P0, P1))))
    await watched.take(sample(2, {P0: 5, P1: 5}, group("w", {P0: 1}, state="PreparingRebalance")))
    shown = watched.groups()["w"]
    assert (shown.state, [p.partition for p in shown.partitions]) == ("PreparingRebalance", [0, 1])
    await watched.take(sample(4, {P0: 5, P1: 5}, group("w", {P0: 1}, state="Empty")))
    assert [p.partition for p in watched.groups()["w"].partitions] == [0]


@pytest.mark.parametrize(("held", "expected"), [((), "stopped"), ((P0,), "stalled")])
async def test_a_group_that_does_not_move_is_stalled_with_a_member_and_stopped_without(
    held: tuple[TopicPartition, ...], expected: str
) -> None:
    watched, one = Watched(), group("w", {P0: 1}, held=held)
    await watched.after(*(sample(2.0 * n, {P0: 5}, one, changed=() if n else ("w",)) for n in range(160)))
    assert watched.groups()["w"].verdict == expected


def large(topic: str, members: int) -> tuple[Offsets, GroupSample]:
    """Give a group of 5,000 partitions: the partition's number is its lag."""
    ends = {(topic, number): 10**12 for number in range(5000)}
    names = ("\u0001" * 256, "é" * 256, "é" * 256)
    held = [tuple(place for place in ends if place[1] % members == one) for one in range(min(members, 5000))]
    return ends, GroupSample(
        "g" * 256,
        "Stable",
        tuple(MemberSample(*names, places) for places in held),
        {place: Commit(10**12 - place[1], START - 0.123) for place in ends},
    )


async def test_of_a_large_group_those_with_the_largest_lag_are_listed_and_all_are_counted() -> None:
    watched, (ends, one) = Watched(), large("tasks", 1)
    await watched.take(sample(0, ends, one))
    shown = watched.groups()["g" * 256]
    assert [p.partition for p in shown.partitions] == list(range(3000, 5000))
    assert (shown.partitions_left_out, len(shown.partitions)) == (3000, MAX_PARTITIONS)
    assert shown.lag_messages == sum(range(5000))


@pytest.mark.parametrize(("topic", "members"), [("t" * 249, 1), ("t" * 249, 5000), ("tasks", 300)])
async def test_the_record_of_the_largest_group_fits_the_log(topic: str, members: int) -> None:
    watched, (ends, one) = Watched(), large(topic, members)
    await watched.after(
        sample(0, ends, one, low=dict.fromkeys(ends, 10**12 - 5)),
        sample(2.5, {place: end + 1 for place, end in ends.items()}, one, topics=topics_of(ends)),
    )
    shown = watched.groups()["g" * 256]
    assert len(encode(shown)) < MAX_VALUE_BYTES - 32 * 1024
    left_out = shown.partitions_left_out
    assert isinstance(left_out, int)
    assert len(shown.partitions) + left_out == 5000
    assert min(p.partition for p in shown.partitions) == left_out


async def test_a_topic_that_its_members_have_left_says_nothing_of_how_the_group_fares() -> None:
    watched, left, held = Watched(), ("old", 0), ("new", 0)
    for number in range(160):
        one = group("w", {left: 3, held: 5 + number}, held=(held,))
        await watched.take(sample(2 * number, {left: 9 + number, held: 5 + number}, one))
    told = watched.groups()["w"]
    assert [(one.topic, one.verdict) for one in told.partitions] == [("new", "ok"), ("old", "stopped")]
    assert (told.verdict, told.lag_seconds, told.lag_messages) == ("ok", 0.0, 165)
    assert told.never_catches_up is UNSET


async def test_who_keeps_up_is_not_told_that_it_never_will() -> None:
    watched = Watched()
    for number in range(30):
        await watched.take(sample(2 * number, {P0: 10 + number}, group("w", {P0: 9 + number}, held=(P0,))))
    told = watched.groups()["w"]
    assert (told.verdict, told.lag_messages, told.never_catches_up) == ("ok", 1, UNSET)
