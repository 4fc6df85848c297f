"""Makes bytes as the group coordinator writes them, from the published schemas; for tests."""

import struct

from collectors.kafka_collector.sample import TopicPartition

Pair = tuple[bytes, bytes | None]


def text(value: str | None) -> bytes:
    data = (value or "").encode()
    return struct.pack(">h", -1 if value is None else len(data)) + data


def varint(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def compact(value: str | bytes | None) -> bytes:
    data = value.encode() if isinstance(value, str) else value or b""
    return varint(0 if value is None else len(data) + 1) + data


def blob(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def key(kind: int, *names: str) -> bytes:
    return struct.pack(">h", kind) + b"".join(map(text, names))


def commit_key(group: str, topic: str, partition: int, kind: int = 1) -> bytes:
    return key(kind, group, topic) + struct.pack(">i", partition)


def commit_value(
    offset: int, at_ms: int, version: int = 4, metadata: str = "", tagged: bytes = b"\0"
) -> bytes:
    made = struct.pack(">hq", version, offset)
    if version >= 3:
        made += struct.pack(">i", 7)  # leader epoch
    made += compact(metadata) if version >= 4 else text(metadata)
    made += struct.pack(">q", at_ms)
    if version == 1:
        made += struct.pack(">q", -1)  # expiry
    return made + (tagged if version >= 4 else b"")


def commit(group: str, topic: str, partition: int, offset: int, at_ms: int = 1_000) -> Pair:
    return commit_key(group, topic, partition), commit_value(offset, at_ms)


def assignment(*places: TopicPartition, version: int = 3) -> bytes:
    topics: dict[str, list[int]] = {}
    for topic, partition in places:
        topics.setdefault(topic, []).append(partition)
    made = struct.pack(">hi", version, len(topics))
    for topic, numbers in topics.items():
        made += text(topic) + struct.pack(f">i{len(numbers)}i", len(numbers), *numbers)
    return made + blob(b"user data")


def group_value(
    members: list[tuple[str, str, str, bytes]], version: int = 4, protocol_type: str = "consumer"
) -> bytes:
    """Make a classic group's value; a member is its id, client id, host and assignment."""
    flexible = version >= 4
    name = compact if flexible else text
    made = struct.pack(">h", version) + name(protocol_type) + struct.pack(">i", 5)
    made += name("range") + name(None)
    if version >= 2:
        made += struct.pack(">q", 1_000)
    made += varint(len(members) + 1) if flexible else struct.pack(">i", len(members))
    for member_id, client_id, host, given in members:
        made += name(member_id) + (name(None) if version >= 3 else b"") + name(client_id) + name(host)
        made += struct.pack(">ii", 1, 2) if version >= 1 else struct.pack(">i", 2)
        made += compact(b"subscription") + compact(given) if flexible else blob(b"subscription") + blob(given)
        made += b"\0" if flexible else b""
    return made + (b"\0" if flexible else b"")


def member_value(client_id: str, host: str) -> bytes:
    head = struct.pack(">h", 0) + compact(None) + compact("rack") + compact(client_id) + compact(host)
    return head + varint(2) + compact("tasks") + compact(None) + struct.pack(">i", 9) + compact(None) + b"\0"


def current_value(*topics: tuple[bytes, list[int]]) -> bytes:
    """Make what a member of the consumer protocol has: topic ids of 16 bytes with their partitions."""
    made = struct.pack(">hiib", 0, 3, 2, 0) + varint(len(topics) + 1)
    for topic_id, numbers in topics:
        made += topic_id + varint(len(numbers) + 1) + struct.pack(f">{len(numbers)}i", *numbers) + b"\0"
    return made + varint(1) + b"\0"  # nothing is to be revoked
