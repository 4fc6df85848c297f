"""The entities of the snapshot as they stand now, made from an environment's tables; cost follows change.

`refresh` makes anew what records touched, `at_tick` also what depends on the time. Both remember what came
out different, which is what is announced. Pure.
"""

from collections.abc import Collection, Iterable
from operator import itemgetter
from typing import TypeVar, cast

import msgspec
from msgspec import UNSET

from aggregator.alerts import LlmAlerts
from aggregator.consumers import Consumers
from aggregator.encoding import Bodies
from aggregator.identity import PodPlace
from aggregator.observations import Key
from aggregator.roster import Roster
from aggregator.tables import Tables
from aggregator.ticks import from_ms
from aggregator.usage_views import UsageViews
from schema import models
from schema.observed import PodObserved, WorkloadObserved
from schema.pod_health import is_active
from schema.types import Part

P = TypeVar("P", bound=Part)

PASSED_ON = frozenset({"deployment", "node", "k8s_event"})
"""Kinds that stand in the snapshot as their source observed them."""
USAGE_KINDS = frozenset(
    {"usage", "llm_usage", "spender", "by_model", "litellm", "model", "in_flight", "places"}
)
CONTAINED = {
    "workload": ("pod",),
    "kafka": ("group", "topic"),
    "llm_usage": ("by_agent", "by_model", "in_flight"),
}
"""Kinds that stand in an entity of another kind."""


