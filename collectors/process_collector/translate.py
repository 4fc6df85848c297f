"""Processes into workloads and pods; pure.

One instance of an agent is a process that belongs to a workload and whose parent does not: it is shown as a
pod, and what its children use is counted as its own. Where each field comes from: `readings.py` and the files
that fill it; what is unknown is absent.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid5

from msgspec import UNSET, UnsetType

from collectors.base.collector import Observed
from collectors.process_collector.readings import End, Process, Sample
from collectors.process_collector.slots import Place
from collectors.process_collector.usage import Instance, Use
from schema.models import Pod, Transition
from schema.observed import PodObserved, WorkloadObserved

MIB = 1024 * 1024
MOST_TRANSITIONS = 20
_POD_IDS = UUID("6f9e1f5e-0d0c-5e0b-9f0a-3a3c1d2b7c41")
_STOPPED = ("stopped", "tracing-stop")
T = TypeVar("T")


def workload_of(mark: str, command: str, patterns: Iterable[re.Pattern[str]]) -> str | None:
    """Give the workload of a process from ORACLE_WORKLOAD or its command line; None for no agent."""
    name = mark.strip()
    if not name:
        found = next((match for pattern in patterns if (match := pattern.search(command))), None)
        name = found["name"].replace("_", "-").lower() if found and found["name"] else ""
    # The operating system's names are bytes, and what is no UTF-8 in them is no text for the log.
    name = name.encode(errors="surrogateescape").decode(errors="replace")
    return name if 0 < len(name) <= 200 else None


def instances_of(samples: Iterable[Sample]) -> list[Instance]:
    """Group processes under the outermost one of their workload; ordered by workload and process number."""
    by_pid = {sample.process.pid: sample for sample in samples}
    members: dict[int, list[Sample]] = {}
    for sample in by_pid.values():
        root = _root(sample, by_pid)
        # A child without a mark that outlived its agent is no agent.
        if not root.process.adopted:
            members.setdefault(root.process.pid, []).append(sample)
    instances = [Instance(by_pid[pid], tuple(group)) for pid, group in members.items()]
    return sorted(instances, key=lambda one: (one.root.process.workload, one.root.process.pid))


def _root(sample: Sample, by_pid: Mapping[int, Sample]) -> Sample:
    root = sample
    for _ in range(len(by_pid)):  # Numbers are used anew: a ring of parents must not hold us.
        parent = by_pid.get(root.process.parent_pid)
        if parent is None or parent.process.workload != root.process.workload:
            break
        root = parent
    return root


def status_of(status: str) -> str:
    """Give a living process's state as a pod's status.

    A zombie that still lives is a program whose first thread has ended before the others.
    """
    return "Stopped" if status in _STOPPED else "Running"


def pod_id_of(host: str, process: Process) -> str:
    """Give an id that stays the same when the collector starts again."""
    # Whole seconds: the operating system derives the start from a boot time that it may correct a little.
    return str(uuid5(_POD_IDS, f"{host}/{process.pid}/{process.created_at:.0f}"))


def moment(at_seconds: float) -> datetime:
    """Give a time in seconds since 1970 as an instant, to the millisecond."""
    return datetime.fromtimestamp(round(at_seconds, 3), UTC)


def begun(process: Process) -> list[Transition]:
    """Give the first transitions of a process: it runs from its start on."""
    at = moment(process.began_at)
    return [Transition(status="Created", at=at), Transition(status="Running", at=at)]


def followed(transitions: list[Transition], status: str, at: datetime) -> list[Transition]:
    """Add a status when it is another than the last; at most 20 are kept, the newest ones."""
    if transitions and transitions[-1].status == status:
        return transitions
    return [*transitions, Transition(status=status, at=at)][-MOST_TRANSITIONS:]


def pod(
    host: str, instance: Instance, use: Use, place: Place, looping: bool, transitions: list[Transition]
) -> Pod:
    """Give the pod that stands for a living instance."""
    process = instance.root.process
    status = status_of(instance.root.status)
    memory = [sample.rss_bytes for sample in instance.members if sample.rss_bytes is not None]
    limit = instance.root.memory_limit_bytes
    return Pod(
        pod_id=pod_id_of(host, process),
        name=instance.name,
        status=status,
        ready=status == "Running",
        restarts=place.restarts,
        restart_loop=looping,
        created_at=moment(process.began_at),
        cpu=_known(use.cpu),
        memory=round(sum(memory) / MIB) if memory else UNSET,
        memory_limit=UNSET if limit is None else round(limit / MIB),
        network_rx_bytes_per_second=_known(use.network_rx),
        network_tx_bytes_per_second=_known(use.network_tx),
        io_read_bytes_per_second=_known(use.io_read),
        io_write_bytes_per_second=_known(use.io_write),
        last_termination_reason=place.last.reason if place.last else UNSET,
        last_terminated_at=moment(place.last.at_seconds) if place.last else UNSET,
        last_exit_code=_known(place.last.code) if place.last else UNSET,
        last_exit_signal=_known(place.last.signal) if place.last else UNSET,
        transitions=transitions,
    )


def ended(last: Pod, end: End) -> Pod:
    """Give the last word on a pod whose process has ended: it uses nothing any more."""
    told = last.transitions or []
    # The kernel counts beginnings in hundredths of a second: no life may end before it began.
    at = max([moment(end.at_seconds), *(one.at for one in told[-1:])])
    return Pod(
        pod_id=last.pod_id,
        name=last.name,
        status=end.reason,
        status_message=end.message or UNSET,
        ready=False,
        restarts=last.restarts,
        restart_loop=last.restart_loop,
        created_at=last.created_at,
        memory_limit=last.memory_limit,
        last_termination_reason=end.reason,
        last_terminated_at=at,
        last_exit_code=_known(end.code),
        last_exit_signal=_known(end.signal),
        deleted_at=at,
        transitions=followed(told, end.reason, at),
    )


def _known(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def pod_observed(namespace: str, workload: str, value: Pod) -> Observed:
    """Wrap a pod as an observation."""
    return Observed(
        "pod", value.pod_id, PodObserved(namespace=namespace, deployment_name=workload, pod=value)
    )


def workload_observed(namespace: str, workload: str) -> Observed:
    """Give the observation of a workload."""
    value = WorkloadObserved(
        deployment_name=workload, namespace=namespace, kind="ProcessGroup", runtime="process"
    )
    return Observed("workload", f"{namespace}/{workload}", value)
