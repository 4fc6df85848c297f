"""Consumer groups and topics for people: the worst first, and no more than a screen."""

import io
from typing import Any

import pytest
from rich.console import Console

from cli.show_state import MAX_KAFKA, show_state

MEMBER = {"member_id": "m", "client_id": "c", "host": "/10.0.0.1"}


def below(title: str, **kafka: Any) -> list[str]:
    """Give the lines under a table's title and its header, up to the next table."""
    written = io.StringIO()
    snapshot = {"timestamp": "2026-02-06T14:32:12Z", "environment": "default", "kafka": kafka}
    show_state(snapshot, Console(file=written, width=200, color_system=None))
    rows = [line.rstrip() for line in written.getvalue().splitlines()]
    end = rows.index("topics") if title == "consumer groups" and "topics" in rows else len(rows)
    return rows[rows.index(title) + 2 : end] if title in rows else []


def group(name: str, verdict: str = "", **more: Any) -> dict[str, Any]:
    told = {"verdict": verdict} if verdict else {}
    return {"group": name, "state": "Stable", "members": [MEMBER], "partitions": [], **told, **more}


@pytest.mark.parametrize(
    ("one", "row"),
    [
        (
            group("writer", "stalled", lag_messages=1200, lag_seconds=84.25, never_catches_up=True,
                  agent_ids=["a", "b"]),
            ["writer", "stalled", "1200", "84.25", "never", "a,", "b"],
        ),
        (
            group("writer", "lagging", lag_messages=7, lag_seconds=8.0, seconds_to_catch_up=40.0),
            ["writer", "lagging", "7", "8", "40", "–"],
        ),
        (
            group("writer", "ok", lag_messages=7, lag_seconds=8.0, never_catches_up=True),
            ["writer", "ok", "7", "8", "–", "–"],
        ),
        (group("writer"), ["writer", "–", "–", "–", "–", "–"]),
        (
            group("writer", unavailable="not authorised"),
            ["writer", "cannot", "be", "read:", "not", "authorised", "–", "–", "–", "–"],
        ),
    ],
)  # fmt: skip
def test_a_group_has_its_row(one: dict[str, Any], row: list[str]) -> None:
    assert [line.split() for line in below("consumer groups", groups=[one])] == [row]


@pytest.mark.parametrize(
    ("more", "row"),
    [
        (
            {"produced_per_second": 12.5, "consumed_per_second": 3.0, "end_to_end_seconds": 1.25, "depth": 9},
            ["tasks", "12.5", "3", "1.25", "9", "–", "–"],
        ),
        (
            {"dead_letters_per_minute": 2.0, "dead_letter_of": "jobs"},
            ["tasks", "–", "–", "–", "–", "2", "dead", "letters", "of", "jobs"],
        ),
        (
            {"leaderless": 1, "under_replicated": 2, "backpressure": True},
            ["tasks", *"–––––", "1", "without", "leader,", "2", "under-replicated,", "backpressure"],
        ),
        (
            {"recreated_at": "2026-02-06T14:30:00Z", "partitions_added_at": "2026-02-06T14:31:00Z"},
            ["tasks", *"–––––", "made", "anew", "2026-02-06T14:30:00Z,", "partitions", "added",
             "2026-02-06T14:31:00Z"],
        ),
        ({"unavailable": "denied"}, ["tasks", *"–––––", "cannot", "be", "read:", "denied"]),
    ],
)  # fmt: skip
def test_a_topic_has_its_row(more: dict[str, Any], row: list[str]) -> None:
    topic = {"topic": "tasks", "partitions": 3, **more}
    assert [line.split() for line in below("topics", topics=[topic])] == [row]


def test_the_worst_groups_stand_first_and_those_of_nobody_behind_them() -> None:
    """The order of tests/api/test_kafka_issues.py and of the dashboard's order.test.ts."""
    groups = [
        group("unknown"),
        group("ok-behind", "ok", lag_messages=5), group("ok", "ok"), group("refused", unavailable="no"),
        group("dead", "stopped", members=[], lag_seconds=1e6), group("lagging", "lagging"),
        group("rewinding", "rewinding"), group("stalled", "stalled", lag_seconds=3.0),
        group("stalled-longer", "stalled", lag_seconds=30.0),
        group("stopped", "stopped", members=[], agent_ids=["a"]),
    ]  # fmt: skip
    assert [line.split()[0] for line in below("consumer groups", groups=groups)] == [
        "stopped", "stalled-longer", "stalled", "rewinding", "lagging", "refused", "dead", "ok-behind", "ok",
        "unknown",
    ]  # fmt: skip


def test_the_worst_topics_stand_first() -> None:
    topics = [
        {"topic": "quiet"}, {"topic": "deep", "depth": 9}, {"topic": "late", "lag_seconds": 5.0},
        {"topic": "pressed", "backpressure": True}, {"topic": "dlq", "dead_letters_per_minute": 1.0},
        {"topic": "thin", "under_replicated": 1}, {"topic": "refused", "unavailable": "no"},
        {"topic": "headless", "leaderless": 1},
    ]  # fmt: skip
    assert [line.split()[0] for line in below("topics", topics=topics)] == [
        "headless", "refused", "thin", "dlq", "pressed", "late", "deep", "quiet",
    ]  # fmt: skip


def test_what_does_not_fit_on_a_screen_is_counted() -> None:
    shown = below("consumer groups", groups=[group(f"g-{number}") for number in range(10_000)])
    assert (len(shown), shown[-1]) == (MAX_KAFKA + 1, "… and 9980 more: oracle state --json")
    shown = below("topics", topics=[{"topic": f"t-{number}"} for number in range(21)])
    assert (len(shown), shown[-1]) == (MAX_KAFKA + 1, "… and 1 more: oracle state --json")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (" ", "\\u{20}"),
        ("a\n\x1b[2Jb", "a \\u{1b}[2Jb"),
        ("safe\u202etxt", "safe\\u{202e}txt"),
        ("x" * 255 + "z", "x" * 39 + "…" + "x" * 19 + "z"),
    ],
)
def test_a_name_that_somebody_chose_to_mislead_is_written_so_that_it_cannot(name: str, shown: str) -> None:
    (line,) = below("consumer groups", groups=[group(name, "ok", lag_messages=3)])
    assert line.split("  ") == [shown, *line.split("  ")[1:]]
    (line,) = below("topics", topics=[{"topic": name, "depth": 3, "dead_letter_of": name}])
    assert line.startswith(f"{shown}  ")
    assert line.endswith(f"dead letters of {shown}")


def test_without_kafka_nothing_of_it_is_shown() -> None:
    assert below("consumer groups") == below("topics") == []
