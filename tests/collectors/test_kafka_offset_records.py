"""Decoding the records of the internal topic: bytes made by hand from the schemas, each version."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.kafka_collector.offset_records import (
    ClassicGroup,
    CoordinatedGroup,
    CoordinatedMember,
    CurrentAssignment,
    OffsetCommit,
    Record,
    Unknown,
    Unneeded,
    decode,
)
from collectors.kafka_collector.sample import MemberSample
from schema.errors import UnreadableRecord
from tests.collectors import coordinator_records as made

TOPIC_ID = bytes(range(0xF0, 0x100))
KEYS = {
    0: made.commit_key("g", "t", 3, kind=0),
    1: made.commit_key("g", "t", 3),
    2: made.key(2, "g"),
    3: made.key(3, "g"),
    5: made.key(5, "g", "m"),
    8: made.key(8, "g", "m"),
    17: made.key(17, "g"),
    19: made.key(19, "g", "m"),
}


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize("metadata", ["", "short", "ä" * 63, "x" * 126, "x" * 127, "x" * 4096])
def test_an_offset_commit_of_each_version_is_read(kind: int, version: int, metadata: str) -> None:
    value = made.commit_value(2**40, 1_700_000_000_123, version, metadata)
    record = decode(made.commit_key("grüppe", "töpic", 2**20, kind), value)
    assert record == OffsetCommit("grüppe", "töpic", 2**20, 2**40, 1_700_000_000_123)


@pytest.mark.parametrize("metadata", ["", "x" * 200])
def test_tagged_fields_of_a_commit_are_skipped(metadata: str) -> None:
    tagged = made.varint(2) + b"\0\x10" + TOPIC_ID + made.varint(300) + b"\x02ab"
    value = made.commit_value(5, 6, metadata=metadata, tagged=tagged)
    assert decode(KEYS[1], value) == OffsetCommit("g", "t", 3, 5, 6)


@pytest.mark.parametrize("version", range(5))
def test_a_classic_group_of_each_version_is_read(version: int) -> None:
    assigned = made.assignment(("a", 0), ("a", 2), ("b", 1))
    value = made.group_value([("m1", "c1", "/h1", assigned), ("m2", "c2", "/h2", b"")], version)
    assert decode(KEYS[2], value) == ClassicGroup(
        "g",
        (
            MemberSample("m1", "c1", "/h1", (("a", 0), ("a", 2), ("b", 1))),
            MemberSample("m2", "c2", "/h2"),
        ),
    )


@pytest.mark.parametrize(
    ("given_bytes", "protocol_type", "unreadable"),
    [(b"\0\1\0\0", "consumer", 1), (b"\0\1\0\0", "connect", 0), (made.assignment(version=99), "consumer", 0)],
)
def test_an_assignment_that_does_not_parse_leaves_the_member_and_is_counted(
    given_bytes: bytes, protocol_type: str, unreadable: int
) -> None:
    value = made.group_value([("m", "c", "h", given_bytes)], protocol_type=protocol_type)
    assert decode(KEYS[2], value) == ClassicGroup("g", (MemberSample("m", "c", "h"),), unreadable)


RECORDS: list[tuple[bytes, bytes | None, Record]] = [
    (KEYS[2], made.group_value([]), ClassicGroup("g", ())),
    (KEYS[3], b"\0\0\0\0\0\5\0", CoordinatedGroup("g", "consumer", exists=True)),
    (KEYS[17], b"\0\0\0\0\0\5\0", CoordinatedGroup("g", "streams", exists=True)),
    (KEYS[5], made.member_value("c", "/h"), CoordinatedMember("g", "m", ("c", "/h"))),
    (KEYS[19], made.member_value("c", "/h"), CoordinatedMember("g", "m", ("c", "/h"))),
    (
        KEYS[8],
        made.current_value((TOPIC_ID, [0, 7])),
        CurrentAssignment("g", "m", (("8PHy8_T19vf4-fr7_P3-_w", 0), ("8PHy8_T19vf4-fr7_P3-_w", 7))),
    ),
    (KEYS[8], made.current_value(), CurrentAssignment("g", "m", ())),
    (KEYS[0], None, OffsetCommit("g", "t", 3)),
    (KEYS[1], None, OffsetCommit("g", "t", 3)),
    (KEYS[2], None, ClassicGroup("g")),
    (KEYS[3], None, CoordinatedGroup("g", "consumer", exists=False)),
    (KEYS[17], None, CoordinatedGroup("g", "streams", exists=False)),
    (KEYS[5], None, CoordinatedMember("g", "m")),
    (KEYS[19], None, CoordinatedMember("g", "m")),
    (KEYS[8], None, CurrentAssignment("g", "m")),
    (made.key(4, "g"), b"\0\0", Unneeded(4)),
    (made.key(16, "g", "x"), None, Unneeded(16)),
    (made.key(99, "g"), b"\0\0", Unknown("record type 99")),
    (b"\x01\x01", b"", Unknown("record type 257")),
    (b"\xff\xff", b"", Unknown("record type -1")),
    (KEYS[1], b"\0\5 whatever", Unknown("offset commit version 5")),
    (KEYS[2], b"\0\5 whatever", Unknown("group metadata version 5")),
    (KEYS[3], b"\0\1", Unknown("consumer group version 1")),
    (KEYS[5], b"\0\1", Unknown("group member version 1")),
    (KEYS[8], b"\0\1", Unknown("member assignment version 1")),
]


@pytest.mark.parametrize(("key", "value", "record"), RECORDS)
def test_a_record_of_each_type_its_tombstone_and_what_is_unknown(
    key: bytes, value: bytes | None, record: Record
) -> None:
    assert decode(key, value) == record


VALUES = [
    *((KEYS[1], made.commit_value(5, 6, version, "meta")) for version in range(5)),
    (KEYS[1], made.commit_value(5, 6, metadata="x" * 200)),
    *((KEYS[2], made.group_value([("m", "c", "h", made.assignment(("a", 1)))], v)) for v in range(5)),
    (KEYS[8], made.current_value((TOPIC_ID, [0]))[:-2]),
]


@pytest.mark.parametrize(("key", "value"), VALUES)
def test_a_truncated_value_is_unreadable_at_each_length(key: bytes, value: bytes) -> None:
    for length in range(len(value)):
        with pytest.raises(UnreadableRecord):
            decode(key, value[:length])


@pytest.mark.parametrize("value", [value for _, value in VALUES[:-1]])
def test_a_value_with_something_behind_it_is_unreadable(value: bytes) -> None:
    key = KEYS[1] if b"range" not in value else KEYS[2]
    with pytest.raises(UnreadableRecord):
        decode(key, value + b"x")


@pytest.mark.parametrize("key", KEYS.values())
def test_a_truncated_or_longer_key_is_unreadable(key: bytes) -> None:
    for wrong in (*(key[:length] for length in range(len(key))), key + b"x"):
        with pytest.raises(UnreadableRecord):
            decode(wrong, None)


@pytest.mark.parametrize("name", [b"\xff\xfe", b"\xc3"])
def test_a_name_that_is_not_utf_8_is_unreadable(name: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        decode(b"\0\2\0" + bytes([len(name)]) + name, None)
    with pytest.raises(UnreadableRecord):
        decode(b"\0\1\0" + bytes([len(name)]) + name + b"\0\1t\0\0\0\0", None)


def test_a_record_without_a_key_is_unreadable() -> None:
    with pytest.raises(UnreadableRecord):
        decode(None, b"x")


@given(st.none() | st.binary(max_size=80), st.none() | st.binary(max_size=120))
def test_random_bytes_raise_nothing_but_our_own_error(key: bytes | None, value: bytes | None) -> None:
    with contextlib.suppress(UnreadableRecord):
        decode(key, value)


@given(
    st.sampled_from(sorted(KEYS)),
    st.integers(-1, 5),
    st.binary(max_size=120) | st.sampled_from([value for _, value in VALUES]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=4),
)
def test_broken_values_raise_nothing_but_our_own_error(
    kind: int, version: int, body: bytes, changes: list[tuple[int, int]]
) -> None:
    value = bytearray(version.to_bytes(2, signed=True) + body[2:])
    for at, byte in changes:
        if at < len(value):
            value[at] = byte
    with contextlib.suppress(UnreadableRecord):
        decode(KEYS[kind], bytes(value))
