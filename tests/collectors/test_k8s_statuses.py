"""A pod's object → its status, as kubectl words it: each state was recorded with kubectl's own words."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.k8s_collector.objects import Pod
from collectors.k8s_collector.statuses import reason_of, restarts_of, status_of
from tests.collectors.k8s.things import (
    NOW,
    at,
    container_status,
    ended,
    named_condition,
    pod,
    running,
    waiting,
)

RECORDED = [
    msgspec.json.decode(line)
    for line in (Path(__file__).parent / "k8s/objects/pods.jsonl").read_bytes().splitlines()
]
OWN_WORDS = {"unscheduled": "Created"}
"""What is called otherwise than by kubectl: a pod that no node has yet is not merely `Pending`."""


@pytest.mark.parametrize("recorded", RECORDED, ids=[one["case"] for one in RECORDED])
def test_a_pod_has_the_status_and_the_restarts_that_kubectl_shows(recorded: dict[str, Any]) -> None:
    found = msgspec.json.decode(msgspec.json.encode(recorded["pod"]), type=Pod)
    status = OWN_WORDS.get(recorded["case"], recorded["status"])
    assert (status_of(found).name, restarts_of(found)) == (status, recorded["restarts"])


def test_the_recorded_states_are_all_that_kubectl_has_words_for() -> None:
    assert {one["status"] for one in RECORDED} >= {
        "Pending", "SchedulingGated", "ContainerCreating", "Running", "NotReady", "Completed", "Error",
        "OOMKilled", "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError",
        "Init:0/2", "Init:1/2", "Init:Error", "Init:CrashLoopBackOff", "Init:Signal:9", "Init:ExitCode:3",
        "Terminating", "Unknown", "Evicted", "Succeeded", "Failed", "Signal:9", "ExitCode:3",
    }  # fmt: skip


SCHEDULED = named_condition("PodScheduled", "True", lastTransitionTime=at(-95))


@pytest.mark.parametrize(
    ("status", "meta", "since_seconds"),
    [
        ({}, {}, None),
        ({"conditions": [SCHEDULED]}, {}, -95),
        ({"conditions": [SCHEDULED],
         "containerStatuses": [container_status(waiting("ContainerCreating"))]}, {}, -95),
        ({"containerStatuses": [container_status(waiting("CrashLoopBackOff"))]}, {}, None),
        ({"containerStatuses": [container_status(ended("OOMKilled", finished=-7))]}, {}, -7),
        ({"phase": "Running", "containerStatuses": [container_status(running(-20)),
         container_status(running(-30))]},
         {}, -20),
        ({"phase": "Running"}, {"deletionTimestamp": at(20), "deletionGracePeriodSeconds": 30}, -10),
        ({"phase": "Running"}, {"deletionTimestamp": at(20)}, 20),
        ({"phase": "Running"}, {"deletionTimestamp": at(20), "deletionGracePeriodSeconds": -5}, 20),
        ({"phase": "Running"}, {"deletionTimestamp": at(20), "deletionGracePeriodSeconds": 10**15}, 20),
        ({"phase": "Running"}, {"deletionTimestamp": "0001-01-01T00:00:00Z",
         "deletionGracePeriodSeconds": 30},
         "0001-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_status_began_when_the_object_says(
    status: dict[str, Any], meta: dict[str, Any], since_seconds: Any
) -> None:
    since = status_of(pod(status=status, **meta)).since
    if isinstance(since_seconds, int):
        assert since == NOW + timedelta(seconds=since_seconds)
    else:
        assert (since.isoformat().replace("+00:00", "Z") if since else None) == since_seconds


@pytest.mark.parametrize(
    ("spec", "status", "message"),
    [
        ({"nodeName": ""}, {"conditions": [named_condition("PodScheduled", "False",
         message="0/3 nodes: cpu")]},
         "0/3 nodes: cpu"),
        ({}, {"containerStatuses": [container_status(waiting("ErrImagePull", "not found"))]}, "not found"),
        ({}, {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "low on memory"),
        ({"initContainers": [{"name": "main"}]},
         {"initContainerStatuses": [container_status(waiting("ErrImagePull", "no such image"))]},
          "no such image"),
    ],
)  # fmt: skip
def test_a_status_comes_with_the_words_that_explain_it(
    spec: dict[str, Any], status: dict[str, Any], message: str
) -> None:
    assert status_of(pod(spec=spec, status=status)).message == message


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ended("OOMKilled", 137), "OOMKilled"),
        (ended("", 137, signal=9), "Signal:9"),
        (ended("", 3), "ExitCode:3"),
        (ended("", 0), "ExitCode:0"),
    ],
)
def test_the_end_of_a_run_has_a_reason(state: dict[str, Any], reason: str) -> None:
    (one,) = pod(status={"containerStatuses": [container_status(state)]}).status.container_statuses or []
    assert one.state.terminated is not None
    assert reason_of(one.state.terminated) == reason
