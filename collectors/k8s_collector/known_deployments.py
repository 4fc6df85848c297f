"""The deployments that are known now, with their replica sets and agents; pure but for its memory."""

from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector.agents import agent_of
from collectors.k8s_collector.deployments import deployment_of, desired_of, replica_set_of, shown_sets
from collectors.k8s_collector.names import entity_id
from collectors.k8s_collector.objects import Deployment, ReplicaSet
from collectors.k8s_collector.workloads import DEPLOYMENT, Name, Workloads
from schema import models
from schema.observed import AgentObserved


class Held(msgspec.Struct, gc=False):
    """A deployment as it was told last."""

    uid: str
    deployment: models.Deployment
    agent: AgentObserved


class KnownDeployments:
    """The deployments of the watched namespaces."""

    def __init__(self, workloads: Workloads) -> None:
        self._workloads = workloads
        self._held: dict[Name, Held] = {}
        self._names: dict[str, Name] = {}
        self._sets: dict[Name, dict[str, models.ReplicaSet]] = {}
        self._set_owners: dict[str, Name] = {}

    def take(self, value: Deployment) -> list[Item]:
        """Take a deployment in as it is now."""
        uid, name = value.metadata.uid, (value.metadata.namespace, value.metadata.name)
        deployment = deployment_of(value, self._sets.get(name, {}).values())
        held = self._held[name] = Held(uid, deployment, agent_of(value))
        self._names[uid] = name
        return [*self._workloads.learn_deployment(name, desired_of(value)), *_items(name, held)]

    def forget(self, uid: str) -> list[Item]:
        """Forget a deployment, unless it was made anew under its name before its end was told."""
        name = self._names.pop(uid, None)
        held = self._held.get(name) if name else None
        if name is None or held is None or held.uid != uid:
            return []
        del self._held[name]
        gone: list[Item] = [Gone(kind, entity_id(*name)) for kind in ("agent", "deployment")]
        return [*gone, *self._workloads.forget_deployment(name)]

    def take_replica_set(self, value: ReplicaSet) -> list[Item]:
        """Take in a replica set of a deployment; the deployment is told again when that changes it."""
        owner, uid = value.metadata.controller(), value.metadata.uid
        if owner is None or owner.kind != DEPLOYMENT:
            return self.forget_replica_set(uid)
        name = (value.metadata.namespace, owner.name)
        left = [] if self._set_owners.get(uid, name) == name else self.forget_replica_set(uid)
        return [*left, *self._put(uid, name, replica_set_of(value))]

    def forget_replica_set(self, uid: str) -> list[Item]:
        """Forget a replica set."""
        name = self._set_owners.get(uid)
        return self._put(uid, name, None) if name else []

    def everything(self) -> Iterator[Item]:
        """Give every deployment and its agent."""
        for name, held in self._held.items():
            yield from _items(name, held)

    def _put(self, uid: str, name: Name, shown: models.ReplicaSet | None) -> list[Item]:
        sets = self._sets.setdefault(name, {})
        before = sets.pop(uid, None)
        self._set_owners.pop(uid, None)
        if shown is not None:
            sets[uid] = shown
            self._set_owners[uid] = name
        elif not sets:
            del self._sets[name]
        held = self._held.get(name)
        if before == shown or held is None:
            return []
        changed = shown_sets(sets.values()) or UNSET
        held.deployment = msgspec.structs.replace(held.deployment, replica_sets=changed)
        return _items(name, held)[:1]


def _items(name: Name, held: Held) -> list[Item]:
    key = entity_id(*name)
    return [Observed("deployment", key, held.deployment), Observed("agent", key, held.agent)]
