"""A whole cluster on loopback as one object: started, asked, filled, broken, and stopped without a trace.

etcd and the API server come first, the others side by side after them. Nodes and pods are kwok's: no
container runs, everything else is the real thing.
"""

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx

from cli.stack.errors import StackError
from tests.control_plane import build, manifests, tokens
from tests.control_plane.certificates import make_certificates
from tests.control_plane.client import ApiClient, ApiRefused, Json
from tests.control_plane.commands import Layout
from tests.control_plane.servers import (
    API_SERVER,
    ETCD,
    METRICS,
    ControlPlaneServer,
    control_plane,
    free_ports,
)

T = TypeVar("T")
_KUBECTL_SECONDS = 60
_POLL_SECONDS = 0.05


class Cluster:
    """etcd, the API server and what makes it live, with data, keys and logs under `directory`.

    `servers` holds the parts by their binary's name: kill, stop and start any of them alone. `users` are
    known to the API server and have no right until a test grants one. `data` is an etcd's data directory to
    begin with, which is copied.
    """

    def __init__(
        self,
        directory: Path,
        *,
        with_metrics: bool = False,
        users: Iterable[str] = ("collector", "stranger"),
        data: Path | None = None,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if data is not None:
            shutil.copytree(data, directory / ETCD)
        self.directory = directory
        self._tokens = tokens.make_users(users)
        self._layout = Layout(
            directory,
            free_ports(),
            make_certificates(directory / "keys"),
            directory / "tokens.csv",
            directory / "admin.kubeconfig",
            build.stages(),
        )
        self._write(self._layout.token_file, tokens.token_file(self._tokens))
        self.kubeconfig(tokens.ADMIN)
        self.admin = self.client(tokens.ADMIN)
        self.servers = control_plane(self._layout)
        self.parts = [name for name in self.servers if with_metrics or name != METRICS]

    @property
    def server_url(self) -> str:
        """Give the API server's URL; it stays the same over restarts."""
        return self._layout.server_url

    @property
    def ca_path(self) -> Path:
        """Give the certificate by which clients verify the API server."""
        return self._layout.certificates.ca

    @property
    def api_server(self) -> ControlPlaneServer:
        """Give the API server, to be killed or stopped, and started again."""
        return self.servers[API_SERVER]

    def start(self, parts: Collection[str] | None = None) -> None:
        """Start what is not running of these parts, or of all; return once each says it is healthy.

        Raises StackError with the end of the log of a part that does not come up.
        """
        wanted = [self.servers[name] for name in self.parts if parts is None or name in parts]
        first = [server for server in wanted if server.name in {ETCD, API_SERVER}]
        for server in first:
            server.start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.start(), [one for one in wanted if one not in first]))
        if any(server.name == METRICS for server in wanted):
            self._serve_metrics()

    def stop(self) -> None:
        """Stop every part: what asks the API server before it, and etcd last, which it would wait for."""
        self.admin.close()
        *others, api_server, etcd = reversed(self.servers.values())
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.stop(), others))
        api_server.stop()
        etcd.stop()

    def token(self, user: str) -> str:
        """Give the bearer token of a user; raise StackError for one that the cluster was not made with."""
        if user not in self._tokens:
            raise StackError(f"the cluster knows no user {user}, only {', '.join(self._tokens)}")
        return self._tokens[user]

    def client(self, user: str) -> ApiClient:
        """Give a client that speaks as a user."""
        return self.client_with(self.token(user))

    def client_with(self, token: str) -> ApiClient:
        """Give a client that shows a token."""
        return ApiClient(self.server_url, str(self.ca_path), token)

    def grant(self, user: str, namespace: str | None, rules: list[Json]) -> None:
        """Give a user these RBAC rules in a namespace, or with None in the whole cluster."""
        role, binding = manifests.role(user, namespace, rules)
        scope = f"/namespaces/{namespace}" if namespace else ""
        base, prefix = f"/apis/rbac.authorization.k8s.io/v1{scope}", "" if namespace else "cluster"
        self.admin.ensure(f"{base}/{prefix}roles", role)
        self.admin.ensure(f"{base}/{prefix}rolebindings", binding)

    def kubeconfig(self, user: str, *, token: str | None = None, namespace: str = "default") -> Path:
        """Write a kubeconfig for a user, or for a token of its own under that name; give its path."""
        path = self.directory / f"{user}.kubeconfig"
        chosen = self.token(user) if token is None else token
        self._write(path, tokens.kubeconfig(self.server_url, self.ca_path, user, chosen, namespace))
        return path

    def short_token(self, namespace: str, service_account: str, seconds: float) -> str:
        """Give a token of a service account (made when it is not there) that ends so many seconds from now.

        The API server remembers a token that it has taken for up to 10 seconds more: it is refused between
        `seconds` and `seconds + 10` from now.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.admin.ensure(path, {"metadata": {"name": service_account}})
        account = self.admin.get(f"{path}/{service_account}")
        key = self._layout.certificates.service_account_key.read_text()
        return tokens.sign_token(account, key, time.time(), seconds)

    def add_node(self, name: str, pods: int = 10_000) -> Json:
        """Add a node with room for so many pods, and wait until it is ready."""
        self.admin.ensure("/api/v1/nodes", manifests.node(name, pods))
        return self.wait_until(lambda: self._ready_node(name), 60)

    def create_namespace(self, name: str) -> Json:
        """Create a namespace."""
        return self.admin.create("/api/v1/namespaces", {"metadata": {"name": name}})

    def create_deployment(self, namespace: str, name: str, replicas: int = 1, **described: Any) -> Json:
        """Create a deployment as `manifests.deployment` describes it."""
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        return self.admin.create(path, manifests.deployment(namespace, name, replicas, **described))

    def create_pod(self, namespace: str, name: str, **described: Any) -> Json:
        """Create a pod as `manifests.pod` describes it."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        return self.admin.create(path, manifests.pod(namespace, name, **described))

    def pods(self, namespace: str, **query: str) -> list[Json]:
        """List the pods of a namespace; `labelSelector` and the like narrow it."""
        items: list[Json] = self.admin.get(f"/api/v1/namespaces/{namespace}/pods", **query)["items"]
        return items

    def patch_pod_status(self, namespace: str, name: str, status: Json) -> Json:
        """Write into a pod's status as a kubelet would; lists are replaced, conditions joined by type."""
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
        return self.admin.patch(path, {"status": status}, "strategic")

    def usage(self, namespace: str) -> list[Json]:
        """List what metrics.k8s.io says of the pods of a namespace; empty until two scrapes (20 s) saw them.

        kwok begins to count a container's CPU when its node is first asked, so the nodes are asked here too.
        """
        trust = ssl.create_default_context(cafile=str(self.ca_path))
        kubelet_url = f"https://127.0.0.1:{self._layout.ports.kubelet}"
        with httpx.Client(base_url=kubelet_url, verify=trust, trust_env=False) as kubelet:
            for node in self.admin.get("/api/v1/nodes")["items"]:
                path = f"/metrics/nodes/{node['metadata']['name']}/metrics/resource"
                kubelet.get(path).raise_for_status()
        try:
            answer = self.admin.get(f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods")
        except ApiRefused as refused:
            if refused.status in {404, 503}:  # not registered yet, or not serving yet
                return []
            raise
        items: list[Json] = answer["items"]
        return items

    def wait_until(self, predicate: Callable[[], T | None], seconds: float = 60) -> T:
        """Ask again and again until the answer is true, and give it; raise AssertionError when time is up."""
        deadline = time.monotonic() + seconds
        while not (answer := predicate()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {predicate}")
            time.sleep(_POLL_SECONDS)
        return answer

    def kubectl(self, *arguments: str, user: str = tokens.ADMIN, stdin: str | None = None) -> str:
        """Run kubectl as a user and give what it printed; raise StackError with its words when it fails."""
        path = self.directory / f"{user}.kubeconfig"
        if not path.exists():
            self.kubeconfig(user)
        done = subprocess.run(
            [build.binary("kubectl"), f"--kubeconfig={path}", *arguments],
            env={**os.environ, "HOME": str(self.directory)},  # it caches what it discovers below its home
            input=stdin, capture_output=True, text=True, timeout=_KUBECTL_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise StackError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _serve_metrics(self) -> None:
        service, api_service = manifests.metrics_api(self._layout.ports.metrics_server)
        self.admin.ensure("/api/v1/namespaces/kube-system/services", service)
        self.admin.ensure("/apis/apiregistration.k8s.io/v1/apiservices", api_service)

    def _ready_node(self, name: str) -> Json | None:
        node = self.admin.get(f"/api/v1/nodes/{name}")
        conditions = node["status"].get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return node if ready and not node["spec"].get("taints") else None

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)
