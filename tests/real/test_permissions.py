"""The files of infrastructure/kubernetes/rbac, as they are, on a real API server: enough, and no more."""

import importlib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.stack.server import free_port
from collectors.k8s_collector.network import PART as NETWORK
from collectors.k8s_collector.settings import K8sSettings
from collectors.k8s_collector.usage import PART as METRICS
from tests.control_plane import commands, servers
from tests.control_plane.client import ApiRefused, Json
from tests.control_plane.cluster import Cluster
from tests.real.watching import Watching

yaml: Any = importlib.import_module("yaml")  # it ships no types
RBAC = Path(__file__).resolve().parents[2] / "infrastructure" / "kubernetes" / "rbac"
ACCOUNT, CLUSTER, NAMESPACE, OPTIONAL = (
    RBAC / f"k8s-collector-{name}.yaml" for name in ("account", "cluster", "namespace", "network")
)
HOME, NAME = "oracle-monitor", "k8s-collector"
RULES: list[Json] = next(yaml.safe_load_all(CLUSTER.read_text(encoding="utf-8")))["rules"]


def grants_of(file: Path) -> list[tuple[str, str, str]]:
    """Give every single permission of a role: API group, resource, verb."""
    return [
        (rule["apiGroups"][0], resource, verb)
        for rule in next(yaml.safe_load_all(file.read_text(encoding="utf-8")))["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


GRANTS = grants_of(CLUSTER)
NAMESPACED = ("pods", "events", "deployments", "replicasets")
FORBIDDEN = "403 Forbidden"


@pytest.fixture
def account(cluster: Cluster) -> Iterator[str]:
    """Make the account; give a token of it, and take every role from it afterwards."""
    cluster.kubectl("apply", "-f", str(ACCOUNT))
    yield cluster.kubectl("create", "token", NAME, "--namespace", HOME, "--duration", "1h").strip()
    for file in (CLUSTER, OPTIONAL):
        cluster.kubectl("delete", "--ignore-not-found", "-f", str(file))


@pytest.fixture
def workload(cluster: Cluster, namespace: str) -> str:
    """Fill a namespace with something of every kind; give its name."""
    cluster.create_deployment(namespace, "research-agent", 2)
    about = {"kind": "Pod", "namespace": namespace, "name": "research-agent-x"}
    event = {
        "metadata": {"name": "warned"}, "involvedObject": about, "type": "Warning", "reason": "BackOff",
        "message": "Back-off restarting", "count": 1, "lastTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    cluster.admin.create(f"/api/v1/namespaces/{namespace}/events", event)
    cluster.wait_until(lambda: all(_running(pod) for pod in cluster.pods(namespace)))
    return namespace


@pytest.fixture(scope="module")
def server_without_streaming_lists(cluster: Cluster) -> Iterator[str]:
    """Start a second API server beside the first, as those before 1.32 are; give its URL."""
    layout = cluster._layout
    own = replace(layout, ports=replace(layout.ports, api_server=free_port()))
    server = servers.ControlPlaneServer(
        servers.API_SERVER,
        [*commands.kube_apiserver(own), "--feature-gates=WatchList=false"],
        layout.directory / "second-kube-apiserver.log",
        servers._probe(f"{own.server_url}/readyz", ssl.create_default_context(cafile=str(cluster.ca_path))),
    )
    server.start()
    yield own.server_url
    server.stop()


def _running(pod: Json) -> bool:
    return bool(pod["status"]["phase"] == "Running")


def settings_for(
    cluster: Cluster, token: str, *namespaces: str, network: bool = False, server_url: str = ""
) -> K8sSettings:
    path = cluster.kubeconfig(NAME, token=token)
    if server_url:
        path.write_text(path.read_text().replace(cluster.server_url, server_url))
    return K8sSettings(
        kubeconfig=str(path),
        oracle_namespaces=namespaces or ("*",),
        observe_interval_seconds=0.2,
        k8s_metrics_interval_seconds=1,
        k8s_network_interval_seconds=1 if network else 0,
    )


def everything_of(watching: Watching, namespace: str) -> bool:
    """Say whether each kind is complete and has something, use of CPU and memory included."""
    kinds = ("pod", "workload", "deployment", "agent", "k8s_event")
    pods = watching.entities("pod", namespace)
    measured = pods and all("memory" in one["pod"] and "cpu" in one["pod"] for one in pods)
    return watching.fresh and bool(measured) and all(watching.entities(kind, namespace) for kind in kinds)


def test_with_the_file_of_the_cluster_everything_is_read(
    cluster: Cluster, workload: str, account: str
) -> None:
    cluster.kubectl("apply", "-f", str(CLUSTER))
    with Watching(settings_for(cluster, account, network=True)) as watching:
        cluster.wait_until(lambda: cluster.usage(workload), 90)
        cluster.wait_until(lambda: everything_of(watching, workload), 90)
        assert "node-1" in {one["name"] for one in watching.entities("node")}
        assert len(watching.entities("pod", workload)) == 2
        # What is optional is all that is missing, and says why.
        cluster.wait_until(lambda: watching.unavailable.keys() == {NETWORK}, 90)
        assert FORBIDDEN in watching.unavailable[NETWORK]


def test_with_the_file_of_a_namespace_all_but_the_nodes_is_read(
    cluster: Cluster, workload: str, account: str
) -> None:
    cluster.kubectl("apply", "--namespace", workload, "-f", str(NAMESPACE))
    with Watching(settings_for(cluster, account, workload)) as watching:
        cluster.wait_until(lambda: cluster.usage(workload), 90)
        cluster.wait_until(lambda: everything_of(watching, workload), 90)
        assert watching.entities("node") == []
        cluster.wait_until(lambda: watching.unavailable.keys() == {"nodes"}, 90)
        assert FORBIDDEN in watching.unavailable["nodes"]
        assert watching.instance == "test"


def test_a_namespace_without_a_role_is_told_beside_one_that_has_it(
    cluster: Cluster, workload: str, account: str
) -> None:
    cluster.kubectl("apply", "--namespace", workload, "-f", str(NAMESPACE))
    with Watching(settings_for(cluster, account, workload, "default")) as watching:
        told = {"nodes", METRICS, *(f"{name} in default" for name in NAMESPACED)}
        cluster.wait_until(lambda: watching.unavailable.keys() == told and watching.fresh)
        assert all(FORBIDDEN in reason for reason in watching.unavailable.values())
        assert len(watching.entities("pod", workload)) == 2


def test_the_optional_file_opens_the_way_to_the_kubelets(
    cluster: Cluster, workload: str, account: str
) -> None:
    cluster.kubectl("apply", "--namespace", workload, "-f", str(NAMESPACE))
    with Watching(settings_for(cluster, account, workload, network=True)) as watching:
        cluster.wait_until(lambda: FORBIDDEN in watching.unavailable.get(NETWORK, ""))
    cluster.kubectl("apply", "-f", str(OPTIONAL))
    with Watching(settings_for(cluster, account, workload, network=True)) as watching:
        # Allowed now; only this cluster's nodes lie on loopback, where the API server forwards nothing to.
        cluster.wait_until(lambda: "400 Bad Request: address not" in watching.unavailable.get(NETWORK, ""))


def test_without_any_role_the_source_is_down_until_one_is_granted(
    cluster: Cluster, workload: str, account: str
) -> None:
    with Watching(settings_for(cluster, account)) as watching:
        cluster.wait_until(lambda: watching.down)
        assert watching.down.startswith(f"pods: {FORBIDDEN}")
        assert f"system:serviceaccount:{HOME}:{NAME}" in watching.down
        cluster.kubectl("apply", "-f", str(CLUSTER))
        cluster.wait_until(lambda: watching.fresh and not watching.unavailable, 90)
        assert len(watching.entities("pod", workload)) == 2
        assert watching.alive


def test_a_part_is_read_once_its_permission_is_granted(cluster: Cluster, workload: str, account: str) -> None:
    cluster.kubectl("apply", "--namespace", workload, "-f", str(NAMESPACE))
    with Watching(settings_for(cluster, account, workload)) as watching:
        cluster.wait_until(lambda: "nodes" in watching.unavailable)
        cluster.kubectl("apply", "-f", str(CLUSTER))
        cluster.wait_until(lambda: watching.fresh and not watching.unavailable, 90)
        assert "node-1" in {one["name"] for one in watching.entities("node")}


def test_an_expired_token_is_told_and_a_renewed_one_heals_without_a_restart(
    cluster: Cluster, workload: str, account: str
) -> None:
    cluster.kubectl("apply", "-f", str(CLUSTER))
    settings = settings_for(cluster, cluster.short_token(HOME, NAME, 10))
    with Watching(settings) as watching:
        cluster.wait_until(lambda: watching.fresh)
        cluster.wait_until(lambda: watching.down, 60)
        assert "does not accept our credentials: 401 Unauthorized" in watching.down
        assert len(watching.entities("pod", workload)) == 2  # what is known stays
        settings_for(cluster, account)  # the same file, with a token that lasts
        cluster.wait_until(lambda: watching.fresh, 60)
        cluster.wait_until(lambda: watching.unavailable == {}, 60)  # measures are asked for in turn


@pytest.mark.parametrize(("group", "resource", "verb"), GRANTS)
def test_no_permission_can_be_left_out(
    cluster: Cluster,
    account: str,
    server_without_streaming_lists: str,
    group: str,
    resource: str,
    verb: str,
) -> None:
    rules = [
        {"apiGroups": [one_group], "resources": [one_resource], "verbs": [one_verb]}
        for one_group, one_resource, one_verb in GRANTS
        if (one_group, one_resource, one_verb) != (group, resource, verb)
    ]
    grant(cluster, rules)
    part = METRICS if group == "metrics.k8s.io" else resource
    with Watching(settings_for(cluster, account, server_url=server_without_streaming_lists)) as watching:
        cluster.wait_until(lambda: lacking(watching).keys() == {part}, 90)
        assert f'cannot {verb} resource "{resource}"' in lacking(watching)[part]


def lacking(watching: Watching) -> dict[str, str]:
    """Give what cannot be read, once everything has been tried; without pods there is nothing at all."""
    if watching.down:
        return {"pods": watching.down}
    return watching.unavailable if watching.fresh else {}


def test_the_whole_role_is_enough_without_streaming_lists_too(
    cluster: Cluster, workload: str, account: str, server_without_streaming_lists: str
) -> None:
    grant(cluster, RULES)
    with Watching(settings_for(cluster, account, server_url=server_without_streaming_lists)) as watching:
        cluster.wait_until(lambda: watching.fresh and not watching.unavailable, 90)
        assert len(watching.entities("pod", workload)) == 2


def grant(cluster: Cluster, rules: list[Json]) -> None:
    """Apply the file of the cluster with other rules, and wait until the servers know them."""
    role, binding = yaml.safe_load_all(CLUSTER.read_text(encoding="utf-8"))
    text = yaml.safe_dump_all([{**role, "rules": rules}, binding])
    cluster.kubectl("apply", "-f", "-", stdin=text)


def test_the_role_of_a_namespace_is_that_of_the_cluster_without_the_nodes() -> None:
    assert grants_of(NAMESPACE) == [one for one in GRANTS if one[1] != "nodes"]
    assert len(GRANTS) == 11


@pytest.mark.parametrize("scope", [CLUSTER, NAMESPACE], ids=["cluster", "namespace"])
def test_a_role_allows_nothing_but_reading(
    cluster: Cluster, namespace: str, account: str, scope: Path
) -> None:
    cluster.kubectl("apply", "--namespace", namespace, "-f", str(scope))
    client = cluster.client_with(account)
    base = f"/api/v1/namespaces/{namespace}"
    cluster.wait_until(lambda: status_of(lambda: client.get(f"{base}/pods")) == 200)
    refused = [
        lambda: client.get(f"{base}/secrets"),
        lambda: client.get(f"{base}/configmaps"),
        lambda: client.get(f"{base}/pods/any/log"),
        lambda: client.create(f"{base}/pods", {"metadata": {"name": "any"}}),
        lambda: client.delete(f"{base}/pods/any"),
        lambda: client.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/any", {}),
        lambda: client.create(f"{base}/pods/any/exec", {}),
        lambda: client.get("/api/v1/nodes/node-1/proxy/stats/summary"),
    ]
    assert [status_of(ask) for ask in refused] == [403] * len(refused)
    client.close()


def status_of(ask: Any) -> int:
    try:
        ask()
    except ApiRefused as refused:
        return refused.status
    return 200
