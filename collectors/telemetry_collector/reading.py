"""What reading one record of the intake gives, whatever topic it came from."""

from dataclasses import dataclass, field
from typing import Protocol

from schema.errors import InvalidMessage
from schema.messages import CallRecord, EventRecord


@dataclass(frozen=True, slots=True)
class Source:
    """A record as it lies in the intake: its headers, its place, and when the broker took it in."""

    value: bytes | None
    environment: bytes | None
    content_type: bytes | None
    origin: str
    """Topic id, partition and offset."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A record for the log; `index` is its position within the raw record, before any filter."""

    environment: str
    index: int
    record: EventRecord | CallRecord


@dataclass(slots=True)
class Read:
    """What came of a record: what goes to the log, in order, and why it is put aside if it is."""

    taken: list[Taken] = field(default_factory=list)
    refused: InvalidMessage | None = None


class Reader(Protocol):
    """Reads the records of one topic."""

    def read(self, source: Source) -> Read:
        """Read a record; what is wrong with it stands in the answer."""
