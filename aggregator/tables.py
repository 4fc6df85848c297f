"""Folding the log: one environment's tables, and what of the snapshot each record touches. Pure.

The same tables feed live changes and the tick that is frozen just before the first later record is folded
(DESIGN §4.2). `dirty` names the entities whose view must be made anew; what depends on the time alone is
made anew at every tick by `snapshot.py`.
"""

from datetime import datetime
from operator import itemgetter

import msgspec

from aggregator.decode import Entry, Origin
from aggregator.fleet import Fleet
from aggregator.identity import Directory, PodPlace, directory
from aggregator.observations import Key, Observations, SourceState
from aggregator.queues import Queues
from aggregator.tick_rows import TickRows
from aggregator.usage import Usage
from runtime.metrics import FOLDED, SKIPPED
from schema.messages import Call, CallRecord, Event, EventRecord, Gone, Heartbeat, Mark, Observed
from schema.observed import KafkaClusterObserved, PodObserved, RefusedObserved, SnapshotSettings
from schema.types import Part
from schema.wire import encode

OWN_SOURCE = "oracle"
"""Observations of the aggregator itself: settings that shape a snapshot, and refusals by the store."""
PLACES = frozenset({"workload", "pod"})
MAX_TRANSITIONS = 100
MAX_MODELS = 50
REFUSED_MS = 60_000
"""An entity that the store refused is tried again after a minute, or when it changed."""

Dirty = set[tuple[str, Key]]


class State(msgspec.Struct):
    """What a checkpoint keeps of an environment; everything else is derived from it."""

    interval_ms: int
    own_ms: int = 0
    idle: bool = False
    last_tick_ms: int = 0
    sources: dict[str, SourceState] = {}
    fleet: Fleet = msgspec.field(default_factory=Fleet)
    queues: Queues = msgspec.field(default_factory=Queues)
    usage: Usage = msgspec.field(default_factory=Usage)
    models_used: dict[str, set[str]] = {}
    origins: dict[str, tuple[int, int]] = {}
    refused: dict[tuple[str, Key], int] = {}
    transitions: dict[str, list[tuple[str, datetime]]] = {}
    workload_ms: dict[tuple[str, str], int] = {}


