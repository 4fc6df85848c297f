"""The entities of the snapshot as they stand now, made from an environment's tables; cost follows change.

`refresh` makes anew what records touched, `at_tick` also what depends on the time. Both remember what came
out different, which is what is announced. Pure.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import TypeVar, cast

import msgspec
from msgspec import UNSET

from aggregator.agents import agents_at
from aggregator.observations import Key
from aggregator.tables import Tables
from aggregator.ticks import from_ms
from aggregator.usage_views import usage_parts
from schema import models
from schema.observed import KafkaClusterObserved, PodObserved, WorkloadObserved
from schema.types import Part

P = TypeVar("P", bound=Part)

PASSED_ON = frozenset({"deployment", "node", "k8s_event", "topic"})
"""Kinds that stand in the snapshot as their source observed them."""
CONTAINED = {
    "workload": ("pod",),
    "kafka": ("group", "topic"),
    "llm_usage": ("by_agent", "by_model", "in_flight"),
}
"""Kinds that stand in an entity of another kind."""
ACTIVE = frozenset({"Running", "Created", "Pending", "ContainerCreating", "Terminating"})


class Views:
    """Every entity of one environment's snapshot, by kind and natural key."""

    def __init__(self, tables: Tables, now_ms: int) -> None:
        self._tables = tables
        self._parts: dict[str, dict[Key, Part]] = {}
        self.changed: dict[tuple[str, Key], Part | None] = {}
        for kind in ("workload", "pod", "group", *PASSED_ON):
            tables.dirty |= {(kind, key) for key, _ in tables.observations.all(kind)}
        tables.dirty |= {("kafka", ()), ("agents", ()), ("queues", ()), ("usage", ())}
        self.at_tick(now_ms)
        self.changed.clear()

    def of(self, kind: str) -> list[Part]:
        """Give the entities of a kind, ordered by natural key."""
        return [part for _, part in self.items(kind)]

    def items(self, kind: str) -> list[tuple[Key, Part]]:
        """Give the entities of a kind with their natural keys, in their order."""
        return sorted(self._parts.get(kind, {}).items(), key=itemgetter(0))

    def refresh(self, now_ms: int) -> None:
        """Make anew what the records folded since the last call have touched."""
        dirty, self._tables.dirty = self._tables.dirty, set()
        if not dirty:
            return
        kinds = {kind for kind, _ in dirty}
        if "places" in kinds:
            self._tables.learn_places()
            dirty |= {("group", key) for key, _ in self._tables.observations.all("group")}
        for kind, key in dirty:
            if kind in PASSED_ON:
                self._put(kind, key, self._tables.observations.get(kind, key))
        self._workloads(dirty)
        self._kafka(dirty)
        if kinds & {"agents", "places"}:
            self._agents(now_ms)
        if kinds & {"queues", "topic"}:
            self._queues(now_ms)
        if kinds & {"usage", "model", "in_flight", "agents", "places"}:
            self._usage(now_ms)

    def at_tick(self, now_ms: int) -> None:
        """Make anew what a tick shows: what records touched, and all that depends on the time."""
        self.refresh(now_ms)
        self._agents(now_ms)
        self._queues(now_ms)
        self._usage(now_ms)

    def sources(self, sources: Iterable[models.Source]) -> None:
        """Put the freshness of the sources, which the tick knows."""
        self._put_all("source", {(one.name, one.instance): one for one in sources})

    def after_tick(self) -> None:
        """Forget the transitions that this tick has shown."""
        for pod_id in self._tables.fresh_transitions:
            self._tables.dirty |= {("pod", key) for key in self._parts.get("pod", {}) if key[2] == pod_id}
        self._tables.fresh_transitions = {}

    def _workloads(self, dirty: set[tuple[str, Key]]) -> None:
        observations = self._tables.observations
        touched = {key for kind, key in dirty if kind == "workload"}
        for kind, key in dirty:
            if kind == "pod":
                value = observations.get("pod", key)
                self._put("pod", key, self._pod(value) if isinstance(value, PodObserved) else None)
                touched.add(key[:2])
        active: dict[Key, int] = dict.fromkeys(touched, 0)
        if touched:
            for key, value in self._parts.get("pod", {}).items():
                if key[:2] in touched and cast(models.Pod, value).status in ACTIVE:
                    active[key[:2]] += 1
        for key in touched:
            value = observations.get("workload", key)
            self._put("workload", key, self._workload(value, active[key]) if value else None)

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

    def _pod(self, value: PodObserved) -> models.Pod:
        fresh = self._tables.fresh_transitions.get(value.pod.pod_id)
        shown = [models.Transition(status=status, at=at) for status, at in fresh] if fresh else UNSET
        return msgspec.structs.replace(value.pod, transitions=shown)

    def _kafka(self, dirty: set[tuple[str, Key]]) -> None:
        observations = self._tables.observations
        for kind, key in dirty:
            if kind == "group":
                group = observations.get("group", key)
                self._put("group", key, self._group(group) if isinstance(group, models.Group) else None)
            elif kind in ("kafka", "kafka_cluster"):
                cluster = observations.get("kafka_cluster", ())
                self._put("kafka", (), cluster if isinstance(cluster, KafkaClusterObserved) else None)

    def _group(self, group: models.Group) -> models.Group:
        members = [
            msgspec.structs.replace(member, agent_id=self._tables.agent_of(member.client_id) or UNSET)
            for member in group.members
        ]
        return msgspec.structs.replace(group, members=members)

    def _agents(self, now_ms: int) -> None:
        tables = self._tables
        status = {
            key[2]: value.pod.status
            for key, value in tables.observations.all("pod")
            if isinstance(value, PodObserved)
        }
        agents = agents_at(tables.state.fleet, tables.places, status, tables.state.models_used, now_ms)
        self._put_all("agent", {(one.agent_id,): one for one in agents})

    def _queues(self, now_ms: int) -> None:
        depths = {
            key[0]: topic.depth
            for key, topic in self._tables.observations.all("topic")
            if isinstance(topic, models.Topic) and isinstance(topic.depth, int)
        }
        queues = self._tables.state.queues.at(depths, now_ms)
        self._put_all("queue", {(one.name,): one for one in queues})

    def _usage(self, now_ms: int) -> None:
        for kind, parts in usage_parts(self._tables, now_ms).items():
            self._put_all(kind, parts)

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
        if shown is not None and key not in parts:
            # Readers dropped, or never took, what stands in a container that was not there.
            for child in CONTAINED.get(kind, ()):
                self.changed |= {
                    (child, name): one
                    for name, one in self._parts.get(child, {}).items()
                    if name[: len(key)] == key
                }
        if shown is None:
            del parts[key]
        else:
            parts[key] = shown
