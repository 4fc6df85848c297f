"""The events or calls that the next tick stores, bounded by bytes. Pure.

A tick is one transaction, and a database takes only so much in one: a first fold over a day of old records,
or a backlog that arrives at once, keeps the newest and counts what it drops in the open. What completes rows
of earlier ticks goes before whole rows do.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from runtime.metrics import DROPPED_RECORDS
from runtime.store.protocol import Row
from schema.wire import encode

MAX_BYTES = 64 * 1024 * 1024
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOTHING = b"null"


class TickRows:
    """Rows of one kind since the last tick."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._rows: OrderedDict[str, bytes] = OrderedDict()
        self._fills: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def add(self, key: str, body: bytes) -> None:
        """Keep a row; of two with one key the first, as the store does. The oldest go when it is too much."""
        if key not in self._rows:
            self._put(self._rows, key, body)

    def fill(self, key: str, fields: Mapping[str, Any]) -> None:
        """Complete a row of this tick, or of an earlier one which is stored; UNSET takes a field away."""
        if not fields:
            return
        news = encode({name: None if value is UNSET else value for name, value in fields.items()})
        if key in self._rows:
            self._put(self._rows, key, _merged(self._rows[key], news, whole=True))
        else:
            self._put(self._fills, key, _merged(self._fills.get(key, b"{}"), news, whole=False))

    def take(self, tick: datetime) -> list[Row]:
        """Give the rows for a tick, and begin anew."""
        rows = [Row(key, tick, body) for key, body in self._rows.items()]
        rows += [Row(key, tick, body, fills=True) for key, body in self._fills.items()]
        self._rows.clear()
        self._fills.clear()
        self._bytes = 0
        return rows

    def _put(self, rows: OrderedDict[str, bytes], key: str, body: bytes) -> None:
        self._bytes += len(body) - len(rows.get(key, b""))
        rows[key] = body
        while self._bytes > MAX_BYTES:
            _, dropped = (self._fills or self._rows).popitem(last=False)
            self._bytes -= len(dropped)
            DROPPED_RECORDS.labels(self._kind).inc()


def _merged(body: bytes, news: bytes, *, whole: bool) -> bytes:
    """Set fields in a JSON object, digit for digit; what is taken away is gone from a whole one at once."""
    fields = _FIELDS.decode(body) | _FIELDS.decode(news)
    return encode({name: raw for name, raw in fields.items() if not (whole and bytes(raw) == _NOTHING)})
