"""A message of the log → a typed record, or InvalidMessage with the reason (DESIGN §4.5). Pure."""

import re
from dataclasses import dataclass

import msgspec

from runtime.kafka import partition_of
from schema.errors import InvalidMessage
from schema.messages import LogRecord, Mark, Observed
from schema.observed import OBSERVATION_KINDS
from schema.topics import HEADER_ENVIRONMENT, HEADER_ORIGIN
from schema.types import Part
from schema.wire import decode

_RECORD = msgspec.json.Decoder(LogRecord)
VALUES: dict[str, msgspec.json.Decoder[Part]] = {
    kind: msgspec.json.Decoder(value) for kind, value in OBSERVATION_KINDS.items()
}
"""A decoder for the value of each kind of observation."""
MAX_OFFSET = 2**63 - 1
_ENVIRONMENT = re.compile(r"[^\x00-\x1f\x7f]{1,256}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the intake an event or call came from; positions of one topic and partition only grow."""

    place: str
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the log: `value` is the decoded value of an observation, `environment` "" for a mark."""

    environment: str
    record: LogRecord
    value: Part | None = None
    origin: Origin | None = None


def entry_of(value: bytes | None, headers: list[tuple[str, bytes]], partition: int, partitions: int) -> Entry:
    """Decode one message. Raises InvalidMessage."""
    record = decode(value, _RECORD)
    if isinstance(record, Mark):
        return Entry("", record)
    known = dict(headers)
    environment = _environment(known.get(HEADER_ENVIRONMENT))
    if partition_of(environment, partitions) != partition:
        raise InvalidMessage("wrong_partition", f"environment {environment!r} does not belong to {partition}")
    if isinstance(record, Observed):
        return Entry(environment, record, value_of(record.kind, bytes(record.value)))
    return Entry(environment, record, origin=_origin(known.get(HEADER_ORIGIN)))


def value_of(kind: str, body: bytes) -> Part:
    """Decode an observation's value by its kind. Raises InvalidMessage."""
    decoder = VALUES.get(kind)
    if decoder is None:
        raise InvalidMessage("unknown_kind", f"no source observes {kind!r} - at `$.kind`")
    try:
        # It is part of a record that was cleaned whole, so it need not be searched once more.
        return decoder.decode(body)
    except msgspec.DecodeError:
        return decode(body, decoder)  # for the reason


def _environment(header: bytes | None) -> str:
    text = (header or b"").decode(errors="replace")
    if not _ENVIRONMENT.fullmatch(text):
        raise InvalidMessage("no_environment", "the header `environment` is missing or not a plain text")
    return text


def _origin(header: bytes | None) -> Origin | None:
    if header is None:
        return None
    try:
        place, offset, index = header.decode().rsplit(":", 2)
        origin = Origin(place, int(offset), int(index))
        if not (0 <= origin.offset <= MAX_OFFSET and 0 <= origin.index <= MAX_OFFSET):
            raise ValueError
        return origin
    except ValueError:
        raise InvalidMessage(
            "bad_origin", "the header `origin` is not topic id:partition:offset:index"
        ) from None
