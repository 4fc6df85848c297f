"""What a pod's status, as kubectl prints it, says of the instance that runs in it."""

from typing import Any

import pytest

from schema.models import Pod
from schema.pod_health import health_of, is_active, is_failed


def health(status: str, **more: Any) -> str:
    return health_of(Pod(pod_id="p", name="p", status=status, **more))


@pytest.mark.parametrize(
    ("status", "expected", "active"),
    [
        ("Running", "healthy", True),
        ("CrashLoopBackOff", "failed", False),
        ("OOMKilled", "failed", False),
        ("Error", "failed", False),
        ("ImagePullBackOff", "failed", False),
        ("ErrImagePull", "failed", False),
        ("InvalidImageName", "failed", False),
        ("CreateContainerConfigError", "failed", False),
        ("RunContainerError", "failed", False),
        ("Failed", "failed", False),
        ("Evicted", "failed", False),
        ("ExitCode:137", "failed", False),
        ("Signal:9", "failed", False),
        ("Init:Error", "failed", False),
        ("Init:CrashLoopBackOff", "failed", False),
        ("Init:OOMKilled", "failed", False),
        ("Init:ImagePullBackOff", "failed", False),
        ("Init:ExitCode:1", "failed", False),
        ("Init:Signal:9", "failed", False),
        ("Init:0/2", "degraded", True),
        ("PodInitializing", "degraded", True),
        ("Created", "degraded", True),
        ("Pending", "degraded", True),
        ("ContainerCreating", "degraded", True),
        ("SchedulingGated", "degraded", False),
        ("Terminating", "down", True),
        ("Completed", "down", False),
        ("Succeeded", "down", False),
        ("Deleted", "down", False),
        ("Gone", "down", False),
        ("Unknown", "unknown", False),
        ("SomethingNew", "unknown", False),
    ],
)
def test_a_status_has_one_meaning(status: str, expected: str, *, active: bool) -> None:
    assert (health(status), is_active(status)) == (expected, active)
    assert is_failed(status) == (expected == "failed")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"ready": True}, "healthy"),
        ({"ready": False}, "degraded"),
        ({"ready": True, "restart_loop": True}, "degraded"),
        ({"ready": True, "restart_loop": False}, "healthy"),
    ],
)
def test_a_running_pod_that_is_not_ready_or_restarts_again_and_again_is_degraded(
    more: dict[str, Any], expected: str
) -> None:
    assert health("Running", **more) == expected


def test_a_status_that_nobody_knows_is_taken_at_its_readiness() -> None:
    assert (health("SomethingNew", ready=True), health("SomethingNew", ready=False)) == (
        "healthy",
        "degraded",
    )
