"""`/health`, `/ready` and `/metrics` of a service, on a port of their own (HEALTH_PORT; 0 switches them off).

`/health` is liveness: the process answers and its loop has turned lately. `/ready` tells each dependency.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

LOOP_LIMIT_SECONDS = 60.0
"""A loop that has not turned for so long is stuck, and the service is restarted by whoever watches it."""


class Health:
    """What a service knows of itself; safe to write from any thread."""

    def __init__(self, *dependencies: str) -> None:
        self._checks: dict[str, tuple[bool, str]] = dict.fromkeys(dependencies, (False, "not tried yet"))
        self._turned_at = time.monotonic()
        self._lock = threading.Lock()

    def report(self, dependency: str, ok: bool, detail: str = "") -> None:
        """Say whether a dependency serves us, and why not."""
        with self._lock:
            self._checks[dependency] = (ok, detail)

    def turn(self) -> None:
        """Note that the service's loop has turned."""
        self._turned_at = time.monotonic()

    def alive(self) -> bool:
        """Say whether the loop has turned lately."""
        return time.monotonic() - self._turned_at < LOOP_LIMIT_SECONDS

    def readiness(self) -> tuple[bool, dict[str, dict[str, str]]]:
        """Give whether all dependencies serve us, and the word on each."""
        with self._lock:
            checks = dict(self._checks)
        words = {
            name: {"status": "ok" if ok else "unavailable", **({"detail": detail} if detail else {})}
            for name, (ok, detail) in checks.items()
        }
        return all(ok for ok, _ in checks.values()), words


def serve(health: Health, service: str, host: str, port: int) -> ThreadingHTTPServer | None:
    """Serve a service's health in a thread; None when the port is 0."""
    if not port:
        return None

    class Handler(BaseHTTPRequestHandler):
        """One request: three paths, GET only."""

        server_version = "oracle"
        sys_version = ""

        def do_GET(self) -> None:
            """Answer /health, /ready or /metrics."""
            if self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif self.path == "/health":
                alive = health.alive()
                self._json(200 if alive else 503, {"status": "ok" if alive else "stuck", "service": service})
            elif self.path == "/ready":
                ready, checks = health.readiness()
                self._json(
                    200 if ready else 503,
                    {"status": "ready" if ready else "not_ready", "service": service, "dependencies": checks},
                )
            else:
                self._json(404, {"title": "Not found: /health, /ready and /metrics are here", "status": 404})

        def _json(self, status: int, body: object) -> None:
            self._answer(status, json.dumps(body).encode(), "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep probes out of the log."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
