"""What a kubelet would write into a pod's status, for pods that nobody runs."""

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def now() -> str:
    """Give the time as Kubernetes writes it: in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(reason: str, exit_code: int, started_at: str) -> Json:
    """Describe a run that ended now."""
    return {"reason": reason, "exitCode": exit_code, "startedAt": started_at, "finishedAt": now()}


def running(restarts: int = 0, last: Json | None = None, started_at: str | None = None) -> Json:
    """Describe a pod whose container runs."""
    state = {"running": {"startedAt": started_at or now()}}
    return _status("Running", True, restarts, state, last)


def terminated(end: Json, restarts: int = 0, last: Json | None = None) -> Json:
    """Describe a pod whose container has ended and is not restarted yet."""
    return _status("Running", False, restarts, {"terminated": end}, last)


def waiting(reason: str, message: str, restarts: int = 0, last: Json | None = None) -> Json:
    """Describe a pod whose container waits for another run."""
    return _status("Running", False, restarts, {"waiting": {"reason": reason, "message": message}}, last)


def _status(phase: str, ready: bool, restarts: int, state: Json, last: Json | None) -> Json:
    container = {
        "name": "main", "image": "i", "imageID": "", "ready": ready, "started": ready,
        "restartCount": restarts, "state": state, "lastState": {"terminated": last} if last else {},
    }  # fmt: skip
    word = "True" if ready else "False"
    conditions = [
        {"type": kind, "status": word, "lastTransitionTime": now()} for kind in ("Ready", "ContainersReady")
    ]
    return {"phase": phase, "containerStatuses": [container], "conditions": conditions}
