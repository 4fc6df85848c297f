"""`/health`, `/ready` and `/metrics`: is the API alive, what does it depend on, and what does it measure."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.access import PUBLIC
from runtime.health import Health

TheHealth = NamedDependency[SkipValidation[Health]]
NAME = "api"
_WORDS = {
    "store": "The store of snapshots does not answer.",
    "broker": "The broker does not answer: the live stream stands still.",
}


@get("/health", opt=PUBLIC, sync_to_thread=False)
def alive(health: TheHealth) -> Response[dict[str, str]]:
    """Say whether the process lives and its loop turns."""
    ok = health.alive()
    return Response({"status": "ok" if ok else "stuck", "service": NAME}, status_code=200 if ok else 503)


@get("/ready", opt=PUBLIC, sync_to_thread=False)
def ready(health: TheHealth) -> Response[dict[str, Any]]:
    """Say whether each dependency serves us; why not is for the log, because anybody may ask here."""
    ok, checks = health.readiness()
    dependencies = {
        name: {"status": "ok"}
        if check["status"] == "ok"
        else {"status": check["status"], "detail": _WORDS[name]}
        for name, check in checks.items()
    }
    body = {"status": "ready" if ok else "not_ready", "service": NAME, "dependencies": dependencies}
    return Response(body, status_code=200 if ok else 503)


@get("/metrics", sync_to_thread=False)
def metrics() -> Response[bytes]:
    """Give the metrics of this process in Prometheus' text format."""
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


ROUTES = [alive, ready, metrics]
