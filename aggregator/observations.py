"""What the sources observe: epochs, entities and freshness (DESIGN §3, Observations).

The first record of an unseen epoch replaces the current one; what a source did not repeat of a kind that it
calls synced is gone; a source silent for an hour is removed with its entities. Two collectors under one name
replace each other's epochs in turn, which the source says of itself. Pure.
"""

from collections.abc import Iterator, KeysView
from typing import NamedTuple

import msgspec

from aggregator.decode import value_of
from aggregator.newest import Told, newest
from aggregator.ticks import from_ms, to_ms
from schema.entities import KINDS
from schema.messages import Gone, Heartbeat, Observed
from schema.models import Source, Unavailable
from schema.observed import PodObserved
from schema.types import Part, SourceStatus
from schema.wire import encode

Key = tuple[str, ...]
FRESH_INTERVALS = 3
STALE_INTERVALS = 10
REMOVED_AFTER_MS = 3_600_000
IN_FLIGHT = "in_flight"
MOCK = "@mock"
REMEMBERED_EPOCHS = 8
HANDOVER_LIMIT_MS = 60_000
"""How long, at most, a collector that was replaced may go on beating before it counts as a rival."""
NAME_SETTINGS = {"kubernetes": " (K8S_CLUSTER)"}
"""Where a source's name is set, by what comes before its `@`."""

_KEY_FIELDS = {
    "agent": ("namespace", "deployment_name"),
    "kafka_cluster": (),
    "model": KINDS["litellm"].key,
    "settings": (),
    "refused": ("kind",),
    **{name: KINDS[name].key for name in ("workload", "deployment", "node", "k8s_event", "group", "topic")},
    "in_flight": KINDS["in_flight"].key,
}


class Lost(NamedTuple):
    """What a source no longer sees; `told` is its last value, None while another source tells one."""

    kind: str
    key: Key
    told: Told | None


class Seen(msgspec.Struct):
    """An entity as a source told it last; `body` is its JSON, so that a checkpoint keeps it as it came."""

    key: Key
    at_ms: int
    body: bytes


class SourceState(msgspec.Struct):
    """One source: its current epoch, what it sees, and its last heartbeat (times in milliseconds).

    `began_ms` is when the current epoch began, `rival_ms` when another collector of this name beat last.
    """

    epoch: str
    heard_ms: int
    began_ms: int = 0
    rival_ms: int = 0
    past_epochs: list[str] = []
    repeated: dict[str, set[str]] = {}
    synced: set[str] = set()
    entities: dict[str, dict[str, Seen]] = {}
    interval_seconds: float = 2.0
    observed_ms: int = 0
    down_reason: str = ""
    undelivered_ms: int = 0
    unavailable: list[tuple[str, str]] = []


def key_of(kind: str, value: Part) -> Key:
    """Give the natural key of an observed entity (SPEC §4)."""
    if isinstance(value, PodObserved):
        return (value.namespace, value.deployment_name, value.pod.pod_id)
    return tuple(str(getattr(value, name)) for name in _KEY_FIELDS[kind])


