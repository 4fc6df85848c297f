"""Do both ways tell the same? What two collectors published, and what Kafka's tool printed, number by number.

The commits' times are told by the internal topic only, so they and what rests on them are not compared. What
is known to the sampling interval only (since when a message is unread) may differ by one interval.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from schema.messages import LogRecord, Observed
from schema.part_models import Group, GroupPartition, Topic
from tests.kafka.tool import OffsetRow

Place = tuple[str, str, int]
N = TypeVar("N")
_RECORD = msgspec.json.Decoder(LogRecord)
_GROUP = msgspec.json.Decoder(Group)
_TOPIC = msgspec.json.Decoder(Topic)
_EXAMPLES = 5


@dataclass(frozen=True)
class Published:
    """What one collector published last of each group and topic."""

    groups: Mapping[str, Group]
    topics: Mapping[str, Topic]

    @property
    def unknown(self) -> int:
        """Count the lagging partitions of which it is not told since when a message is unread."""
        return sum(1 for one in self.partitions().values() if one.lag_messages and not one.unread_since)

    def partitions(self) -> dict[Place, GroupPartition]:
        """Give every group's partitions."""
        return {
            (group.group, one.topic, one.partition): one
            for group in self.groups.values()
            for one in group.partitions
        }


@dataclass(frozen=True)
class Agreement:
    """How many numbers were compared, how many differ, and a few of those in words."""

    compared: int
    differing: int
    examples: tuple[str, ...]


def read(path: Path) -> Published:
    """Read what `benchmarks.kafka.ours` wrote down."""
    groups: dict[str, Group] = {}
    topics: dict[str, Topic] = {}
    for line in path.read_bytes().splitlines():
        record = _RECORD.decode(line)
        assert isinstance(record, Observed)
        if record.kind == "group":
            groups[record.id] = _GROUP.decode(record.value)
        elif record.kind == "topic":
            topics[record.id] = _TOPIC.decode(record.value)
    return Published(groups, topics)


def compare(one: Published, other: Published, interval_seconds: float) -> list[Agreement]:
    """Compare two collectors: the numbers that are exact, and the times that are good to an interval."""
    exact = _agreement(_exact(one), _exact(other), lambda mine, theirs: mine == theirs)
    times = _agreement(
        _unread_since(one), _unread_since(other),
        lambda mine, theirs: (mine is None) == (theirs is None)
        and abs((mine or 0) - (theirs or 0)) <= interval_seconds,
    )  # fmt: skip
    return [exact, times]


def compare_with_tool(one: Published, rows: Iterable[OffsetRow]) -> Agreement:
    """Compare committed and end offset and lag of each group's partition with what Kafka's tool printed.

    A commit beyond the end has a negative lag there, and none here.
    """
    ours: dict[object, object] = {
        place: (_known(it.committed_offset), it.end_offset, _known(it.lag_messages))
        for place, it in one.partitions().items()
    }
    told: dict[object, object] = {
        (row.group, row.topic, row.partition): (
            row.current_offset,
            row.log_end_offset,
            None if row.lag is None else max(0, row.lag),
        )
        for row in rows
    }
    return _agreement(ours, told, lambda mine, theirs: mine == theirs)


def _exact(one: Published) -> dict[object, object]:
    values: dict[object, object] = {}
    for place, it in one.partitions().items():
        for name in ("committed_offset", "end_offset", "lag_messages", "lost_messages", "doubt"):
            values[(*place, name)] = _known(getattr(it, name))
    for group in one.groups.values():
        members = sorted((member.member_id, member.client_id, member.host) for member in group.members)
        values[(group.group, "state")] = group.state
        values[(group.group, "members")] = members
        values[(group.group, "lag")] = _known(group.lag_messages)
    for topic in one.topics.values():
        for name in ("partitions", "depth", "messages", "under_replicated", "leaderless"):
            values[(topic.topic, name)] = _known(getattr(topic, name))
    return values


def _unread_since(one: Published) -> dict[object, float | None]:
    return {
        place: it.unread_since.timestamp() if it.unread_since else None
        for place, it in one.partitions().items()
    }


def _known(value: N | msgspec.UnsetType) -> N | None:
    return None if isinstance(value, msgspec.UnsetType) else value


def _agreement(
    ours: Mapping[object, N], theirs: Mapping[object, N], same: Callable[[N, N], bool]
) -> Agreement:
    def differing() -> Iterator[str]:
        for key in ours.keys() | theirs.keys():
            if key not in ours or key not in theirs:
                yield f"{key}: only one has it"
            elif not same(ours[key], theirs[key]):
                yield f"{key}: {ours[key]} and {theirs[key]}"

    found = sorted(differing())
    return Agreement(len(ours.keys() | theirs.keys()), len(found), tuple(found[:_EXAMPLES]))
