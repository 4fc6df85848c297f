"""What a source has told the log so far, and what it must tell next: the pure half of the runner.

Cost follows change: a value that encodes to the same bytes is not told again within an epoch. A new epoch
tells everything again, from memory, so that a watcher need not list again for it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import UNSET

from collectors.base import collector
from schema.errors import InvalidMessage
from schema.messages import Gone, Heartbeat, Observed
from schema.models import Unavailable
from schema.observed import OBSERVATION_KINDS
from schema.types import Part
from schema.wire import decode, encode

MAX_ENDS = 1000
"""Entities of a kind that ended while nobody could be told; the oldest are forgotten beyond this."""
MAX_REASON = 1000
"""Characters of a reason: it travels with every heartbeat."""
_DECODERS: dict[str, msgspec.json.Decoder[Part]] = {
    kind: msgspec.json.Decoder(value) for kind, value in OBSERVATION_KINDS.items()
}


class Source:
    """The memory of one source (`name@instance`): its entities, its epoch, and the kinds it is sure of."""

    def __init__(self, source: str, epoch: str) -> None:
        self.source = source
        self._epoch = epoch
        self._values: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._seen: dict[str, set[str]] = defaultdict(set)
        self._synced: set[str] = set()
        self._unavailable: dict[str, str] = {}
        self._told_unavailable: set[str] = set()
        self._refused: dict[str, dict[str, str]] = defaultdict(dict)
        self._ended: dict[str, dict[str, bytes]] | None = None

    @property
    def synced(self) -> list[str]:
        """The kinds of which this epoch holds everything, in order of name."""
        return sorted(self._synced)

    def counts(self) -> dict[str, int]:
        """Give the number of entities per kind."""
        return {kind: len(entities) for kind, entities in self._values.items()}

    def begin_pass(self) -> None:
        """Forget what the last pass named: absence counts within one pass only."""
        self._seen.clear()
        self._told_unavailable.clear()

    def end_pass(self) -> None:
        """Note that a pass came to its end: the parts that it did not call unavailable have been read."""
        self._unavailable = {
            part: reason for part, reason in self._unavailable.items() if part in self._told_unavailable
        }

    @property
    def unavailable(self) -> dict[str, str]:
        """The parts that cannot be read, and the kinds of which a value was refused, in order of name."""
        refused = {kind: _of_refused(values) for kind, values in self._refused.items() if values}
        return dict(sorted((refused | self._unavailable).items()))

    def take(self, item: collector.Told, now: datetime) -> list[Observed | Gone]:
        """Take over one item, and give the records that the log needs because of it.

        Raises InvalidMessage when the value breaks its contract (too long, too large, below zero): the
        entity then keeps the value that it had.
        """
        match item:
            case collector.Observed():
                return self._observe(item, now)
            case collector.Gone():
                known = self._values[item.kind].pop(item.id, None)
                self._seen[item.kind].discard(item.id)
                self._refused[item.kind].pop(item.id, None)
                if known is None:
                    return []
                self._keep_end(item.kind, item.id, known)
                return [self._gone(item.kind, item.id, now)]
            case collector.Complete():
                return [record for kind in item.kinds for record in self._complete(kind, now)]
            case collector.Partial():
                self._note(item)
                return []

    def keep_ends(self, keep: bool) -> None:
        """Remember what ends from now on, because nobody can be told now; or forget it, for it was told."""
        self._ended = {} if keep else None

    def renew(self, epoch: str, now: datetime) -> Iterator[Observed | Gone]:
        """Begin a new epoch, and give everything that is known under it, after the ends that were not told.

        The synced kinds stay so: memory is complete for them, and the heartbeat that says so comes after.
        """
        self._epoch = epoch
        for kind, ended in (self._ended or {}).items():
            for entity_id, encoded in ended.items():
                yield self._record(kind, entity_id, encoded, now)
                yield self._gone(kind, entity_id, now)
        for kind, entities in self._values.items():
            for entity_id, encoded in entities.items():
                yield self._record(kind, entity_id, encoded, now)

    def heartbeat(
        self,
        now: datetime,
        interval_seconds: float,
        down_reason: str | None = None,
        undelivered_since: datetime | None = None,
    ) -> Heartbeat:
        """Give the heartbeat of this moment."""
        return Heartbeat(
            source=self.source,
            epoch=self._epoch,
            observed_at=now,
            interval_seconds=interval_seconds,
            synced=self.synced,
            down_reason=down_reason or UNSET,
            undelivered_since=undelivered_since or UNSET,
            unavailable=[Unavailable(part=part, reason=why) for part, why in self.unavailable.items()]
            or UNSET,
        )

    def _note(self, item: collector.Partial) -> None:
        for part in item.parts:
            if item.reason:
                self._unavailable[part] = item.reason[:MAX_REASON]
                self._told_unavailable.add(part)
            else:
                self._unavailable.pop(part, None)

    def _keep_end(self, kind: str, entity_id: str, encoded: bytes) -> None:
        if self._ended is None:
            return
        ended = self._ended.setdefault(kind, {})
        ended[entity_id] = encoded
        if len(ended) > MAX_ENDS:
            del ended[next(iter(ended))]

    def _observe(self, item: collector.Observed, now: datetime) -> list[Observed | Gone]:
        # Seen even when the value turns out to be wrong: an entity that is there is not gone.
        self._seen[item.kind].add(item.id)
        encoded = _encoded(item)
        if self._values[item.kind].get(item.id) == encoded:
            self._refused[item.kind].pop(item.id, None)
            return []
        # Constructing a Struct checks no bounds, and one wrong value must not cost the rest of a pass.
        try:
            decode(encoded, _DECODERS[item.kind])
        except InvalidMessage as error:
            self._refused[item.kind][item.id] = error.detail
            raise
        self._refused[item.kind].pop(item.id, None)
        self._values[item.kind][item.id] = encoded
        return [self._record(item.kind, item.id, encoded, now)]

    def _complete(self, kind: str, now: datetime) -> list[Observed | Gone]:
        entities = self._values[kind]
        absent = [entity_id for entity_id in entities if entity_id not in self._seen[kind]]
        for entity_id in absent:
            del entities[entity_id]
        for entity_id in self._refused[kind].keys() - self._seen[kind]:
            del self._refused[kind][entity_id]
        self._synced.add(kind)
        return [self._gone(kind, entity_id, now) for entity_id in absent]

    def _record(self, kind: str, entity_id: str, encoded: bytes, now: datetime) -> Observed:
        return Observed(
            source=self.source,
            epoch=self._epoch,
            kind=kind,
            id=entity_id,
            observed_at=now,
            value=msgspec.Raw(encoded),
        )

    def _gone(self, kind: str, entity_id: str, now: datetime) -> Gone:
        return Gone(source=self.source, epoch=self._epoch, kind=kind, id=entity_id, observed_at=now)


def _of_refused(values: dict[str, str]) -> str:
    """Say which value was refused, and how many are beside it."""
    entity_id, detail = next(iter(values.items()))
    more = f", and {len(values) - 1} more" if len(values) > 1 else ""
    return f"{entity_id} keeps its last state: {detail}{more}"[:MAX_REASON]


def _encoded(item: collector.Observed) -> bytes:
    """Encode a value; names that the operating system gives in no encoding are refused, not our end."""
    try:
        item.id.encode()
        return encode(item.value)
    except UnicodeEncodeError:
        raise InvalidMessage("not_json", f"{item.kind} {ascii(item.id)[:256]} is not Unicode") from None
