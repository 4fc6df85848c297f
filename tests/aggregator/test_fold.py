"""The fold: which tick a record belongs to, what a snapshot shows, and that a second fold is the same."""

import pytest

from aggregator.effects import Silence
from tests.aggregator.records import (
    START_MS,
    Log,
    Outcome,
    at,
    call,
    event,
    gone,
    heartbeat,
    live_fold,
    mark,
    play,
    pod,
    workload,
)


def ticks(outcome: Outcome, environment: str = "default") -> list[int]:
    return [one.tick_ms - START_MS for one in outcome.frozen if one.environment == environment]


def folded(log: Log) -> Outcome:
    return play(live_fold(), log.messages)


def test_a_tick_is_closed_by_the_first_record_later_than_it() -> None:
    log = Log()
    log.add(1_500, workload("writer-agent"))
    log.add(2_000, pod("writer-agent", "writer-agent-1"))
    log.add(2_001, mark())
    (snapshot,) = folded(log).documents()
    assert snapshot["timestamp"] == "2026-01-01T00:00:02Z"
    assert [one["name"] for one in snapshot["workload"][0]["pods"]] == ["writer-agent-1"]


def test_a_record_on_the_tick_belongs_to_it_and_a_later_one_does_not() -> None:
    log = Log()
    log.add(2_000, workload("a"))
    log.add(2_001, workload("b"))
    log.add(4_001, mark())
    first, second = folded(log).documents()
    assert [one["deployment_name"] for one in first["workload"]] == ["a"]
    assert [one["deployment_name"] for one in second["workload"]] == ["a", "b"]


def test_every_tick_of_a_silence_is_made() -> None:
    log = Log()
    log.add(1_000, workload("a"))
    log.add(9_000, mark())
    assert ticks(folded(log)) == [2_000, 4_000, 6_000, 8_000]


def test_time_never_goes_back_even_when_the_broker_steps_its_clock() -> None:
    log = Log()
    log.add(5_000, workload("a"))
    log.add(1_000, workload("b"))
    log.add(6_500, mark())
    outcome = folded(log)
    assert ticks(outcome) == [6_000]
    assert len(outcome.documents()[0]["workload"]) == 2


def test_each_environment_has_ticks_and_entities_of_its_own() -> None:
    log = Log()
    log.add(1_000, workload("a"), environment="east")
    log.add(3_000, workload("b"), environment="west")
    log.add(4_500, mark())
    outcome = folded(log)
    assert ticks(outcome, "east") == [2_000, 4_000]
    assert ticks(outcome, "west") == [4_000]
    assert outcome.documents("west")[0]["workload"][0]["deployment_name"] == "b"


def test_more_environments_than_allowed_are_refused_and_the_others_go_on() -> None:
    log = Log()
    for name in ("one", "two", "three", "four"):
        log.add(1_000, workload("a"), environment=name)
    log.add(2_500, mark())
    outcome = folded(log)
    assert [error.reason for error in outcome.invalid] == ["too_many_environments"]
    assert {one.environment for one in outcome.frozen} == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "not_json"),
        (b"[1]", "wrong_shape"),
        (b'{"type":"mark","owner":"x","__proto__":1}', "wrong_shape"),
        (b'{"type":"mark","owner":NaN}', "not_json"),
        (b'{"type":"nothing"}', "wrong_shape"),
        (b'{"type":"mark","owner":"' + b"x" * (2 << 20) + b'"}', "too_large"),
        (b"", "empty"),
    ],
)
def test_a_poison_message_is_refused_and_time_still_moves(body: bytes, reason: str) -> None:
    log = Log()
    log.add(1_000, workload("a"))
    log.add(2_500, body)
    outcome = folded(log)
    assert [error.reason for error in outcome.invalid] == [reason]
    assert ticks(outcome) == [2_000]


def test_an_entity_that_a_new_epoch_does_not_repeat_is_gone_once_its_kind_is_synced() -> None:
    log = Log()
    for name in ("a", "b"):
        log.add(1_000, workload(name))
    log.add(1_100, heartbeat("workload"))
    log.add(2_500, workload("a", epoch="e2"))
    log.add(2_600, workload("ghost", epoch="e1"))
    log.add(4_500, heartbeat("workload", epoch="e2"))
    log.add(6_500, mark())
    names = [[one["deployment_name"] for one in doc["workload"]] for doc in folded(log).documents()]
    assert names == [["a", "b"], ["a", "b"], ["a"]]


