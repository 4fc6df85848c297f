"""A pod's object → the pod of the snapshot, and the workload that it stands under; pure."""

import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from collectors.k8s_collector.lives import Life, last_termination
from collectors.k8s_collector.objects import Owner, Pod, PodStatus, Resources
from collectors.k8s_collector.quantities import Quantity, mebibytes, millicores
from collectors.k8s_collector.statuses import Status, condition, reason_of
from schema import models

MAX_TEXT = 1000
MAX_IMAGES = 20
MAX_AMOUNT = 2**53
WORKLOAD_KINDS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})
"""Owners that a pod stands under; under any other (a node owns its static pods) it stands alone."""
_EXIT_BY_SIGNAL = 128
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pod stands: the owner's kind and name; `template_hash` names its deployment's template."""

    namespace: str
    kind: str
    name: str
    owner_uid: str = ""
    template_hash: str = ""


def place_of(pod: Pod) -> Place:
    """Give the owner that a pod names itself."""
    owner: Owner | None = pod.metadata.controller()
    if owner is None or owner.kind not in WORKLOAD_KINDS:
        return Place(pod.metadata.namespace, "Pod", pod.metadata.name)
    template = (pod.metadata.labels or {}).get("pod-template-hash", "")
    return Place(pod.metadata.namespace, owner.kind, owner.name, owner.uid, template)


def pod_of(pod: Pod, status: Status, life: Life, now: datetime) -> models.Pod:
    """Give a pod as the snapshot shows it, but its use of resources and what events tell."""
    ready = condition(pod.status.conditions, "Ready")
    last = last_termination(pod)
    resources = (pod.spec.resources, [one.resources for one in pod.spec.containers])
    images = list(dict.fromkeys(one.image for one in pod.spec.containers if one.image))
    return models.Pod(
        pod_id=pod.metadata.uid,
        name=pod.metadata.name,
        status=status.name[:256],
        status_message=status.message[:MAX_TEXT] or UNSET,
        ready=ready is not None and ready.status == "True",
        restarts=max(0, life.restarts),
        restart_loop=life.loops(now),
        created_at=pod.metadata.creation_timestamp or UNSET,
        cpu_limit=_bound("cpu", _limits, *resources, millicores),
        cpu_request=_request("cpu", *resources, millicores),
        memory_limit=_bound("memory", _limits, *resources, mebibytes),
        memory_request=_request("memory", *resources, mebibytes),
        last_termination_reason=reason_of(last)[:256] if last else UNSET,
        last_terminated_at=last.finished_at if last and last.finished_at else UNSET,
        last_exit_code=last.exit_code if last and last.exit_code >= 0 else UNSET,
        last_exit_signal=_signal(last.exit_code, last.signal) if last else UNSET,
        node=pod.spec.node_name or UNSET,
        ip=_own_address(pod.status),
        images=[image[:MAX_TEXT] for image in images[:MAX_IMAGES]] or UNSET,
        transitions=list(life.transitions) or UNSET,
    )


def _own_address(status: PodStatus) -> str | UnsetType:
    """Give the address that is the pod's alone.

    Its node's, on the node's network, tells nobody apart; that of a pod that has ended may be another's now.
    """
    if status.pod_ip == status.host_ip or status.phase in _ENDED:
        return UNSET
    return (status.pod_ip or "")[:256] or UNSET


def _signal(exit_code: int, told: int | None) -> str | UnsetType:
    """Name the signal that ended a run: told, or by the shells' convention of 128 + n."""
    number = told or exit_code - _EXIT_BY_SIGNAL
    try:
        return signal.Signals(number).name
    except ValueError:
        return UNSET


Read = Callable[[Quantity], float | None]


def _limits(resources: Resources) -> dict[str, Quantity] | None:
    return resources.limits


def _requests(resources: Resources) -> dict[str, Quantity] | None:
    return resources.requests


Part = Callable[[Resources], dict[str, Quantity] | None]


def _amounts(name: str, part: Part, containers: Iterable[Resources | None], read: Read) -> list[float | None]:
    """Give what each container asks for, None where it asks for nothing."""
    asked = [(part(one) or {}).get(name) if one else None for one in containers]
    return [read(one) if one is not None else None for one in asked]


def _bound(
    name: str, part: Part, pod: Resources | None, containers: list[Resources | None], read: Read
) -> int | UnsetType:
    """Give a pod's limit: its own, or the containers' together; none when one of them has none."""
    (own,) = _amounts(name, part, [pod], read)
    if own is not None:
        return _whole(own)
    amounts = _amounts(name, part, containers, read)
    known = [one for one in amounts if one is not None]
    return _whole(sum(known)) if known and len(known) == len(amounts) else UNSET


def _request(
    name: str, pod: Resources | None, containers: list[Resources | None], read: Read
) -> int | UnsetType:
    """Give what a pod is promised: its own request, or those of the containers that have one."""
    (own,) = _amounts(name, _requests, [pod], read)
    if own is not None:
        return _whole(own)
    known = [one for one in _amounts(name, _requests, containers, read) if one is not None]
    return _whole(sum(known)) if known else UNSET


def _whole(amount: float) -> int:
    """Round to what a snapshot may hold: whoever asks for 10^15 cores does not hide the pod by it."""
    return min(MAX_AMOUNT, round(amount))
