"""The store as a set of SQL functions: what Postgres over psycopg and Supabase over REST have in common.

Both call the functions of `infrastructure/supabase/migrations/` (0003, 0005), so one SQL text decides
what a tick is. Here arguments become plain values and rows become the dataclasses of `protocol.py`; the
subclasses only carry calls and translate errors.
"""

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from runtime.store.protocol import Checkpoint, Gap, Progress, Row, StoredSnapshot, TickRows
from schema.errors import StoreRefused, StoreSuperseded

Found = Mapping[str, Any]
"""A row by column name; times and ids are themselves or, over REST, their text."""


class FunctionStore(ABC):
    """A Store whose every method is one call of a SQL function, and so one transaction."""

    @abstractmethod
    def prepare(self) -> None:
        """Bring the tables to this version where the store can; else raise StoreUnsuitable and say how."""

    @abstractmethod
    def close(self) -> None:
        """Release connections."""

    @abstractmethod
    def _call(self, function: str, **arguments: object) -> Sequence[Found]:
        """Call a function by its name without `oracle_`; arguments go without their `p_`.

        Raises StoreUnavailable, StoreRefused or StoreUnsuitable.
        """

    def ping(self) -> None:
        """Return when the store answers; raise StoreUnavailable otherwise."""
        self._call("refused_among", bodies="[]")

    def take_over(self, environment: str) -> Progress:
        """Raise the environment's generation by one; repeated after a lost answer it raises it once more."""
        return _progress(self._call("take_over", environment=environment)[0])

    def checkpoints(self, topic_id: str, partition: int) -> list[Checkpoint]:
        """Give the newest checkpoint of every environment of a partition of the log."""
        return [
            _checkpoint(row) for row in self._call("checkpoints_of", topic_id=topic_id, partition=partition)
        ]

    def store_tick(self, rows: TickRows) -> None:
        """Store one tick, or nothing at all; see the Protocol for what it raises."""
        (answer,) = self._call(
            "store_tick",
            environment=rows.environment,
            generation=rows.generation,
            previous_tick=rows.previous_tick,
            tick=rows.tick,
            snapshot_id=rows.snapshot_id,
            snapshot=_text(rows.snapshot),
            sha256=rows.sha256,
            events=_rows_text(rows.events),
            calls=_rows_text(rows.calls),
            checkpoint=_checkpoint_text(rows.checkpoint),
            gap=_gap_text(rows.gap),
        )
        if not answer["stored"]:
            raise StoreSuperseded(
                f"{rows.environment} is not at generation {rows.generation} and tick {rows.previous_tick}"
            )

    def progress(self, environment: str) -> Progress | None:
        """Give the environment's progress row."""
        found = self._call("progress_of", environment=environment)
        return _progress(found[0]) if found else None

    def refused_among(self, bodies: Sequence[bytes]) -> list[int]:
        """Say which of these JSON values the store can never take, by position."""
        refused: set[int] = set()
        texts = []
        for place, body in enumerate(bodies):
            try:
                # A raw NUL would also spoil the array that carries the others.
                texts.append("null" if b"\x00" in body else body.decode())
            except UnicodeDecodeError:
                texts.append("null")
                refused.add(place)
            if b"\x00" in body:
                refused.add(place)
        found = self._call("refused_among", bodies=msgspec.json.encode(texts).decode())
        return sorted(refused | {int(row["place"]) for row in found})

    def environments(self) -> list[str]:
        """Give the environments that have snapshots, in order of name."""
        return sorted(row["environment"] for row in self._call("environments"))

    def newest(self, environment: str) -> StoredSnapshot | None:
        """Give the newest snapshot of an environment."""
        return _only_snapshot(self._call("snapshot_at", environment=environment, moment=None))

    def at(self, environment: str, moment: datetime) -> StoredSnapshot | None:
        """Give the newest snapshot at or before a moment."""
        return _only_snapshot(self._call("snapshot_at", environment=environment, moment=moment))

    def get(self, snapshot_id: UUID) -> StoredSnapshot | None:
        """Give one snapshot by its id."""
        return _only_snapshot(self._call("snapshot_by_id", id=snapshot_id))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise StoreRefused("a value is not UTF-8") from None


def _rows_text(rows: Sequence[Row]) -> str:
    """Give rows as a JSON array whose bodies are texts: jsonb reads them once more, digit for digit."""
    return msgspec.json.encode([_row(row) for row in rows]).decode()


def _row(row: Row) -> dict[str, Any]:
    parts = {"key": row.key, "at": row.at, "body": _text(row.body)}
    return parts | {"fills": True} if row.fills else parts


def _checkpoint_text(checkpoint: Checkpoint | None) -> str | None:
    if checkpoint is None:
        return None
    # msgspec writes bytes as base64, which is what the function takes.
    parts = {
        "topic_id": checkpoint.topic_id,
        "partition": checkpoint.partition,
        "offset": checkpoint.offset,
        "state": checkpoint.state,
    }
    return msgspec.json.encode(parts).decode()


def _gap_text(gap: Gap | None) -> str | None:
    if gap is None:
        return None
    return msgspec.json.encode({"start": gap.start, "end": gap.end, "reason": gap.reason}).decode()


def _instant(value: datetime | str) -> datetime:
    """Read a time: psycopg's datetime, PostgREST's ISO text, or the same text with a blank for the `T`."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC)


def _progress(row: Found) -> Progress:
    tick = row["tick"]
    return Progress(row["environment"], int(row["generation"]), None if tick is None else _instant(tick))


def _checkpoint(row: Found) -> Checkpoint:
    return Checkpoint(
        environment=row["environment"],
        tick=_instant(row["tick"]),
        topic_id=row["topic_id"],
        partition=int(row["partition"]),
        offset=int(row["offset"]),
        state=base64.b64decode(row["state"]),
    )


def _only_snapshot(found: Sequence[Found]) -> StoredSnapshot | None:
    if not found:
        return None
    row = found[0]
    return StoredSnapshot(
        id=UUID(str(row["id"])),
        environment=row["environment"],
        tick=_instant(row["tick"]),
        document=row["document"].encode(),
        sha256=row["sha256"],
    )