class Tables:
    """One environment's tables."""

    def __init__(self, name: str, state: State) -> None:
        self.name = name
        self.state = state
        self.observations = Observations(state.sources)
        self.dirty: Dirty = set()
        self.places = Directory()
        self.events = TickRows("event")
        self.calls = TickRows("call")
        self.live: list[Event | Call] = []
        self.fresh_transitions: dict[str, list[tuple[str, datetime]]] = {}
        self.learn_places()

    def fold(self, entry: Entry, at_ms: int) -> None:
        """Fold one record of this environment, at the log's time."""
        self.state.own_ms = at_ms
        record = entry.record
        FOLDED.labels(type(record).__name__).inc()
        match record:
            case Observed():
                assert entry.value is not None
                self._observe(record, entry.value, at_ms)
            case Gone():
                self._touch(record.kind, self.observations.remove(record, at_ms), at_ms)
            case Heartbeat():
                for kind, key in self.observations.heartbeat(record, at_ms):
                    self._touch(kind, [key], at_ms)
            case EventRecord():
                if self._is_new(entry.origin):
                    self._event(record.event, at_ms)
            case CallRecord():
                if self._is_new(entry.origin):
                    self._call(record.call, at_ms)
            case Mark():
                raise AssertionError("a mark belongs to the partition, not to an environment")

    def learn_places(self) -> None:
        """Work out anew which agents, deployments and pods belong together."""
        workloads = {key[1] for key, _ in self.observations.all("workload")}
        # In the order of their keys, so that of two pods with one name the same is taken at every fold.
        pods = {
            pod.pod.name: PodPlace(pod.deployment_name, pod.pod.pod_id)
            for _, pod in sorted(self.observations.all("pod"), key=itemgetter(0))
            if isinstance(pod, PodObserved)
        }
        self.places = directory(workloads, pods)
        pairs = [(one.instance_id, one.agent_name) for one in self.state.fleet.instances.values()]
        self.places.learn_names(pairs)

    def expire(self, now_ms: int) -> None:
        """Drop what has been silent for too long; called at each tick."""
        for kind, key in self.observations.expire(now_ms):
            self._touch(kind, [key], now_ms)
        if self.state.fleet.forget(now_ms, self.places.pods.keys()):
            self.dirty.add(("places", ()))
        # A tick speaks of what came before it: the one at midnight closes the day that ends.
        if self.state.usage.roll(now_ms - 1):
            names = {one.agent_name for one in self.state.fleet.instances.values()}
            for name in self.state.models_used.keys() - names:
                del self.state.models_used[name]
        for (kind, key), since_ms in list(self.state.refused.items()):
            if now_ms - since_ms > REFUSED_MS:
                del self.state.refused[kind, key]
                self._show_again(kind, key)
        pods = {key[2] for key, _ in self.observations.all("pod")}
        for pod_id in self.state.transitions.keys() - pods:
            del self.state.transitions[pod_id]
        for key in self.state.workload_ms.keys() - {key for key, _ in self.observations.all("workload")}:
            del self.state.workload_ms[key]

    def agent_of(self, client: str) -> str | None:
        """Give the snapshot's agent id for an instance's id, or None when it is no agent that we know."""
        instance = self.state.fleet.instances.get(client)
        if instance:
            return self.places.agent_id(instance.agent_name)
        return self.places.deployment_of(client)

    def _observe(self, record: Observed, value: Part, at_ms: int) -> None:
        if record.source.partition("@")[0] == OWN_SOURCE:
            self._own(value, at_ms)
            return
        keys = self.observations.observe(record, value, at_ms)
        if not keys:
            SKIPPED.labels("replaced epoch").inc()
        elif isinstance(value, PodObserved):
            self._transitions(value)
        elif isinstance(value, KafkaClusterObserved):
            self.dirty.add(("kafka", ()))
        self._touch(record.kind, keys, at_ms)

    def _own(self, value: Part, at_ms: int) -> None:
        if isinstance(value, SnapshotSettings):
            self.state.interval_ms = max(1, value.snapshot_interval_seconds) * 1000
        elif isinstance(value, RefusedObserved):
            self.state.refused[value.kind, tuple(value.key)] = at_ms
            self._show_again(value.kind, tuple(value.key))

    def _show_again(self, kind: str, key: Key) -> None:
        """Have the view of an entity made anew, whatever it is made from."""
        derived = {"agent": "agents", "queue": "queues", "kafka": "kafka"}
        self.dirty |= {(kind, key), (derived.get(kind, "usage"), ())}

    def _touch(self, kind: str, keys: list[Key], at_ms: int) -> None:
        for key in keys:
            self.dirty.add((kind, key))
            # A refused entity is tried again once it changed.
            self.state.refused.pop((kind, key), None)
            if kind in PLACES:
                self.state.workload_ms[key[0], key[1]] = at_ms
                self.dirty |= {("workload", key[:2]), ("places", ())}

    def _transitions(self, value: PodObserved) -> None:
        told = value.pod.transitions
        if isinstance(told, msgspec.UnsetType):
            return
        pod_id = value.pod.pod_id
        seen = self.state.transitions.setdefault(pod_id, [])
        for one in told[-MAX_TRANSITIONS:]:
            row = (one.status, one.at)
            if row not in seen:
                seen.append(row)
                self.fresh_transitions.setdefault(pod_id, []).append(row)
        del seen[:-MAX_TRANSITIONS]

    def _event(self, event: Event, at_ms: int) -> None:
        self.events.add(event.event_id, encode(event))
        self.live.append(event)
        # A new instance may be a member of a group, so all that hangs on the places is made anew.
        self.dirty.add(("places" if self.state.fleet.take(event, at_ms) else "agents", ()))
        if self.state.queues.take(event, at_ms):
            self.dirty.add(("queues", ()))

    def _call(self, call: Call, at_ms: int) -> None:
        instance = self.state.fleet.instances.get(call.agent_id) if isinstance(call.agent_id, str) else None
        told = call.agent_name if isinstance(call.agent_name, str) else call.agent_id
        name = instance.agent_name if instance else told if isinstance(told, str) else ""
        if not self.state.usage.take(call, name, at_ms):
            SKIPPED.labels("repeated call").inc()
            return
        self.calls.add(call.call_id, encode(call))
        self.live.append(call)
        used = self.state.models_used.setdefault(name, set()) if name else set()
        if name and call.model not in used and len(used) < MAX_MODELS:
            used.add(call.model)
            self.dirty.add(("agents", ()))
        self.dirty.add(("usage", ()))

    def _is_new(self, origin: Origin | None) -> bool:
        """A record from the intake counts once: positions of one place only grow (DESIGN §3)."""
        if origin is None:
            return True
        position = (origin.offset, origin.index)
        if position <= self.state.origins.get(origin.place, (-1, -1)):
            SKIPPED.labels("redelivered").inc()
            return False
        self.state.origins[origin.place] = position
        return True
