"""Records what kubectl says of pods in every state, from a real cluster, for the table of statuses.

`python -m tests.collectors.k8s.record` starts a control plane, writes each state into a pod's status as a
kubelet would, and keeps the object that the API server gives back beside kubectl's columns STATUS and
RESTARTS. The tests read what it wrote; run it again when a newer kubectl words a state differently.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tests.control_plane import manifests
from tests.control_plane.client import Json
from tests.control_plane.cluster import Cluster

OBJECTS = Path(__file__).parent / "objects"
NAMESPACE = "recorded"
WHOLE = 2
"""How many pods are kept whole."""
TIMES = {"startedAt": "2026-02-06T14:30:00Z", "finishedAt": "2026-02-06T14:31:00Z"}
RUNNING: Json = {"running": {"startedAt": "2026-02-06T14:30:00Z"}}
CREATING: Json = {"waiting": {"reason": "ContainerCreating"}}


def waiting(reason: str, message: str = "") -> Json:
    """Give a state of a container that waits."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def ended(exit_code: int, reason: str = "", signal: int = 0) -> Json:
    """Give a state of a container that has ended."""
    told: Json = {"exitCode": exit_code, **TIMES}
    if reason:
        told["reason"] = reason
    if signal:
        told["signal"] = signal
    return {"terminated": told}


def status(name: str, state: Json, restarts: int = 0, last: Json | None = None, **more: Any) -> Json:
    """Give a container's status."""
    fields: Json = {"ready": "running" in state, "image": "i", "imageID": "", **more}
    return {"name": name, "state": state, "restartCount": restarts, "lastState": last or {}, **fields}


def ready(word: str) -> Json:
    """Give the conditions of a pod that is initialized, and ready or not."""
    return {"conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": word}]}


def uninitialized(*inits: Json, main: Json | None = None) -> Json:
    """Give the status of a pod whose init containers are not done."""
    return {
        "phase": "Pending",
        "conditions": [{"type": "Initialized", "status": "False", "reason": "ContainersNotInitialized"}],
        "initContainerStatuses": list(inits),
        "containerStatuses": [status("main", main or waiting("PodInitializing"))],
    }


def containers(phase: str, *states: Json, is_ready: str = "False", **more: Any) -> Json:
    """Give the status of a pod with one or two containers."""
    named = [{**state, "name": name} for name, state in zip(("main", "second"), states, strict=False)]
    return {"phase": phase, **ready(is_ready), "containerStatuses": named, **more}


DONE = ended(0, "Completed")
TWO = ({"name": "fetch"}, {"name": "migrate"})
SIDECAR = ({"name": "proxy", "restartPolicy": "Always"}, {"name": "migrate"})

