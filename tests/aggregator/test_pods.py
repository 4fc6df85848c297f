"""Pods in the fold: what lives and dies between two ticks is in one snapshot, with all of its changes."""

from datetime import datetime, timedelta

import msgspec
import pytest

from aggregator.effects import Changes
from aggregator.transitions import REMEMBERED_MS
from schema.messages import Observed
from tests.aggregator.records import (
    AT,
    Log,
    Outcome,
    agent,
    at,
    gone,
    heartbeat,
    live_fold,
    mark,
    play,
    pod,
    workload,
)

HOUR_MS = 3_600_000


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


def pods_of(outcome: Outcome) -> list[list[str]]:
    return [
        [one["name"] for group in document["workload"] for one in group["pods"]]
        for document in outcome.documents()
    ]


def changed(status: str, when: datetime) -> dict[str, str]:
    return {"status": status, "at": when.strftime("%Y-%m-%dT%H:%M:%SZ")}


def told(record: Observed, ms: int) -> Observed:
    """The same record, as a source with the right time tells it."""
    return msgspec.structs.replace(record, observed_at=at(ms))


def test_a_pod_that_comes_and_goes_between_two_ticks_is_in_exactly_one_snapshot() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(2_100, pod("w", "w-1", "OOMKilled", transitions=[changed("OOMKilled", at(2_000))]))
    log.add(2_200, gone("pod", "uid-w-1"))
    log.add(6_500, mark())
    outcome = folded(log)
    assert pods_of(outcome) == [[], ["w-1"], []]
    (group,) = outcome.documents()[1]["workload"]
    assert (group["pods"][0]["status"], group["live"]["active_pods"]) == ("OOMKilled", 0)
    assert group["pods"][0]["transitions"] == [changed("OOMKilled", at(2_000))]


def test_a_pod_that_was_not_told_since_the_last_tick_goes_at_once() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(2_100, gone("pod", "uid-w-1"))
    log.add(4_500, mark())
    assert pods_of(folded(log)) == [["w-1"], []]


def test_a_pod_that_is_absent_from_a_new_epoch_is_shown_once_more_where_it_was_told_since_the_tick() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(2_100, pod("w", "w-1", "Failed"))
    log.add(2_200, heartbeat("pod", epoch="e2"))
    log.add(6_500, mark())
    assert pods_of(folded(log)) == [[], ["w-1"], []]


def test_the_removal_is_announced_after_the_tick_that_shows_it_last() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(300, gone("pod", "uid-w-1"))
    log.add(2_500, mark())
    fold, seen = live_fold(), list[str]()
    for message in log.messages:
        effects = fold.advance(message)
        fold.fold(message)
        for effect in [*effects, *fold.changes()]:
            seen += _of_pod(effect) if isinstance(effect, Changes) else ["tick"]
    assert seen == ["set", "tick", "removed"]


def _of_pod(changes: Changes) -> list[str]:
    return ["set" if part else "removed" for (kind, _), part in changes.entities.items() if kind == "pod"]


def test_a_pod_that_is_there_again_before_the_tick_was_never_gone() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", cpu=1))
    log.add(300, gone("pod", "uid-w-1"))
    log.add(400, pod("w", "w-1", cpu=2))
    log.add(4_500, mark())
    outcome = folded(log)
    assert pods_of(outcome) == [["w-1"], ["w-1"]]
    assert outcome.documents()[0]["workload"][0]["pods"][0]["cpu"] == 2


def test_a_pod_that_went_and_came_in_another_workload_stands_there_alone() -> None:
    log = Log()
    for name in ("v", "w"):
        log.add(100, workload(name))
    log.add(200, pod("v", "one"))
    log.add(300, gone("pod", "uid-one"))
    log.add(400, pod("w", "one"))
    log.add(2_500, mark())
    groups = folded(log).documents()[0]["workload"]
    assert {one["deployment_name"]: len(one["pods"]) for one in groups} == {"v": 0, "w": 1}


@pytest.mark.parametrize("order", [("workload", "pod"), ("pod", "workload")])
def test_a_workload_that_is_gone_stays_as_long_as_pods_stand_in_it(order: tuple[str, str]) -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(2_100, pod("w", "w-1", "Terminating"))
    names = {"workload": "w", "pod": "uid-w-1"}
    for number, kind in enumerate(order):
        log.add(2_200 + number, gone(kind, names[kind]))
    log.add(4_500, mark())
    log.add(6_500, mark())
    outcome = folded(log)
    assert [len(one["workload"]) for one in outcome.documents()] == [1, 1, 0]
    assert pods_of(outcome) == [["w-1"], ["w-1"], []]


def test_pods_of_a_deleted_workload_are_shown_until_they_have_ended() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1"))
    log.add(300, gone("workload", "w"))
    for tick in range(32):
        log.add(2_000 * tick + 500, mark())
    log.add(64_100, gone("pod", "uid-w-1"))
    log.add(66_500, mark())
    assert [len(one["workload"]) for one in folded(log).documents()[-2:]] == [1, 0]


def test_a_pod_that_went_is_no_instance_of_its_agent() -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(100, agent("w", labeled=True))
    log.add(200, pod("w", "w-1", "Failed"))
    log.add(300, gone("pod", "uid-w-1"))
    log.add(2_500, mark())
    (document,) = folded(log).documents()
    assert document["agents"][0]["instances"] == []
    assert document["workload"][0]["pods"][0]["agent_id"] == "w"


