"""Objects of one pod, one after another → the chain of its life: every status, each at its own time."""

from datetime import timedelta
from typing import Any

import pytest

from collectors.k8s_collector.lives import Life, last_termination, lived
from collectors.k8s_collector.lives import ended as life_ended
from collectors.k8s_collector.objects import Pod
from collectors.k8s_collector.statuses import status_of
from tests.collectors.k8s.things import (
    NOW,
    Json,
    at,
    container_status,
    ended,
    named_condition,
    pod,
    running,
    waiting,
)

Chain = list[tuple[str, int]]
"""Statuses, each with whole seconds from NOW."""


def one_container(state: Json, restarts: int = 0, last: Json | None = None, **meta: Any) -> Pod:
    """Give a running pod whose only container has this status."""
    statuses = [container_status(state, restarts, last)]
    return pod(status={"phase": "Running", "containerStatuses": statuses}, **meta)


def with_init(state: Json, restarts: int = 0) -> Pod:
    """Give a pod that its init container holds up."""
    inits = [container_status(state, restarts, name="init")]
    return pod(spec={"initContainers": [{"name": "init"}]}, status={"initContainerStatuses": inits})


def live(*seen: tuple[float, Pod]) -> Life:
    """Give the life that comes of objects seen so many seconds from NOW."""
    life: Life | None = None
    for seconds, one in seen:
        life = lived(life, one, status_of(one), NOW + timedelta(seconds=seconds))
    assert life is not None
    return life


