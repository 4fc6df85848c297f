"""Objects, measurements and events → entities: what depends on another object is told when that changes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from collectors.base.collector import Due, Gone, Item, Observed
from collectors.base.source import Source
from collectors.k8s_collector import objects
from collectors.k8s_collector.known_pods import NETWORK, USAGE
from collectors.k8s_collector.objects import Deployment, Event, Node, Pod, ReplicaSet
from collectors.k8s_collector.picture import Picture
from schema import models
from schema.observed import PodObserved
from tests.collectors.k8s.things import (
    NOW,
    container_status,
    deployment,
    ended,
    node,
    owner,
    pod,
    replica_set,
    running,
    waiting,
    warning,
)


def keys(items: list[Item]) -> list[tuple[str, ...]]:
    """Give kind and id of what is told, with a minus for what is gone."""
    return [
        ("-" if isinstance(item, Gone) else "+", item.kind, item.id)
        for item in items
        if isinstance(item, Observed | Gone)
    ]


def shown(items: list[Item]) -> models.Pod:
    """Give the pod that was told last."""
    pods = [
        one.value.pod for one in items if isinstance(one, Observed) and isinstance(one.value, PodObserved)
    ]
    return pods[-1]


def alive(*args: Any, **meta: Any) -> Pod:
    status = {"phase": "Running", "containerStatuses": [container_status(*(args or (running(),)))]}
    return pod(status=status, **meta)


def test_failed_probes_are_told_with_the_pod_whichever_comes_first() -> None:
    unhealthy = warning("e", reason="Unhealthy", count=3)
    before, after = Picture(), Picture()
    before.take(unhealthy, NOW)
    assert shown(before.take(alive(), NOW)).probe_failures == 3
    after.take(alive(), NOW)
    assert shown(after.take(unhealthy, NOW)).probe_failures == 3
    assert shown(after.forget(Event, "uid-e", None, NOW)).probe_failures is UNSET


def test_a_deleted_pod_is_told_once_more_with_all_that_is_known_of_its_end() -> None:
    picture = Picture()
    picture.take(warning("e", reason="Unhealthy", count=3), NOW)
    picture.take(alive(), NOW)
    picture.measure({("agents", "p"): {"cpu": 100, "memory": 64}}, USAGE)
    items = picture.forget(Pod, "uid-p", alive(ended("OOMKilled", 137)), NOW)
    last = shown(items)
    assert (last.status, last.ready, last.deleted_at) == ("Deleted", False, NOW)
    assert (last.last_termination_reason, last.last_exit_signal) == ("OOMKilled", "SIGKILL")
    assert (last.cpu, last.memory, last.probe_failures) == (UNSET, UNSET, 3)
    assert isinstance(last.transitions, list)
    assert [one.status for one in last.transitions] == ["Created", "Running", "OOMKilled", "Deleted"]
    assert keys(items)[-2:] == [("-", "pod", "uid-p"), ("-", "workload", "agents/p")]
    assert picture.forget(Pod, "uid-p", None, NOW) == []


def test_measured_values_stay_while_the_object_changes_and_go_when_no_longer_measured() -> None:
    picture = Picture()
    picture.take(alive(), NOW)
    assert shown(picture.measure({("agents", "p"): {"cpu": 100, "memory": 64}}, USAGE)).cpu == 100
    assert picture.measure({("agents", "p"): {"cpu": 100, "memory": 64}}, USAGE) == []
    rates = {"network_rx_bytes_per_second": 1024, "network_tx_bytes_per_second": 0}
    picture.measure({("agents", "p"): rates}, NETWORK)
    changed = shown(picture.take(alive(waiting("CrashLoopBackOff"), 1), NOW))
    assert (changed.cpu, changed.memory, changed.network_rx_bytes_per_second) == (100, 64, 1024)
    left = shown(picture.measure({}, USAGE))
    assert (left.cpu, left.memory, left.network_rx_bytes_per_second) == (UNSET, UNSET, 1024)


def test_a_restart_loop_begins_is_told_and_calms() -> None:
    picture = Picture()
    for restarts in range(4):
        told = shown(picture.take(alive(running(), restarts), NOW))
    assert told.restart_loop is True
    assert picture.calm(NOW + timedelta(minutes=9)) == []
    assert shown(picture.calm(NOW + timedelta(minutes=11))).restart_loop is False
    assert picture.calm(NOW + timedelta(minutes=12)) == []


def test_a_deployment_is_told_again_when_its_replica_sets_change_and_only_then() -> None:
    picture = Picture()
    picture.take(deployment(), NOW)
    assert keys(picture.take(replica_set(), NOW)) == [("+", "deployment", "agents/research-agent")]
    assert picture.take(replica_set(), NOW) == []
    (told,) = picture.take(replica_set(desired=3), NOW)
    assert isinstance(told, Observed)
    assert isinstance(told.value, models.Deployment)
    assert isinstance(told.value.replica_sets, list)
    assert [one.desired for one in told.value.replica_sets] == [3]
    assert keys(picture.forget(ReplicaSet, "uid-research-agent-7f8d9", None, NOW)) == [
        ("+", "deployment", "agents/research-agent")
    ]


def test_a_replica_set_that_is_released_is_its_deployments_no_more() -> None:
    picture = Picture()
    picture.take(deployment(), NOW)
    picture.take(replica_set(), NOW)
    (told,) = picture.take(replica_set(deployment_name=""), NOW)
    assert isinstance(told, Observed)
    assert isinstance(told.value, models.Deployment)
    assert told.value.replica_sets is UNSET


def test_a_deployment_that_ends_takes_its_agent_along() -> None:
    picture = Picture()
    picture.take(deployment(), NOW)
    assert keys(picture.forget(Deployment, "uid-research-agent", None, NOW)) == [
        ("-", "agent", "agents/research-agent"), ("-", "deployment", "agents/research-agent"),
        ("-", "workload", "agents/research-agent"),
    ]  # fmt: skip


def test_a_node_made_anew_under_its_name_stays_when_the_old_one_goes() -> None:
    picture = Picture()
    picture.take(node("n1"), NOW)
    anew = msgspec.structs.replace(node("n1").metadata, uid="uid-anew")
    picture.take(Node(metadata=anew), NOW)
    assert picture.forget(Node, "uid-n1", None, NOW) == []
    assert keys(picture.forget(Node, "uid-anew", None, NOW)) == [("-", "node", "n1")]


@pytest.mark.parametrize("kind", [Pod, Deployment, ReplicaSet, Event, Node])
def test_the_end_of_what_was_never_known_is_nothing(kind: Any) -> None:
    assert Picture().forget(kind, "uid-x", None, NOW) == []


def test_everything_names_what_holds_pods_before_them() -> None:
    picture = Picture()
    for one in (
        alive(ownerReferences=owner("StatefulSet", "kafka")), deployment(), replica_set(), node(),
         warning("e"),
    ):  # fmt: skip
        picture.take(one, NOW)
    assert keys(list(picture.everything())) == [
        ("+", "workload", "agents/kafka"), ("+", "workload", "agents/research-agent"),
        ("+", "deployment", "agents/research-agent"), ("+", "agent", "agents/research-agent"),
        ("+", "pod", "uid-p"), ("+", "k8s_event", "agents/Pod/p/BackOff"), ("+", "node", "n1"),
    ]  # fmt: skip
    assert picture.nodes_in_use() == {"n1"}


def test_all_that_a_cluster_made_goes_into_the_log() -> None:
    picture, source = Picture(), Source("kubernetes@recorded", "e1")
    folder = Path(__file__).parent / "k8s/objects"
    recorded = [
        *({"kind": "Pod", **msgspec.json.decode(one)["pod"]} for one in (folder / "pods.jsonl").open("rb")),
        *(msgspec.json.decode(one) for one in (folder / "rollout.jsonl").open("rb")),
    ]
    for one in recorded:
        value = msgspec.json.decode(msgspec.json.encode(one), type=getattr(objects, one["kind"]))
        for item in picture.take(value, NOW):
            assert not isinstance(item, Due)
            source.take(item, NOW)
    counts = source.counts()
    of_kind = [one["kind"] for one in recorded]
    assert counts["pod"] == of_kind.count("Pod")
    assert (counts["deployment"], counts["agent"], counts["node"]) == (1, 1, 1)
    assert counts["k8s_event"] >= 1
