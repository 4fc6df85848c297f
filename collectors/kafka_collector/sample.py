"""What one sample of a cluster holds: plain values between the clients and the pure core.

Times are seconds since the epoch. Offsets are as Kafka means them: a committed offset names the next message
to read, an end offset the next one to be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schema.part_models import CommitsFrom

TopicPartition = tuple[str, int]
Offsets = Mapping[TopicPartition, int]


class Commit(NamedTuple):
    """A committed offset; `at` is when it was committed by the broker's clock, None where nobody tells."""

    offset: int
    at: float | None = None


@dataclass(frozen=True, slots=True)
class MemberSample:
    """A member of a group, and the partitions that it has been given."""

    member_id: str
    client_id: str
    host: str
    assigned: tuple[TopicPartition, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSample:
    """A group as its coordinator has it; `refused` says why it cannot be read."""

    group: str
    state: str
    members: tuple[MemberSample, ...] = ()
    commits: Mapping[TopicPartition, Commit] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class TopicSample:
    """A topic as the cluster's metadata describes it; `refused` says why nothing more is told of it.

    `leaderless` are the partitions that nobody leads: their offsets cannot be asked. `size_bytes` is what one
    copy of it takes on disk, as last told; None where that is not known.
    """

    topic: str
    partitions: tuple[int, ...] = ()
    under_replicated: int = 0
    leaderless: frozenset[int] = frozenset()
    refused: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterMetadata:
    """What the cluster says of itself; `leaders` are of the partitions that have one.

    `missing_brokers` hold replicas and are not among the brokers that answer.
    """

    brokers: int
    missing_brokers: tuple[int, ...]
    topics: Mapping[str, TopicSample]
    leaders: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """Offsets of the partitions that answered, and why the others did not."""

    offsets: Offsets
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupsSample:
    """The groups of one sample: those that differ from the sample before, and those that have ended.

    `groups` holds every group that is there. `whole` is false while some coordinator has not answered, or the
    internal topic is not read to its end yet: what is missing then has not ended. `errors` says why.
    """

    groups: Mapping[str, GroupSample]
    changed: frozenset[str]
    ended: frozenset[str] = frozenset()
    whole: bool = True
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """All of it at one moment: `at` is when the end offsets were asked, after the commits were known.

    `low` and `end` are the watermarks of every watched partition that answered. `missing_brokers` hold
    replicas and do not answer. `errors` are of partitions; those of groups are with the groups.
    """

    at: float
    brokers: int
    topics: Mapping[str, TopicSample]
    groups: GroupsSample
    low: Offsets
    end: Offsets
    missing_brokers: tuple[int, ...] = ()
    seconds: float = 0.0
    commits_from: CommitsFrom = "admin_api"
    commits_from_reason: str = ""
    errors: tuple[str, ...] = ()
