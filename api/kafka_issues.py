"""What is wrong with the watched Kafka cluster, its topics and its consumer groups, as sentences. Pure.

Causes come before what they hit: the brokers and partitions, what cannot be read, then the groups, the worst
first, then what piles up. Only partitions that nobody leads are critical: nothing can be written there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import UNSET, UnsetType

from api.findings import MAX_ALIKE, Finding, alike, because, duration, many
from runtime.names import readable
from schema.part_models import Group, Kafka, Topic

T = TypeVar("T")
RECENT = timedelta(minutes=10)
"""For so long it is an issue that a topic was made anew."""
FORGOTTEN = timedelta(days=1)
"""A group of nobody without members is no issue once its last commit is older than this."""
_WORST_FIRST = {
    "stopped": "has stopped",
    "stalled": "is stalled",
    "rewinding": "is rewinding",
    "lagging": "is lagging",
}
"""The verdicts that are an issue, and how a sentence says them."""
_RANK = {verdict: rank for rank, verdict in enumerate(_WORST_FIRST)}


def kafka_issues(kafka: Kafka, now: datetime) -> Iterator[Finding]:
    """Say what is wrong in a sample; `now` is the snapshot's time.

    A group that has no members, that no agent is known to belong to, and that has not committed for a day is
    a consumer that somebody tried once and forgot: it is no issue, however far behind it is. Where nobody
    tells when it committed, a day of lag in seconds says the same.
    """
    yield from _partitions(kafka.topics)
    yield from _brokers(kafka)
    yield from _unread(kafka)
    anew = [
        (one.topic, one.recreated_at)
        for one in kafka.topics
        if not isinstance(one.recreated_at, UnsetType) and now - one.recreated_at <= RECENT
    ]
    yield from alike(
        anew,
        lambda row: f"Topic {readable(row[0])} was made anew at {row[1]:%H:%M:%S}",
        lambda rest: f"{many(len(rest), 'more topic')} made anew",
    )
    groups = [one for one in kafka.groups if not _is_forgotten(one, now)]
    yield from alike(
        sorted((one for one in groups if one.verdict in _RANK), key=_badness), _behind, _more_behind
    )
    yield from alike(
        _most_first(groups, _lost),
        lambda one: (
            f"Group {readable(one.group)} lost {many(_lost(one), 'message')}: removed before it read them"
        ),
        lambda rest: f"{many(len(rest), 'more group')} lost messages",
    )
    yield from _piling_up(kafka.topics)


def _partitions(topics: list[Topic]) -> Iterator[Finding]:
    yield from alike(
        _most_first(topics, lambda one: _number(one.leaderless)),
        lambda one: (
            f"Topic {readable(one.topic)} has {many(_count(one.leaderless), 'partition')} without a leader"
        ),
        lambda rest: f"{many(len(rest), 'more topic')} with partitions without a leader",
        critical=True,
    )
    yield from alike(
        _most_first(topics, lambda one: _number(one.under_replicated)),
        lambda one: f"Topic {readable(one.topic)} has {_share(one)} under-replicated",
        lambda rest: f"{many(len(rest), 'more topic')} with under-replicated partitions",
    )


def _share(topic: Topic) -> str:
    return f"{_count(topic.under_replicated):,} of {many(topic.partitions, 'partition')}"


def _brokers(kafka: Kafka) -> Iterator[Finding]:
    missing = [] if isinstance(kafka.brokers_missing, UnsetType) else kafka.brokers_missing
    if not missing:
        return
    names = ", ".join(str(one) for one in missing[:MAX_ALIKE])
    names += f" and {len(missing) - MAX_ALIKE} more" if len(missing) > MAX_ALIKE else ""
    alone = len(missing) == 1
    yield False, f"Kafka broker {names} does not answer" if alone else f"Kafka brokers {names} do not answer"


def _unread(kafka: Kafka) -> Iterator[Finding]:
    yield from alike(
        [one for one in kafka.topics if one.unavailable],
        lambda one: f"Topic {readable(one.topic)} cannot be read{because(one.unavailable)}",
        lambda rest: f"{many(len(rest), 'more topic')} cannot be read",
    )
    yield from alike(
        [one for one in kafka.groups if one.unavailable],
        lambda one: f"Group {readable(one.group)} cannot be read{because(one.unavailable)}",
        lambda rest: f"{many(len(rest), 'more group')} cannot be read",
    )


def _is_forgotten(group: Group, now: datetime) -> bool:
    if group.members or group.agent_ids:
        return False
    if not isinstance(group.committed_at, UnsetType):
        return now - group.committed_at > FORGOTTEN
    return _number(group.lag_seconds) > FORGOTTEN.total_seconds()


def _more_behind(groups: Sequence[Group]) -> str:
    counts = Counter(str(one.verdict) for one in groups)
    told = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in _RANK if counts[verdict])
    return f"{many(len(groups), 'more group')} behind: {told}"


def _badness(group: Group) -> tuple[int, float, float, str]:
    """Order groups as `cli/kafka_rows.py` and the dashboard (`consumer-lag/order.ts`) do.

    By verdict, but one that has stopped and is abandoned behind those that somebody runs: hundreds of relics
    must not hide the agent that died. Then by seconds, messages and name; what is unknown is least.
    """
    return (
        len(_RANK) if _is_abandoned(group) else _RANK[str(group.verdict)],
        -_number(group.lag_seconds, -1),
        -_number(group.lag_messages, -1),
        group.group,
    )


def _is_abandoned(group: Group) -> bool:
    return group.verdict == "stopped" and not group.members and not group.agent_ids


def _behind(group: Group) -> str:
    """Say how far a group is behind in the topic where it is worst."""
    ill = [one for one in group.partitions if one.verdict == group.verdict]
    if not ill:
        return f"{_fares(group)}{_distance(group.lag_messages, group.lag_seconds)}{_prospect(group)}"
    topic = max(ill, key=lambda one: (_number(one.lag_seconds), _number(one.lag_messages))).topic
    others = len({one.topic for one in ill}) - 1
    more = f" and {many(others, 'more topic')}" if others else ""
    parts = [one for one in group.partitions if one.topic == topic]
    messages = [one.lag_messages for one in parts if isinstance(one.lag_messages, int)]
    seconds = [one.lag_seconds for one in parts if not isinstance(one.lag_seconds, UnsetType)]
    distance = _distance(sum(messages) if messages else UNSET, max(seconds, default=UNSET))
    return f"{_fares(group)} on {readable(topic)}{more}{distance}{_prospect(group)}"


def _fares(group: Group) -> str:
    return f"Group {readable(group.group)} {_WORST_FIRST[str(group.verdict)]}"


def _distance(messages: int | UnsetType, seconds: float | UnsetType) -> str:
    told = [] if isinstance(messages, UnsetType) else [many(messages, "message")]
    told += [] if isinstance(seconds, UnsetType) else [duration(seconds)]
    return f": {', '.join(told)} behind" if told else ""


def _prospect(group: Group) -> str:
    if group.verdict != "lagging":
        return ""  # That a group which stands still does not catch up goes without saying.
    if group.never_catches_up is True:
        return ", never catches up at this pace"
    if isinstance(group.seconds_to_catch_up, UnsetType):
        return ""
    return f", catches up in {duration(group.seconds_to_catch_up)}"


def _piling_up(topics: list[Topic]) -> Iterator[Finding]:
    yield from alike(
        _most_first(topics, lambda one: _number(one.dead_letters_per_minute)),
        _dead_letters,
        lambda rest: f"{many(len(rest), 'more dead-letter topic')} growing",
    )
    yield from alike(
        [one for one in topics if one.backpressure is True],
        lambda one: (
            f"Topic {readable(one.topic)} is under backpressure: its lag grows and its throughput does not"
        ),
        lambda rest: f"{many(len(rest), 'more topic')} under backpressure",
    )


def _dead_letters(topic: Topic) -> str:
    source = f": messages of {readable(topic.dead_letter_of)}" if topic.dead_letter_of else ""
    pace = f"{_number(topic.dead_letters_per_minute):,.3g} a minute"
    return f"Dead-letter topic {readable(topic.topic)} grows by {pace}{source}"


def _lost(group: Group) -> int:
    return sum(_count(one.lost_messages) for one in group.partitions)


def _most_first(found: Iterable[T], amount: Callable[[T], float]) -> list[T]:
    """Give what has any of an amount, the most first; among equals the order stays."""
    return sorted((one for one in found if amount(one)), key=amount, reverse=True)


def _number(value: float | UnsetType, unknown: float = 0) -> float:
    return unknown if isinstance(value, UnsetType) else value


def _count(value: int | UnsetType) -> int:
    return 0 if isinstance(value, UnsetType) else value
