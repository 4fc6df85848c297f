"""Decodes the records of `__consumer_offsets`, between the internal topic and the commit table; pure.

Source: the JSON schemas of the messages in Apache Kafka, group-coordinator/src/main/resources/common/message,
and clients/src/main/resources/common/message/ConsumerProtocolAssignment.json. A key begins with the type of
its record (until Kafka 4.0 it was called the key's version), a value with the version of its schema. A record
without a value is a tombstone: what its key names is gone.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from collectors.kafka_collector.record_cursor import Cursor
from collectors.kafka_collector.sample import MemberSample, TopicPartition
from schema.errors import UnreadableRecord


class OffsetCommit(NamedTuple):
    """A commit, its moment in milliseconds by the broker's clock; without `offset` the commit is gone."""

    group: str
    topic: str
    partition: int
    offset: int | None = None
    committed_ms: int = -1


class ClassicGroup(NamedTuple):
    """A group of the classic protocol; gone when `members` is None.

    `unreadable` counts members whose assignment does not parse: a client of its own kind may write anything.
    """

    group: str
    members: tuple[MemberSample, ...] | None = None
    unreadable: int = 0


class CoordinatedGroup(NamedTuple):
    """A group whose members the broker coordinates: the consumer protocol (KIP-848) or streams (KIP-1071)."""

    group: str
    kind: str
    exists: bool


class CoordinatedMember(NamedTuple):
    """A member of such a group; gone when `client` (client id and host) is None."""

    group: str
    member_id: str
    client: tuple[str, str] | None = None


class CurrentAssignment(NamedTuple):
    """What a member of the consumer protocol has: (topic id, partition); gone when None."""

    group: str
    member_id: str
    places: tuple[tuple[str, int], ...] | None = None


class Unneeded(NamedTuple):
    """A record of a type that Kafka 4.1 knows and that says nothing of commits and members."""

    type: int


class Unknown(NamedTuple):
    """A record of a type, or of a version, that is not known here; `what` is the name to count it by."""

    what: str


Record = (
    OffsetCommit
    | ClassicGroup
    | CoordinatedGroup
    | CoordinatedMember
    | CurrentAssignment
    | Unneeded
    | Unknown
)

_INT32 = struct.Struct(">i")
_INT64 = struct.Struct(">q")
_UNNEEDED = frozenset(
    {
        4,  # ConsumerGroupPartitionMetadata
        *(6, 7),  # ConsumerGroupTargetAssignmentMetadata, -Member
        *range(10, 16),  # share groups commit no offsets here
        16,  # ConsumerGroupRegularExpression
        *range(20, 24),  # streams: target and current assignments name tasks, and the topology
    }
)


def decode(key: bytes | None, value: bytes | None) -> Record:
    """Decode one record. Raises UnreadableRecord and nothing else."""
    if key is None or len(key) < 2:
        raise UnreadableRecord("no key")
    if key[0] == 0:
        if key[1] <= 1:
            try:
                return _offset_commit(key, value)
            except (IndexError, ValueError, struct.error) as error:
                raise UnreadableRecord(f"offset commit: {error}") from None
        decoder = _DECODERS.get(key[1])
        if decoder is not None:
            return decoder(Cursor(key, 2), value)
        if key[1] in _UNNEEDED:
            return Unneeded(key[1])
    return Unknown(f"record type {int.from_bytes(key[:2], signed=True)}")


def _offset_commit(key: bytes, value: bytes | None) -> OffsetCommit | Unknown:
    # Nearly all records are of this kind: so no cursor, and each length is checked once, at the end.
    group_end = 4 + (key[2] << 8 | key[3])
    topic_end = group_end + 2 + (key[group_end] << 8 | key[group_end + 1])
    if topic_end + 4 != len(key):
        raise ValueError("the key's lengths do not add up")
    group = key[4:group_end].decode()
    topic = key[group_end + 2 : topic_end].decode()
    partition = _INT32.unpack_from(key, topic_end)[0]
    if value is None:
        return OffsetCommit(group, topic, partition)
    version = value[0] << 8 | value[1]
    if version == 4:
        at = 14  # after version, offset and leader epoch
        length = value[at] - 1
        if length >= 0x7F:
            return _commit_with_long_metadata(group, topic, partition, value)
        at += 1 + max(length, 0)  # the metadata, which nobody needs
        if value[at + 8 :] != b"\0":
            _tagged_to_the_end(value, at + 8)
    elif version == 3:
        at = 16 + (value[14] << 8 | value[15])
        _ends(value, at + 8)
    elif version <= 2:
        at = 12 + (value[10] << 8 | value[11])
        _ends(value, at + (16 if version == 1 else 8))
    else:
        return Unknown(f"offset commit version {version}")
    offset = _INT64.unpack_from(value, 2)[0]
    return OffsetCommit(group, topic, partition, offset, _INT64.unpack_from(value, at)[0])