def chain(life: Life) -> Chain:
    return [(one.status, int((one.at - NOW).total_seconds() // 1)) for one in life.transitions]


CREATED = pod(spec={"nodeName": ""})
CREATING = pod(status={"containerStatuses": [container_status(waiting("ContainerCreating"))]})
RUNS = one_container(running(-90))
OOM = ended("OOMKilled", 137, -90, -10)
KILLED = one_container(OOM)
BACK_WITHIN_A_SECOND = one_container(running(-10), 1, OOM)
BACKS_OFF = one_container(waiting("CrashLoopBackOff"), 1, ended("Error", 1, -10, -5))
DELETING = one_container(running(-90), deletionTimestamp=at(25), deletionGracePeriodSeconds=30)

CHAINS: dict[str, tuple[list[tuple[float, Pod]], Chain]] = {
    "created, started, killed, started again": (
        [(-100, CREATED), (-89, RUNS), (-9, KILLED), (-8, BACK_WITHIN_A_SECOND)],
        [("Created", -100), ("Running", -90), ("OOMKilled", -10), ("Running", -10)],
    ),
    "the death was not seen, only its trace": (
        [(-100, CREATED), (-89, RUNS), (-8, BACK_WITHIN_A_SECOND)],
        [("Created", -100), ("Running", -90), ("OOMKilled", -10), ("Running", -10)],
    ),
    "nothing was seen but the last object": (
        [(-8, BACK_WITHIN_A_SECOND)],
        [("Created", -100), ("Running", -90), ("OOMKilled", -10), ("Running", -10)],
    ),
    "the same objects again and again": (
        [(-100, CREATED), (-89, RUNS), (-80, RUNS), (-70, RUNS)],
        [("Created", -100), ("Running", -90)],
    ),
    "a status without a time counts from when it was seen": (
        [(-100, CREATED), (-97, CREATING), (-89, RUNS)],
        [("Created", -100), ("ContainerCreating", -97), ("Running", -90)],
    ),
    "it backs off after its second run": (
        [(-9, BACK_WITHIN_A_SECOND), (-3, BACKS_OFF)],
        [("Created", -100), ("Running", -90), ("OOMKilled", -10), ("Running", -10), ("Error", -5),
         ("CrashLoopBackOff", -3)],
    ),
    "its deletion began when it was asked for": (
        [(-80, RUNS), (3, DELETING)],
        [("Created", -100), ("Running", -90), ("Terminating", -5)],
    ),
    "an object that is older than an hour tells the last hour": (
        [(0, one_container(running(-20), 1, ended("Error", 1, -9000, -30), creationTimestamp=at(-9000)))],
        [("Error", -30), ("Running", -20)],
    ),
    "and no later object tells what came before": (
        [(0, one_container(running(-20), 1, ended("Error", 1, -9000, -30), creationTimestamp=at(-9000))),
         (1, one_container(ended("Error", 1, -20, 0), 1, ended("Error", 1, -9000, -30),
                           creationTimestamp=at(-9000)))],
        [("Error", -30), ("Running", -20), ("Error", 0)],
    ),
    "two containers tell together": (
        [(-5, pod(status={"phase": "Running", "containerStatuses": [
            container_status(running(-90)),
            container_status(running(-20), 1, ended("Error", 1, -80, -30))]}))],
        [("Created", -100), ("Running", -90), ("Running", -80), ("Error", -30), ("Running", -20)],
    ),
    "no longer ready, though nothing else changed": (
        [(-80, RUNS),
         (-70, pod(status={"phase": "Running", "conditions": [named_condition("Ready", "False")],
                           "containerStatuses": [container_status(ended("Completed", 0, -90, -75)),
                                                 container_status(running(-90))]}))],
        [("Created", -100), ("Running", -90), ("Completed", -75), ("NotReady", -70)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), CHAINS.values(), ids=CHAINS)
def test_objects_tell_the_chain_of_a_life(seen: list[tuple[float, Pod]], expected: Chain) -> None:
    assert chain(live(*seen)) == expected


def kubelet_life() -> list[tuple[float, Pod]]:
    """Give what a kubelet writes of a container that crashes: a restart is counted when it starts."""
    first, second = ended("Error", 1, -90, -80), ended("Error", 1, -79, -60)
    return [
        (-89, one_container(running(-90))),
        (-80, one_container(first)),
        (-78, one_container(running(-79), 1, first)),
        (-60, one_container(second, 1, first)),
        (-59, one_container(waiting("CrashLoopBackOff"), 1, second)),
        (-45, one_container(running(-46), 2, second)),
    ]


def test_each_run_is_told_once_though_its_restart_is_counted_when_the_next_begins() -> None:
    assert [one for one in chain(live(*kubelet_life())) if one[0] in {"Running", "Error"}] == [
        ("Running", -90), ("Error", -80), ("Running", -79), ("Error", -60), ("Running", -46),
    ]  # fmt: skip


@pytest.mark.parametrize("first", range(6))
def test_a_collector_that_starts_anew_finds_the_same_times(first: int) -> None:
    seen = kubelet_life()
    whole = {(one.at, one.status) for one in live(*seen).transitions}
    anew = {(one.at, one.status) for one in live(*seen[first:]).transitions}
    timeless = {one for one in anew if one[1] == "CrashLoopBackOff"}
    assert anew - timeless <= whole


def crashes(number: int) -> list[tuple[float, Pod]]:
    """Give the objects of a container that runs 10 s and crashes, again and again."""
    objects: list[tuple[float, Pod]] = []
    for one in range(number):
        began = -100 + 20 * one
        last = ended("Error", 1, began - 20, began - 10) if one else None
        objects.append((began + 1, one_container(running(began), one, last)))
        objects.append((began + 11, one_container(ended("Error", 1, began, began + 10), one, last)))
    return objects


def test_twenty_transitions_are_kept_and_the_older_ones_never_come_again() -> None:
    seen = crashes(30)
    for number in range(2, len(seen) + 1):
        told = chain(live(*seen[:number], seen[number - 1]))
        assert told == sorted(told, key=lambda one: one[1])
        assert len(told) == min(20, number + 1)
        assert [name for name, _ in told[-2:]] == (
            ["Running", "Error"] if number % 2 == 0 else ["Error", "Running"]
        )


def test_restarts_in_quick_succession_are_a_loop_that_calms() -> None:
    calm, third = live(*crashes(3)), live(*crashes(4))
    now = NOW + timedelta(seconds=-100 + 20 * 4)
    assert (calm.loops(now), third.loops(now)) == (False, True)
    assert third.loops(now + timedelta(minutes=8))
    assert not third.loops(now + timedelta(minutes=11))


@pytest.mark.parametrize(
    ("one", "loops"),
    [
        (BACKS_OFF, True),
        (with_init(waiting("CrashLoopBackOff"), 3), True),
        (with_init(waiting("ImagePullBackOff")), False),
        (RUNS, False),
        (one_container(running(-90), 1000), False),
    ],
)
def test_backing_off_is_a_loop_at_first_sight_and_old_restarts_are_none(one: Pod, loops: bool) -> None:
    assert live((0, one)).loops(NOW) is loops


def test_a_deleted_pod_ends_its_chain_with_that() -> None:
    life = live((-80, RUNS), (3, DELETING))
    assert chain(life_ended(life, NOW + timedelta(seconds=9)))[-2:] == [("Terminating", -5), ("Deleted", 9)]


@pytest.mark.parametrize(
    ("statuses", "exit_code"),
    [
        ([container_status(running(), 1, ended("Error", 3, -60, -50))], 3),
        ([container_status(ended("Error", 4, -40, -30), 1, ended("Error", 3, -60, -50))], 4),
        ([container_status(running(), 1, ended("Error", 3, -60, -20)),
          container_status(running(), 1, ended("Error", 5, -60, -50))], 3),
        ([container_status(running())], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_last_termination_is_the_newest_of_any_container(
    statuses: list[Json], exit_code: int | None
) -> None:
    last = last_termination(pod(status={"containerStatuses": statuses}))
    assert (last.exit_code if last else None) == exit_code


@pytest.mark.parametrize("restarts", [-5, 2**31 - 1, 10**15])
def test_no_number_of_restarts_is_too_strange(restarts: int) -> None:
    life = live((0, one_container(running(), restarts, ended("Error", 1, -99, -95))))
    assert chain(life)[0] == ("Created", -100)
    assert life.restarts == max(0, restarts)


def test_the_ends_of_time_are_times_too() -> None:
    last = {"terminated": {"exitCode": 0, "startedAt": at(-5), "finishedAt": "9999-12-31T23:59:59.999999Z"}}
    assert live((0, one_container(running(), 3, last))).restarts == 3