def test_what_went_while_there_were_no_ticks_does_not_pile_up_in_the_first_one() -> None:
    log = Log()
    log.add(0, workload("w"))
    for second in range(1, 100):
        row = changed("Failed", at(second * 1_000))
        log.add(second * 1_000 + 500, pod("w", f"w-{second}", transitions=[row]))
        log.add(second * 1_000 + 501, gone("pod", f"uid-w-{second}"))
    log.add(101_000, mark())
    fold = live_fold()
    fold.catching_up = True
    play(fold, log.messages[:-1])
    fold.caught_up()
    assert pods_of(play(fold, log.messages[-1:])) == [["w-98", "w-99"]]


def test_transitions_told_while_ticks_are_caught_up_stand_in_the_tick_of_their_time() -> None:
    log = Log()
    log.add(100, workload("w"))
    for tick, status in enumerate(("Created", "Running", "OOMKilled")):
        when = 2_000 * tick + 1_000
        log.add(when, pod("w", "w-1", status, transitions=[changed(status, at(when))]))
    log.add(20_000, mark())
    shown = [one["workload"][0]["pods"][0].get("transitions") for one in folded(log).documents()]
    statuses = enumerate(("Created", "Running", "OOMKilled"))
    expected = [[changed(status, at(2_000 * tick + 1_000))] for tick, status in statuses]
    assert shown == [*expected, *[None] * 6]


@pytest.mark.parametrize(
    ("age_ms", "is_news"),
    [(0, True), (REMEMBERED_MS - 3_000, True), (REMEMBERED_MS + 1_000, False), (9 * HOUR_MS, False)],
)
def test_a_fresh_collector_shows_no_transition_that_is_too_old_beside_the_last_tick(
    age_ms: int, *, is_news: bool
) -> None:
    log = Log()
    log.add(100, workload("w"))
    row = changed("OOMKilled", at(3_000) - timedelta(milliseconds=age_ms))
    log.add(3_000, told(pod("w", "w-1", transitions=[row]), 3_000))
    log.add(4_500, mark())
    shown = folded(log).documents()[-1]["workload"][0]["pods"][0].get("transitions")
    assert shown == ([row] if is_news else None)


def test_a_cluster_whose_clock_is_hours_behind_loses_no_transition() -> None:
    log = Log()
    log.add(100, workload("w"))
    behind = AT - timedelta(hours=5)
    record = pod("w", "w-1", transitions=[changed("OOMKilled", behind)])
    log.add(2_100, msgspec.structs.replace(record, observed_at=behind))
    log.add(4_500, mark())
    assert "transitions" in folded(log).documents()[-1]["workload"][0]["pods"][0]


@pytest.mark.parametrize("late_ms", [0, HOUR_MS // 2, HOUR_MS])
def test_a_node_whose_clock_is_an_hour_slow_hides_no_kill_even_when_it_is_told_late(late_ms: int) -> None:
    killed = [changed("OOMKilled", at(3_000) - timedelta(milliseconds=HOUR_MS + late_ms))]
    log = Log()
    log.add(100, workload("w"))
    for ms in (3_000, 5_000, 7_000):
        log.add(ms, told(pod("w", "w-1", cpu=ms, transitions=killed), ms))
    log.add(10_500, mark())
    shown = [
        one["transitions"]
        for document in folded(log).documents()
        for one in document["workload"][0]["pods"]
        if "transitions" in one
    ]
    assert shown == [killed]


def test_a_pod_that_goes_and_comes_again_does_not_repeat_what_it_went_through() -> None:
    killed = [changed("OOMKilled", at(0))]
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", transitions=killed))
    log.add(2_100, gone("pod", "uid-w-1"))
    for minute in range(1, 140, 5):
        ms = minute * 60_000
        log.add(ms, told(pod("w", "w-1", cpu=minute, transitions=killed), ms))
        log.add(ms + 2_500, gone("pod", "uid-w-1"))
    log.add(8_400_000, mark())
    shown = [
        one["transitions"]
        for document in folded(log).documents()
        for group in document["workload"]
        for one in group["pods"]
        if "transitions" in one
    ]
    assert shown == [killed]


def test_a_source_says_which_of_its_parts_cannot_be_read_until_they_can() -> None:
    missing = [{"part": "metrics.k8s.io", "reason": "403 Forbidden"}]
    log = Log()
    log.add(100, heartbeat(unavailable=missing))
    log.add(2_100, heartbeat())
    log.add(4_500, mark())
    shown = [one["sources"][-1].get("unavailable") for one in folded(log).documents()]
    assert shown == [missing, None]


def test_a_workload_that_is_gone_goes_when_its_last_pod_moves_to_another() -> None:
    log = Log()
    for record in (workload("web"), pod("web", "web-0"), gone("workload", "web")):
        log.add(100, record)
    for record in (workload("rs"), pod("rs", "web-0")):
        log.add(2_100, record)
    log.add(4_100, mark())
    first, second = (
        [one["deployment_name"] for one in document["workload"]] for document in folded(log).documents()
    )
    assert (first, second) == (["web"], ["rs"])


def test_made_up_workloads_go_as_soon_as_nobody_tells_them() -> None:
    log = Log()
    for name in ("kubernetes@mock", "kubernetes@prod"):
        told_there = msgspec.structs.replace(workload(name.partition("@")[2]), source=name)
        log.add(100, told_there)
        log.add(110, heartbeat(source=name))
    log.add(2_100, mark())
    log.add(30_100, mark())
    *_, last = folded(log).documents()
    assert [one["deployment_name"] for one in last["workload"]] == ["prod"]
    assert [one["instance"] for one in last["sources"] if one["name"] == "kubernetes"] == ["prod"]
