"""Warning events → one entry per object and reason, and the failed probes of each pod; pure.

Kubernetes keeps an event object per message, for an hour; people ask by reason. The entry's count is the
sum, its message the newest. Only the newest entries are kept: a cluster in trouble makes tens of thousands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector.names import entity_id
from collectors.k8s_collector.objects import Event
from schema import models
from schema.types import in_utc

KIND = "k8s_event"
MAX_ENTRIES = 500
MAX_TEXT = 1000
MAX_COUNT = 10**9
PROBE_FAILED = "Unhealthy"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[str, str, str]


@dataclass(slots=True)
class Told:
    """What one event object says."""

    count: int
    last_seen: datetime
    message: str


@dataclass
class Events:
    """The warning events that are known now."""

    _entries: dict[Key, dict[str, Told]] = field(default_factory=dict)
    _keys: dict[str, Key] = field(default_factory=dict)
    _pods: dict[str, str] = field(default_factory=dict)
    _probes: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, event: Event) -> list[Item]:
        """Take an event in; give what the log needs because of it."""
        uid = event.metadata.uid
        key = key_of(event)
        told = told_of(event)  # Before anything is kept or forgotten: it may raise ValueError.
        moved = self._forget_entry(uid) if self._keys.get(uid, key) != key else []
        self._keys[uid] = key
        self._entries.setdefault(key, {})[uid] = told
        about = event.involved_object
        if event.reason == PROBE_FAILED and about.kind == "Pod" and about.uid:
            self._pods[uid] = about.uid
            self._probes.setdefault(about.uid, {})[uid] = told.count
        return [*moved, self._observed(key), *self._drop_oldest()]

    def forget(self, uid: str) -> list[Item]:
        """Forget an event that has expired."""
        pod = self._pods.pop(uid, None)
        if pod is not None:
            self._probes[pod].pop(uid, None)
            if not self._probes[pod]:
                del self._probes[pod]
        return self._forget_entry(uid)

    def _forget_entry(self, uid: str) -> list[Item]:
        key = self._keys.pop(uid, None)
        if key is None:
            return []
        left = self._entries[key]
        left.pop(uid, None)
        if left:
            return [self._observed(key)]
        del self._entries[key]
        return [Gone(KIND, entity_id(*key))]

    def everything(self) -> Iterator[Item]:
        """Give every entry."""
        return (self._observed(key) for key in self._entries)

    def probe_failures(self, pod_uid: str) -> int:
        """Give how many failed probes of a pod are told."""
        return min(MAX_COUNT, sum(self._probes.get(pod_uid, {}).values()))

    def pod_of(self, uid: str) -> str | None:
        """Give the pod whose probe an event says to have failed."""
        return self._pods.get(uid)

    def _observed(self, key: Key) -> Observed:
        told = self._entries[key]
        newest = max(told.values(), key=lambda one: (one.last_seen, one.message))
        namespace, about, reason = key
        value = models.KubernetesEvent(
            namespace=namespace,
            object=about,
            reason=reason,
            message=newest.message,
            count=min(MAX_COUNT, sum(one.count for one in told.values())),
            last_seen=newest.last_seen,
        )
        return Observed(KIND, entity_id(*key), value)

    def _drop_oldest(self) -> list[Item]:
        """Bring a fifth too many down to the bound, so that the sorting is rare; failed probes stay known."""
        if len(self._entries) <= MAX_ENTRIES * 6 // 5:
            return []
        newest = {key: max(one.last_seen for one in told.values()) for key, told in self._entries.items()}
        oldest = sorted(newest, key=lambda key: (newest[key], key))[: len(newest) - MAX_ENTRIES]
        return [
            item for key in oldest for uid in list(self._entries[key]) for item in self._forget_entry(uid)
        ]


def key_of(event: Event) -> Key:
    """Give namespace, object as kind and name, and reason."""
    about = event.involved_object
    namespace = about.namespace or event.metadata.namespace or "default"
    return namespace[:256], f"{about.kind or 'Object'}/{about.name or ''}"[:256], (event.reason or "-")[:256]


def told_of(event: Event) -> Told:
    """Give count, last time and message of an event object, of whichever API it came through.

    Raises ValueError for a time that no calendar holds in UTC.
    """
    series = event.series
    count = (series.count if series else None) or event.count or 1
    last_seen = (
        (series.last_observed_time if series else None)
        or event.last_timestamp
        or event.event_time
        or event.metadata.creation_timestamp
        or _NEVER
    )
    return Told(min(MAX_COUNT, max(1, count)), in_utc(last_seen), (event.message or "")[:MAX_TEXT])
