"""What is refused: by the store, which the log tells, and by the fold itself, before it stands in a table."""

import pytest

from schema.messages import LogRecord
from tests.aggregator.records import (
    Log,
    call,
    event,
    heartbeat,
    live_fold,
    mark,
    observed,
    play,
    workload,
)


def refused(kind: str, *key: str) -> LogRecord:
    value = {"kind": kind, "key": list(key), "reason": "the store refuses it"}
    return observed("refused", "r", value, source="oracle@aggregator")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("pod", ["uid"]),
        ("pod", []),
        ("agent", []),
        ("workload", ["w"]),
        ("deployment", []),
        ("nothing", ["x"]),
    ],
)
def test_a_refusal_that_names_no_entity_changes_nothing(kind: str, key: list[str]) -> None:
    log = Log()
    log.add(100, workload("w"))
    log.add(110, refused(kind, *key))
    log.add(64_500, mark())
    assert all(len(one["workload"]) == 1 for one in play(live_fold(), log.messages).documents())


def test_a_refused_agent_is_left_out_and_tried_again_after_a_minute() -> None:
    log = Log()
    log.add(100, event("heartbeat"))
    log.add(110, refused("agent", "writer"))
    log.add(64_500, mark())
    counts = [len(one["agents"]) for one in play(live_fold(), log.messages).documents()]
    assert counts[0] == 0
    assert counts[-1] == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"event","event":{"event_id":"e","agent_id":"a","agent_name":"a","event_type":"x",'
        b'"timestamp":"0001-01-01T00:00:00+14:00"}}',
        b'{"type":"heartbeat","source":"s@i","epoch":"e","observed_at":"9999-12-31T23:59:59-14:00",'
        b'"interval_seconds":1,"synced":[]}',
        b'{"type":"heartbeat","source":"@i","epoch":"e","observed_at":"2026-01-01T00:00:00Z",'
        b'"interval_seconds":1,"synced":[]}',
        b'{"type":"heartbeat","source":"s","epoch":"e","observed_at":"2026-01-01T00:00:00Z",'
        b'"interval_seconds":1e308,"synced":[]}',
        b'{"type":"observed","source":"oracle@a","epoch":"-","kind":"settings","id":"s",'
        b'"observed_at":"2026-01-01T00:00:00Z","value":{"snapshot_interval_seconds":9007199254740992}}',
        *(
            b'{"type":"call","call":{"call_id":"c","provider":"p","model":"m","status":"ok",'
            b'"started_at":"2026-01-01T00:00:00Z",' + more + b"}}"
            for more in (
                b'"cost_usd":1e28', b'"cost_usd":"NaN"', b'"cost_usd":"sNaN"', b'"cost_usd":"Infinity"',
                b'"cost_usd":-1', b'"cost_usd":1E-20000', b'"prompt_tokens":9007199254740992',
            )
        ),
    ],
)  # fmt: skip
def test_what_a_snapshot_or_a_checkpoint_could_not_hold_is_refused(body: bytes) -> None:
    log = Log()
    log.add(100, heartbeat())
    log.add(200, body)
    log.add(2_500, mark())
    outcome = play(live_fold(), log.messages)
    assert [error.reason for error in outcome.invalid] == ["wrong_shape"]
    assert len(outcome.frozen) == 1


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        (b"1e9999999999999999999", "number_out_of_range"),
        (b"0e-9999999999999999999", "number_out_of_range"),
        (b'"1e9999999999999999999"', "wrong_shape"),
        (b'"0E+999999999999999"', "wrong_shape"),
    ],
)
def test_a_number_that_no_decimal_holds_is_refused(cost: bytes, reason: str) -> None:
    head = b'{"type":"call","call":{"call_id":"c","provider":"p","model":"m","status":"ok",'
    log = Log()
    log.add(100, heartbeat())
    log.add(200, head + b'"started_at":"2026-01-01T00:00:00Z","cost_usd":' + cost + b"}}")
    log.add(2_500, mark())
    outcome = play(live_fold(), log.messages)
    assert [error.reason for error in outcome.invalid] == [reason]
    assert len(outcome.frozen) == 1


def test_an_origin_beyond_any_offset_is_refused() -> None:
    log = Log()
    log.add(100, call(1), origin="t:0:999999999999999999999999999999:0")
    log.add(2_500, mark())
    assert [error.reason for error in play(live_fold(), log.messages).invalid] == ["bad_origin"]
