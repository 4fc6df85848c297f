"""A deployment and its replica sets → replica counts, and how far the rollout is."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from collectors.k8s_collector.deployments import (
    deployment_of,
    desired_of,
    replica_set_of,
    revision_of,
    rollout_of,
    shown_sets,
)
from collectors.k8s_collector.objects import Deployment, ReplicaSet
from schema import models
from schema.wire import decode, encode
from tests.collectors.k8s.things import Json, deployment, named_condition, replica_set

RECORDED = [
    msgspec.json.decode(line)
    for line in (Path(__file__).parent / "k8s/objects/rollout.jsonl").read_bytes().splitlines()
]


def counts(
    replicas: int = 3,
    updated: int = 3,
    ready: int = 3,
    available: int = 3,
    observed: int = 1,
    reason: str = "",
) -> Json:
    """Give a deployment's status."""
    conditions = [named_condition("Progressing", "True", reason=reason, message="so far")] if reason else None
    return {
        "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready,
        "availableReplicas": available, "observedGeneration": observed, "conditions": conditions,
    }  # fmt: skip


THREE = {"replicas": 3}
DONE = "NewReplicaSetAvailable"


@pytest.mark.parametrize(
    ("spec", "status", "generation", "rollout"),
    [
        (THREE, counts(reason=DONE), 1, "complete"),
        (THREE, counts(), 1, "complete"),
        (THREE, counts(observed=1, reason=DONE), 2, "progressing"),
        (THREE, counts(4, 1, reason="ReplicaSetUpdated"), 1, "progressing"),
        (THREE, counts(updated=2, reason="ReplicaSetUpdated"), 1, "progressing"),
        (THREE, counts(4, 3, reason="ReplicaSetUpdated"), 1, "progressing"),
        (THREE, counts(available=2, reason="ReplicaSetUpdated"), 1, "progressing"),
        (THREE, counts(ready=2, available=2, reason=DONE), 1, "complete"),
        (THREE, counts(available=0, reason="ProgressDeadlineExceeded"), 1, "stalled"),
        (THREE, counts(observed=1, reason="ProgressDeadlineExceeded"), 2, "progressing"),
        ({**THREE, "paused": True}, counts(4, 1, reason="DeploymentPaused"), 1, "paused"),
        ({"replicas": 0}, {"observedGeneration": 1}, 1, "complete"),
        ({"replicas": 0}, counts(2, 2, 2, 2), 1, "complete"),
        ({}, counts(1, 1, 1, 1), 1, "complete"),
        (THREE, {}, 1, "progressing"),
    ],
)
def test_a_rollout_is_as_far_as_kubectl_would_say(
    spec: Json, status: Json, generation: int, rollout: str
) -> None:
    assert rollout_of(deployment(spec=spec, status=status, generation=generation)) == rollout


@pytest.mark.parametrize(
    ("reason", "available", "message"),
    [("ReplicaSetUpdated", 1, "so far"), ("ProgressDeadlineExceeded", 1, "so far"), (DONE, 3, UNSET)],
)
def test_a_rollout_explains_itself_until_it_is_complete(reason: str, available: int, message: Any) -> None:
    one = deployment(spec=THREE, status=counts(available=available, reason=reason), generation=1)
    assert deployment_of(one, []).rollout_message == message


@pytest.mark.parametrize(
    ("spec", "desired"), [({}, 1), ({"replicas": 0}, 0), ({"replicas": -1}, 0), (THREE, 3)]
)
def test_one_replica_is_the_default(spec: Json, desired: int) -> None:
    assert desired_of(deployment(spec=spec)) == desired


@pytest.mark.parametrize(
    ("told", "revision"), [("3", 3), ("", 0), ("x", 0), ("-1", 0), ("²", 0), ("9" * 15, int("9" * 15)),
     ("9" * 16, 0)]
)  # fmt: skip
def test_a_revision_is_a_number_or_nothing(told: str, revision: int) -> None:
    one = deployment(annotations={"deployment.kubernetes.io/revision": told})
    assert revision_of(one.metadata) == revision


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (replica_set("a", desired=3, ready=2, revision=4), ("a", 4, 3, 2)),
        (replica_set("a", desired=0, ready=0), None),
        (replica_set("a", desired=-1, ready=0), None),
    ],
)
def test_a_replica_set_is_shown_while_it_has_or_wants_replicas(one: ReplicaSet, shown: Any) -> None:
    found = replica_set_of(one)
    assert (found and (found.name, found.revision, found.desired, found.ready)) == shown


def test_the_newest_ten_replica_sets_are_shown_by_revision() -> None:
    sets = [models.ReplicaSet(name=f"s{number}", revision=number, desired=1, ready=1) for number in range(12)]
    assert [one.revision for one in shown_sets(reversed(sets))] == list(range(2, 12))


def test_the_deployment_that_a_cluster_made_is_shown_whole() -> None:
    raw = {one["kind"]: one for one in RECORDED}
    one = msgspec.json.decode(msgspec.json.encode(raw["Deployment"]), type=Deployment)
    its_set = replica_set_of(msgspec.json.decode(msgspec.json.encode(raw["ReplicaSet"]), type=ReplicaSet))
    assert its_set is not None
    shown = decode(encode(deployment_of(one, [its_set])), msgspec.json.Decoder(models.Deployment))
    assert (shown.name, shown.desired, shown.ready, shown.rollout, shown.revision) == (
        "research-agent", 2, 2, "complete", 1,
    )  # fmt: skip
    assert shown.replica_sets == [its_set]
    assert its_set.name.startswith("research-agent-")
