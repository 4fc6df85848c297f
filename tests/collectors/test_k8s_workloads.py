"""Pods, replica sets and deployments, in any order → the workload that each pod stands under."""

from typing import Any

import pytest
from msgspec import UNSET

from collectors.base.collector import Gone, Item, Observed
from collectors.k8s_collector.objects import AnyObject, Deployment, Pod, ReplicaSet
from collectors.k8s_collector.picture import Picture
from schema.observed import PodObserved, WorkloadObserved
from tests.collectors.k8s.things import NOW, deployment, owner, pod, replica_set


class Told:
    """What a picture told: workloads as kind and wanted pods, pods as the workload's name."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.workloads: dict[str, tuple[str, Any]] = {}
        self.pods: dict[str, str] = {}

    def take(self, *values: AnyObject) -> "Told":
        for value in values:
            self._note(self.picture.take(value, NOW))
        return self

    def forget(self, kind: type[AnyObject], name: str, last: AnyObject | None = None) -> "Told":
        self._note(self.picture.forget(kind, f"uid-{name}", last, NOW))
        return self

    def _note(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, Gone):
                self.workloads.pop(item.id, None) if item.kind == "workload" else self.pods.pop(item.id, None)
            elif isinstance(item, Observed) and isinstance(item.value, WorkloadObserved):
                self.workloads[item.id] = (item.value.kind, item.value.max_pods)
            elif isinstance(item, Observed) and isinstance(item.value, PodObserved):
                under = f"{item.value.namespace}/{item.value.deployment_name}"
                assert under in self.workloads, "a workload is told before its pods"
                self.pods[item.id] = item.value.deployment_name


HASH = {"pod-template-hash": "7f8d9"}
SET = "research-agent-7f8d9"


def owned(name: str = "p", kind: str = "ReplicaSet", by: str = SET, **meta: Any) -> Pod:
    """Give a pod with an owner."""
    return pod(name, ownerReferences=owner(kind, by), **{"labels": HASH, **meta})


@pytest.mark.parametrize(
    ("objects", "workloads", "under"),
    [
        ([deployment(), replica_set(), owned()], {"research-agent": ("Deployment", 1)}, "research-agent"),
        ([owned(), replica_set(), deployment()], {"research-agent": ("Deployment", 1)}, "research-agent"),
        ([owned()], {"research-agent": ("Deployment", UNSET)}, "research-agent"),
        ([owned(labels={})], {SET: ("ReplicaSet", UNSET)}, SET),
        ([owned(labels={}), replica_set()], {"research-agent": ("Deployment", UNSET)}, "research-agent"),
        ([owned(), replica_set(deployment_name="")], {SET: ("ReplicaSet", UNSET)}, SET),
        ([owned(labels={"pod-template-hash": SET})], {SET: ("ReplicaSet", UNSET)}, SET),
        ([owned("kafka-0", "StatefulSet", "kafka")], {"kafka": ("StatefulSet", UNSET)}, "kafka"),
        ([owned("migrate-x", "Job", "migrate")], {"migrate": ("Job", UNSET)}, "migrate"),
        ([owned("log-x", "DaemonSet", "log")], {"log": ("DaemonSet", UNSET)}, "log"),
        ([pod("alone")], {"alone": ("Pod", UNSET)}, "alone"),
        ([owned("etcd-n1", "Node", "n1", labels={})], {"etcd-n1": ("Pod", UNSET)}, "etcd-n1"),
        ([deployment("web"), owned("w", "StatefulSet", "web")], {"web": ("Deployment", 1)}, "web"),
        ([owned("w", "StatefulSet", "web"), deployment("web")], {"web": ("Deployment", 1)}, "web"),
        ([deployment(spec={"replicas": 0})], {"research-agent": ("Deployment", 0)}, None),
    ],
)
def test_each_pod_stands_under_its_workload(
    objects: list[AnyObject], workloads: dict[str, Any], under: str | None
) -> None:
    told = Told().take(*objects)
    assert told.workloads == {f"agents/{name}": value for name, value in workloads.items()}
    assert list(told.pods.values()) == ([under] if under else [])


def test_a_workload_is_gone_with_its_deployment_and_its_last_pod() -> None:
    told = Told().take(deployment(), replica_set(), owned("p"), owned("q"))
    told.forget(Deployment, "research-agent").forget(ReplicaSet, SET)
    assert told.workloads == {"agents/research-agent": ("Deployment", UNSET)}
    told.forget(Pod, "p")
    assert set(told.workloads) == {"agents/research-agent"}
    told.forget(Pod, "q")
    assert (told.workloads, told.pods) == ({}, {})


def test_a_scaled_deployment_tells_the_pods_that_it_wants() -> None:
    told = Told().take(deployment(spec={"replicas": 1}), deployment(spec={"replicas": 5}))
    assert told.workloads == {"agents/research-agent": ("Deployment", 5)}


def test_names_are_apart_by_namespace() -> None:
    told = Told().take(pod("p"), pod("p", namespace="other", uid="uid-other"))
    assert set(told.workloads) == {"agents/p", "other/p"}


ADOPTION: list[tuple[list[Pod], str]] = [
    ([pod("p", labels=HASH), owned("p")], "research-agent"),
    ([owned("p"), pod("p", labels=HASH)], "p"),
    ([owned("p"), owned("p", by="writer-7f8d9")], "writer"),
]


@pytest.mark.parametrize(("seen", "under"), ADOPTION, ids=["adopted", "released", "passed on"])
def test_a_pod_follows_its_owner(seen: list[Pod], under: str) -> None:
    told = Told().take(*seen)
    assert told.pods == {"uid-p": under}
    assert set(told.workloads) == {f"agents/{under}"}


@pytest.mark.parametrize("seen", [one for one, _ in ADOPTION], ids=["adopted", "released", "passed on"])
def test_nothing_of_a_pod_outlives_it(seen: list[Pod]) -> None:
    told = Told().take(*seen).forget(Pod, "p")
    told.take(replica_set(), replica_set("writer-7f8d9", "writer"), replica_set(deployment_name=""))
    assert (told.pods, told.workloads) == ({}, {})


def test_a_pod_that_changed_hands_as_it_ended_leaves_no_workload() -> None:
    told = Told().take(owned("p")).forget(Pod, "p", pod("p", labels=HASH))
    assert (told.pods, told.workloads) == ({}, {})


@pytest.mark.parametrize("first", ["uid-old", "uid-new"])
def test_two_deployments_of_one_name_may_end_in_any_order(first: str) -> None:
    told = Told().take(
        deployment(metadata={"uid": "uid-old"}), deployment(metadata={"uid": "uid-new"}, spec={"replicas": 2})
    )
    second = "uid-new" if first == "uid-old" else "uid-old"
    told.forget(Deployment, first.removeprefix("uid-"))
    told.forget(Deployment, second.removeprefix("uid-"))
    assert told.workloads == {}
