"""The objects that tests and benchmarks put into the cluster (pure: arguments in, JSON out)."""

from collections.abc import Mapping

from tests.control_plane.client import Json
from tests.control_plane.commands import BY_HAND

IMAGE = "registry.example/agents/researcher:1.4.2"
_BY_HAND = dict([BY_HAND.split("=")])
_REQUESTS: Mapping[str, str] = {"cpu": "100m", "memory": "128Mi"}
_LIMITS: Mapping[str, str] = {"cpu": "500m", "memory": "512Mi"}


def node(name: str, pods: int = 10_000) -> Json:
    """Describe a node whose kubelet kwok plays, and whose usage metrics-server finds."""
    annotations = {
        "kwok.x-k8s.io/node": "fake",
        "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource",
    }
    room = {"cpu": "1000", "memory": "1Ti", "pods": str(pods)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": annotations,
            "labels": {"kubernetes.io/hostname": name, "type": "kwok"},
        },
        "status": {"capacity": room, "allocatable": room},
    }


def container(
    name: str = "main",
    *,
    image: str = IMAGE,
    env: Mapping[str, str] | None = None,
    requests: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
) -> Json:
    """Describe a container; without other words it requests 100m and 128Mi, limited to 500m and 512Mi."""
    return {
        "name": name,
        "image": image,
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "resources": {
            "requests": dict(_REQUESTS if requests is None else requests),
            "limits": dict(_LIMITS if limits is None else limits),
        },
    }


def pod(
    namespace: str,
    name: str,
    *,
    containers: list[Json] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    node_name: str | None = None,
    by_hand: bool = False,
) -> Json:
    """Describe a pod. `node_name` spares it the scheduler; `by_hand` leaves its status to the test."""
    spec: Json = {"containers": containers or [container()], "terminationGracePeriodSeconds": 1}
    if node_name is not None:
        spec["nodeName"] = node_name
    metadata = {
        "namespace": namespace,
        "name": name,
        "labels": dict(labels or {}),
        "annotations": {**(annotations or {}), **(_BY_HAND if by_hand else {})},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def deployment(
    namespace: str,
    name: str,
    replicas: int,
    *,
    containers: list[Json] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    pod_labels: Mapping[str, str] | None = None,
    pod_annotations: Mapping[str, str] | None = None,
    by_hand: bool = False,
) -> Json:
    """Describe a deployment; its pods carry `app: NAME` and `pod_labels`, and are as `pod` makes them."""
    template = pod(
        namespace,
        name,
        containers=containers,
        labels={"app": name, **(pod_labels or {})},
        annotations=pod_annotations,
        by_hand=by_hand,
    )
    template["metadata"] = {key: template["metadata"][key] for key in ("labels", "annotations")}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": dict(labels or {}),
            "annotations": dict(annotations or {}),
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": template["metadata"], "spec": template["spec"]},
        },
    }


def role(user: str, namespace: str | None, rules: list[Json]) -> tuple[Json, Json]:
    """Describe a role of these rules and its binding to a user: of one namespace, or of the cluster."""
    kind = "Role" if namespace else "ClusterRole"
    group, version = "rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1"
    metadata = {"name": user, **({"namespace": namespace} if namespace else {})}
    subject = {"kind": "User", "name": user, "apiGroup": group}
    described = {"apiVersion": version, "kind": kind, "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": version,
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "subjects": [subject],
        "roleRef": {"apiGroup": group, "kind": kind, "name": user},
    }
    return described, binding


def metrics_api(port: int) -> tuple[Json, Json]:
    """Describe the Service and the APIService that lead metrics.k8s.io to metrics-server on loopback."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "kube-system", "name": "metrics-server"},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    api_service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": "kube-system", "name": "metrics-server", "port": port},
        },
    }
    return service, api_service
