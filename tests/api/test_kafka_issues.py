"""From what a snapshot says of Kafka to plain sentences."""

from typing import Any

import msgspec
import pytest

from api.findings import MAX_ALIKE, duration
from api.issues import issues
from schema.models import Snapshot
from tests.api.fakes import AT, agent, snapshot

LONG_AGO = "2026-02-05T10:00:00Z"
THIS_MORNING = "2026-02-06T08:00:00Z"
MEMBER = {"member_id": "m", "client_id": "c", "host": "/10.0.0.1"}


def told(groups: tuple[Any, ...] = (), topics: tuple[Any, ...] = (), **sample: Any) -> Any:
    agents = sample.pop("agents", [])
    kafka = {"sampled_at": AT, "brokers": 3, "groups": list(groups), "topics": list(topics), **sample}
    return issues(msgspec.convert(snapshot(kafka=kafka, agents=agents), Snapshot))


def part(
    topic: str, verdict: str, messages: int, seconds: float, partition: int = 0, **more: Any
) -> dict[str, Any]:
    return {
        "topic": topic, "partition": partition, "end_offset": messages, "verdict": verdict,
        "lag_messages": messages, "lag_seconds": seconds, **more,
    }  # fmt: skip


def group(
    verdict: str = "stalled", *parts: dict[str, Any], name: str = "writer", **more: Any
) -> dict[str, Any]:
    usual = {"state": "Stable", "members": [MEMBER], "verdict": verdict, "partitions": list(parts)}
    return {"group": name, **usual, **more}


def topic(name: str = "tasks", **more: Any) -> dict[str, Any]:
    return {"topic": name, "partitions": 12, **more}


TWO = (part("tasks", "stalled", 1000, 84.2), part("tasks", "ok", 200, 1, 1))


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (group("stalled", *TWO), "Group writer is stalled on tasks: 1,200 messages, 84 s behind"),
        (group("stopped", part("tasks", "stopped", 1, 9000)),
         "Group writer has stopped on tasks: 1 message, 2 h behind"),
        (group("rewinding", part("tasks", "rewinding", 50, 8.44)),
         "Group writer is rewinding on tasks: 50 messages, 8.4 s behind"),
        (group("lagging", part("tasks", "lagging", 1200, 8), never_catches_up=True),
         "Group writer is lagging on tasks: 1,200 messages, 8 s behind, never catches up at this pace"),
        (group("stalled", *TWO, never_catches_up=True),
         "Group writer is stalled on tasks: 1,200 messages, 84 s behind"),
        (group("stopped", lag_seconds=300, never_catches_up=True), "Group writer has stopped: 5 min behind"),
        (group("lagging", part("tasks", "lagging", 1200, 8), seconds_to_catch_up=400),
         "Group writer is lagging on tasks: 1,200 messages, 8 s behind, catches up in 6 min"),
        (group("stalled", part("a", "stalled", 5, 10), part("b", "stalled", 1, 20), part("c", "ok", 9, 30)),
         "Group writer is stalled on b and 1 more topic: 1 message, 20 s behind"),
        (group("stalled", lag_messages=7, lag_seconds=300),
         "Group writer is stalled: 7 messages, 5 min behind"),
        (group("stalled"), "Group writer is stalled"),
        (group("stalled", {"topic": "t", "partition": 0, "end_offset": 1, "verdict": "stalled"}),
         "Group writer is stalled on t"),
        (group("ok", part("tasks", "ok", 1200, 8)), None),
        ({"group": "g", "state": "Stable", "members": [], "partitions": []}, None),
        (group("ok", part("tasks", "ok", 5, 1, doubt="truncated", lost_messages=40)),
         "Group writer lost 40 messages: removed before it read them"),
        ({"group": "g", "state": "Unknown", "members": [], "partitions": [], "unavailable": "not authorised"},
         "Group g cannot be read: not authorised"),
    ],
)  # fmt: skip
def test_a_group_that_does_not_keep_up_is_told_with_its_distance(
    one: dict[str, Any], sentence: str | None
) -> None:
    found = told((one,))
    assert (found.status, found.issues) == (("degraded", [sentence]) if sentence else ("healthy", []))


