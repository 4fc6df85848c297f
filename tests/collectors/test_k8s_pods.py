"""A pod's object → the pod of the snapshot, and the owner that it names."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from collectors.k8s_collector.lives import lived
from collectors.k8s_collector.objects import Pod
from collectors.k8s_collector.pods import Place, place_of, pod_of
from collectors.k8s_collector.statuses import status_of
from schema import models
from schema.wire import decode, encode
from tests.collectors.k8s.things import (
    NOW,
    Json,
    container_status,
    ended,
    named_condition,
    owner,
    pod,
    running,
)

RECORDED = [
    msgspec.json.decode(line)["pod"]
    for line in (Path(__file__).parent / "k8s/objects/pods.jsonl").read_bytes().splitlines()
]
_MODEL = msgspec.json.Decoder(models.Pod)


def shown(one: Pod) -> models.Pod:
    """Give a pod as the snapshot shows it, by way of the bytes of the log: its bounds hold."""
    status = status_of(one)
    return decode(encode(pod_of(one, status, lived(None, one, status, NOW), NOW)), _MODEL)


def asking(*containers: Json | None, pod_level: Json | None = None) -> Pod:
    """Give a pod whose containers have these resources."""
    described = [{"name": f"c{number}", "resources": one} for number, one in enumerate(containers)]
    return pod(spec={"containers": described, "resources": pod_level})


HALF = {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}


@pytest.mark.parametrize(
    ("one", "limits", "requests"),
    [
        (asking(HALF), (500, 512), (100, 128)),
        (asking(HALF, HALF), (1000, 1024), (200, 256)),
        (asking(HALF, None), (UNSET, UNSET), (100, 128)),
        (asking(HALF, {"limits": {"cpu": "1"}}), (1500, UNSET), (100, 128)),
        (asking(None), (UNSET, UNSET), (UNSET, UNSET)),
        (asking(None, HALF, pod_level={"limits": {"cpu": "2", "memory": "1Gi"}}), (2000, 1024), (100, 128)),
        (asking(HALF, pod_level={"requests": {"memory": "2Gi"}}), (500, 512), (100, 2048)),
        (asking({"limits": {"cpu": "much", "memory": "-1"}}), (UNSET, UNSET), (UNSET, UNSET)),
        (asking({"limits": {"cpu": 2, "memory": 1073741824}}), (2000, 1024), (UNSET, UNSET)),
        (asking({"limits": {"cpu": "9e15"}}), (2**53, UNSET), (UNSET, UNSET)),
        (asking({"limits": {"cpu": "0", "memory": "1"}}), (0, 0), (UNSET, UNSET)),
    ],
)
def test_limits_and_requests_are_those_of_the_pod_or_of_its_containers_together(
    one: Pod, limits: tuple[Any, Any], requests: tuple[Any, Any]
) -> None:
    found = shown(one)
    assert (found.cpu_limit, found.memory_limit) == limits
    assert (found.cpu_request, found.memory_request) == requests


@pytest.mark.parametrize(
    ("end", "reason", "exit_code", "signal"),
    [
        (ended("OOMKilled", 137), "OOMKilled", 137, "SIGKILL"),
        (ended("Error", 143), "Error", 143, "SIGTERM"),
        (ended("Error", 1), "Error", 1, UNSET),
        (ended("Completed", 0), "Completed", 0, UNSET),
        (ended("", 0, signal=11), "Signal:11", 0, "SIGSEGV"),
        (ended("Error", 255), "Error", 255, UNSET),
        (ended("Error", -1), "Error", UNSET, UNSET),
        (ended("Error", 128), "Error", 128, UNSET),
    ],
)
def test_the_last_termination_is_told_with_code_and_signal(
    end: Json, reason: str, exit_code: Any, signal: Any
) -> None:
    found = shown(
        pod(status={"phase": "Running", "containerStatuses": [container_status(running(), 1, end)]})
    )
    assert (found.last_termination_reason, found.last_exit_code, found.last_exit_signal) == (
        reason, exit_code, signal,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("containers", "images"),
    [
        ([{"name": "a", "image": "x:1"}, {"name": "b", "image": "y"}, {"name": "c", "image": "x:1"}],
         ["x:1", "y"]),
        ([{"name": "a"}], UNSET),
        ([{"name": "a", "image": "i" * 5000}], ["i" * 1000]),
        ([{"name": "a", "image": str(number)} for number in range(100)],
         [str(number) for number in range(20)]),
    ],
)  # fmt: skip
def test_each_image_is_told_once(containers: list[Json], images: Any) -> None:
    assert shown(pod(spec={"containers": containers})).images == images


@pytest.mark.parametrize(
    ("status", "ip"),
    [
        ({"podIP": "10.42.0.7", "hostIP": "192.168.1.5"}, "10.42.0.7"),
        ({"podIP": "fd00::12", "hostIP": "fd00::1"}, "fd00::12"),
        ({"podIP": "10.42.0.7"}, "10.42.0.7"),
        ({"podIP": "192.168.1.5", "hostIP": "192.168.1.5"}, UNSET),
        ({"hostIP": "192.168.1.5"}, UNSET),
        ({"podIP": "", "hostIP": "192.168.1.5"}, UNSET),
        ({"podIP": "10.42.0.7", "hostIP": "192.168.1.5", "phase": "Failed"}, UNSET),
        ({"podIP": "10.42.0.7", "hostIP": "192.168.1.5", "phase": "Succeeded"}, UNSET),
        ({}, UNSET),
    ],
)
def test_a_pods_address_is_told_where_it_is_its_own(status: Json, ip: Any) -> None:
    assert shown(pod(status={"phase": "Running", **status})).ip == ip


@pytest.mark.parametrize(
    ("meta", "place"),
    [
        ({}, Place("agents", "Pod", "p")),
        ({"ownerReferences": owner("StatefulSet", "kafka")}, Place("agents", "StatefulSet", "kafka",
         "uid-kafka")),
        ({"ownerReferences": owner("Job", "j")}, Place("agents", "Job", "j", "uid-j")),
        ({"ownerReferences": owner("DaemonSet", "d")}, Place("agents", "DaemonSet", "d", "uid-d")),
        ({"ownerReferences": owner("Node", "n1")}, Place("agents", "Pod", "p")),
        ({"ownerReferences": owner("SomethingOfOurs", "x")}, Place("agents", "Pod", "p")),
        ({"ownerReferences": owner("ReplicaSet", "r", controller=False)}, Place("agents", "Pod", "p")),
        ({"ownerReferences": owner("Job", "j", controller=False) + owner("StatefulSet", "s")},
         Place("agents", "StatefulSet", "s", "uid-s")),
        ({"ownerReferences": owner("ReplicaSet", "r-7f8"), "labels": {"pod-template-hash": "7f8"}},
         Place("agents", "ReplicaSet", "r-7f8", "uid-r-7f8", "7f8")),
    ],
)  # fmt: skip
def test_a_pod_stands_under_the_owner_that_manages_it(meta: Json, place: Place) -> None:
    assert place_of(pod(**meta)) == place


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [([], False), ([named_condition("Ready", "True")], True), ([named_condition("Ready", "Unknown")], False)],
)
def test_a_pod_is_ready_when_its_condition_says_so(conditions: list[Json], ready: bool) -> None:
    assert shown(pod(status={"phase": "Running", "conditions": conditions})).ready is ready


@pytest.mark.parametrize("recorded", RECORDED, ids=[one["metadata"]["name"] for one in RECORDED])
def test_every_recorded_pod_fits_the_schema(recorded: Json) -> None:
    found = shown(msgspec.json.decode(msgspec.json.encode(recorded), type=Pod))
    assert (found.pod_id, found.name) == (recorded["metadata"]["uid"], recorded["metadata"]["name"])
    assert (found.cpu_limit, found.memory_request) == (1000, 256)


def test_long_words_are_cut_to_what_the_schema_takes() -> None:
    long = ended("R" * 500, 1)
    long["terminated"]["message"] = "m" * 100_000
    found = shown(pod(status={"phase": "Failed", "containerStatuses": [container_status(long)]}))
    assert (len(found.status), found.last_termination_reason) == (256, "R" * 256)
    assert isinstance(found.status_message, str)
    assert len(found.status_message) == 1000
