"""The Kafka part of a snapshot as rows of tables, the worst first; `show_state.py` prints them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runtime.names import readable

Document = Mapping[str, Any]
Row = Sequence[object]

GROUP_COLUMNS = ("group", "verdict", "lag", "lag (s)", "catches up (s)", "agents")
TOPIC_COLUMNS = ("topic", "in/s", "out/s", "end to end (s)", "depth", "dead letters/min", "flags")
MAX_NAME = 60
"""Characters of a name: its column is never folded, and a longer one would push the others out of sight."""
_WORST_FIRST = ("stopped", "stalled", "rewinding", "lagging")
_UNREAD, _ABANDONED, _OK, _UNKNOWN = range(len(_WORST_FIRST), len(_WORST_FIRST) + 4)


def group_rows(snapshot: Document) -> list[Row]:
    """Give a row for each consumer group.

    One that stopped, has no members and belongs to no known agent stands behind those that somebody runs.
    """
    groups = snapshot.get("kafka", {}).get("groups", ())
    return [
        (
            readable(one["group"], MAX_NAME), _verdict(one), one.get("lag_messages"),
            one.get("lag_seconds"), _catches_up(one),
            ", ".join(readable(name, MAX_NAME) for name in one.get("agent_ids", ())),
        )
        for one in sorted(groups, key=_group_order)
    ]  # fmt: skip


def topic_rows(snapshot: Document) -> list[Row]:
    """Give a row for each watched topic."""
    topics = snapshot.get("kafka", {}).get("topics", ())
    return [
        (
            readable(one["topic"], MAX_NAME), one.get("produced_per_second"), one.get("consumed_per_second"),
            one.get("end_to_end_seconds"), one.get("depth"), one.get("dead_letters_per_minute"),
            ", ".join(_flags(one)),
        )
        for one in sorted(topics, key=_topic_order)
    ]  # fmt: skip


def _verdict(group: Document) -> str | None:
    refused = group.get("unavailable")
    return f"cannot be read: {refused}" if refused else group.get("verdict")


def _catches_up(group: Document) -> object:
    if group.get("never_catches_up"):
        return None if group.get("verdict") == "ok" else "never"
    return group.get("seconds_to_catch_up")


def _group_order(group: Document) -> tuple[float, float, float, str]:
    """Order groups as `api/kafka_issues.py` and the dashboard (`consumer-lag/order.ts`) do.

    By verdict, but one that cannot be read, and behind it one that has stopped and is abandoned, stand
    between those in trouble and those that are well. Then by seconds, messages and name; what is unknown is
    least.
    """
    lag = (-group.get("lag_seconds", -1), -group.get("lag_messages", -1), group["group"])
    return (_group_rank(group), *lag)


def _group_rank(group: Document) -> int:
    verdict = group.get("verdict")
    if verdict == "stopped" and not group.get("members") and not group.get("agent_ids"):
        return _ABANDONED
    if verdict in _WORST_FIRST:
        return _WORST_FIRST.index(verdict)
    if verdict == "ok":
        return _OK
    return _UNREAD if group.get("unavailable") else _UNKNOWN


def _topic_order(topic: Document) -> tuple[float | bool | str, ...]:
    return (
        -topic.get("leaderless", 0),
        not topic.get("unavailable"),
        -topic.get("under_replicated", 0),
        -topic.get("dead_letters_per_minute", 0),
        not topic.get("backpressure"),
        -topic.get("lag_seconds", 0),
        -topic.get("depth", 0),
        topic["topic"],
    )


def _flags(topic: Document) -> Iterator[str]:
    if topic.get("leaderless"):
        yield f"{topic['leaderless']} without leader"
    if topic.get("under_replicated"):
        yield f"{topic['under_replicated']} under-replicated"
    if topic.get("backpressure"):
        yield "backpressure"
    if topic.get("recreated_at"):
        yield f"made anew {topic['recreated_at']}"
    if topic.get("partitions_added_at"):
        yield f"partitions added {topic['partitions_added_at']}"
    if topic.get("dead_letter_of"):
        yield f"dead letters of {readable(topic['dead_letter_of'], MAX_NAME)}"
    if topic.get("unavailable"):
        yield f"cannot be read: {topic['unavailable']}"
