"""The parts themselves: what every other test on the cluster takes for granted."""

import json
import ssl
from collections.abc import Callable

import httpx
import pytest

from tests.control_plane.client import ApiRefused, Json
from tests.control_plane.cluster import Cluster


def phases(pods: list[Json]) -> list[str]:
    return [pod["status"]["phase"] for pod in pods]


def test_a_deployment_becomes_running_pods(cluster: Cluster, namespace: str) -> None:
    cluster.create_deployment(namespace, "research-agent", 3)
    cluster.wait_until(lambda: phases(cluster.pods(namespace)) == ["Running"] * 3)
    deployment = cluster.wait_until(lambda: _available(cluster, namespace, "research-agent", 3))
    assert deployment["status"]["readyReplicas"] == 3
    owners = {pod["metadata"]["ownerReferences"][0]["kind"] for pod in cluster.pods(namespace)}
    assert owners == {"ReplicaSet"}


def _available(cluster: Cluster, namespace: str, name: str, replicas: int) -> Json | None:
    found = cluster.admin.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    return found if found["status"].get("availableReplicas") == replicas else None


def test_a_killed_api_server_comes_back_at_the_same_address_with_its_objects(
    cluster: Cluster, namespace: str
) -> None:
    before = cluster.create_pod(namespace, "survivor")["metadata"]["uid"]
    cluster.api_server.kill()
    with pytest.raises(httpx.TransportError):
        cluster.pods(namespace)
    cluster.api_server.start()
    assert [pod["metadata"]["uid"] for pod in cluster.pods(namespace)] == [before]


def test_a_status_written_by_hand_stays(cluster: Cluster, namespace: str) -> None:
    cluster.create_pod(namespace, "crashing", node_name="node-1", by_hand=True)
    cluster.create_pod(namespace, "played", node_name="node-1")
    killed = {"exitCode": 137, "reason": "OOMKilled"}
    container = {
        "name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": killed},
    }  # fmt: skip
    cluster.patch_pod_status(namespace, "crashing", {"phase": "Pending", "containerStatuses": [container]})
    cluster.wait_until(lambda: sorted(phases(cluster.pods(namespace))) == ["Pending", "Running"])
    printed = cluster.kubectl("get", "pod", "crashing", "-n", namespace, "--no-headers")
    assert printed.split()[:4] == ["crashing", "0/1", "CrashLoopBackOff", "1"]


def test_a_user_without_a_role_is_refused_and_one_with_a_role_is_not(
    cluster: Cluster, namespace: str
) -> None:
    collector, stranger = cluster.client("collector"), cluster.client("stranger")
    path = f"/api/v1/namespaces/{namespace}/pods"
    cluster.grant("collector", namespace, [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    assert cluster.wait_until(lambda: _status(collector.get, path) == 200)
    assert _status(stranger.get, path) == 403
    assert _status(collector.get, "/api/v1/nodes") == 403
    collector.close()
    stranger.close()


def _status(ask: Callable[[str], Json], path: str) -> int:
    try:
        ask(path)
    except ApiRefused as refused:
        return refused.status
    return 200


def test_the_usage_that_a_pod_is_annotated_with_comes_through_the_metrics_api(
    cluster: Cluster, namespace: str
) -> None:
    annotated = {"kwok.x-k8s.io/usage-cpu": "150m", "kwok.x-k8s.io/usage-memory": "256Mi"}
    cluster.create_pod(namespace, "busy", node_name="node-1", annotations=annotated)
    (found,) = cluster.wait_until(lambda: cluster.usage(namespace), 90)
    (container,) = found["containers"]
    assert found["metadata"]["name"] == "busy"
    assert container["usage"]["memory"] == "256Mi"
    assert int(container["usage"]["cpu"].removesuffix("n")) == pytest.approx(150_000_000, rel=0.1)


def test_a_streaming_list_ends_with_the_bookmark_that_says_so(cluster: Cluster, namespace: str) -> None:
    names = {"one", "two"}
    for name in names:
        cluster.create_pod(namespace, name)
    query = {
        "watch": "true", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true", "timeoutSeconds": "10",
    }  # fmt: skip
    trust = ssl.create_default_context(cafile=str(cluster.ca_path))
    told: list[Json] = []
    with httpx.stream(
        "GET", f"{cluster.server_url}/api/v1/namespaces/{namespace}/pods", params=query, verify=trust,
        headers={"Authorization": f"Bearer {cluster.token('admin')}"}, timeout=15, trust_env=False,
    ) as answer:  # fmt: skip
        for line in answer.iter_lines():
            told.append(json.loads(line))
            if told[-1]["type"] == "BOOKMARK":
                break
    *added, bookmark = told
    assert names <= {event["object"]["metadata"]["name"] for event in added}
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_short_token_is_taken_and_then_refused(cluster: Cluster, namespace: str) -> None:
    client = cluster.client_with(cluster.short_token(namespace, "passing", 3))
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    told = client.create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    assert told["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:passing"
    cluster.wait_until(lambda: _status(client.get, "/api") == 401, 30)
    client.close()