CASES: dict[str, tuple[Json, tuple[Json, ...], Json]] = {
    # case: status, init containers, what more: unscheduled, gates, deleted
    "unscheduled": ({}, (), {"unscheduled": True}),
    "gated": ({}, (), {"unscheduled": True, "gates": True}),
    "scheduled": ({"phase": "Pending"}, (), {}),
    "creating": (containers("Pending", status("main", CREATING)), (), {}),
    "running": (containers("Running", status("main", RUNNING), is_ready="True"), (), {}),
    "running-unready": (containers("Running", status("main", RUNNING, ready=False)), (), {}),
    "one-completed": (
        containers("Running", status("main", DONE), status("second", RUNNING), is_ready="True"), (), {}),
    "one-completed-pod-unready": (
        containers("Running", status("main", DONE), status("second", RUNNING)), (), {}),
    "one-completed-one-unready": (
        containers("Running", status("main", DONE), status("second", RUNNING, ready=False)), (), {}),
    "one-failed": (
        containers("Running", status("main", RUNNING), status("second", ended(1, "Error"))), (), {}),
    "completed": (containers("Succeeded", status("main", DONE)), (), {}),
    "error": (containers("Failed", status("main", ended(1, "Error"))), (), {}),
    "oom": (containers("Running", status("main", ended(137, "OOMKilled"), 2)), (), {}),
    "crash-loop": (
        containers(
            "Running", status("main", waiting("CrashLoopBackOff", "back-off 10s"), 3, ended(1, "Error"))),
        (), {}),
    "crash-loop-second": (
        containers("Running", status("main", RUNNING), status("second", waiting("CrashLoopBackOff"), 4)),
        (), {}),
    "image-back-off": (containers("Pending", status("main", waiting("ImagePullBackOff"))), (), {}),
    "image-error": (containers("Pending", status("main", waiting("ErrImagePull"))), (), {}),
    "image-name": (containers("Pending", status("main", waiting("InvalidImageName"))), (), {}),
    "config-error": (containers("Pending", status("main", waiting("CreateContainerConfigError"))), (), {}),
    "run-error": (containers("Pending", status("main", waiting("RunContainerError"))), (), {}),
    "unknown-container": (containers("Failed", status("main", ended(137, "ContainerStatusUnknown"))), (), {}),
    "waiting-silently": (containers("Pending", status("main", {"waiting": {}})), (), {}),
    "signal": (containers("Failed", status("main", ended(137, signal=9))), (), {}),
    "exit-code": (containers("Failed", status("main", ended(3))), (), {}),
    "evicted": ({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}, (), {}),
    "evicted-with-containers": (
        containers("Failed", status("main", ended(137, "Error")), reason="Evicted"), (), {}),
    "deadline": ({"phase": "Failed", "reason": "DeadlineExceeded"}, (), {}),
    "shutdown": ({"phase": "Failed", "reason": "NodeShutdown"}, (), {}),
    "succeeded-bare": ({"phase": "Succeeded"}, (), {}),
    "failed-bare": ({"phase": "Failed"}, (), {}),
    "unknown-phase": ({"phase": "Unknown"}, (), {}),
    "init-first": (uninitialized(status("fetch", RUNNING), status("migrate", CREATING)), TWO, {}),
    "init-second": (uninitialized(status("fetch", DONE), status("migrate", RUNNING, 1)), TWO, {}),
    "init-waiting": (
        uninitialized(status("fetch", waiting("PodInitializing")), status("migrate", {})), TWO, {}),
    "init-error": (uninitialized(status("fetch", ended(1, "Error"), 1), status("migrate", {})), TWO, {}),
    "init-signal": (uninitialized(status("fetch", ended(137, signal=9))), TWO, {}),
    "init-exit-code": (uninitialized(status("fetch", DONE), status("migrate", ended(3))), TWO, {}),
    "init-crash-loop": (
        uninitialized(status("fetch", waiting("CrashLoopBackOff"), 5, ended(1, "Error"))), TWO, {}),
    "init-image": (uninitialized(status("fetch", waiting("ImagePullBackOff"))), TWO, {}),
    "sidecar-started": (
        uninitialized(status("proxy", RUNNING, 2, started=True), status("migrate", RUNNING, 1)), SIDECAR, {}),
    "sidecar-starting": (uninitialized(status("proxy", RUNNING, started=False)), SIDECAR, {}),
    "sidecar-runs-on": (
        {**containers("Running", status("main", RUNNING, 1), is_ready="True"), "initContainerStatuses": [
            status("proxy", RUNNING, 2, started=True), status("migrate", DONE, 4)]}, SIDECAR, {}),
    "sidecar-ended-after-main": (
        {**containers("Succeeded", status("main", DONE)), "initContainerStatuses": [
            status("proxy", ended(137, "Error"), started=False), status("migrate", DONE)]}, SIDECAR, {}),
    "terminating": (
        containers("Running", status("main", RUNNING), is_ready="True"), (), {"deleted": True}),
    "terminating-with-error": (
        containers("Running", status("main", ended(1, "Error"))), (), {"deleted": True}),
    "terminating-unscheduled": ({}, (), {"deleted": True, "unscheduled": True}),
    "ended-and-deleted": (containers("Succeeded", status("main", DONE)), (), {"deleted": True}),
    "evicted-and-deleted": ({"phase": "Failed", "reason": "Evicted"}, (), {"deleted": True}),
    "node-lost": (
        containers("Running", status("main", RUNNING), reason="NodeLost", is_ready="True"), (),
        {"deleted": True}),
}  # fmt: skip


