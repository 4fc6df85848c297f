"""Folding the log: one environment's tables, and what of the snapshot each record touches. Pure.

The same tables feed live changes and the tick that is frozen just before the first later record is folded
(DESIGN §4.2). `dirty` names the entities whose view must be made anew, and beside them `agent_name` (all that
hangs on the agents of a name), `places` (who belongs to whom), `agents`, `queues`, `usage` and `kafka` as a
whole; what depends on the time alone is made anew at every tick by `views.py`.
"""

from aggregator.callers import Callers
from aggregator.counting import count
from aggregator.decode import Entry, Origin, value_of
from aggregator.departed import Departed, unseen_end
from aggregator.identity import Directory
from aggregator.observations import Key, Lost, Observations
from aggregator.state import State
from aggregator.tick_rows import TickRows
from aggregator.ticks import to_ms
from aggregator.transitions import Transitions
from runtime.metrics import FOLDED, SKIPPED
from schema.entities import KINDS
from schema.messages import Call, CallRecord, Event, EventRecord, Gone, Heartbeat, Mark, Observed
from schema.observed import (
    AgentObserved,
    KafkaClusterObserved,
    ModelObserved,
    PodObserved,
    RefusedObserved,
    SnapshotSettings,
)
from schema.types import Part
from schema.wire import encode

OWN_SOURCE = "oracle"
"""Observations of the aggregator itself: settings that shape a snapshot, and refusals by the store."""
WORKLOADS = frozenset({"workload", "pod"})
REFUSED_MS = 60_000
"""An entity that the store refused is tried again after a minute, or when it changed."""

Dirty = set[tuple[str, Key]]


