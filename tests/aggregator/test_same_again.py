"""What once came out different after a restart, or was lost by one: each case by name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from aggregator.effects import Silence
from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms
from schema.messages import LogRecord
from tests.aggregator.records import (
    SETTINGS,
    START_MS,
    Log,
    agent,
    call,
    discovery,
    event,
    gone,
    heartbeat,
    live_fold,
    mark,
    observed,
    play,
    pod,
    workload,
)

DAY_MS = 86_400_000


def same_after_restart(log: Log) -> None:
    whole = play(live_fold(), log.messages).frozen
    saved = next(one for one in whole if one.state is not None)
    assert saved.state is not None
    fold = PartitionFold(0, SETTINGS)
    fold.restore(saved.environment, saved.offset, saved.state, from_ms(saved.tick_ms))
    assert fold.start is not None
    again = play(fold, log.messages[fold.start.offset :]).frozen
    bodies = [one.document.body for one in whole if one.tick_ms > saved.tick_ms]
    assert [one.document.body for one in again] == bodies


def two_ticks(*records: LogRecord) -> Log:
    log = Log()
    for number, record in enumerate(records):
        log.add(100 + number, record)
    log.add(2_500, mark())
    log.add(4_500, mark())
    return log


def elsewhere(name: str, cpu: int = 1, entity: str = "") -> LogRecord:
    inner = {"pod_id": f"uid-2-{name}", "name": name, "status": "Running", "cpu": cpu}
    value = {"namespace": "n2", "deployment_name": "other", "pod": inner}
    return observed("pod", entity or f"2-{name}", value, source="k8s@cluster")


def test_two_pods_of_one_name_belong_to_the_same_agent_again() -> None:
    other = {"deployment_name": "other", "namespace": "n2", "kind": "StatefulSet", "runtime": "kubernetes"}
    same_after_restart(
        two_ticks(
            workload("web"),
            observed("workload", "other", other, source="k8s@cluster"),
            pod("web", "seed"),
            elsewhere("web-0"),
            pod("web", "web-0"),
            event("heartbeat", instance="web-0", name="Web"),
        )
    )


def test_a_key_told_under_two_ids_has_the_value_told_last_again() -> None:
    same_after_restart(
        two_ticks(workload("web"), elsewhere("a", 1, "x"), elsewhere("a", 2, "y"), elsewhere("a", 3, "x"))
    )


def test_a_time_with_an_offset_is_written_in_utc_before_and_after() -> None:
    started = event("task_started", task_id="t").event
    there = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    record: Any = type(event("x"))(event=msgspec.structs.replace(started, timestamp=there))
    log = two_ticks(record)
    same_after_restart(log)
    (first, _) = play(live_fold(), log.messages).documents()
    assert first["agents"][0]["activity"]["active_task_ids"][0]["started_on"] == "2026-01-01T00:00:00Z"


def test_a_workload_that_is_gone_stays_again_as_long_as_pods_stand_in_it() -> None:
    log = two_ticks(workload("web"), pod("web", "web-0"), gone("workload", "web"))
    same_after_restart(log)
    assert [len(one["workload"]) for one in play(live_fold(), log.messages).documents()] == [1, 1]


def test_an_instance_of_an_excluded_deployment_that_registers_is_an_agent_at_once() -> None:
    log = two_ticks(
        workload("web"), agent("web", "Web", excluded=True),
        event("heartbeat", instance="web-1", name="Web"), call(1, agent="web-1"),
        event("agent_registered", instance="web-1", name="Web"),
    )  # fmt: skip
    log.add(6_500, mark())
    same_after_restart(log)
    assert [one["name"] for one in play(live_fold(), log.messages).documents()[0]["agents"]] == ["Web"]


def test_the_discovery_mode_is_remembered_and_so_is_what_went_and_what_cannot_be_read() -> None:
    killed = [{"status": "OOMKilled", "at": "2026-01-01T00:00:01Z"}]
    log = two_ticks(
        discovery("all"), agent("web", "Web"), workload("web"), pod("web", "web-0", transitions=killed),
        gone("pod", "uid-web-0"), heartbeat(unavailable=[{"part": "metrics.k8s.io", "reason": "403"}]),
    )  # fmt: skip
    log.add(4_600, pod("web", "web-0", transitions=killed))
    log.add(6_500, mark())
    same_after_restart(log)
    last = play(live_fold(), log.messages).documents()[-1]
    assert [one["name"] for one in last["agents"]] == ["Web"]
    assert "transitions" not in last["workload"][0]["pods"][0]


def test_a_new_environments_first_events_are_read_again_when_only_another_ones_tick_was_stored() -> None:
    log = Log()
    log.add(100, workload("a"), "A")
    log.add(59_000, event("error", event_id="first-of-C"), "C")
    log.add(60_100, mark())
    log.add(62_100, mark())
    whole = play(live_fold(), log.messages).frozen
    stored = next(one for one in whole if one.environment == "A" and one.tick_ms == START_MS + 60_000)
    assert stored.state is not None
    fold = PartitionFold(0, SETTINGS)
    fold.restore("A", stored.offset, stored.state, from_ms(stored.tick_ms))
    assert fold.start is not None
    again = play(fold, log.messages[fold.start.offset :]).frozen
    assert [row.key for one in again for row in one.events] == ["first-of-C"]
    expected = [(one.environment, one.tick_ms, one.document.sha256) for one in whole if one not in (stored,)]
    assert [(one.environment, one.tick_ms, one.document.sha256) for one in again] == [
        one for one in expected if one[1] >= START_MS + 60_000
    ]


def test_a_log_that_was_cut_leaves_a_gap_and_keeps_the_totals() -> None:
    log = Log()
    log.add(100, call(1))
    log.add(2_500, mark())
    whole = play(live_fold(), log.messages).frozen
    fold = PartitionFold(0, SETTINGS)
    assert whole[0].state is not None
    fold.restore("default", whole[0].offset, whole[0].state, from_ms(whole[0].tick_ms))
    fold.lost()
    late = Log()
    late.add(900_000, call(2))
    late.add(900_500, mark())
    outcome = play(fold, [replace(one, offset=one.offset + 10) for one in late.messages])
    first = outcome.frozen[0]
    assert first.gap == Silence(START_MS + 2_000, "log_lost")
    usage = outcome.documents()[0]["llm_usage"]
    assert usage["calls"] == 2


def test_the_tick_at_midnight_closes_the_day_that_ends() -> None:
    log = Log()
    log.add(DAY_MS - 10_000, call(1))
    log.add(DAY_MS - 500, call(2))
    log.add(DAY_MS + 2_500, mark())
    usage = [one["llm_usage"] for one in play(live_fold(), log.messages).documents()]
    assert [(one["day"], one["calls"]) for one in usage[-2:]] == [("2026-01-01", 2), ("2026-01-02", 0)]


def test_a_call_is_billed_to_the_agent_it_is_known_to_belong_to_later() -> None:
    log = two_ticks(
        call(1, agent="inst-1"), event("heartbeat", instance="inst-1", name="Writer"),
        call(2, agent="inst-1"), workload("research-agent"), pod("research-agent", "research-agent-7f8d9"),
        call(3, agent="research-agent-7f8d9"),
    )  # fmt: skip
    by_agent = play(live_fold(), log.messages).documents()[0]["llm_usage"]["by_agent"]
    assert {one["agent_id"]: one["calls"] for one in by_agent} == {"writer": 2, "research-agent": 1}


def test_a_call_that_was_turned_away_uses_no_limit() -> None:
    log = two_ticks(call(1), call(2, status="rate_limited", prompt_tokens=0, completion_tokens=0))
    (model,) = play(live_fold(), log.messages).documents()[0]["litellm"]
    assert (model["rpm"], model["tpm"]) == (1, 120)


def test_idle_environments_do_not_count_against_the_limit() -> None:
    log = Log()
    for name in ("a", "b", "c"):
        log.add(100, workload("x"), name)
    log.add(700_500, mark())
    log.add(701_000, workload("x"), "d")
    assert play(live_fold(), log.messages).invalid == []


def test_a_log_that_lost_its_tail_hides_no_new_record() -> None:
    log = Log()
    for number in range(20):
        log.add(number, event("note", number=number))
    log.add(2_500, mark())
    whole = play(live_fold(), log.messages).frozen
    fold = PartitionFold(0, SETTINGS)
    assert whole[0].state is not None
    fold.restore("default", whole[0].offset, whole[0].state, from_ms(whole[0].tick_ms + 8_000))
    fold.lost()
    late = Log()
    late.add(60_100, event("note", event_id="new"))
    late.add(62_500, mark())
    (frozen,) = play(fold, late.messages).frozen
    assert [row.key for row in frozen.events] == ["new"]
    assert frozen.gap == Silence(START_MS + 8_000, "log_lost")


def test_a_source_that_went_silent_in_an_outage_does_not_keep_the_broker_down() -> None:
    log = Log()
    log.add(1_000, heartbeat(source="old@x", undelivered_since=datetime(2026, 1, 1, tzinfo=UTC)))
    for second in range(2, 40):
        log.add(second * 1_000, heartbeat())
    kafka = [
        next(one["status"] for one in document["sources"] if one["name"] == "oracle-kafka")
        for document in play(live_fold(), log.messages).documents()
    ]
    assert (kafka[0], kafka[-1]) == ("down", "fresh")
