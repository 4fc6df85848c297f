"""The events or calls that the next tick stores, bounded by bytes. Pure.

A tick is one transaction, and a database takes only so much in one: a first fold over a day of old records,
or a backlog that arrives at once, keeps the newest and counts what it drops in the open.
"""

from collections import deque
from datetime import datetime
from typing import Any

from runtime.metrics import DROPPED_RECORDS
from runtime.store.protocol import Row
from schema.wire import encode

MAX_BYTES = 64 * 1024 * 1024


class TickRows:
    """Rows of one kind since the last tick."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._rows: deque[tuple[str, bytes]] = deque()
        self._fills: dict[str, dict[str, Any]] = {}
        self._bytes = 0

    def add(self, key: str, body: bytes) -> None:
        """Keep a row; the oldest go when there are too many bytes."""
        self._rows.append((key, body))
        self._bytes += len(body)
        while self._bytes > MAX_BYTES:
            _, dropped = self._rows.popleft()
            self._bytes -= len(dropped)
            DROPPED_RECORDS.labels(self._kind).inc()

    def fill(self, key: str, fields: dict[str, Any]) -> None:
        """Complete a row of this tick or of an earlier one, which may be stored already."""
        if fields:
            self._fills.setdefault(key, {}).update(fields)

    def take(self, tick: datetime) -> list[Row]:
        """Give the rows for a tick, and begin anew."""
        rows = [Row(key, tick, body) for key, body in self._rows]
        rows += [Row(key, tick, encode(fields), fills=True) for key, fields in self._fills.items()]
        self._rows.clear()
        self._fills.clear()
        self._bytes = 0
        return rows
