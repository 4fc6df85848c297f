"""What a real API server said, kept to be said again at an exact rate: lists, and the lines of watches.

On the cores that it shares with what is measured, an API server does not take hundreds of changes a second.
"""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from benchmarks.kubernetes.fleet import EMPTY
from tests.control_plane.cluster import Cluster

WATCHED = (
    "/api/v1/pods", "/api/v1/nodes", "/api/v1/events",
    "/apis/apps/v1/replicasets", "/apis/apps/v1/deployments",
)  # fmt: skip
PODS = WATCHED[0]
CHANGES = "changes"
_END_OF_LIST = b"k8s.io/initial-events-end"
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_SECONDS = 60.0


def place(directory: Path, name: str) -> Path:
    """Give a recording's file: a path's initial lines (`watch…`), its list (`list…`), or the changes."""
    return directory / quote(name, safe="")


def record_lists(cluster: Cluster, directory: Path) -> None:
    """Record the list of pods, and the initial lines of each watch that the collector opens."""
    for path in (PODS, f"/api/v1/namespaces/{EMPTY}/pods"):
        with _get(cluster, path, {}) as answer:
            place(directory, f"list{path}").write_bytes(answer.read())
    for path in WATCHED:
        query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        lines: list[bytes] = []
        with watch(cluster, path, query) as answer:
            for line in answer:
                lines.append(line)
                if _END_OF_LIST in line:
                    break
        place(directory, f"watch{path}").write_bytes(b"".join(lines))


class Recorder(threading.Thread):
    """Reads a watch of the pods from now on; `lines` are what it has seen."""

    def __init__(self, cluster: Cluster, count: int) -> None:
        super().__init__(name="recorder", daemon=True)
        self.lines: list[bytes] = []
        self._cluster = cluster
        self._count = count
        # The version of now: a watch from it misses nothing that is changed once this is made.
        self._version = version_of(cluster)

    def run(self) -> None:
        """Read until there are as many lines as were asked for; the server closes a watch that is slow."""
        while len(self.lines) < self._count:
            with watch(self._cluster, PODS, {"resourceVersion": self._version}) as answer:
                for line in answer:
                    found = _VERSION.search(line)
                    if found is None or not line.startswith(b'{"type":"MODIFIED"'):
                        continue
                    self._version = found[1].decode()
                    self.lines.append(line)
                    if len(self.lines) >= self._count:
                        return


def version_of(cluster: Cluster) -> str:
    """Give the version that the cluster is at now."""
    return str(cluster.admin.get(PODS, limit="1")["metadata"]["resourceVersion"])


def watch(
    cluster: Cluster, path: str, query: dict[str, str]
) -> AbstractContextManager[http.client.HTTPResponse]:
    """Open a watch as admin; each line of the answer is an event. Raises RuntimeError when it is refused."""
    return _get(cluster, path, {"watch": "1", "allowWatchBookmarks": "true", **query})


def _get(
    cluster: Cluster, path: str, query: dict[str, str]
) -> AbstractContextManager[http.client.HTTPResponse]:
    address = urlsplit(cluster.server_url)
    trust = ssl.create_default_context(cafile=str(cluster.ca_path))
    connection = http.client.HTTPSConnection(
        str(address.hostname), address.port, timeout=_SECONDS, context=trust
    )
    headers = {"Authorization": f"Bearer {cluster.token('admin')}", "Accept": "application/json"}
    return answered(connection, f"{path}?{urlencode(query)}", headers)


@contextmanager
def answered(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """Open an answer; at the block's end a thread that still reads it is woken. Raises RuntimeError."""
    connection.connect()
    sock = connection.sock
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.read(500)!r}")
        yield answer
    finally:
        with suppress(OSError):  # it may have ended already
            sock.shutdown(socket.SHUT_RDWR)
        connection.close()
