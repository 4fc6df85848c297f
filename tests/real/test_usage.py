"""Use of CPU and memory through the real metrics API, and what a snapshot says while a part is missing."""

from pathlib import Path

from cli.stack.server import KafkaServer
from tests.control_plane.cluster import Cluster
from tests.control_plane.servers import METRICS
from tests.real.pipeline import Json, pipeline, pod_of, source_of

ANNOTATED = {"kwok.x-k8s.io/usage-cpu": "150m", "kwok.x-k8s.io/usage-memory": "256Mi"}
METRICS_API = "metrics.k8s.io"


def unavailable(snapshot: Json) -> dict[str, str]:
    return {one["part"]: one["reason"] for one in source_of(snapshot).get("unavailable", [])}


def test_use_is_rounded_and_its_absence_is_told_while_the_rest_goes_on(
    cluster: Cluster, namespace: str, broker: KafkaServer, database_url: str, tmp_path: Path
) -> None:
    cluster.create_pod(namespace, "busy", node_name="node-1", annotations=ANNOTATED)
    cluster.wait_until(lambda: cluster.usage(namespace), 90)
    with pipeline(
        broker.bootstrap_servers, database_url, cluster.kubeconfig("admin"), namespace, tmp_path
    ) as running:
        used = running.until("its use", lambda one: (pod_of(one, "busy") or {}).get("memory"), 60)
        pod = pod_of(used, "busy")
        assert pod is not None
        assert pod["memory"] == 256
        assert abs(pod["cpu"] - 150) <= 15
        assert pod["cpu"] % 5 == 0
        assert (pod["memory_limit"], pod["cpu_limit"], pod["cpu_request"]) == (512, 500, 100)
        assert METRICS_API not in unavailable(used)
        # The stand-in for kubelets has no summary, and the API server says so.
        assert "node-1" in unavailable(used)["network (kubelet summary)"]

        cluster.servers[METRICS].stop()
        missing = running.until("what is missing", lambda one: METRICS_API in unavailable(one))
        assert source_of(missing)["status"] == "fresh"
        assert unavailable(missing)[METRICS_API].startswith("503 ")
        cluster.create_pod(namespace, "later", node_name="node-1")
        running.until(
            "the rest to go on", lambda one: (pod_of(one, "later") or {}).get("status") == "Running"
        )

        cluster.servers[METRICS].start()
        running.until("the metrics again", lambda one: METRICS_API not in unavailable(one), 90)
