"""A call that proxy, span and log tell of: counted once, completed, and the same again after a restart."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from aggregator import repeats
from aggregator.partition import PartitionFold
from aggregator.repeats import Repeats, filled
from aggregator.ticks import from_ms
from schema.messages import Call, CallRecord
from tests.aggregator.records import SETTINGS, START_MS, Log, call, live_fold, mark, play

TRACE = "0af7651916cd43dd8448eb211c80319c"
UNKNOWN: dict[str, Any] = dict.fromkeys(("agent_id", "cost_usd", "prompt_tokens", "completion_tokens"), UNSET)
RESPONSE: dict[str, Any] = {"response_id": "chatcmpl-AdWkbLSz8Y8R0dSn"}
SPAN: dict[str, Any] = {"seen_by": "span", "trace_id": TRACE, "span_id": "00f067aa0ba902b7"}
UNDER: dict[str, Any] = {"trace_id": TRACE, "parent_span_id": "00f067aa0ba902b7"}
OTHER_ANSWER: dict[str, Any] = {**SPAN, "span_id": "1" * 16, "response_id": "a-1", "prompt_tokens": 7}
REQUEST: dict[str, Any] = {"request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}


def usage_of(*records: tuple[int, CallRecord], until: int = 10_000) -> dict[str, Any]:
    log = Log()
    for ms, record in records:
        log.add(ms, record)
    log.add(until, mark())
    document = play(live_fold(), log.messages).documents()[-1]
    usage: dict[str, Any] = document["llm_usage"]
    return usage


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({**RESPONSE}, {**RESPONSE, **SPAN}),
        ({**RESPONSE, **SPAN}, {**RESPONSE}),
        ({**RESPONSE, "provider": "together"}, {**RESPONSE, **SPAN}),
        ({**UNDER}, {**SPAN}),
        ({**UNDER}, {**SPAN, "span_id": "b7ad6b7169203331", "request_span_id": "00f067aa0ba902b7"}),
        ({**SPAN, "span_id": "b7ad6b7169203331", "request_span_id": "00f067aa0ba902b7"}, {**UNDER}),
        ({**SPAN}, {**UNDER}),
        ({**REQUEST}, {**REQUEST, "seen_by": "log"}),
        ({**REQUEST, "seen_by": "log"}, {**REQUEST, **SPAN}),
        ({"response_id": "chatcmpl-123"}, {"response_id": "chatcmpl-123", **SPAN}),
        ({**SPAN, "parent_span_id": "b7ad6b7169203331"}, {**SPAN, "span_id": "b7ad6b7169203331"}),
        ({**SPAN, "span_id": "b7ad6b7169203331"}, {**SPAN, "parent_span_id": "b7ad6b7169203331"}),
    ],
)
def test_a_call_seen_twice_counts_once(first: Mapping[str, Any], later: Mapping[str, Any]) -> None:
    usage = usage_of((100, call(1, **first)), (2_700, call(2, **later)))
    assert (usage["calls"], usage["prompt_tokens"], usage["cost_usd"]) == (1, 100, 0.000450000001)
    assert [row["calls"] for row in usage["by_agent"]] == [1]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        # Two requests that passed the proxy are two calls, whatever the upstream calls its answers.
        ({**RESPONSE}, {**RESPONSE}),
        ({**UNDER}, {**UNDER}),
        ({"response_id": "a-1", **SPAN}, OTHER_ANSWER),
        ({"request_id": "1"}, {"request_id": "1", "seen_by": "log"}),
        ({**SPAN}, {**SPAN, "trace_id": "1" * 32}),
        ({**SPAN, "parent_span_id": "1" * 16}, {**SPAN, "span_id": "2" * 16, "parent_span_id": "1" * 16}),
        ({**SPAN, "parent_span_id": "1" * 16}, {**SPAN, "span_id": "1" * 16, "model": "another"}),
    ],
)  # fmt: skip
def test_two_calls_are_two(first: Mapping[str, Any], later: Mapping[str, Any]) -> None:
    assert usage_of((100, call(1, **first)), (200, call(2, **later)))["calls"] == 2


def test_a_later_record_names_the_agent_and_brings_tokens_and_cost_exactly_once() -> None:
    told: dict[str, Any] = {
        "agent_name": "Planner",
        "agent_id": UNSET,
        "cost_usd": Decimal("0.25"),
        "prompt_tokens": 40,
    }
    records = [
        (100, call(1, **RESPONSE, **UNKNOWN)),
        (2_500, call(2, **RESPONSE, **SPAN, **told)),
        (4_500, call(2, **RESPONSE, **SPAN, **told)),
        (4_600, call(3, **RESPONSE, seen_by="log", cost_usd=Decimal(9))),
    ]
    before = usage_of(records[0], until=2_100)
    assert (before["calls"], before["unpriced_calls"], before["by_agent"]) == (1, 1, [])
    usage = usage_of(*records)
    assert (usage["calls"], usage["unpriced_calls"]) == (1, 0)
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["cost_usd"]) == (40, 20, 0.25)
    assert usage["cost_usd_total"] == 0.25
    ((agent, model),) = zip(usage["by_agent"], usage["by_model"], strict=True)
    assert (agent["agent_id"], agent["calls"], agent["cost_usd"]) == ("planner", 1, 0.25)
    assert (model["calls"], model["prompt_tokens"], model["cost_usd"]) == (1, 40, 0.25)


def test_the_stored_row_and_live_state_are_completed() -> None:
    log = Log()
    log.add(100, call(1, **RESPONSE, **UNKNOWN))
    log.add(2_500, call(2, **RESPONSE, **SPAN, task_id="task-1"))
    log.add(2_600, call(3, **RESPONSE, seen_by="log", client_address="10.0.0.7"))
    log.add(10_000, mark())
    outcome = play(live_fold(), log.messages)
    rows = [row for frozen in outcome.frozen for row in frozen.calls]
    assert [(row.key, row.fills) for row in rows] == [("call-1", False), ("call-1", True)]
    news = msgspec.json.decode(rows[1].body)
    assert news == {
        "agent_id": "writer-agent-1", "task_id": "task-1", "trace_id": TRACE, "span_id": SPAN["span_id"],
        "prompt_tokens": 100, "completion_tokens": 20, "cost_usd": 0.000450000001,
        "client_address": "10.0.0.7",
    }  # fmt: skip
    live = [one for change in outcome.changes for one in change.activity if isinstance(one, Call)]
    assert [one.call_id for one in live] == ["call-1"] * 3
    whole = msgspec.json.decode(rows[0].body) | news
    assert msgspec.convert(whole, Call, strict=False) == live[-1]


def test_counts_that_were_estimated_give_way_to_told_ones() -> None:
    guessed: dict[str, Any] = {
        "prompt_tokens": 7,
        "completion_tokens": 7,
        "tokens_estimated": True,
        "cost_usd": Decimal("0.07"),
    }
    usage = usage_of((100, call(1, **RESPONSE, **guessed)), (200, call(2, **RESPONSE, **SPAN)))
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["cost_usd"]) == (
        100,
        20,
        0.000450000001,
    )
    kept = usage_of((100, call(1, **RESPONSE)), (200, call(2, **RESPONSE, **SPAN, **guessed)))
    assert (kept["prompt_tokens"], kept["cost_usd"]) == (100, 0.000450000001)


def test_of_requests_that_were_repeated_under_one_span_the_last_is_the_spans() -> None:
    refused: dict[str, Any] = {"status": "rate_limited", **UNKNOWN}
    usage = usage_of(
        (100, call(1, **UNDER, **refused)),
        (200, call(2, **UNDER, agent_id=UNSET)),
        (300, call(3, **SPAN)),
    )
    assert (usage["calls"], usage["prompt_tokens"]) == (2, 100)
    assert [row["calls"] for row in usage["by_agent"]] == [1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("answer", [RESPONSE, {}], ids=["an id", "no id"])
def test_a_refused_request_and_its_retry_are_two_calls_in_whatever_order_they_are_told(
    order: tuple[int, ...], answer: dict[str, Any]
) -> None:
    refused = call(1, **UNDER, status="rate_limited", **UNKNOWN)
    records = [refused, call(2, **UNDER, **answer), call(3, **SPAN, **answer)]
    usage = usage_of(*((100 + place, records[one]) for place, one in enumerate(order)))
    assert (usage["calls"], usage["prompt_tokens"], usage["cost_usd"]) == (2, 100, 0.000450000001)
    assert usage["by_model"][0]["rate_limited"] == 1


def test_a_span_that_failed_tells_of_the_last_request_that_failed() -> None:
    failed = call(1, **UNDER, status="error", **UNKNOWN)
    usage = usage_of((100, failed), (300, call(3, **SPAN, status="error")))
    assert (usage["calls"], [row["calls"] for row in usage["by_agent"]]) == (1, [1])


def test_an_answer_that_its_client_could_not_use_counts_once() -> None:
    usage = usage_of((100, call(1, **UNDER)), (300, call(3, **SPAN, status="error")))
    assert (usage["calls"], usage["prompt_tokens"]) == (1, 100)


def test_a_refused_request_takes_nothing_from_a_span_that_succeeded() -> None:
    refused: dict[str, Any] = {"status": "rate_limited", **UNKNOWN}
    first = call(1, **UNDER, **refused).call
    later = call(3, **SPAN, http_status=200, finish_reason="stop").call
    assert filled(first, later).keys() == {"agent_id"}


def test_the_key_label_of_the_proxy_moves_the_minutes_use() -> None:
    log = Log()
    log.add(100, call(1, **SPAN))
    log.add(200, call(2, **UNDER, key_label="team"))
    log.add(2_500, mark())
    models = play(live_fold(), log.messages).documents()[-1]["litellm"]
    used = {one.get("key_label", "default"): (one["rpm"], one["tpm"]) for one in models}
    assert used.pop("team") == (1, 120)
    assert set(used.values()) <= {(0, 0)}


def test_a_correction_after_midnight_leaves_the_new_days_sums_alone() -> None:
    day = 86_400_000
    log = Log()
    log.add(day - 1_000, call(1, **RESPONSE, **UNKNOWN))
    log.add(day + 1_000, call(2, cost_usd=Decimal(1)))
    log.add(day + 1_500, call(3, **RESPONSE, **SPAN))
    log.add(day + 10_000, mark())
    usage = play(live_fold(), log.messages).documents()[-1]["llm_usage"]
    assert (usage["calls"], usage["cost_usd"], usage["cost_usd_total"]) == (1, 1, 1.000450000001)


def test_a_call_of_yesterday_is_completed_for_an_agent_that_has_made_none_today() -> None:
    day = 86_400_000
    log = Log()
    log.add(day - 3_000, call(1, **RESPONSE))
    log.add(day + 2_100, mark())  # The tick after midnight began the new day.
    log.add(day + 2_200, call(2, **RESPONSE, **SPAN, finish_reason="stop"))
    log.add(day + 4_500, mark())
    *_, last = (outcome := play(live_fold(), log.messages)).documents()
    assert (last["llm_usage"]["day"], last["llm_usage"]["by_agent"]) == ("2026-01-02", [])
    assert [row.fills for frozen in outcome.frozen for row in frozen.calls] == [False, True]


def test_after_an_hour_it_is_another_call() -> None:
    first, span = call(1, **RESPONSE), call(2, **RESPONSE, **SPAN)
    assert usage_of((100, first), (3_600_050, span), until=3_610_000)["calls"] == 1
    assert usage_of((100, first), (3_600_200, span), until=3_610_000)["calls"] == 2


def test_what_is_kept_is_bounded_and_a_call_that_is_forgotten_is_still_not_counted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "MAX_CALLS", 3)
    monkeypatch.setattr(repeats, "MAX_MARKS", 20)
    kept = Repeats()
    for number in range(50):
        told = call(number, response_id=f"chatcmpl-long-enough-{number}", prompt_text="x" * 1000).call
        assert kept.find(told, number) == (False, None)
        kept.note(told, "", number)
    assert (len(kept.calls), len(kept.marks)) == (3, 20)
    assert all(one.call.prompt_text is UNSET for one in kept.calls.values())
    later = call(99, seen_by="span", response_id="chatcmpl-long-enough-45").call
    assert kept.find(later, 50) == (True, None)
    long_ago = call(99, seen_by="span", response_id="chatcmpl-long-enough-5").call
    assert kept.find(long_ago, 50) == (False, None)


def test_a_restart_between_the_records_gives_the_same_bytes() -> None:
    log = Log()
    log.add(100, call(1, **UNDER, **UNKNOWN))
    log.add(200, call(7, prompt_tokens=5))
    log.add(61_000, mark())
    log.add(61_500, call(2, **SPAN, **RESPONSE, agent_name="Planner"))
    log.add(62_500, call(3, **RESPONSE, seen_by="log", task_id="t"))
    log.add(66_000, mark())
    whole = play(live_fold(), log.messages).frozen
    saved = next(one for one in whole if one.state is not None)
    assert saved.state is not None
    assert saved.tick_ms < START_MS + 61_000
    fold = PartitionFold(0, SETTINGS)
    fold.restore(saved.environment, saved.offset, saved.state, from_ms(saved.tick_ms))
    assert fold.start is not None
    again = play(fold, log.messages[fold.start.offset :]).frozen
    rest = [one for one in whole if one.tick_ms > saved.tick_ms]
    assert [one.document.body for one in again] == [one.document.body for one in rest]
    assert [one.calls for one in again] == [one.calls for one in rest]
    assert sum(row.fills for one in rest for row in one.calls) == 2
