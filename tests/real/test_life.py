"""A scripted life on the real API server, as stored snapshots tell it: none of its states is missed."""

import itertools
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cli.stack.server import KafkaServer
from tests.control_plane import manifests
from tests.control_plane.cluster import Cluster
from tests.real import statuses
from tests.real.pipeline import Json, Pipeline, pipeline, pod_of, pods_of, source_of

AGENT = {"oracle-monitor/agent": "true"}


@pytest.fixture
def watched(
    cluster: Cluster, namespace: str, broker: KafkaServer, database_url: str, tmp_path: Path
) -> Iterator[Pipeline]:
    kubeconfig = cluster.kubeconfig("admin")
    with pipeline(broker.bootstrap_servers, database_url, kubeconfig, namespace, tmp_path) as running:
        running.until("a first look at the cluster", lambda one: source_of(one).get("status") == "fresh", 60)
        yield running


def path_of(namespace: str, name: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


def running_pods(snapshot: Json) -> list[str]:
    return sorted(pod["name"] for pod in pods_of(snapshot) if pod["status"] == "Running")


def deployment_of(snapshot: Json, name: str) -> Json:
    deployments = snapshot.get("kubernetes", {}).get("deployments", [])
    return next((one for one in deployments if one["name"] == name), {})


def assert_told_once_and_in_order(watched: Pipeline) -> None:
    told = watched.told()
    assert len({(one.pod, one.status, one.at) for one in told}) == len(told)
    for name in {one.pod for one in told}:
        times = [datetime.fromisoformat(one.at) for one in told if one.pod == name]
        assert times == sorted(times), name


def assert_no_hole(watched: Pipeline) -> None:
    ticks = [datetime.fromisoformat(one["timestamp"]) for one in watched.snapshots()]
    assert {later - earlier for earlier, later in itertools.pairwise(ticks)} == {timedelta(seconds=2)}


def test_a_deployment_is_made_scaled_rolled_out_and_deleted(
    cluster: Cluster, namespace: str, watched: Pipeline
) -> None:
    cluster.create_deployment(namespace, "research-agent", 2, labels=AGENT)
    first = watched.until("two pods", lambda one: len(running_pods(one)) == 2)
    (revision,) = deployment_of(first, "research-agent")["replica_sets"]
    assert deployment_of(first, "research-agent") == {
        "namespace": namespace, "name": "research-agent",
        "desired": 2, "ready": 2, "available": 2, "updated": 2,
        "revision": 1, "rollout": "complete", "images": [manifests.IMAGE], "replica_sets": [revision],
    }  # fmt: skip
    assert (revision["revision"], revision["desired"], revision["ready"]) == (1, 2, 2)
    old = running_pods(first)
    for name in old:
        assert watched.chain(name) == ["Created", "Pending", "Running"]

    cluster.admin.patch(path_of(namespace, "research-agent"), {"spec": {"replicas": 3}}, "merge")
    scaled = watched.until("a third pod", lambda one: len(running_pods(one)) == 3)
    assert set(old) < set(running_pods(scaled))
    assert scaled["workload"][0]["max_pods"] == 3

    template = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
    cluster.admin.patch(path_of(namespace, "research-agent"), template, "merge")
    rolled = watched.until(
        "the second revision",
        lambda one: (
            deployment_of(one, "research-agent").get("revision") == 2
            and deployment_of(one, "research-agent")["rollout"] == "complete"
            and len(running_pods(one)) == 3
            and not set(running_pods(one)) & set(running_pods(scaled))
        ),
    )
    (only,) = deployment_of(rolled, "research-agent")["replica_sets"]
    assert (only["revision"], only["desired"], only["ready"]) == (2, 3, 3)
    for name in running_pods(scaled):
        assert watched.chain(name) == ["Created", "Pending", "Running", "Terminating", "Deleted"]

    cluster.admin.delete(path_of(namespace, "research-agent"))
    watched.until("nothing", lambda one: not one["workload"] and not one["agents"])
    for name in running_pods(rolled):
        assert watched.chain(name)[-2:] == ["Terminating", "Deleted"]
        last = next(pod for one in reversed(watched.snapshots()) if (pod := pod_of(one, name)))
        assert last["status"] == "Deleted"
        assert last["deleted_at"] >= last["created_at"]
    assert_told_once_and_in_order(watched)
    assert_no_hole(watched)


def test_the_chain_of_a_pod_that_is_killed_for_memory_crashes_again_and_again_and_is_deleted(
    cluster: Cluster, namespace: str, watched: Pipeline
) -> None:
    cluster.create_pod(namespace, "lonely", node_name="node-1", by_hand=True)
    began = statuses.now()
    cluster.patch_pod_status(namespace, "lonely", statuses.running(started_at=began))
    watched.until("it runs", lambda one: (pod_of(one, "lonely") or {}).get("status") == "Running")

    # Everything of this happens between two ticks.
    killed = statuses.ended("OOMKilled", 137, began)
    cluster.patch_pod_status(namespace, "lonely", statuses.terminated(killed))
    began = statuses.now()
    cluster.patch_pod_status(namespace, "lonely", statuses.running(1, killed, began))
    back = watched.until("a restart", lambda one: (pod_of(one, "lonely") or {}).get("restarts") == 1)
    assert watched.chain("lonely") == ["Created", "Running", "OOMKilled", "Running"]
    pod = pod_of(back, "lonely")
    assert pod is not None
    assert (pod["status"], pod["ready"], pod["restart_loop"]) == ("Running", True, False)
    assert (pod["last_termination_reason"], pod["last_exit_code"]) == ("OOMKilled", 137)
    assert pod["last_exit_signal"] == "SIGKILL"

    for restarts in (2, 3, 4):
        crashed = statuses.ended("Error", 1, began)
        cluster.patch_pod_status(namespace, "lonely", statuses.terminated(crashed, restarts - 1))
        cluster.patch_pod_status(
            namespace, "lonely", statuses.waiting("CrashLoopBackOff", "back-off 10s", restarts - 1, crashed)
        )
        time.sleep(1)
        if restarts < 4:
            began = statuses.now()
            again = statuses.running(restarts, crashed, began)
            cluster.patch_pod_status(namespace, "lonely", again)
    looping = watched.until(
        "a crash loop", lambda one: len([name for name in watched.chain("lonely") if name == "Error"]) == 3
    )
    pod = pod_of(looping, "lonely")
    assert pod is not None
    assert (pod["status"], pod["restarts"], pod["restart_loop"]) == ("CrashLoopBackOff", 3, True)
    assert pod["status_message"] == "back-off 10s"
    cycle = ["Error", "CrashLoopBackOff", "Running"]
    oom = ["Created", "Running", "OOMKilled", "Running"]
    assert watched.chain("lonely") == [*oom, *cycle, *cycle, *cycle[:2]]

    note = {
        "metadata": {"name": "lonely.1", "namespace": namespace}, "type": "Warning", "reason": "BackOff",
        "message": "Back-off restarting failed container main", "count": 4, "lastTimestamp": statuses.now(),
        "involvedObject": {"kind": "Pod", "name": "lonely", "namespace": namespace},
    }  # fmt: skip
    cluster.admin.create(f"/api/v1/namespaces/{namespace}/events", note)
    watched.until("the warning", lambda one: one.get("kubernetes", {}).get("events"))
    cluster.admin.delete(f"/api/v1/namespaces/{namespace}/pods/lonely", gracePeriodSeconds="0")
    gone = watched.until("its end", lambda one: pod_of(one, "lonely") is None)
    assert watched.chain("lonely")[-1] == "Deleted"
    last = next(pod for one in reversed(watched.snapshots()) if (pod := pod_of(one, "lonely")))
    assert (last["status"], last["last_termination_reason"], last["last_exit_code"]) == (
        "Deleted",
        "Error",
        1,
    )
    (warning,) = gone["kubernetes"]["events"]
    assert (warning["object"], warning["reason"], warning["count"]) == ("Pod/lonely", "BackOff", 4)
    assert_told_once_and_in_order(watched)
    assert_no_hole(watched)


def test_nothing_is_missed_while_the_watch_is_cut_by_a_restart_of_the_server(
    cluster: Cluster, namespace: str, watched: Pipeline
) -> None:
    began = statuses.now()
    for name in ("survivor", "victim"):
        cluster.create_pod(namespace, name, node_name="node-1", by_hand=True)
        cluster.patch_pod_status(namespace, name, statuses.running(started_at=began))
    watched.until("both run", lambda one: running_pods(one) == ["survivor", "victim"])

    cluster.api_server.kill()
    down = watched.until("the source to be down", lambda one: source_of(one).get("status") == "down")
    assert "does not answer" in source_of(down)["reason"]
    assert len(pods_of(down)) == 2

    # The collector stands still while the server is back, so all of this happens behind its back.
    watched.collector.send(signal.SIGSTOP)
    cluster.api_server.start()
    killed = statuses.ended("OOMKilled", 137, began)
    cluster.patch_pod_status(namespace, "survivor", statuses.terminated(killed))
    cluster.patch_pod_status(namespace, "survivor", statuses.running(1, killed))
    cluster.admin.delete(f"/api/v1/namespaces/{namespace}/pods/victim", gracePeriodSeconds="0")
    cluster.create_pod(namespace, "newcomer", node_name="node-1", by_hand=True)
    watched.collector.send(signal.SIGCONT)

    watched.until("the source to be back", lambda one: source_of(one).get("status") == "fresh")
    watched.until("the restart", lambda one: (pod_of(one, "survivor") or {}).get("restarts") == 1)
    watched.until("the newcomer", lambda one: pod_of(one, "newcomer"))
    watched.until("the end of the victim", lambda one: pod_of(one, "victim") is None)
    assert watched.chain("survivor") == ["Created", "Running", "OOMKilled", "Running"]
    # A server that still has the changes since then tells that it was deleted; else it is found missing.
    found_missing = ["Created", "Running", "Deleted"]
    assert watched.chain("victim") in (found_missing, [*found_missing[:2], "Terminating", "Deleted"])
    assert watched.chain("newcomer")[0] == "Created"
    assert_told_once_and_in_order(watched)
    assert_no_hole(watched)


def test_a_collector_that_is_killed_and_started_again_tells_what_it_missed_once(
    cluster: Cluster, namespace: str, watched: Pipeline
) -> None:
    cluster.create_pod(namespace, "survivor", node_name="node-1", by_hand=True)
    cluster.create_pod(namespace, "victim", node_name="node-1", by_hand=True)
    began = statuses.now()
    cluster.patch_pod_status(namespace, "survivor", statuses.running(started_at=began))
    watched.until("it runs", lambda one: running_pods(one) == ["survivor"])
    watched.collector.end(signal.SIGKILL)
    killed = statuses.ended("OOMKilled", 137, began)
    cluster.patch_pod_status(namespace, "survivor", statuses.running(1, killed))
    cluster.admin.delete(f"/api/v1/namespaces/{namespace}/pods/victim", gracePeriodSeconds="0")
    watched.collector.start()
    watched.until("the restart", lambda one: (pod_of(one, "survivor") or {}).get("restarts") == 1)
    watched.until("no ghost", lambda one: pod_of(one, "victim") is None)
    assert watched.chain("survivor") == ["Created", "Running", "OOMKilled", "Running"]
    # Nobody saw this one end, and its last snapshot says so.
    assert watched.chain("victim") == ["Created", "Gone"]
    assert_told_once_and_in_order(watched)
