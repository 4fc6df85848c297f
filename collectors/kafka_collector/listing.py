"""What of a group's members and partitions is listed, so that its record fits the log; pure, for groups.py.

Sums count everything; what is listed is what matters most: the partitions with the largest lag.
"""

from collections.abc import Sequence
from itertools import accumulate

import msgspec
from msgspec import UNSET

from schema.models import GroupPartition, Member
from schema.topics import MAX_VALUE_BYTES

MAX_PARTITIONS = 2000
ROOM_BYTES = MAX_VALUE_BYTES - 64 * 1024
"""For both lists as JSON; the rest is for the group's own fields and what surrounds a value in the log."""
MEMBERS_BYTES = ROOM_BYTES // 4
_LARGEST_PARTITION_BYTES = 1024

_encode = msgspec.json.Encoder().encode


def listed_members(members: Sequence[Member]) -> list[Member]:
    """Give the members that fit: all of them where need be without their topics, else the first ones."""
    if len(_encode(members)) <= MEMBERS_BYTES:
        return list(members)
    bare = [msgspec.structs.replace(one, topics=UNSET) for one in members]
    return bare[: _fitting(bare, MEMBERS_BYTES)]


def listed_partitions(
    partitions: Sequence[GroupPartition], members: Sequence[Member]
) -> tuple[list[GroupPartition], int]:
    """Give the partitions that fit beside these members, in their order, and how many are left out."""
    room_bytes = ROOM_BYTES - len(_encode(members))
    if len(partitions) <= min(MAX_PARTITIONS, room_bytes // _LARGEST_PARTITION_BYTES):
        return list(partitions), 0
    by_lag = sorted(partitions, key=lambda one: -(one.lag_messages or 0))[:MAX_PARTITIONS]
    kept = by_lag[: _fitting(by_lag, room_bytes)]
    return sorted(kept, key=lambda one: (one.topic, one.partition)), len(partitions) - len(kept)


def _fitting(values: Sequence[Member] | Sequence[GroupPartition], room_bytes: int) -> int:
    """Give how many of the first values fit."""
    sizes = accumulate(len(_encode(one)) + 1 for one in values)
    return sum(size <= room_bytes for size in sizes)