class Observations:
    """The entities of all sources; of several values the one told last stands, of models the newest word."""

    def __init__(self, sources: dict[str, SourceState]) -> None:
        self.sources = sources
        self._values: dict[str, dict[Key, dict[str, Told]]] = {}
        for name, source in sources.items():
            for kind, entities in source.entities.items():
                for seen in entities.values():
                    self._hold(kind, seen.key, name, value_of(kind, seen.body), seen.at_ms)

    def observe(self, record: Observed, value: Part, at_ms: int) -> list[Key]:
        """Take an entity in; give the keys whose value may have changed."""
        source = self._current(record.source, record.epoch, at_ms)
        if source is None:
            return []
        key = key_of(record.kind, value)
        entities = source.entities.setdefault(record.kind, {})
        # Told last stands last, so that a checkpoint gives the same value where two ids share a key.
        before = entities.pop(record.id, None)
        entities[record.id] = Seen(key, at_ms, encode(value))
        if record.kind not in source.synced:
            source.repeated.setdefault(record.kind, set()).add(record.id)
        self._hold(record.kind, key, record.source, value, at_ms)
        if before is not None and before.key != key:
            self._release(record.kind, before.key, record.source)
            return [before.key, key]
        return [key]

    def remove(self, record: Gone, at_ms: int) -> list[Lost]:
        """Forget an entity that its source no longer sees."""
        source = self._current(record.source, record.epoch, at_ms)
        return self._drop(record.source, source, record.kind, [record.id]) if source else []

    def heartbeat(self, record: Heartbeat, at_ms: int) -> list[Lost]:
        """Note that a source is alive; give what is gone because it was not repeated in this epoch."""
        source = self._current(record.source, record.epoch, at_ms)
        if source is None:
            _note_rival(self.sources[record.source], at_ms)
            return []
        source.heard_ms = at_ms
        source.interval_seconds = record.interval_seconds or source.interval_seconds
        source.observed_ms = to_ms(record.observed_at)
        source.down_reason = record.down_reason if isinstance(record.down_reason, str) else ""
        since = record.undelivered_since
        source.undelivered_ms = 0 if isinstance(since, msgspec.UnsetType) else to_ms(since)
        parts = [] if isinstance(record.unavailable, msgspec.UnsetType) else record.unavailable
        source.unavailable = [(one.part, one.reason) for one in parts]
        gone: list[Lost] = []
        for kind in record.synced:
            if kind in source.synced:
                continue
            source.synced.add(kind)
            repeated = source.repeated.pop(kind, set())
            absent = [name for name in source.entities.get(kind, {}) if name not in repeated]
            gone += self._drop(record.source, source, kind, absent)
        return gone

    def has_rival(self, name: str, at_ms: int) -> bool:
        """Say whether two collectors speak under a source's name."""
        source = self.sources.get(name)
        return source is not None and _has_rival(source, at_ms)

    def expire(self, now_ms: int) -> list[Lost]:
        """Remove the sources that were silent for an hour, and the calls of one that is down; give them."""
        silent = [
            name
            for name, source in self.sources.items()
            if now_ms - source.heard_ms > _kept_ms(name, source.interval_seconds)
        ]
        gone: list[Lost] = []
        for name, source in self.sources.items():
            gone += self._drop(name, source, IN_FLIGHT, _ended(source, now_ms))
        for name in silent:
            source = self.sources[name]
            for kind in list(source.entities):
                ids = list(source.entities[kind])
                gone += self._drop(name, source, kind, ids)
            del self.sources[name]
        return gone

    def get(self, kind: str, key: Key) -> Part | None:
        """Give an entity's value, as told last."""
        told = self.told(kind, key)
        return told[1] if told else None

    def told(self, kind: str, key: Key) -> Told | None:
        """Give an entity's value as told last, and when."""
        holders = self._values.get(kind, {}).get(key)
        return newest(holders) if holders else None

    def keys(self, kind: str) -> KeysView[Key]:
        """Give the natural keys of a kind, in no particular order."""
        return self._values.get(kind, {}).keys()

    def all(self, kind: str) -> Iterator[tuple[Key, Part]]:
        """Give the entities of a kind, in no particular order."""
        for key, holders in self._values.get(kind, {}).items():
            yield key, newest(holders)[1]

    def freshness(self, now_ms: int) -> list[Source]:
        """Say how fresh each source is at a tick."""
        return [self._source(name, state, now_ms) for name, state in sorted(self.sources.items())]

    def _source(self, full_name: str, state: SourceState, now_ms: int) -> Source:
        name, _, instance = full_name.partition("@")
        age = max(0, now_ms - state.heard_ms) / 1000
        unset = msgspec.UNSET
        parts = [*state.unavailable, *_rival(full_name, state, now_ms)]
        return Source(
            name=name,
            instance=instance or "default",
            status=status_of(age, state.interval_seconds, state.down_reason),
            reason=state.down_reason or unset,
            observed_at=from_ms(state.observed_ms) if state.observed_ms else unset,
            age_seconds=age,
            interval_seconds=state.interval_seconds,
            clock_skew_seconds=(state.heard_ms - state.observed_ms) / 1000 if state.observed_ms else unset,
            undelivered_since=from_ms(state.undelivered_ms) if state.undelivered_ms else unset,
            unavailable=[Unavailable(part=part, reason=why) for part, why in parts] or unset,
        )

    def _current(self, name: str, epoch: str, at_ms: int) -> SourceState | None:
        """Give the source if the record belongs to its current epoch; an unseen epoch becomes current."""
        source = self.sources.get(name)
        if source is None:
            source = self.sources[name] = SourceState(epoch, at_ms, began_ms=at_ms)
        if source.epoch != epoch:
            if epoch in source.past_epochs:
                return None
            source.past_epochs = [source.epoch, *source.past_epochs][:REMEMBERED_EPOCHS]
            source.epoch, source.synced, source.repeated = epoch, set(), {}
            source.began_ms = at_ms
        return source

    def _drop(self, name: str, source: SourceState, kind: str, ids: list[str]) -> list[Lost]:
        entities = source.entities.get(kind, {})
        keys = [entities.pop(one).key for one in ids if one in entities]
        return [Lost(kind, key, self._release(kind, key, name)) for key in keys]

    def _hold(self, kind: str, key: Key, source: str, value: Part, at_ms: int) -> None:
        self._values.setdefault(kind, {}).setdefault(key, {})[source] = (at_ms, value)

    def _release(self, kind: str, key: Key, source: str) -> Told | None:
        """Take a source's value away; give the last one when nobody else tells any."""
        values = self._values.get(kind, {})
        holders = values.get(key, {})
        told = holders.pop(source, None)
        if holders:
            return None
        values.pop(key, None)
        return told


