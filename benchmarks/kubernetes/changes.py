"""What changes in the fleet, and how fast: pods become unready and ready again, evenly spread over time."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from benchmarks.kubernetes.fleet import NAMESPACE
from tests.control_plane.bulk import Request
from tests.control_plane.client import Json

T = TypeVar("T")
TICK_SECONDS = 2.0
_STRATEGIC = "application/strategic-merge-patch+json"


def per_second(pods: int, percent: float) -> float:
    """Give how many pods change in a second when so many per cent change in each tick."""
    return pods * percent / 100 / TICK_SECONDS


def readiness(names: Iterable[str], *, ready: bool) -> Iterator[Request]:
    """Patch the status of each pod as its kubelet does when a probe fails, or succeeds again."""
    for name in names:
        yield patch(name, status_of(ready=ready, at=datetime.now(UTC)))


def patch(name: str, status: Json) -> Request:
    """Write into the status of a pod of the fleet."""
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/status"
    return Request("PATCH", path, {"status": status}, _STRATEGIC)


def status_of(*, ready: bool, at: datetime) -> Json:
    """Give the conditions of a pod that is ready, or whose probe fails, since a time."""
    since = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    told: Json = {"status": "True"} if ready else {
        "status": "False", "reason": "ContainersNotReady",
        "message": "containers with unready status: [agent]",
    }  # fmt: skip
    cleared = {"reason": None, "message": None} if ready else {}
    kinds = ("Ready", "ContainersReady")
    return {"conditions": [{"type": kind, "lastTransitionTime": since, **told, **cleared} for kind in kinds]}


def paced(items: Iterable[T], each_second: float) -> Iterator[T]:
    """Give each item when it is due, so many a second from now on; late ones at once."""
    began = time.monotonic()
    for number, item in enumerate(items):
        wait_seconds = began + number / each_second - time.monotonic()
        if wait_seconds > 0:
            time.sleep(wait_seconds)
        yield item