def test_a_source_is_fresh_then_stale_then_down_then_gone_with_its_entities() -> None:
    log = Log()
    log.add(0, workload("a"))
    log.add(0, heartbeat("workload"))
    for minute in range(0, 62):
        log.add(minute * 60_000 + 500, event("heartbeat", number=minute))
    outcome = folded(log)
    status = {
        one.tick_ms - START_MS: next((s["status"] for s in doc["sources"] if s["name"] == "process"), "gone")
        for one, doc in zip(outcome.frozen, outcome.documents(), strict=True)
    }
    assert [status[ms] for ms in (6_000, 8_000, 20_000, 22_000, 3_600_000, 3_602_000)] == [
        "fresh", "stale", "stale", "down", "down", "gone",
    ]  # fmt: skip
    assert outcome.documents()[-1]["workload"] == []


def test_a_tick_without_a_mark_shows_the_aggregator_as_down() -> None:
    log = Log()
    log.add(1_000, workload("a"))
    log.add(1_500, mark())
    log.add(7_000, mark())
    log.add(8_500, mark())
    own = [
        next(s for s in doc["sources"] if s["name"] == "oracle-aggregator") for doc in folded(log).documents()
    ]
    assert [one["status"] for one in own] == ["fresh", "down", "down", "fresh"]


def test_what_collectors_could_not_append_shows_the_broker_as_down() -> None:
    log = Log()
    log.add(1_000, heartbeat(undelivered_since=at(-5_000)))
    log.add(2_500, heartbeat())
    log.add(4_500, mark())
    own = [next(s for s in doc["sources"] if s["name"] == "oracle-kafka") for doc in folded(log).documents()]
    assert [one["status"] for one in own] == ["down", "fresh"]
    assert own[0]["undelivered_since"] == "2025-12-31T23:59:55Z"


def test_a_call_or_event_that_comes_again_counts_once() -> None:
    log = Log()
    log.add(100, call(1), origin="topic:0:7:0")
    log.add(200, call(2), origin="topic:0:7:0")
    log.add(250, call(2), origin="topic:0:7:1")
    log.add(300, call(2))
    log.add(400, event("error", event_id="a"), origin="topic:0:8:0")
    log.add(500, event("error", event_id="b"), origin="topic:0:8:0")
    log.add(600, call(9, response_id="resp_0123456789"))
    log.add(700, call(10, response_id="resp_0123456789", seen_by="span"))
    log.add(2_500, mark())
    (frozen,) = folded(log).frozen
    assert [one.key for one in frozen.calls] == ["call-1", "call-2", "call-9"]
    assert [one.key for one in frozen.events] == ["a"]


def test_a_queue_holds_a_task_until_it_is_started() -> None:
    log = Log()
    log.add(
        100,
        event("task_queued", task_id="t1", queue="writer-tasks", priority="high", invoked_by="Orchestrator"),
    )
    log.add(2_500, event("task_started", task_id="t1"))
    log.add(4_500, mark())
    first, second = folded(log).documents()
    assert first["queues"] == [
        {
            "name": "writer-tasks",
            "depth": 1,
            "tasks": [
                {
                    "id": "t1",
                    "priority": {"level": "high", "waiting_since_mins": 0.03},
                    "invoked_by": "Orchestrator",
                }
            ],
        }
    ]
    assert second["queues"] == [{"name": "writer-tasks", "depth": 0, "tasks": []}]


def test_a_transition_stands_in_one_snapshot_however_often_it_is_told() -> None:
    killed = [{"status": "OOMKilled", "at": "2026-01-01T00:00:01Z"}]
    log = Log()
    log.add(100, workload("w"))
    log.add(200, pod("w", "w-1", transitions=killed))
    log.add(2_100, pod("w", "w-1", cpu=20, transitions=killed))
    log.add(4_500, mark())
    shown = [doc["workload"][0]["pods"][0].get("transitions") for doc in folded(log).documents()]
    assert shown == [killed, None]


def test_an_environment_without_records_is_closed_after_ten_minutes_and_wakes_with_a_gap() -> None:
    log = Log()
    log.add(1_000, workload("a"))
    log.add(700_500, mark())
    log.add(900_500, workload("b"))
    log.add(902_500, mark())
    outcome = folded(log)
    assert ticks(outcome)[-2:] == [602_000, 902_000]
    assert outcome.frozen[-1].gap == Silence(START_MS + 602_000, "idle")


def test_changes_carry_whole_entities_once_and_removals_after_the_tick_that_shows_them_last() -> None:
    log = Log()
    log.add(1_000, workload("a"))
    log.add(1_100, pod("a", "a-1"))
    log.add(1_200, pod("a", "a-1"))
    log.add(1_300, gone("pod", "uid-a-1"))
    log.add(2_500, mark())
    told = [
        {(kind, key[-1]): part is not None for (kind, key), part in one.entities.items()}
        for one in folded(log).changes
    ]
    assert told[0] == {("workload", "a"): True}
    assert told[1][("pod", "uid-a-1")] is True
    assert ("pod", "uid-a-1") not in told[2] if len(told) > 3 else True
    assert told[-1][("pod", "uid-a-1")] is False