class Views:
    """Every entity of one environment's snapshot, by kind and natural key."""

    def __init__(self, tables: Tables, now_ms: int) -> None:
        self._tables = tables
        self._parts: dict[str, dict[Key, Part]] = {}
        self._roster = Roster(tables)
        self._consumers = Consumers()
        self._usage = UsageViews(tables)
        self._alerts = LlmAlerts(tables.state.alerts_since_ms)
        self._pods: dict[Key, dict[Key, bool]] = {}
        self.bodies = Bodies()
        self.changed: dict[tuple[str, Key], Part | None] = {}
        for kind in ("workload", "pod", "group", "topic", *PASSED_ON):
            tables.dirty |= {(kind, key) for key in tables.observations.keys(kind)}
        tables.dirty |= {("workload", key) for key in tables.state.left_workloads}
        tables.dirty |= {("kafka", ()), ("queues", ()), ("usage", ())}
        self.at_tick(now_ms)
        self.changed.clear()

    def of(self, kind: str) -> list[Part]:
        """Give the entities of a kind, ordered by natural key."""
        return [part for _, part in self.items(kind)]

    def items(self, kind: str) -> list[tuple[Key, Part]]:
        """Give the entities of a kind with their natural keys, in their order."""
        return sorted(self._parts.get(kind, {}).items(), key=itemgetter(0))

    def pods_in(self, workload: Key) -> list[tuple[Key, Part]]:
        """Give the pods of a workload with their natural keys, in their order."""
        pods = self._parts.get("pod", {})
        return [(key, pods[key]) for key in sorted(self._pods.get(workload, ()))]

    def refresh(self, now_ms: int) -> None:
        """Make anew what the records folded since the last call have touched."""
        dirty, self._tables.dirty = self._tables.dirty, set()
        if not dirty:
            return
        agents, pods = self._roster.refresh(dirty, now_ms)
        for agent_id, agent in agents.items():
            self._put("agent", (agent_id,), agent)
            self._consumers.put_agent(agent_id, agent)
        dirty |= {("pod", key) for key in pods}
        kinds = {kind for kind, _ in dirty}
        for kind, key in dirty:
            if kind in PASSED_ON:
                self._put(kind, key, self._tables.observations.get(kind, key))
        self._workloads(dirty)
        self._kafka(dirty)
        shown = self._parts.get("queue", {})
        if "queues" in kinds or any(kind == "topic" and key in shown for kind, key in dirty):
            self._queues(now_ms)
        if kinds & USAGE_KINDS:
            self._use(dirty, now_ms)

    def at_tick(self, now_ms: int) -> None:
        """Make anew what a tick shows: what records touched, and all that depends on the time."""
        self._tables.dirty |= self._roster.due(now_ms)
        self.refresh(now_ms)
        self._queues(now_ms)
        self._use((), now_ms, tick=True)
        self._alert(now_ms)

    def sources(self, sources: Iterable[models.Source]) -> None:
        """Put the freshness of the sources, which the tick knows."""
        self._put_all("source", {(one.name, one.instance): one for one in sources})

    def _workloads(self, dirty: set[tuple[str, Key]]) -> None:
        touched = {key for kind, key in dirty if kind == "workload"}
        for kind, key in dirty:
            if kind == "pod":
                self._put_pod(key)
                touched.add(key[:2])
        for key in touched:
            value = self._tables.workload(key)
            active = sum(self._pods.get(key, {}).values())
            self._put("workload", key, self._workload(value, active) if value else None)

    def _put_pod(self, key: Key) -> None:
        value = self._tables.pod(key)
        self._put("pod", key, self._pod(key, value) if isinstance(value, PodObserved) else None)
        shown = cast(models.Pod | None, self._parts["pod"].get(key))
        here, is_there = self._pods.setdefault(key[:2], {}), self._tables.departed.get(key) is None
        self._consumers.put_pod(key, shown if is_there else None)
        if shown is not None:
            here[key] = is_there and is_active(shown.status)
            return
        here.pop(key, None)
        if not here:
            del self._pods[key[:2]]

    def _workload(self, value: Part, active_pods: int) -> models.Workload:
        assert isinstance(value, WorkloadObserved)
        updated_ms = self._tables.state.workload_ms.get((value.namespace, value.deployment_name), 0)
        return models.Workload(
            deployment_name=value.deployment_name,
            namespace=value.namespace,
            kind=value.kind,
            runtime=value.runtime,
            max_pods=value.max_pods,
            live=models.WorkloadLive(active_pods=active_pods, updated_at=from_ms(updated_ms)),
            pods=[],
        )

    def _pod(self, key: Key, value: PodObserved) -> models.Pod:
        changes = self._tables.transitions.of(value.pod.pod_id) + self._tables.departed.transitions(key)
        return msgspec.structs.replace(
            value.pod,
            agent_id=self._roster.agent_of(PodPlace(*key)) or UNSET,
            transitions=changes or UNSET,
        )

    def _kafka(self, dirty: set[tuple[str, Key]]) -> None:
        """Make groups and topics anew: those told of, and those whose agents are others."""
        if ("kafka", ()) in dirty or ("kafka_cluster", ()) in dirty:
            self._put("kafka", (), self._tables.observations.get("kafka_cluster", ()))
        for key in _keys(dirty, "group") | self._consumers.take_touched():
            group = self._tables.observations.get("group", key)
            self._put("group", key, self._consumers.put_group(key, cast(models.Group | None, group)))
        for key in _keys(dirty, "topic") | self._consumers.take_topics():
            topic = self._tables.observations.get("topic", key)
            agent_ids = self._consumers.agents_of(key[0]) or UNSET
            self._put("topic", key, topic and msgspec.structs.replace(topic, agent_ids=agent_ids))

    def _queues(self, now_ms: int) -> None:
        queues = self._tables.state.queues.at(self._depth, now_ms)
        self._put_all("queue", {(one.name,): one for one in queues})

    def _depth(self, queue: str) -> int | None:
        """Give the lag of the topic that carries a queue, in messages."""
        topic = self._tables.observations.get("topic", (queue,))
        return topic.depth if isinstance(topic, models.Topic) and isinstance(topic.depth, int) else None

    def _use(self, dirty: Collection[tuple[str, Key]], now_ms: int, *, tick: bool = False) -> None:
        for kind, key, part in self._usage.refresh(dirty, now_ms, tick=tick):
            self._put(kind, key, part)

    def _alert(self, now_ms: int) -> None:
        agents, day = self._parts.get("agent", {}), self._tables.state.usage.day

        def name_of(agent_id: str) -> str:
            agent = agents.get((agent_id,))
            return agent.name if isinstance(agent, models.Agent) else agent_id

        limits, spenders = self._parts.get("litellm", {}), self._parts.get("by_agent", {})
        told = (limits.items(), spenders.items(), day, name_of, self._usage.users_of)
        self._put_all("alert", self._alerts.at_tick(*told, now_ms))

    def _put_all(self, kind: str, parts: dict[Key, P]) -> None:
        for key in self._parts.get(kind, {}).keys() - parts.keys():
            self._put(kind, key, None)
        for key, part in parts.items():
            self._put(kind, key, part)

    def _put(self, kind: str, key: Key, part: Part | None) -> None:
        parts = self._parts.setdefault(kind, {})
        shown = None if (kind, key) in self._tables.state.refused else part
        if parts.get(key) == shown:
            return
        self.changed[kind, key] = shown
        self.bodies.forget(kind, key)
        if shown is not None and key not in parts:
            # Readers dropped, or never took, what stands in a container that was not there.
            for child in CONTAINED.get(kind, ()):
                parts_of = self._parts.get(child, {})
                names = self._pods.get(key, {}) if child == "pod" else parts_of
                self.changed |= {(child, name): parts_of[name] for name in names}
        if shown is None:
            del parts[key]
        else:
            parts[key] = shown


def _keys(dirty: set[tuple[str, Key]], kind: str) -> set[Key]:
    return {key for one, key in dirty if one == kind}
