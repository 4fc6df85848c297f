"""Thousands of nodes and pods at once, and thousands of changes: many kept-alive connections side by side.

Two ways lead to ten thousand pods. Pods written directly, with their node and a kubelet's status, need etcd
and the API server alone (`filled.py` keeps the result). Deployments take the way of a real cluster:
controllers, scheduler, kwok.
"""

import http.client
import itertools
import json
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from cli.stack.errors import StackError
from tests.control_plane import fleet, manifests
from tests.control_plane.client import Json
from tests.control_plane.cluster import Cluster

PODS_PER_NODE = 110
PODS_PER_DEPLOYMENT = 100
_CONNECTIONS = 16
_TIMEOUT_SECONDS = 60
_STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Request:
    """One request: its method, path, body, and the type of the body."""

    method: str
    path: str
    body: Json
    content_type: str = "application/json"


def send(cluster: Cluster, requests: Iterable[Request]) -> int:
    """Send requests as admin over 16 connections, in no order; give how many there were.

    Raises StackError with the server's words at the first that is refused, OSError without an answer.
    """
    waiting, taking = iter(requests), threading.Lock()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        lanes = [pool.submit(_lane, cluster, waiting, taking) for _ in range(_CONNECTIONS)]
    return sum(lane.result() for lane in lanes)


def add_nodes(cluster: Cluster, count: int, pods_each: int = PODS_PER_NODE) -> list[str]:
    """Add nodes with room for so many pods each and wait until kwok made them ready; give their names."""
    names = node_names(count)
    send(cluster, (Request("POST", "/api/v1/nodes", manifests.node(name, pods_each)) for name in names))
    cluster.wait_until(lambda: set(names) <= _ready_nodes(cluster), 120)
    return names


def node_names(count: int) -> list[str]:
    """Name so many nodes."""
    return [f"node-{number:04}" for number in range(count)]


def create_pods(cluster: Cluster, namespace: str, count: int, nodes: list[str]) -> list[Json]:
    """Write pods directly, spread over the nodes, and a running status into each; give what was written."""
    made = fleet_pods(namespace, count, nodes)
    send(cluster, (Request("POST", f"/api/v1/namespaces/{namespace}/pods", pod) for pod in made))
    change_pods(cluster, made, restarts=0)
    return made


def fleet_pods(namespace: str, count: int, nodes: list[str]) -> list[Json]:
    """Describe the pods that `create_pods` writes: a hundred per agent, in turn on each of the nodes."""
    return [
        fleet.agent_pod(
            namespace,
            f"agent-{number // PODS_PER_DEPLOYMENT:03}-{number % PODS_PER_DEPLOYMENT:03}",
            agent=f"agent-{number // PODS_PER_DEPLOYMENT:03}",
            node_name=node,
        )
        for number, node in zip(range(count), itertools.cycle(nodes), strict=False)
    ]


def change_pods(cluster: Cluster, pods: Iterable[Json], restarts: int) -> int:
    """Write the status after so many restarts into each of these pods; give how many there were."""
    numbered = enumerate(pods)
    return send(cluster, (_status_request(number, pod, restarts) for number, pod in numbered))


def create_deployments(cluster: Cluster, namespace: str, pods: int, seconds: float = 600) -> None:
    """Let controllers make so many pods, a hundred per deployment, and wait until all are ready."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    sizes = [min(PODS_PER_DEPLOYMENT, pods - done) for done in range(0, pods, PODS_PER_DEPLOYMENT)]
    described = (
        fleet.fleet_deployment(namespace, f"agent-{number:03}", size) for number, size in enumerate(sizes)
    )
    send(cluster, (Request("POST", path, one) for one in described))

    def all_ready() -> bool:
        time.sleep(0.2)
        items = cluster.admin.get(path)["items"]
        return bool(sum(one["status"].get("readyReplicas", 0) for one in items) == pods)

    cluster.wait_until(all_ready, seconds)


def _status_request(number: int, pod: Json, restarts: int) -> Request:
    address = f"10.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
    status = fleet.running_status(pod, address=address, restarts=restarts)
    return Request("PATCH", path, {"status": status}, _STRATEGIC)


def _ready_nodes(cluster: Cluster) -> set[str]:
    return {
        node["metadata"]["name"]
        for node in cluster.admin.get("/api/v1/nodes")["items"]
        for condition in node["status"].get("conditions", [])
        if condition["type"] == "Ready" and condition["status"] == "True" and not node["spec"].get("taints")
    }


def _lane(cluster: Cluster, waiting: Iterator[Request], taking: threading.Lock) -> int:
    """Send what is waiting over one connection until nothing is; give how many."""
    trust = ssl.create_default_context(cafile=str(cluster.ca_path))
    address = urlsplit(cluster.server_url)
    connection = http.client.HTTPSConnection(
        str(address.hostname), address.port, timeout=_TIMEOUT_SECONDS, context=trust
    )
    authorization = f"Bearer {cluster.token('admin')}"
    sent = 0
    try:
        while True:
            with taking:
                request = next(waiting, None)
            if request is None:
                return sent
            headers = {"Authorization": authorization, "Content-Type": request.content_type}
            connection.request(request.method, request.path, json.dumps(request.body), headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status >= 400:
                words = told.decode(errors="replace")[:500]
                raise StackError(f"{request.method} {request.path}: {answer.status} {words}")
            sent += 1
    finally:
        connection.close()
