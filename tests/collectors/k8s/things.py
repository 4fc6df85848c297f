"""Objects of Kubernetes for tables: as little of each as a case needs, in the API's own words."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from collectors.k8s_collector.objects import AnyObject, Deployment, Event, Node, Pod, ReplicaSet

Json = dict[str, Any]
T = TypeVar("T", bound=AnyObject)
NOW = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)


def at(seconds: float) -> str:
    """Give the time so many seconds after NOW, as the API writes it."""
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def decoded(kind: type[T], value: Json) -> T:
    """Decode an object as the collector does: from bytes."""
    return msgspec.json.decode(msgspec.json.encode(value), type=kind)


def metadata(name: str, namespace: str = "agents", **more: Any) -> Json:
    """Give metadata; the UID is `uid-NAME`."""
    return {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "1", **more}


def owner(kind: str, name: str, uid: str = "", controller: bool = True) -> list[Json]:
    """Give owner references with one owner."""
    return [{"kind": kind, "name": name, "uid": uid or f"uid-{name}", "controller": controller}]


def pod_json(
    name: str = "p",
    status: Json | None = None,
    spec: Json | None = None,
    namespace: str = "agents",
    **meta: Any,
) -> Json:
    """Give a pod, made 100 s before NOW, with one container, on node n1."""
    return {
        "metadata": metadata(name, namespace, **{"creationTimestamp": at(-100), **meta}),
        "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "i:1"}], **(spec or {})},
        "status": {"phase": "Pending", **(status or {})},
    }


def pod(*args: Any, **kwargs: Any) -> Pod:
    """Give such a pod, decoded."""
    return decoded(Pod, pod_json(*args, **kwargs))


def container_status(
    state: Json | None = None, restarts: int = 0, last: Json | None = None, name: str = "main", **more: Any
) -> Json:
    """Give a container's status."""
    return {
        "name": name,
        "state": state or {},
        "lastState": last or {},
        "restartCount": restarts,
        "ready": "running" in (state or {}),
        **more,
    }


def running(since: float = -90) -> Json:
    """Give the state of a container that runs since so many seconds from NOW."""
    return {"running": {"startedAt": at(since)}}


def waiting(reason: str, message: str = "") -> Json:
    """Give the state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def ended(
    reason: str = "", exit_code: int = 1, started: float = -90, finished: float = -10, signal: int = 0
) -> Json:
    """Give the state of a container that has ended."""
    return {
        "terminated": {
            "exitCode": exit_code, "reason": reason, "signal": signal,
            "startedAt": at(started), "finishedAt": at(finished),
        }
    }  # fmt: skip


def deployment_json(name: str = "research-agent", **parts: Any) -> Json:
    """Give a deployment of `spec`, `status`, `containers`, `labels`, `annotations`, `generation`."""
    meta = {key: parts[key] for key in ("labels", "annotations", "generation") if parts.get(key) is not None}
    containers = parts.get("containers", [{"name": "main", "image": "agent:1"}])
    template = {"metadata": {"creationTimestamp": None}, "spec": {"containers": containers}}
    return {
        "metadata": metadata(name, **{**meta, **parts.get("metadata", {})}),
        "spec": {"template": template, **parts.get("spec", {})},
        "status": parts.get("status", {}),
    }


def deployment(name: str = "research-agent", **parts: Any) -> Deployment:
    """Give such a deployment, decoded."""
    return decoded(Deployment, deployment_json(name, **parts))


def replica_set_json(
    name: str = "research-agent-7f8d9",
    deployment_name: str = "research-agent",
    revision: int = 1,
    desired: int = 1,
    ready: int = 1,
    **meta: Any,
) -> Json:
    """Give a replica set of a deployment; an empty name stands for none."""
    owners = owner("Deployment", deployment_name) if deployment_name else None
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    return {
        "metadata": metadata(name, ownerReferences=owners, annotations=annotations, **meta),
        "spec": {"replicas": desired},
        "status": {"replicas": desired, "readyReplicas": ready},
    }


def replica_set(*args: Any, **kwargs: Any) -> ReplicaSet:
    """Give such a replica set, decoded."""
    return decoded(ReplicaSet, replica_set_json(*args, **kwargs))


def event_json(name: str = "e", about: str = "Pod/p", reason: str = "BackOff", **parts: Any) -> Json:
    """Give a warning event; every field of the API may be set."""
    kind, _, named = about.partition("/")
    return {
        "metadata": metadata(name, creationTimestamp=at(-50)),
        "involvedObject": {"kind": kind, "name": named, "namespace": "agents", "uid": f"uid-{named}"},
        "reason": reason,
        "type": "Warning",
        **parts,
    }


def warning(*args: Any, **parts: Any) -> Event:
    """Give such an event, decoded."""
    return decoded(Event, event_json(*args, **parts))


def node(name: str = "n1", conditions: list[Json] | None = None, **spec: Any) -> Node:
    """Give a node."""
    value = {"metadata": metadata(name, ""), "spec": spec, "status": {"conditions": conditions}}
    return decoded(Node, value)


def named_condition(kind: str, status: str, **more: Any) -> Json:
    """Give a condition."""
    return {"type": kind, "status": status, **more}
