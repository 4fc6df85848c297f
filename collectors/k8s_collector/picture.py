"""The cluster as it is known now: objects come in, observations come out; pure but for its memory.

What an object means may depend on others: a pod's workload on its replica set, its probe failures on
events, a deployment on its replica sets. So one object may change several entities, and only those are told.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector.events import Events
from collectors.k8s_collector.known_deployments import KnownDeployments
from collectors.k8s_collector.known_pods import KnownPods, Measured
from collectors.k8s_collector.nodes import node_of
from collectors.k8s_collector.objects import AnyObject, Deployment, Event, Node, Pod, ReplicaSet
from collectors.k8s_collector.workloads import DEPLOYMENT, Name, Workloads
from schema import models


class Picture:
    """Everything that is known of the watched namespaces."""

    def __init__(self) -> None:
        self._workloads = Workloads()
        self._pods = KnownPods(self._workloads)
        self._deployments = KnownDeployments(self._workloads)
        self._events = Events()
        self._nodes: dict[str, models.Node] = {}

    def take(self, value: AnyObject, now: datetime) -> list[Item]:
        """Take an object in as it is now; give what changed because of it."""
        match value:
            case Pod():
                return self._pods.take(value, self._events.probe_failures(value.metadata.uid), now)
            case Deployment():
                return self._deployments.take(value)
            case ReplicaSet():
                return self._replica_set(value)
            case Event():
                items = self._events.take(value)
                return [*items, *self._probes(self._events.pod_of(value.metadata.uid))]
            case Node():
                self._nodes[value.metadata.uid] = node = node_of(value)
                return [Observed("node", node.name, node)]

    def forget(self, kind: type[AnyObject], uid: str, last: AnyObject | None, now: datetime) -> list[Item]:
        """Forget an object that is no more; `last` is its final state, where a watch told it."""
        if kind is Pod:
            return self._pods.forget(uid, last if isinstance(last, Pod) else None, now)
        if kind is Deployment:
            return self._deployments.forget(uid)
        if kind is ReplicaSet:
            self._workloads.forget_replica_set(uid)
            return self._deployments.forget_replica_set(uid)
        if kind is Event:
            pod_uid = self._events.pod_of(uid)
            return [*self._events.forget(uid), *self._probes(pod_uid)]
        node = self._nodes.pop(uid, None)
        if node is None or any(one.name == node.name for one in self._nodes.values()):
            return []
        return [Gone("node", node.name)]

    def everything(self) -> Iterator[Item]:
        """Give every entity: what holds pods comes before them."""
        yield from self._workloads.everything()
        yield from self._deployments.everything()
        yield from self._pods.everything()
        yield from self._events.everything()
        for node in self._nodes.values():
            yield Observed("node", node.name, node)

    def measure(self, measured: Mapping[Name, Measured], fields: tuple[str, ...]) -> list[Item]:
        """Set measured fields by the pods' namespace and name; a pod that is not named loses them."""
        return self._pods.measure(measured, fields)

    def calm(self, now: datetime) -> list[Item]:
        """Tell again the pods that have stopped to restart again and again."""
        return self._pods.calm(now)

    def nodes_in_use(self) -> set[str]:
        """Give the names of the nodes that run a pod of ours."""
        return self._pods.nodes()

    def _replica_set(self, value: ReplicaSet) -> list[Item]:
        owner, uid = value.metadata.controller(), value.metadata.uid
        deployment = owner.name if owner is not None and owner.kind == DEPLOYMENT else ""
        news = self._workloads.learn_replica_set(uid, deployment)
        moved = self._pods.move(uid) if news else []
        return [*moved, *self._deployments.take_replica_set(value)]

    def _probes(self, pod_uid: str | None) -> list[Item]:
        if pod_uid is None:
            return []
        return self._pods.set_probe_failures(pod_uid, self._events.probe_failures(pod_uid))
