"""A sample of the broker into groups and topics; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from msgspec import UNSET

from schema import models

TopicPartition = tuple[str, int]
Offsets = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class MemberSample:
    """A member of a group, and the partitions that it has been given."""

    member_id: str
    client_id: str
    host: str
    assigned: tuple[TopicPartition, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSample:
    """A group as its coordinator describes it, and what it has committed."""

    group: str
    state: str
    members: tuple[MemberSample, ...]
    committed: Offsets


@dataclass(frozen=True, slots=True)
class TopicSample:
    """A topic as the cluster's metadata describes it."""

    topic: str
    partitions: int
    under_replicated: int


@dataclass(frozen=True, slots=True)
class Sample:
    """All of it at one moment: `taken_at` is a monotonic time in seconds.

    `low` and `end` are the watermarks of every watched partition that answered. `listed_groups` is None when
    the list of groups could not be read whole; `errors` says what could not be read. `refused_topics` are
    there, and the cluster tells nothing more of them.
    """

    taken_at: float
    brokers: int
    topics: tuple[TopicSample, ...]
    groups: tuple[GroupSample, ...]
    listed_groups: frozenset[str] | None
    low: Offsets
    end: Offsets
    errors: tuple[str, ...] = field(default=())
    refused_topics: frozenset[str] = frozenset()


def carried(sample: Sample, before: Sample | None) -> Sample:
    """Give a sample in which topics and partitions that did not answer are as they were before.

    What is unknown is not nothing: a group's lag without that of one partition would look like all of it.
    """
    if before is None or not sample.errors:
        return sample
    refused = [one for one in before.topics if one.topic in sample.refused_topics]
    topics = tuple(sorted((*sample.topics, *refused), key=lambda one: one.topic))
    low, end = dict(sample.low), dict(sample.end)
    for place in [(one.topic, number) for one in topics for number in range(one.partitions)]:
        if (place not in low or place not in end) and place in before.low and place in before.end:
            low[place], end[place] = before.low[place], before.end[place]
    return replace(sample, topics=topics, low=low, end=end)


def partition_lag(committed: int | None, low: int, end: int) -> int:
    """Count the messages that a group has still to read from a partition.

    Without a commit, or with one that retention has overtaken, it must begin at the low watermark; a commit
    beyond the end (the topic was made anew) leaves nothing to read.
    """
    position = low if committed is None else max(committed, low)
    return max(0, end - position)


def group(sample: GroupSample, low: Offsets, end: Offsets) -> models.Group:
    """Give a group with its lag; partitions of topics that are gone, or not watched, are left out."""
    assigned = {place for member in sample.members for place in member.assigned}
    partitions = [
        models.GroupPartition(
            topic=place[0],
            partition=place[1],
            committed_offset=sample.committed.get(place, UNSET),
            end_offset=end[place],
            lag_messages=partition_lag(sample.committed.get(place), low.get(place, 0), end[place]),
        )
        for place in sorted(assigned | sample.committed.keys())
        if place in end
    ]
    return models.Group(
        group=sample.group,
        state=sample.state,
        lag_messages=sum(one.lag_messages for one in partitions),
        members=[
            models.Member(
                member_id=member.member_id[-256:],  # what makes it unique stands at the end
                client_id=member.client_id[:256],
                host=member.host.lstrip("/")[:256],
            )
            for member in sorted(sample.members, key=lambda member: member.member_id)
        ],
        partitions=partitions,
    )


def topics(sample: Sample, groups: Iterable[models.Group], before: Sample | None) -> list[models.Topic]:
    """Give the topics, each with the largest lag of a group that reads it, and its rate since `before`."""
    depths = _depths(groups)
    rates = _rates(sample, before)
    return [
        models.Topic(
            topic=one.topic,
            partitions=one.partitions,
            produced_per_second=rates.get(one.topic, UNSET),
            depth=depths.get(one.topic, UNSET),
            under_replicated=one.under_replicated,
        )
        for one in sample.topics
    ]


def _depths(groups: Iterable[models.Group]) -> dict[str, int]:
    depths: dict[str, int] = {}
    for one in groups:
        lags: dict[str, int] = {}
        for place in one.partitions:
            lags[place.topic] = lags.get(place.topic, 0) + place.lag_messages
        for topic, lag in lags.items():
            depths[topic] = max(lag, depths.get(topic, 0))
    return depths


def _rates(sample: Sample, before: Sample | None) -> dict[str, float]:
    """Give messages per second by topic, of the partitions that both samples have."""
    if before is None or sample.taken_at <= before.taken_at:
        return {}
    produced: dict[str, int] = {}
    for place, end in sample.end.items():
        if place in before.end:
            # A topic that was made anew begins at zero again.
            produced[place[0]] = produced.get(place[0], 0) + max(0, end - before.end[place])
    seconds = sample.taken_at - before.taken_at
    return {topic: round(count / seconds, 2) for topic, count in produced.items()}
