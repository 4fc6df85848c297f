"""Which workload each pod stands under, through the replica sets between; pure.

A replica set names its deployment; a pod names its replica set. While the replica set is not known (it may
come later, or not be readable), the pod's template hash tells how the controller made its name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector.names import entity_id
from collectors.k8s_collector.pods import Place
from schema.observed import WorkloadObserved

KIND = "workload"
DEPLOYMENT = "Deployment"

Name = tuple[str, str]
"""Namespace and name: a workload's natural key."""


@dataclass
class Workloads:
    """The workloads that are known now: deployments, and owners that have pods."""

    _shown: dict[Name, WorkloadObserved] = field(default_factory=dict)
    _desired: dict[Name, int] = field(default_factory=dict)
    _pods: dict[Name, dict[str, str]] = field(default_factory=dict)
    _deployments: dict[str, str] = field(default_factory=dict)
    """Replica set (its UID) → its deployment's name, "" for one that stands alone."""

    def kind_and_name(self, place: Place) -> tuple[str, str]:
        """Give kind and name of the workload of a pod."""
        if place.kind != "ReplicaSet":
            return place.kind, place.name
        deployment = self._deployments.get(place.owner_uid)
        if deployment is None and place.template_hash:
            deployment = place.name.removesuffix(f"-{place.template_hash}")
            deployment = "" if deployment == place.name else deployment
        return (DEPLOYMENT, deployment) if deployment else (place.kind, place.name)

    def knows(self, place: Place) -> bool:
        """Say whether it is known, not guessed, whose a pod's replica set is; true for any other owner."""
        return place.kind != "ReplicaSet" or place.owner_uid in self._deployments

    def learn_replica_set(self, uid: str, deployment: str) -> bool:
        """Learn whose a replica set is; true when that is news."""
        known = self._deployments.get(uid)
        self._deployments[uid] = deployment
        return known != deployment

    def forget_replica_set(self, uid: str) -> None:
        """Forget a replica set; its pods, if any are left, keep their place."""
        self._deployments.pop(uid, None)

    def learn_deployment(self, name: Name, desired: int) -> list[Item]:
        """Learn of a deployment and how many pods it wants."""
        self._desired[name] = desired
        return self._show(name)

    def forget_deployment(self, name: Name) -> list[Item]:
        """Forget a deployment; it stays a workload while it has pods."""
        self._desired.pop(name, None)
        return self._show(name)

    def add_pod(self, name: Name, kind: str, uid: str) -> list[Item]:
        """Note that a pod stands under a workload."""
        self._pods.setdefault(name, {})[uid] = kind
        return self._show(name)

    def remove_pod(self, name: Name, uid: str) -> list[Item]:
        """Note that a pod does not stand under a workload any more."""
        pods = self._pods.get(name)
        if pods is not None:
            pods.pop(uid, None)
            if not pods:
                del self._pods[name]
        return self._show(name)

    def everything(self) -> Iterator[Item]:
        """Give every workload."""
        return (Observed(KIND, entity_id(*name), value) for name, value in self._shown.items())

    def _show(self, name: Name) -> list[Item]:
        """Give what the log needs now that something of a workload may have changed."""
        kinds = self._pods.get(name, {}).values()
        desired: int | UnsetType = self._desired.get(name, UNSET)
        if desired is UNSET and not kinds:
            return [Gone(KIND, entity_id(*name))] if self._shown.pop(name, None) else []
        # Owners of two kinds may share a name; a deployment goes before the others.
        kind = DEPLOYMENT if desired is not UNSET or DEPLOYMENT in kinds else next(iter(kinds))
        shown = self._shown.get(name)
        if shown is not None and shown.kind == kind and shown.max_pods == desired:
            return []
        namespace, own_name = name
        value = WorkloadObserved(
            namespace=namespace, deployment_name=own_name, kind=kind, runtime="kubernetes", max_pods=desired
        )
        self._shown[name] = value
        return [Observed(KIND, entity_id(*name), value)]
