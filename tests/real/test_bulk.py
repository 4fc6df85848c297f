"""Many pods at once: what benchmarks fill a cluster with is there, and changes as told."""

import tempfile
from pathlib import Path

from tests.control_plane import bulk
from tests.control_plane.cluster import Cluster
from tests.control_plane.filled import ALONE, NAMESPACE, fill


def test_pods_written_directly_run_and_change_as_told(cluster: Cluster, namespace: str) -> None:
    made = bulk.create_pods(cluster, namespace, 30, ["node-1"])
    assert {pod["status"]["phase"] for pod in cluster.pods(namespace)} == {"Running"}
    assert bulk.change_pods(cluster, made[:10], restarts=2) == 10
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in cluster.pods(namespace)]
    assert sorted(restarts) == [0] * 20 + [2] * 10


def test_deployments_of_the_fleet_become_ready(cluster: Cluster, namespace: str) -> None:
    bulk.create_deployments(cluster, namespace, 20, seconds=60)
    assert len(cluster.pods(namespace)) == 20


def test_a_filled_cluster_begins_with_its_pods_and_nodes_at_every_start(cluster: Cluster) -> None:
    with tempfile.TemporaryDirectory(prefix="oracle-real-") as directory:
        fill(Path(directory), 20)
        for name in ("first", "second"):
            again = Cluster(Path(directory) / name, data=Path(directory) / "etcd")
            try:
                again.start(ALONE)
                assert {pod["status"]["phase"] for pod in again.pods(NAMESPACE)} == {"Running"}
                assert len(again.pods(NAMESPACE)) == 20
                assert [node["metadata"]["name"] for node in again.admin.get("/api/v1/nodes")["items"]] == [
                    "node-0000"
                ]
            finally:
                again.stop()
