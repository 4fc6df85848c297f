"""Each part of the control plane as a process that is started, stopped, killed and started again."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from cli.stack.accounts import RunAs
from cli.stack.server import Server, free_port
from tests.control_plane import build, commands
from tests.control_plane.commands import Layout, Ports

ETCD, API_SERVER = "etcd", "kube-apiserver"
CONTROLLERS, SCHEDULER, KWOK, METRICS = "kube-controller-manager", "kube-scheduler", "kwok", "metrics-server"
_PROBE_SECONDS = 2.0


class ControlPlaneServer(Server):
    """One part: `start` returns once its health endpoint says 200, on the same port with the same data."""

    def __init__(self, name: str, arguments: list[str], log_path: Path, serves: Callable[[], bool]) -> None:
        super().__init__(log_path)
        self.name = name
        self._command = [str(build.binary(name)), *arguments]
        self._serves = serves

    def start(self) -> None:
        """Start it; raise StackError with the end of its log when it does not serve."""
        self._launch(self._command, self._serves, RunAs())


def control_plane(layout: Layout) -> dict[str, ControlPlaneServer]:
    """Give every part by its name, none of them started, in the order in which they need one another.

    Raises PartMissing when a binary is neither cached nor can be built.
    """
    ports, trust = layout.ports, ssl.create_default_context(cafile=str(layout.certificates.ca))
    secure = "https://127.0.0.1"
    table = {
        ETCD: (commands.etcd(layout), f"{layout.etcd_url}/health"),
        API_SERVER: (commands.kube_apiserver(layout), f"{layout.server_url}/readyz"),
        CONTROLLERS: (
            commands.kube_controller_manager(layout),
            f"{secure}:{ports.controller_manager}/healthz",
        ),
        SCHEDULER: (commands.kube_scheduler(layout), f"{secure}:{ports.scheduler}/healthz"),
        KWOK: (commands.kwok(layout), f"{secure}:{ports.kubelet}/healthz"),
        METRICS: (commands.metrics_server(layout), f"{secure}:{ports.metrics_server}/healthz"),
    }
    return {
        name: ControlPlaneServer(name, arguments, layout.directory / f"{name}.log", _probe(url, trust))
        for name, (arguments, url) in table.items()
    }


def free_ports() -> Ports:
    """Give ports that are free on loopback now, each another one."""
    found: set[int] = set()
    while len(found) < len(Ports.__dataclass_fields__):
        found.add(free_port())
    return Ports(*found)


def _probe(url: str, trust: ssl.SSLContext) -> Callable[[], bool]:
    # Loopback is asked directly, whatever the environment says of proxies.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )

    def serves() -> bool:
        try:
            with opener.open(url, timeout=_PROBE_SECONDS) as answer:
                return int(answer.status) == 200
        except (OSError, urllib.error.URLError):
            return False

    return serves
