"""What the store will never take is traced to its entity and put aside; the tick goes on (DESIGN §4.5).

An event or call goes to `oracle.rejected`. An entity does too, and a `refused` observation tells the fold,
through the log, to leave it out until it changes, so that a second fold gives the same bytes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from aggregator.effects import Frozen
from aggregator.own_records import OwnRecords
from runtime.rejects import Rejecter
from runtime.store.protocol import Row, Store, TickRows
from schema.entities import KINDS, Kind
from schema.errors import InvalidMessage, StoreRefused
from schema.topics import LOG
from schema.wire import canonical, exact

_DOCUMENT = msgspec.json.Decoder(dict[str, Any], float_hook=exact)
"""Keeps every number as it is written."""


Entity = tuple[Kind, list[str], Any, Any]
"""Kind, natural key, the list or object that holds it, and the value."""


class Refusals:
    """Finds what a store refuses in a tick, and tells the log."""

    def __init__(self, store: Store, own: OwnRecords, rejecter: Rejecter) -> None:
        self._store = store
        self._own = own
        self._rejecter = rejecter

    def without_refused(self, frozen: Frozen, rows: TickRows, error: StoreRefused) -> TickRows:
        """Give the tick without what is refused. Raises the store's own error when nothing can be blamed."""
        events = self._accepted(frozen, rows.events)
        calls = self._accepted(frozen, rows.calls)
        document = _DOCUMENT.decode(rows.snapshot)
        found = sum(self._remove(frozen, list(entities)) for entities in _layers(document))
        if not found and len(events) + len(calls) == len(rows.events) + len(rows.calls):
            raise error
        body = canonical(document) if found else rows.snapshot
        sha256 = hashlib.sha256(body).hexdigest()
        return replace(rows, events=events, calls=calls, snapshot=body, sha256=sha256)

    def _remove(self, frozen: Frozen, entities: list[Entity]) -> int:
        """Take what is refused out of the document, and tell of it; give how many there were."""
        bad = self._store.refused_among([canonical(value) for _, _, _, value in entities])
        for index in bad:
            kind, key, holder, value = entities[index]
            if isinstance(holder, list):
                holder.remove(value)
            else:
                del holder[kind.name]
            self._tell(frozen, kind, key, canonical(value))
        return len(bad)

    def _accepted(self, frozen: Frozen, rows: Sequence[Row]) -> list[Row]:
        bad = set(self._store.refused_among([row.body for row in rows])) if rows else set()
        for index in bad:
            self._reject(frozen, "event or call", rows[index].body)
        return [row for index, row in enumerate(rows) if index not in bad]

    def _tell(self, frozen: Frozen, kind: Kind, key: list[str], body: bytes) -> None:
        self._reject(frozen, kind.name, body)
        self._own.refused(frozen.environment, kind.name, key)

    def _reject(self, frozen: Frozen, what: str, body: bytes) -> None:
        error = InvalidMessage("store_refused", f"the store can never take this {what}")
        self._rejecter.reject(
            error,
            topic=LOG,
            partition=frozen.partition,
            offset=frozen.offset,
            value=body,
            environment=frozen.environment,
        )


def _layers(document: dict[str, Any]) -> Iterator[Iterator[Entity]]:
    """Give pods, then what stands in lists, then whole parts: each layer without what the last one lost."""
    yield (
        (
            KINDS["pod"],
            [one["namespace"], one["deployment_name"], pod["pod_id"]],
            one["pods"],
            pod,
        )
        for one in document["workload"]
        for pod in list(one["pods"])
    )
    yield _in_lists(document)
    yield ((KINDS[name], [], document, document[name]) for name in ("kafka", "llm_usage") if name in document)


def _in_lists(document: dict[str, Any]) -> Iterator[Entity]:
    for kind in KINDS.values():
        if not kind.key or kind.name == "pod":
            continue
        holder: Any = document
        for name in kind.path:
            holder = holder.get(name, {})
        for value in list(holder or []):
            yield kind, [str(value[name]) for name in kind.key], holder, value