def _note_rival(source: SourceState, at_ms: int) -> None:
    """Take a heartbeat of a replaced epoch as a rival's, unless it may be what a restart leaves behind.

    A collector appends in order, so once its new epoch began it beats in no old one. At a restart the old
    process may beat on for a moment: its last records arrive late, or it ends after the new one began. A
    rival beats on until its own renewal; the turns that the two then take follow closely on each other.
    """
    handover_ms = min(_outdated_ms(source), HANDOVER_LIMIT_MS)
    if _has_rival(source, at_ms) or at_ms - source.began_ms > handover_ms:
        source.rival_ms = at_ms


def _rival(full_name: str, state: SourceState, now_ms: int) -> list[tuple[str, str]]:
    """Give what two collectors of one name make doubtful, as one part that cannot be read."""
    if not _has_rival(state, now_ms):
        return []
    setting = NAME_SETTINGS.get(full_name.partition("@")[0], "")
    reason = f"another collector tells itself as {full_name}: give each a name of its own{setting}"
    return [("name", reason)]


def _has_rival(state: SourceState, now_ms: int) -> bool:
    return bool(state.rival_ms) and now_ms - state.rival_ms <= _outdated_ms(state)


def _ended(source: SourceState, now_ms: int) -> list[str]:
    """Give the calls in flight of a proxy that says nothing any more: what passed it has ended with it."""
    limit_ms = now_ms - _outdated_ms(source)
    calls = source.entities.get(IN_FLIGHT)
    if not calls or source.heard_ms >= limit_ms:
        return []
    return [name for name, seen in calls.items() if seen.at_ms < limit_ms]


def _outdated_ms(state: SourceState) -> int:
    return int(STALE_INTERVALS * state.interval_seconds * 1000)


def _kept_ms(name: str, interval_seconds: float) -> float:
    """Give how long a silent source is kept; what is made up goes as soon as nobody tells it (SPEC §9)."""
    return STALE_INTERVALS * interval_seconds * 1000 if name.endswith(MOCK) else REMOVED_AFTER_MS


def status_of(age_seconds: float, interval_seconds: float, down_reason: str) -> SourceStatus:
    """Fresh up to three intervals, stale up to ten, then (or when it says so itself) down (SPEC §4)."""
    if down_reason or age_seconds > STALE_INTERVALS * interval_seconds:
        return "down"
    return "fresh" if age_seconds <= FRESH_INTERVALS * interval_seconds else "stale"
