"""What every store can do: the contract that Postgres and Supabase implementations are held to.

The aggregator writes through `take_over`, `checkpoints`, `store_tick` and `refused_among`; the API reads.
All methods block (call them from a thread) and raise the StoreError subclasses of `schema.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Progress:
    """How far an environment is stored: `tick` is the newest stored tick, None before the first."""

    environment: str
    generation: int
    tick: datetime | None


@dataclass(frozen=True)
class Checkpoint:
    """An environment's tables as they were when `tick` was frozen.

    `offset` is that of the first record that is not folded into `state`; `state` is opaque here.
    """

    environment: str
    tick: datetime
    topic_id: str
    partition: int
    offset: int
    state: bytes


@dataclass(frozen=True)
class Row:
    """An event or a call: its natural key, the log's time for it, and its JSON.

    A row that `fills` holds only some fields of a call, which it adds to the stored one or sets anew in it;
    null takes a field away.
    """

    key: str
    at: datetime
    body: bytes
    fills: bool = False


@dataclass(frozen=True)
class Gap:
    """A stretch of time without snapshots: after `start` (the last tick before it), before `end`."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True)
class TickRows:
    """Everything that one tick stores, in one transaction. `snapshot` is the canonical JSON."""

    environment: str
    generation: int
    previous_tick: datetime | None
    tick: datetime
    snapshot_id: UUID
    snapshot: bytes
    sha256: str
    events: Sequence[Row] = ()
    calls: Sequence[Row] = ()
    checkpoint: Checkpoint | None = None
    gap: Gap | None = None


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot as it was stored; `document` is JSON, equal to the stored one but not byte for byte."""

    id: UUID
    environment: str
    tick: datetime
    document: bytes
    sha256: str | None


class Store(Protocol):
    """A place for snapshots, their history, and the aggregator's progress."""

    def prepare(self) -> None:
        """Bring the tables to this version where the store can; else raise StoreUnsuitable and say how."""

    def ping(self) -> None:
        """Return when the store answers; raise StoreUnavailable otherwise."""

    def take_over(self, environment: str) -> Progress:
        """Raise the environment's generation by one, creating its progress row if need be."""

    def checkpoints(self, topic_id: str, partition: int) -> list[Checkpoint]:
        """Give the newest checkpoint of every environment of a partition of the log."""

    def store_tick(self, rows: TickRows) -> None:
        """Store one tick, or nothing at all.

        Raises StoreSuperseded when the progress row is not at (generation, previous_tick), StoreRefused
        when a value cannot be stored, StoreUnavailable on an outage. After a lost answer the same call may
        be repeated: StoreSuperseded then means look at `progress`.
        """

    def progress(self, environment: str) -> Progress | None:
        """Give the environment's progress row."""

    def refused_among(self, bodies: Sequence[bytes]) -> list[int]:
        """Say which of these JSON values the store can never take, by position."""

    def environments(self) -> list[str]:
        """Give the environments that have snapshots, in order of name."""

    def newest(self, environment: str) -> StoredSnapshot | None:
        """Give the newest snapshot of an environment."""

    def at(self, environment: str, moment: datetime) -> StoredSnapshot | None:
        """Give the newest snapshot at or before a moment."""

    def get(self, snapshot_id: UUID) -> StoredSnapshot | None:
        """Give one snapshot by its id."""

    def close(self) -> None:
        """Release connections."""
