"""The cluster that is measured: pods of ten per deployment, with the replica sets and nodes that they name.

etcd and a real API server alone: nobody but the benchmark changes anything. What etcd holds is written once,
kept in the cache, and copied for each run.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cli.stack.cache import cached
from cli.stack.claim import signals_wait
from tests.control_plane import bulk, fleet
from tests.control_plane.build import binary
from tests.control_plane.bulk import PODS_PER_NODE, Request
from tests.control_plane.client import Json
from tests.control_plane.cluster import Cluster
from tests.control_plane.filled import ALONE, nodes_of
from tests.control_plane.servers import API_SERVER, ETCD

NAMESPACE = "fleet"
EMPTY = "empty"
"""A namespace without anything: what a process takes when there is nothing to keep."""
PODS_PER_DEPLOYMENT = 10
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_STRATEGIC = "application/strategic-merge-patch+json"


class Owned(NamedTuple):
    """An object that owns others: its name and UID."""

    name: str
    uid: str


def template_hash(agent: str) -> str:
    """Give the hash that a controller would put into the names of a deployment's pods."""
    return hashlib.sha256(agent.encode()).hexdigest()[:10]


def deployment(number: int, replicas: int) -> Json:
    """Describe a deployment of the fleet."""
    return fleet.fleet_deployment(NAMESPACE, f"agent-{number:04}", replicas)


def replica_set(owner: Owned, described: Json) -> Json:
    """Describe the one replica set of a deployment, named and labelled as its controller would."""
    digest = template_hash(owner.name)
    template = json.loads(json.dumps(described["spec"]["template"]))
    template["metadata"]["labels"]["pod-template-hash"] = digest
    labels = template["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "namespace": NAMESPACE,
            "name": f"{owner.name}-{digest}",
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [_reference("apps/v1", "Deployment", owner)],
        },
        "spec": {
            "replicas": described["spec"]["replicas"],
            "selector": {"matchLabels": {**described["spec"]["selector"]["matchLabels"],
                                         "pod-template-hash": digest}},
            "template": template,
        },
    }  # fmt: skip


def pod(owner: Owned, number: int, node: str) -> Json:
    """Describe a pod of a replica set: some 4 KB of JSON."""
    agent, _, digest = owner.name.rpartition("-")
    made = fleet.agent_pod(NAMESPACE, f"{owner.name}-{number:05}", agent=agent, node_name=node)
    made["metadata"]["labels"]["pod-template-hash"] = digest
    made["metadata"]["ownerReferences"] = [_reference("apps/v1", "ReplicaSet", owner)]
    return made


def pod_names(pods: int) -> list[str]:
    """Name the pods of the fleet, in an order that goes through the deployments in turn."""
    agents = [f"agent-{number:04}" for number in range(-(-pods // PODS_PER_DEPLOYMENT))]
    return [
        f"{agent}-{template_hash(agent)}-{number:05}"
        for number in range(PODS_PER_DEPLOYMENT)
        for place, agent in enumerate(agents)
        if place * PODS_PER_DEPLOYMENT + number < pods
    ]


@contextmanager
def own_cluster(pods: int, progress: Callable[[str], None]) -> Iterator[Cluster]:
    """Start a cluster of so many pods, and remove it whatever happens; the first time it is filled.

    Raises StackError when it cannot be filled, or does not start.
    """
    progress(f"kubernetes: {pods:,} pods in a real API server (the first time they are written: minutes)")
    data = fleet_data(pods)
    directory = Path(tempfile.mkdtemp(prefix="oracle-bench-k8s-"))
    try:
        cluster = Cluster(directory / "cluster", data=data)
        try:
            cluster.start(ALONE)
            yield cluster
        finally:
            with signals_wait():
                cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fleet_data(pods: int) -> Path:
    """Give the data directory of an etcd that holds the fleet, filling it when the cache has none."""
    described = deployment(0, PODS_PER_DEPLOYMENT)
    sample = pod(Owned("agent-0000-hash", "uid"), 0, "node-0000")
    status = fleet.running_status(sample, address="10.0.0.1", at=fleet.EPOCH)
    made_of = [
        binary(ETCD).parent.name, binary(API_SERVER).parent.name, PODS_PER_DEPLOYMENT,
        described, replica_set(Owned("agent-0000", "uid"), described), sample, status,
        fleet.ready_node("n", PODS_PER_NODE),
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]
    return cached(f"bench-fleet-{pods}-{digest}", lambda into: _fill(into, pods)) / ETCD


def _fill(into: Path, pods: int) -> None:
    with tempfile.TemporaryDirectory(prefix="oracle-fill-") as directory:
        cluster = Cluster(Path(directory) / "cluster")
        try:
            cluster.start(ALONE)
            for namespace in (NAMESPACE, EMPTY):
                cluster.create_namespace(namespace)
            _write_fleet(cluster, pods)
        finally:
            with signals_wait():
                cluster.stop()
        shutil.move(cluster.directory / ETCD, into / ETCD)


def _write_fleet(cluster: Cluster, pods: int) -> None:
    """Write nodes, deployments, replica sets and pods, each with the status that they have when all runs."""
    nodes = nodes_of(pods)
    described = (fleet.ready_node(name, PODS_PER_NODE) for name in nodes)
    bulk.send(cluster, (Request("POST", "/api/v1/nodes", node) for node in described))
    sizes = [min(PODS_PER_DEPLOYMENT, pods - done) for done in range(0, pods, PODS_PER_DEPLOYMENT)]
    deployments = {one["metadata"]["name"]: one for one in map(deployment, range(len(sizes)), sizes)}
    owners = _create(cluster, _DEPLOYMENTS, list(deployments.values()), _deployment_status)
    sets = [replica_set(owner, deployments[owner.name]) for owner in owners]
    owners = _create(cluster, _REPLICA_SETS, sets, _replica_set_status)
    made = [
        pod(owner, number, nodes[(place + number) % len(nodes)])
        for place, owner in enumerate(owners)
        for number in range(min(PODS_PER_DEPLOYMENT, pods - place * PODS_PER_DEPLOYMENT))
    ]
    bulk.send(cluster, (Request("POST", _PODS, one) for one in made))
    bulk.change_pods(cluster, made, restarts=0)


def _create(
    cluster: Cluster, path: str, described: list[Json], status_of: Callable[[Json], Json]
) -> list[Owned]:
    """Create objects with their statuses; give names and UIDs in order of name."""
    bulk.send(cluster, (Request("POST", path, one) for one in described))
    statuses = (
        Request("PATCH", f"{path}/{one['metadata']['name']}/status", {"status": status_of(one)}, _STRATEGIC)
        for one in described
    )
    bulk.send(cluster, statuses)
    items = cluster.admin.get(path)["items"]
    return sorted(Owned(one["metadata"]["name"], one["metadata"]["uid"]) for one in items)


def _replica_set_status(described: Json) -> Json:
    count = described["spec"]["replicas"]
    return dict.fromkeys(("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"), count)


def _deployment_status(described: Json) -> Json:
    count, since = described["spec"]["replicas"], fleet.EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
    return {
        "observedGeneration": 1,
        **dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), count),
        "conditions": [
            {"type": kind, "status": "True", "reason": reason, "message": f"{reason} as always",
             "lastTransitionTime": since, "lastUpdateTime": since}
            for kind, reason in told.items()
        ],
    }  # fmt: skip


def _reference(version: str, kind: str, owner: Owned) -> Json:
    return {
        "apiVersion": version, "kind": kind, "name": owner.name, "uid": owner.uid,
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
