"""A pod's status as people know it from kubectl, and why; pure.

The order in which containers, phase and deletion decide is that of kubectl's column STATUS. Of our own are
`Created`, before a pod is scheduled (SPEC §4), and the time at which each status began.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.k8s_collector.objects import Condition, Container, ContainerStatus, Pod, Terminated

CREATED = "Created"
DELETED = "Deleted"
RUNNING = "Running"
CRASH_LOOP = "CrashLoopBackOff"
_ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Status:
    """A status, since when as far as the object tells, and what it says about the reason."""

    name: str
    since: datetime | None = None
    message: str = ""


def status_of(pod: Pod) -> Status:
    """Give the status of a pod that exists."""
    phase = pod.status.phase or "Unknown"
    if pod.metadata.deletion_timestamp is not None and pod.status.reason == "NodeLost":
        return Status("Unknown", message=pod.status.message or "")
    if pod.metadata.deletion_timestamp is not None and phase not in _ENDED:
        return Status("Terminating", _deletion_requested(pod), pod.status.message or "")
    status = Status(pod.status.reason or phase, _phase_since(pod, phase), pod.status.message or "")
    if phase == "Pending" and not pod.status.reason and not pod.spec.node_name:
        status = _unscheduled(pod)
    initializing = _initializing(pod)
    if initializing is not None:
        return initializing
    return _from_containers(pod, status)


def restarts_of(pod: Pod) -> int:
    """Give how often containers were started again, as kubectl counts it.

    While init containers hold the pod up they count, and afterwards those of them that are sidecars.
    """
    inits = pod.status.init_container_statuses or []
    if _initializing(pod) is not None:
        return sum(max(0, one.restart_count) for one in inits)
    sidecars = {one.name for one in pod.spec.init_containers or () if one.restart_policy == "Always"}
    counted = [*(one for one in inits if one.name in sidecars), *(pod.status.container_statuses or ())]
    return sum(max(0, one.restart_count) for one in counted)


def reason_of(ended: Terminated) -> str:
    """Give the reason for which a run of a container ended, as kubectl words it."""
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def condition(conditions: list[Condition] | None, kind: str) -> Condition | None:
    """Give the condition of a type, if the object has it."""
    return next((one for one in conditions or () if one.type == kind), None)


def _from_containers(pod: Pod, status: Status) -> Status:
    """Let the containers decide, the first one last; those that only have completed hide no ready one."""
    running_since: list[datetime | None] = []
    ready_since: list[datetime | None] = []
    for one in reversed(pod.status.container_statuses or []):
        if one.state.waiting is not None and one.state.waiting.reason:
            message = one.state.waiting.message or ""
            since = status.since if one.state.waiting.reason == "ContainerCreating" else None
            status = Status(one.state.waiting.reason, since, message)
        elif one.state.terminated is not None:
            ended = one.state.terminated
            status = Status(reason_of(ended), ended.finished_at, ended.message or _told_by_pod(pod))
        elif one.state.running is not None:
            if one.ready:
                ready_since.append(one.state.running.started_at)
            running_since.append(one.state.running.started_at)
            if status.name == RUNNING:
                status = Status(RUNNING, _latest(running_since), status.message)
    if status.name == "Completed" and ready_since:
        ready = condition(pod.status.conditions, "Ready")
        if ready is not None and ready.status == "True":
            return Status(RUNNING, _latest(running_since))
        return Status("NotReady", ready.last_transition_time if ready is not None else None)
    return status


def _initializing(pod: Pod) -> Status | None:
    """Give the status while init containers hold the pod up, or None."""
    initialized = condition(pod.status.conditions, "Initialized")
    if initialized is not None and initialized.status == "True":
        return None
    specs = {one.name: one for one in pod.spec.init_containers or ()}
    statuses = pod.status.init_container_statuses or []
    for number, one in enumerate(statuses):
        status = _init_status(one, specs.get(one.name), number, len(specs) or len(statuses))
        if status is not None:
            return status
    return None


def _init_status(one: ContainerStatus, spec: Container | None, number: int, total: int) -> Status | None:
    ended, waiting = one.state.terminated, one.state.waiting
    if ended is not None:
        if ended.exit_code == 0:
            return None
        return Status(f"Init:{reason_of(ended)}", ended.finished_at, ended.message or "")
    if spec is not None and spec.restart_policy == "Always" and one.started:
        return None  # A sidecar that runs holds nothing up.
    if waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
        return Status(f"Init:{waiting.reason}", None, waiting.message or "")
    return Status(f"Init:{number}/{total}")


def _unscheduled(pod: Pod) -> Status:
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.reason == "SchedulingGated":
        return Status("SchedulingGated", pod.metadata.creation_timestamp, scheduled.message or "")
    message = scheduled.message if scheduled is not None else None
    return Status(CREATED, pod.metadata.creation_timestamp, message or "")


def _told_by_pod(pod: Pod) -> str:
    """Give what the pod itself says; its reason (Evicted) too, which its containers' may hide."""
    return ": ".join(part for part in (pod.status.reason, pod.status.message) if part)


def _phase_since(pod: Pod, phase: str) -> datetime | None:
    """Give since when a phase lasts where no container tells: since it was scheduled, or is not ready."""
    if phase not in _ENDED:
        return _scheduled_at(pod)
    ready = condition(pod.status.conditions, "Ready")
    return ready.last_transition_time if ready is not None and ready.status != "True" else None


def _scheduled_at(pod: Pod) -> datetime | None:
    scheduled = condition(pod.status.conditions, "PodScheduled")
    return scheduled.last_transition_time if scheduled is not None and scheduled.status == "True" else None


def _deletion_requested(pod: Pod) -> datetime | None:
    """The deletion timestamp lies a grace period ahead of the request."""
    ends, grace_seconds = pod.metadata.deletion_timestamp, pod.metadata.deletion_grace_period_seconds or 0
    if ends is None or not 0 <= grace_seconds <= 366 * 86_400:
        return ends
    try:
        return ends - timedelta(seconds=grace_seconds)
    except OverflowError:
        return ends


def _latest(moments: list[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)
