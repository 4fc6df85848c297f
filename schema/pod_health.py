"""What a pod's status says about the agent's instance that runs in it: the one table of statuses. Pure.

The words are those that `kubectl get pods` prints (`printPod` in kubernetes/pkg/printers/internalversion,
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/), and the process collector's beside them.
An init container's trouble stands behind `Init:`, as `Init:Error` or `Init:CrashLoopBackOff`; `Init:1/3`
counts those that are done.
"""

import re

from schema.models import Pod
from schema.types import AgentStatus

FAILED = frozenset(
    {
        # The container ended, or ends again and again.
        "CrashLoopBackOff", "OOMKilled", "Error", "Exited", "ContainerCannotRun", "StartError",
        "DeadlineExceeded",
        "ContainerStatusUnknown", "PostStartHookError", "PreStartHookError", "PreCreateHookError",
        # Its image cannot be had.
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
        "RegistryUnavailable", "SignatureValidationFailed",
        # It cannot be made or started.
        "CreateContainerConfigError", "CreateContainerError", "CreatePodSandboxError", "RunContainerError",
        # The pod was turned away by its node, or put out by it.
        "Failed", "Evicted", "Preempting", "NodeAffinity", "NodeShutdown", "Shutdown", "Terminated",
        "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage", "UnexpectedAdmissionError",
    }
)  # fmt: skip
"""The pod does no work, and will not by itself."""
STARTING = frozenset({"Created", "Pending", "ContainerCreating", "PodInitializing", "SchedulingGated"})
"""The pod does no work yet."""
ENDED = frozenset({"Succeeded", "Completed", "Deleted", "Gone"})
"""The pod's work is done: it says nothing bad of its agent while another instance lives."""
LEAVING = ENDED | {"Terminating"}
"""The pod is, or soon will be, no more."""
LOST = frozenset({"Unknown", "NodeLost"})
"""The node does not answer."""
ACTIVE = (STARTING - {"SchedulingGated"}) | {"Running", "NotReady", "Terminating"}
"""The pod has, or is about to have, running containers."""

_INIT = "Init:"
_COUNT = re.compile(r"\d+/\d+")
_ENDED = ("ExitCode:", "Signal:")


def is_failed(status: str) -> bool:
    """Say whether a pod of this status has failed."""
    word = status.removeprefix(_INIT)
    return word in FAILED or word.startswith(_ENDED)


def is_active(status: str) -> bool:
    """Say whether a pod of this status counts among the running ones of its workload."""
    return status in ACTIVE or _is_initialising(status)


def health_of(pod: Pod) -> AgentStatus:
    """Give the status of an instance that only its pod speaks for."""
    status = pod.status
    if is_failed(status):
        return "failed"
    if status in LEAVING:
        return "down"
    if status in LOST:
        return "unknown"
    if status in STARTING or _is_initialising(status):
        return "degraded"
    if pod.restart_loop is True or pod.ready is False:
        return "degraded"
    return "healthy" if pod.ready is True or status == "Running" else "unknown"


def _is_initialising(status: str) -> bool:
    return status.startswith(_INIT) and bool(_COUNT.fullmatch(status.removeprefix(_INIT)))