def _commit_with_long_metadata(group: str, topic: str, partition: int, value: bytes) -> OffsetCommit:
    cursor = Cursor(value, 14)
    cursor.compact_blob()
    committed_ms = _INT64.unpack(cursor.take(8))[0]
    cursor.tagged()
    cursor.end()
    return OffsetCommit(group, topic, partition, _INT64.unpack_from(value, 2)[0], committed_ms)


def _tagged_to_the_end(value: bytes, at: int) -> None:
    cursor = Cursor(value, at)
    cursor.tagged()
    cursor.end()


def _ends(value: bytes, at: int) -> None:
    if at != len(value):
        raise ValueError("the value's lengths do not add up")


def _group_metadata(key: Cursor, value: bytes | None) -> ClassicGroup | Unknown:
    group = key.string()
    key.end()
    if value is None:
        return ClassicGroup(group)
    cursor = Cursor(value)
    version = cursor.int16()
    if not 0 <= version <= 4:
        return Unknown(f"group metadata version {version}")
    flexible = version >= 4
    text = cursor.compact_string if flexible else cursor.string
    is_consumer = text() == "consumer"
    cursor.int32()  # generation
    text()  # protocol
    text()  # leader
    if version >= 2:
        cursor.take(8)  # when the state was entered
    members, unreadable = [], 0
    for _ in range(cursor.count(flexible)):
        member_id, client_id, host, assignment = _classic_member(cursor, version)
        places: tuple[TopicPartition, ...] = ()
        if is_consumer and assignment:
            try:
                places = _classic_assignment(Cursor(assignment))
            except UnreadableRecord:
                unreadable += 1
        members.append(MemberSample(member_id, client_id, host, places))
    if flexible:
        cursor.tagged()
    cursor.end()
    return ClassicGroup(group, tuple(members), unreadable)


def _classic_member(cursor: Cursor, version: int) -> tuple[str, str, str, bytes]:
    flexible = version >= 4
    text = cursor.compact_string if flexible else cursor.string
    blob = cursor.compact_blob if flexible else cursor.blob
    member_id = text()
    if version >= 3:
        text()  # group instance id
    client_id, host = text(), text()
    cursor.take(8 if version >= 1 else 4)  # timeouts of rebalance and session
    blob()  # subscription
    assignment = blob()
    if flexible:
        cursor.tagged()
    return member_id, client_id, host, assignment


def _classic_assignment(cursor: Cursor) -> tuple[TopicPartition, ...]:
    # A later version is read as the present one: its schema promises that fields are only added at the end.
    cursor.int16()
    places: list[TopicPartition] = []
    for _ in range(cursor.count()):
        topic = cursor.string()
        places.extend((topic, cursor.int32()) for _ in range(cursor.count()))
    return tuple(places)


def _coordinated_group(kind: str) -> Callable[[Cursor, bytes | None], Record]:
    def decoder(key: Cursor, value: bytes | None) -> Record:
        group = key.string()
        key.end()
        if value is not None and (version := Cursor(value).int16()):
            return Unknown(f"{kind} group version {version}")
        return CoordinatedGroup(group, kind, value is not None)

    return decoder


def _coordinated_member(key: Cursor, value: bytes | None) -> Record:
    group, member_id = key.string(), key.string()
    key.end()
    if value is None:
        return CoordinatedMember(group, member_id)
    cursor = Cursor(value)
    if version := cursor.int16():
        return Unknown(f"group member version {version}")
    cursor.compact_string()  # instance id
    cursor.compact_string()  # rack id
    # What follows, above all the subscription, is not needed.
    return CoordinatedMember(group, member_id, (cursor.compact_string(), cursor.compact_string()))


def _current_assignment(key: Cursor, value: bytes | None) -> Record:
    group, member_id = key.string(), key.string()
    key.end()
    if value is None:
        return CurrentAssignment(group, member_id)
    cursor = Cursor(value)
    if version := cursor.int16():
        return Unknown(f"member assignment version {version}")
    cursor.take(9)  # epoch, epoch before, state
    places: list[tuple[str, int]] = []
    for _ in range(cursor.count(compact=True)):
        topic_id = cursor.topic_id()
        places.extend((topic_id, cursor.int32()) for _ in range(cursor.count(compact=True)))
        cursor.tagged()
    # Partitions that are still to be revoked follow: the admin API does not count them as assigned either.
    return CurrentAssignment(group, member_id, tuple(places))


_DECODERS: dict[int, Callable[[Cursor, bytes | None], Record]] = {
    2: _group_metadata,
    3: _coordinated_group("consumer"),
    5: _coordinated_member,
    8: _current_assignment,
    17: _coordinated_group("streams"),
    19: _coordinated_member,
}