@pytest.mark.parametrize(
    ("more", "is_issue"),
    [
        ({"committed_at": LONG_AGO}, False),
        ({"committed_at": LONG_AGO, "agent_ids": ["writer"]}, True),
        ({"committed_at": LONG_AGO, "members": [MEMBER]}, True),
        ({"committed_at": THIS_MORNING}, True),
        ({"committed_at": THIS_MORNING, "lag_seconds": 200_000}, True),
        ({"lag_seconds": 200_000}, False),
        ({"lag_seconds": 80_000}, True),
        ({}, True),
    ],
)
def test_a_group_without_members_that_nobody_knows_is_no_issue_a_day_after_its_last_commit(
    more: dict[str, Any], is_issue: bool
) -> None:
    one = group("stopped", **{"state": "Empty", "members": [], "lag_messages": 9, **more})
    assert bool(told((one,)).issues) == is_issue


@pytest.mark.parametrize(
    ("one", "status", "sentence"),
    [
        (topic(leaderless=2), "critical", "Topic tasks has 2 partitions without a leader"),
        (topic(under_replicated=3), "degraded", "Topic tasks has 3 of 12 partitions under-replicated"),
        (topic(unavailable="not authorised"), "degraded", "Topic tasks cannot be read: not authorised"),
        (topic(recreated_at="2026-02-06T14:25:00Z"), "degraded", "Topic tasks was made anew at 14:25:00"),
        (topic(recreated_at=THIS_MORNING), "healthy", None),
        (topic("tasks.dlq", dead_letters_per_minute=12, dead_letter_of="tasks"), "degraded",
         "Dead-letter topic tasks.dlq grows by 12 a minute: messages of tasks"),
        (topic("dead", dead_letters_per_minute=0.5), "degraded",
         "Dead-letter topic dead grows by 0.5 a minute"),
        (topic("dead", dead_letters_per_minute=0), "healthy", None),
        (topic(backpressure=True), "degraded",
         "Topic tasks is under backpressure: its lag grows and its throughput does not"),
        (topic(backpressure=False, leaderless=0, under_replicated=0, depth=9), "healthy", None),
    ],
)  # fmt: skip
def test_a_topic_in_trouble_is_told(one: dict[str, Any], status: str, sentence: str | None) -> None:
    found = told(topics=(one,))
    assert (found.status, found.issues) == (status, [sentence] if sentence else [])


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ([2], "Kafka broker 2 does not answer"),
        ([2, 3], "Kafka brokers 2, 3 do not answer"),
        (list(range(12)), "Kafka brokers 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more do not answer"),
    ],
)
def test_brokers_that_do_not_answer_are_named(missing: list[int], sentence: str) -> None:
    found = told(brokers_missing=missing)
    assert (found.status, found.issues) == ("degraded", [sentence])
    assert told(brokers_missing=[]).issues == []


def test_the_worst_group_is_told_first() -> None:
    groups = [
        group("lagging", name="a", lag_seconds=900), group("rewinding", name="b"), group("stalled", name="c"),
        group("stopped", name="d", lag_seconds=5), group("stopped", name="e", lag_seconds=50),
        group("stopped", name="f", lag_seconds=5, lag_messages=7),
    ]  # fmt: skip
    assert [sentence.split()[1] for sentence in told(tuple(groups)).issues] == ["e", "f", "d", "c", "b", "a"]