class Tables:
    """One environment's tables."""

    def __init__(self, name: str, state: State) -> None:
        self.name = name
        self.state = state
        self.observations = Observations(state.sources)
        self.dirty: Dirty = set()
        self.places = Directory()
        self.callers = Callers(state.traces, state.fleet, self.places)
        self.events = TickRows("event")
        self.calls = TickRows("call")
        self.live: list[Event | Call] = []
        self.transitions = Transitions(state.transitions, state.gone_pods)
        self.departed = Departed()
        self._left = {key: value_of("workload", body) for key, body in state.left_workloads.items()}
        for kind in ("workload", "pod", "agent"):
            for key in self.observations.keys(kind):
                self._place(kind, key)
        self.dirty |= {("places", ()), ("agents", ())}

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
                self._lose(self.observations.remove(record, at_ms), at_ms)
            case Heartbeat():
                alone = not self.observations.has_rival(record.source, at_ms)  # Else the other may see it.
                self._lose(self.observations.heartbeat(record, at_ms), at_ms, unseen=alone)
            case EventRecord():
                if self._is_new(entry.origin):
                    self._event(record.event, at_ms)
            case CallRecord():
                if self._is_new(entry.origin):
                    self._call(record.call, at_ms)
            case Mark():
                raise AssertionError("a mark belongs to the partition, not to an environment")

    def expire(self, now_ms: int) -> None:
        """Drop what has been silent for too long; called at each tick."""
        self._lose(self.observations.expire(now_ms), now_ms, unseen=True)
        self.transitions.expire(now_ms)
        if self.state.fleet.forget(now_ms, self.places.pods.keys()):
            self.dirty.add(("places", ()))
        self.state.repeats.forget(now_ms)
        self.state.remainders.expire(now_ms)
        # A tick speaks of what came before it: the one at midnight closes the day that ends.
        self.state.usage.roll(now_ms - 1)
        self.state.models_used.roll(self.state.usage.day, self._known_names)
        for (kind, key), since_ms in list(self.state.refused.items()):
            if now_ms - since_ms > REFUSED_MS:
                del self.state.refused[kind, key]
                self._show_again(kind, key)

    def after_tick(self) -> None:
        """Let go of what was to be shown once: called when a tick is frozen, before the checkpoint."""
        self._forget_shown()
        for key in self.state.workload_ms.keys() - self.observations.keys("workload") - self._left.keys():
            del self.state.workload_ms[key]

    def forget_unshown(self, until_ms: int) -> None:
        """Let go of what was told or went until a moment, where no tick comes to show it."""
        self._forget_shown(until_ms)
        self.transitions.expire(until_ms)

    def pods_of(self, deployment: str) -> set[Key]:
        """Give the pods of a deployment's name, those that went since the last tick among them."""
        gone = self.departed.pods_of(deployment)
        return gone.union(self.places.pods_of.get(deployment, ()))

    def workload(self, key: Key) -> Part | None:
        """Give a workload; one that is gone stays as long as pods stand in it."""
        return self.observations.get("workload", key) or self._left.get((key[0], key[1]))

    def pod(self, key: Key) -> Part | None:
        """Give a pod; one that is gone stays until a tick has shown what was told of it last."""
        return self.observations.get("pod", key) or self.departed.get(key)

    def agent_of(self, client: str) -> str | None:
        """Give the snapshot's agent id for an instance's id, or None when it is no agent that we know."""
        instance = self.state.fleet.instances.get(client)
        if instance:
            home = self.places.home(instance, self.state.discovery_mode)
            return home or self.places.deployment_of(client) or self.places.agent_id(instance.agent_name)
        return self.places.deployment_of(client)

    def _known_names(self) -> set[str]:
        """Give the names of agents that are told of now, and of those that made a call today."""
        told = {one.name for spaces in self.places.declared.values() for one in spaces.values()}
        heard = {one.agent_name for one in self.state.fleet.instances.values()}
        used = {one for one in self.state.models_used.by_name if self.places.deployment_of(one) is not None}
        return told | heard | used | self.state.usage.by_agent.keys()

    def _observe(self, record: Observed, value: Part, at_ms: int) -> None:
        if record.source.partition("@")[0] == OWN_SOURCE:
            self._own(value, at_ms)
            return
        keys = self.observations.observe(record, value, at_ms)
        if not keys:
            SKIPPED.labels("replaced epoch").inc()
        elif isinstance(value, PodObserved):
            reference_ms = min(self.state.last_tick_ms or at_ms, to_ms(record.observed_at))
            self.transitions.tell(keys[-1], value.pod, at_ms, reference_ms)
        elif isinstance(value, KafkaClusterObserved):
            self.dirty.add(("kafka", ()))
        elif isinstance(value, ModelObserved):
            self.state.remainders.take(value, at_ms)
        self._touch(record.kind, keys, at_ms)
        if record.kind == "pod":
            for left in keys[:-1]:  # It stands under another workload now.
                self._close_workload(left)

    def _own(self, value: Part, at_ms: int) -> None:
        if isinstance(value, SnapshotSettings):
            self.state.interval_ms = max(1, value.snapshot_interval_seconds) * 1000
            if value.discovery_mode != self.state.discovery_mode:
                self.state.discovery_mode = value.discovery_mode
                self.dirty |= {("places", ()), ("agents", ())}
            if value.budgets_usd != self.state.budgets_usd:
                self.state.budgets_usd = value.budgets_usd
                self.dirty.add(("usage", ()))
        elif isinstance(value, RefusedObserved) and _names_an_entity(value):
            self.state.refused[value.kind, tuple(value.key)] = at_ms
            self._show_again(value.kind, tuple(value.key))

    def _show_again(self, kind: str, key: Key) -> None:
        """Have the view of an entity made anew, whatever it is made from."""
        self.dirty.add((kind, key))
        if kind != "agent":
            self.dirty.add(({"queue": "queues", "kafka": "kafka"}.get(kind, "usage"), ()))

    def _lose(self, lost: list[Lost], at_ms: int, *, unseen: bool = False) -> None:
        """Take over what is gone; `unseen` where no source said so."""
        for kind, key, told in lost:
            self._touch(kind, [key], at_ms)
            if told is None:
                continue
            told_ms, value = told
            if kind == "pod":
                self.transitions.forget_pod(key[-1], at_ms)
                end = unseen_end(value, at_ms) if unseen else None
                if end or told_ms > self.state.last_tick_ms:
                    self._show_anew(self.departed.add(key, end or value, at_ms))
                self._close_workload(key)
            elif kind == "workload" and self._holds_pods(key):
                self._left[key[0], key[1]] = value
                self.state.left_workloads[key[0], key[1]] = encode(value)

    def _close_workload(self, pod: Key) -> None:
        """Let go of a workload that is gone, with its last pod."""
        key = (pod[0], pod[1])
        if key in self._left and not self._holds_pods(key):
            del self._left[key], self.state.left_workloads[key]
            self.dirty.add(("workload", key))

    def _touch(self, kind: str, keys: list[Key], at_ms: int) -> None:
        for key in keys:
            self._place(kind, key)
            shown = ("agent", key[1:]) if kind == "agent" else (kind, key)
            self.dirty.add(shown)
            # A refused entity is tried again once it changed.
            self.state.refused.pop(shown, None)
            if kind in WORKLOADS:
                self.state.workload_ms[key[0], key[1]] = at_ms
                self.dirty.add(("workload", key[:2]))

    def _place(self, kind: str, key: Key) -> None:
        """Have the directory follow an entity that was told or is gone."""
        if kind not in ("workload", "pod", "agent"):
            return
        value = self.observations.get(kind, key)
        if kind == "pod" and value is not None:
            self._show_anew(self.departed.back(key))
        if kind == "workload":
            if value is not None and key in self._left:
                del self._left[key[0], key[1]], self.state.left_workloads[key[0], key[1]]
            changed = self.places.put_deployment(kind, key, known=value is not None)
        elif kind == "pod":
            pod = value.pod if isinstance(value, PodObserved) else None
            self.callers.addresses.put(key, pod)
            changed = self.places.put_pod(key, pod.name if pod else None)
        else:
            changed = self.places.declare(key, value if isinstance(value, AgentObserved) else None)
            # Which agent its pods belong to hangs on whether it is excluded.
            self.dirty |= {("pod", pod) for pod in self.pods_of(key[1])} if changed else set()
        if changed:
            self.dirty.add(("places", ()))

    def _holds_pods(self, key: Key) -> bool:
        here = any(pod[:2] == key[:2] for pod in self.places.pods_of.get(key[1], ()))
        return here or self.departed.holds(key[:2])

    def _forget_shown(self, until_ms: int | None = None) -> None:
        self.dirty |= {("pod", key) for key in self.transitions.take(until_ms)}
        for key in self.departed.take(until_ms):
            self._show_anew(key)

    def _show_anew(self, pod: Key | None) -> None:
        if pod is not None:
            self.dirty |= {("pod", pod), ("workload", pod[:2])}
            self._close_workload(pod)

    def _event(self, event: Event, at_ms: int) -> None:
        self._show_event(event)
        self.callers.learn_event(event, at_ms)
        self.dirty.add(("agent_name", (event.agent_name,)))
        # A new instance may be of another agent, so all that hangs on the places is made anew.
        if self.state.fleet.take(event, at_ms):
            self.dirty.add(("places", ()))
        if self.state.queues.take(event, at_ms):
            self.dirty.add(("queues", ()))

    def _show_event(self, event: Event) -> None:
        self.events.add(event.event_id, encode(event))
        self.live.append(event)

    def _call(self, told: Call, at_ms: int) -> None:
        call = self.callers.name(told, at_ms)
        name = self.callers.agent_name(call)
        if changed := self.state.prompts.take(call, self.callers.prompt_owner(call), name, at_ms):
            self._show_event(changed)
        counted = count(self.state.repeats, self.state.usage, self.calls, call, name, at_ms)
        if counted is None:
            return
        call, name = counted
        self.live.append(call)
        if name and self.state.models_used.take(name, call):
            self.dirty.add(("agent_name", (name,)))
        self.dirty |= {
            ("by_model", self.state.usage.model_key(call)),
            ("litellm", (call.provider, call.model, call.key_label)),
            ("spender", (self.state.usage.agent_key(name),)) if name else ("llm_usage", ()),
        }

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


def _names_an_entity(refused: RefusedObserved) -> bool:
    kind = KINDS.get(refused.kind)
    return kind is not None and len(refused.key) == len(kind.key)