def create(cluster: Cluster, name: str, inits: tuple[Json, ...], more: Json) -> None:
    """Create the pod of a case; its finalizer keeps it in the API server while it is being deleted."""
    main = [manifests.container("main"), manifests.container("second")]
    made = manifests.pod(
        NAMESPACE, name, containers=main, by_hand=True,
        node_name=None if more.get("unscheduled") else "node-1",
    )  # fmt: skip
    made["metadata"]["finalizers"] = ["oracle-monitor/recorded"]
    made["spec"]["terminationGracePeriodSeconds"] = 30
    made["spec"]["initContainers"] = [{**manifests.container(one["name"]), **one} for one in inits]
    if more.get("unscheduled"):
        made["spec"]["schedulerName"] = "nobody"
    if more.get("gates"):
        made["spec"]["schedulingGates"] = [{"name": "example/gate"}]
    cluster.admin.create(f"/api/v1/namespaces/{NAMESPACE}/pods", made)


def record(cluster: Cluster) -> list[Json]:
    """Make every case, and give what kubectl and the API server say of it."""
    cluster.create_namespace(NAMESPACE)
    for name, (told, inits, more) in CASES.items():
        create(cluster, name, inits, more)
        if more.get("deleted"):
            cluster.admin.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}", gracePeriodSeconds="30")
        if told:
            cluster.patch_pod_status(NAMESPACE, name, told)
    printed = cluster.kubectl("get", "pods", "-n", NAMESPACE, "--no-headers")
    columns = {row.split()[0]: row.split() for row in printed.splitlines()}
    objects = {pod["metadata"]["name"]: pod for pod in cluster.pods(NAMESPACE)}
    return [
        {"case": name, "status": columns[name][2], "restarts": int(columns[name][3]), "pod": objects[name]}
        for name in CASES
    ]


def trimmed(told: Json, number: int) -> Json:
    """Take out what every pod repeats; the first ones keep it, and who manages which field."""
    if number >= WHOLE:
        told["pod"]["metadata"].pop("managedFields", None)
        spec = told["pod"]["spec"]
        for name in ("tolerations", "securityContext", "volumes", "dnsPolicy", "enableServiceLinks"):
            spec.pop(name, None)
    return told


def _save(name: str, lines: list[Json]) -> None:
    """Write one object a line: so a difference between two recordings is readable."""
    (OBJECTS / name).write_text("".join(json.dumps(one, sort_keys=True) + "\n" for one in lines))


def rollout(cluster: Cluster) -> list[Json]:
    """Make a deployment of two pods, and give every object that it brings about."""
    cluster.create_deployment(NAMESPACE, "research-agent", 2)
    path, core = f"/apis/apps/v1/namespaces/{NAMESPACE}", f"/api/v1/namespaces/{NAMESPACE}"
    deployment = f"{path}/deployments/research-agent"
    cluster.wait_until(lambda: cluster.admin.get(deployment)["status"].get("availableReplicas") == 2)
    return [
        {"kind": "Deployment", **cluster.admin.get(deployment)},
        *({"kind": "ReplicaSet", **one} for one in cluster.admin.get(f"{path}/replicasets")["items"]),
        *({"kind": "Pod", **one} for one in cluster.pods(NAMESPACE, labelSelector="app=research-agent")),
        *({"kind": "Event", **one} for one in cluster.admin.get(f"{core}/events")["items"][:2]),
        {"kind": "Node", **cluster.admin.get("/api/v1/nodes/node-1")},
    ]


def _free(cluster: Cluster) -> None:
    for name in CASES:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"
        cluster.admin.patch(path, {"metadata": {"finalizers": None}})


def main() -> None:
    """Record everything."""
    directory = Path(tempfile.mkdtemp(prefix="oracle-record-"))
    try:
        cluster = Cluster(directory)
        try:
            cluster.start()
            cluster.add_node("node-1")
            _save("pods.jsonl", [trimmed(one, number) for number, one in enumerate(record(cluster))])
            _save("rollout.jsonl", rollout(cluster))
            _free(cluster)
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