def test_the_stopped_group_of_an_agent_stands_before_five_hundred_of_nobody() -> None:
    """The order of tests/cli/test_show_kafka.py and of the dashboard's order.test.ts."""
    relics = [
        group("stopped", name=f"relic-{one}", members=[], lag_seconds=80_000 + one) for one in range(500)
    ]
    living = [
        group("lagging", name="lagging"),
        group("stopped", name="member", lag_seconds=1),
        group("stopped", name="agent", members=[], agent_ids=["writer"], lag_seconds=9),
    ]
    found = told((*relics, *living)).issues
    assert [sentence.split()[1] for sentence in found[:4]] == ["agent", "member", "lagging", "relic-499"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nGroup b has stopped", "a Group b has stopped"),
        ("safe\u202etxt", "safe\\u{202e}txt"),
        (" ", "\\u{20}"),
        ("n" * 255 + "z", "n" * 53 + "…" + "n" * 25 + "z"),
    ],
)
def test_a_name_that_somebody_chose_to_mislead_is_written_so_that_it_cannot(name: str, shown: str) -> None:
    found = told(
        (group("stalled", part(name, "stalled", 1, 9), part("a", "ok", 0, 0, lost_messages=2), name=name),
         group(name="other", unavailable=f"denied: {name}")),
        (topic(name, leaderless=1, under_replicated=1, backpressure=True, recreated_at=AT, unavailable="x",
               dead_letters_per_minute=1, dead_letter_of=name),),
    ).issues  # fmt: skip
    assert len(found) == 10
    assert all(sentence.isprintable() for sentence in found)
    assert f"Group {shown} is stalled on {shown}: 1 message, 9 s behind" in found
    assert sum(f"opic {shown} " in sentence for sentence in found) == 6


def test_what_cannot_be_written_to_comes_first_and_then_causes_before_what_they_hit() -> None:
    topics = (topic("a", backpressure=True), topic("b", under_replicated=1), topic("c", leaderless=1))
    found = told((group(),), topics, brokers_missing=[1], agents=[agent("w", "Writer", "degraded")])
    assert found.status == "critical"
    assert [sentence.split()[:2] for sentence in found.issues] == [
        ["Topic", "c"], ["Topic", "b"], ["Kafka", "broker"], ["Group", "writer"], ["Topic", "a"],
        ["Agent", "Writer"],
    ]  # fmt: skip


def test_ten_thousand_groups_that_stopped_do_not_push_out_everything_else() -> None:
    groups = [group("stopped", name=f"g-{one:05d}") for one in range(10_000)]
    lagging = [group("lagging", name=f"l-{one}") for one in range(3)]
    found = told((*lagging, *groups), (topic(backpressure=True),))
    assert len(found.issues) == MAX_ALIKE + 2
    assert found.issues[MAX_ALIKE] == "… and 9,993 more groups behind: 9,990 stopped, 3 lagging"
    assert found.issues[-1].startswith("Topic tasks is under backpressure")


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ({"leaderless": 1}, "… and 4,990 more topics with partitions without a leader"),
        ({"under_replicated": 1}, "… and 4,990 more topics with under-replicated partitions"),
        ({"unavailable": "no"}, "… and 4,990 more topics cannot be read"),
        ({"backpressure": True}, "… and 4,990 more topics under backpressure"),
        ({"dead_letters_per_minute": 1}, "… and 4,990 more dead-letter topics growing"),
        ({"recreated_at": AT}, "… and 4,990 more topics made anew"),
    ],
)
def test_what_befalls_every_topic_at_once_is_summed_up(more: dict[str, Any], last: str) -> None:
    found = told(
        topics=tuple(topic(f"t-{one}", **more) for one in range(5000)), agents=[agent("w", "W", "down")]
    )
    assert last in found.issues
    assert "Agent W is down" in found.issues
    assert len(found.issues) == MAX_ALIKE + 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.44, "0.44 s"), (8.44, "8.4 s"), (84.2, "84 s"), (119, "119 s"), (120, "2 min"),
     (7199, "119 min"), (7200, "2 h"), (90_000, "25 h"), (200_000, "2 days"), (1e9, "11,574 days")],
)  # fmt: skip
def test_a_duration_is_told_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
