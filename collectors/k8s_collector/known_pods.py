"""The pods that are known now, and what of them is told; pure but for its memory.

A pod's entity is made of its object, of what is measured (use of resources) and of what events tell (failed
probes); each may change alone, and nothing of the object is kept for it but what the snapshot shows.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector import lives
from collectors.k8s_collector.lives import Life
from collectors.k8s_collector.objects import Pod
from collectors.k8s_collector.pods import Place, place_of, pod_of
from collectors.k8s_collector.statuses import DELETED, status_of
from collectors.k8s_collector.workloads import Name, Workloads
from schema import models
from schema.observed import PodObserved

KIND = "pod"
USAGE = ("cpu", "memory")
NETWORK = ("network_rx_bytes_per_second", "network_tx_bytes_per_second")
_APART = (*USAGE, *NETWORK, "probe_failures")
"""What a pod's object does not say."""

Measured = Mapping[str, int | float]
"""Measured fields of a pod, by name."""


class Held(msgspec.Struct, gc=False):
    """A pod as it was told last, and what telling it again needs."""

    place: Place
    workload: Name
    life: Life
    pod: models.Pod


class KnownPods:
    """The pods of the watched namespaces."""

    def __init__(self, workloads: Workloads) -> None:
        self._workloads = workloads
        self._pods: dict[str, Held] = {}
        self._owned: dict[str, set[str]] = {}
        self._looping: set[str] = set()

    def take(self, value: Pod, probe_failures: int, now: datetime) -> list[Item]:
        """Take a pod in as it is now."""
        uid = value.metadata.uid
        before = self._pods.get(uid)
        status = status_of(value)
        life = lives.lived(before.life if before else None, value, status, now)
        shown = pod_of(value, status, life, now)
        apart = _apart_of(before.pod) if before else {}
        if probe_failures:
            apart["probe_failures"] = probe_failures
        if apart:
            shown = msgspec.structs.replace(shown, **apart)
        place = place_of(value)
        moved = before is None or before.place != place
        if before is None:
            held = self._pods[uid] = Held(place, ("", ""), life, shown)
        else:
            held = before
            if held.place.owner_uid != place.owner_uid:
                self._disown(uid, held)  # A pod may be released by its owner, and adopted by another.
            held.place, held.life, held.pod = place, life, shown
        if place.owner_uid:
            self._owned.setdefault(place.owner_uid, set()).add(uid)
        (self._looping.add if shown.restart_loop else self._looping.discard)(uid)
        return self._place(uid, held, moved)

    def forget(self, uid: str, last: Pod | None, now: datetime) -> list[Item]:
        """Tell the end of a pod, then that it is gone; `last` is its final state, where a watch told it."""
        items: list[Item] = self.take(last, 0, now) if last is not None and uid in self._pods else []
        held = self._pods.get(uid)
        if held is None:
            return []
        life = lives.ended(held.life, now)
        held.pod = msgspec.structs.replace(
            held.pod,
            status=DELETED,
            ready=False,
            restart_loop=False,
            deleted_at=now,
            transitions=list(life.transitions),
            **dict.fromkeys((*USAGE, *NETWORK), UNSET),
        )
        items += [self._item(uid), Gone(KIND, uid)]
        del self._pods[uid]
        self._looping.discard(uid)
        self._disown(uid, held)
        return [*items, *self._workloads.remove_pod(held.workload, uid)]

    def move(self, replica_set_uid: str) -> list[Item]:
        """Put the pods of a replica set under the workload that is known for them now."""
        items: list[Item] = []
        for uid in self._owned.get(replica_set_uid, ()):
            held = self._pods[uid]
            if held.workload[1] != self._workloads.kind_and_name(held.place)[1]:
                items += self._place(uid, held, moved=True)
        return items

    def measure(self, measured: Mapping[Name, Measured], fields: tuple[str, ...]) -> list[Item]:
        """Set measured fields by the pods' namespace and name; a pod that is not named loses them."""
        items: list[Item] = []
        nothing: Measured = {}
        for uid, held in self._pods.items():
            told = measured.get((held.place.namespace, held.pod.name), nothing)
            values: dict[str, int | float | UnsetType] = {name: told.get(name, UNSET) for name in fields}
            if any(getattr(held.pod, name) != value for name, value in values.items()):
                held.pod = msgspec.structs.replace(held.pod, **values)
                items.append(self._item(uid))
        return items

    def set_probe_failures(self, uid: str, failures: int) -> list[Item]:
        """Set how many failed probes are told of a pod."""
        held = self._pods.get(uid)
        shown = failures or UNSET
        if held is None or held.pod.probe_failures == shown:
            return []
        held.pod = msgspec.structs.replace(held.pod, probe_failures=shown)
        return [self._item(uid)]

    def calm(self, now: datetime) -> list[Item]:
        """Tell again the pods that have stopped to restart again and again."""
        calm = [uid for uid in self._looping if not self._pods[uid].life.loops(now)]
        for uid in calm:
            self._looping.discard(uid)
            held = self._pods[uid]
            held.pod = msgspec.structs.replace(held.pod, restart_loop=False)
        return [self._item(uid) for uid in calm]

    def everything(self) -> Iterator[Item]:
        """Give every pod."""
        return (self._item(uid) for uid in self._pods)

    def nodes(self) -> set[str]:
        """Give the names of the nodes that run a pod of ours."""
        return {held.pod.node for held in self._pods.values() if isinstance(held.pod.node, str)}

    def _disown(self, uid: str, held: Held) -> None:
        owned = self._owned.get(held.place.owner_uid)
        if owned is not None:
            owned.discard(uid)
            if not owned:
                del self._owned[held.place.owner_uid]

    def _place(self, uid: str, held: Held, moved: bool) -> list[Item]:
        """Put a pod under its workload, and tell both: the workload comes first."""
        left = held.workload
        kind, own_name = self._workloads.kind_and_name(held.place)
        if left != ("", "") and not moved and not self._workloads.knows(held.place):
            return [self._item(uid)]  # Its replica set has gone before it: a guess is worse than what was.
        held.workload = (held.place.namespace, own_name)
        items = self._workloads.add_pod(held.workload, kind, uid)
        items.append(self._item(uid))
        if left not in (held.workload, ("", "")):
            items += self._workloads.remove_pod(left, uid)
        return items

    def _item(self, uid: str) -> Observed:
        held = self._pods[uid]
        namespace, own_name = held.workload
        return Observed(KIND, uid, PodObserved(namespace=namespace, deployment_name=own_name, pod=held.pod))


def _apart_of(pod: models.Pod) -> dict[str, int | float]:
    return {name: told for name in _APART if (told := getattr(pod, name)) is not UNSET}
