"""Processes into workloads and pods; pure.

One instance of an agent is a process that belongs to a workload and whose parent does not: it is shown as a
pod, and what its children use is counted as its own.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from msgspec import UNSET

from collectors.base.collector import Observed
from schema.models import Pod, Transition
from schema.observed import PodObserved, WorkloadObserved

MIB = 1024 * 1024
CPU_STEP_MILLICORES = 5
"""Less than this is noise, and would publish an idle process again at each pass."""
_POD_IDS = UUID("6f9e1f5e-0d0c-5e0b-9f0a-3a3c1d2b7c41")
_STOPPED = ("stopped", "tracing-stop")
_FAILED = ("zombie", "dead")


@dataclass(frozen=True, slots=True)
class Process:
    """What does not change about a process; `created_at` in seconds since 1970, `adopted` without a mark."""

    pid: int
    parent_pid: int
    created_at: float
    workload: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A process and what it uses now; None where the operating system does not tell."""

    process: Process
    status: str
    cpu_seconds: float | None
    rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class Instance:
    """An agent's process, and its children."""

    root: Sample
    members: tuple[Sample, ...]

    @property
    def name(self) -> str:
        """The name that the agent gives itself as its instance id."""
        return f"{self.root.process.workload}-{self.root.process.pid}"


CpuSeconds = Mapping[Process, float]


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


def cpu_of(samples: Iterable[Sample]) -> dict[Process, float]:
    """Give the CPU seconds that each process has used, for comparing with the next pass."""
    return {sample.process: sample.cpu_seconds for sample in samples if sample.cpu_seconds is not None}


def millicores(instance: Instance, before: CpuSeconds, elapsed_seconds: float) -> int | None:
    """Give what an instance used between two passes; None at its first pass."""
    if instance.root.process not in before or elapsed_seconds <= 0:
        return None
    # A child that was not there at the last pass has used all of its time since.
    used = sum(
        sample.cpu_seconds - before.get(sample.process, 0.0)
        for sample in instance.members
        if sample.cpu_seconds is not None
    )
    steps = round(max(0.0, used) / elapsed_seconds * 1000 / CPU_STEP_MILLICORES)
    return steps * CPU_STEP_MILLICORES


def status_of(status: str) -> str:
    """Give a process's state as a pod's status."""
    if status in _FAILED:
        return "Failed"
    return "Stopped" if status in _STOPPED else "Running"


def pod_id_of(host: str, process: Process) -> str:
    """Give an id that stays the same when the collector starts again."""
    # Whole seconds: the operating system derives the start from a boot time that it may correct a little.
    return str(uuid5(_POD_IDS, f"{host}/{process.pid}/{process.created_at:.0f}"))


def pod(host: str, instance: Instance, cpu: int | None, restarts: int) -> Pod:
    """Give the pod that stands for an instance."""
    process = instance.root.process
    status = status_of(instance.root.status)
    memory = [sample.rss_bytes for sample in instance.members if sample.rss_bytes is not None]
    return Pod(
        pod_id=pod_id_of(host, process),
        name=instance.name,
        status=status,
        ready=status == "Running",
        restarts=restarts,
        created_at=datetime.fromtimestamp(process.created_at, UTC).replace(microsecond=0),
        cpu=UNSET if cpu is None else cpu,
        memory=round(sum(memory) / MIB) if memory else UNSET,
    )


def exited(last: Pod, at: datetime) -> Pod:
    """Give the last word on a pod whose process has ended."""
    return Pod(
        pod_id=last.pod_id,
        name=last.name,
        status="Exited",
        ready=False,
        restarts=last.restarts,
        created_at=last.created_at,
        transitions=[Transition(status="Exited", at=at)],
    )


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
