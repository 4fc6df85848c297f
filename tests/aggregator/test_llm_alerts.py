"""Budgets, quotas and limits in snapshots: shown, alerted of while they stand, the same when folded again."""

from decimal import Decimal
from typing import Any

import msgspec

from aggregator.alerts import MAX_ALERTS
from api.issues import issues
from schema.models import Snapshot
from tests.aggregator.records import (
    AT,
    START_MS,
    Log,
    at,
    budgets,
    call,
    gone,
    heartbeat,
    live_fold,
    mark,
    observed,
    play,
)

DAY_MS = 86_400_000
AGENT = "writer-agent"


def model(name: str = "gpt-4o", **fields: Any) -> Any:
    return observed("model", name, {"provider": "openai", "model": name, **fields})


def snapshots(log: Log) -> list[dict[str, Any]]:
    documents = play(live_fold(), log.messages).documents()
    again = play(live_fold(), log.messages).documents()
    assert documents == again
    return documents


def titles(document: dict[str, Any]) -> list[str]:
    found = msgspec.convert(document, Snapshot, strict=False)
    for alert in document["alerts"]:
        assert alert["title"] in issues(found).issues, "an alert and its issue are one sentence"
    return [alert["title"] for alert in document["alerts"]]


def spending(*costs: str, budget: dict[str, Any]) -> Log:
    """A log in which an agent spends so much, each at a tick of its own."""
    log = Log()
    log.add(100, budgets(budget))
    for number, cost in enumerate(costs):
        log.add(1000 + 2000 * number, call(number, AGENT, cost_usd=Decimal(cost)))
    log.add(2000 * len(costs) + 1, mark())
    return log


def test_a_budget_is_shown_with_its_share_and_alerts_at_80_and_at_100_percent() -> None:
    log = spending("7.9", "0.1", "2", "0.5", budget={"writer-agent": "10"})
    first, second, third, fourth = snapshots(log)
    assert (first["llm_usage"]["by_agent"][0]["budget_usd"], first["alerts"]) == (10, [])
    assert first["llm_usage"]["by_agent"][0]["budget_percent"] == 79.0
    assert second["alerts"] == [
        {
            "id": "budget:writer-agent:2026-01-01:80",
            "severity": "medium",
            "title": "Agent writer-agent has spent $8.00 of its $10.00 budget for today (80%)",
            "source": "llm",
            "agent_ids": ["writer-agent"],
            "since": "2026-01-01T00:00:04Z",
        }
    ]
    assert [(one["id"], one["severity"], one["since"]) for one in third["alerts"]] == [
        ("budget:writer-agent:2026-01-01:100", "high", "2026-01-01T00:00:06Z")
    ]
    assert titles(fourth) == ["Agent writer-agent has spent $10.50 of its $10.00 budget for today (105%)"]
    assert fourth["alerts"][0]["since"] == "2026-01-01T00:00:06Z"


def test_a_spend_that_is_not_all_priced_is_told_as_at_least() -> None:
    log = spending("9", budget={"*": "10"})
    log.messages.pop()
    log.add(1500, call(7, AGENT, cost_usd=msgspec.UNSET))
    log.add(2001, mark())
    (document,) = snapshots(log)
    assert document["llm_usage"]["by_agent"][0]["unpriced_calls"] == 1
    assert titles(document) == [
        "Agent writer-agent has spent at least $9.00 of its $10.00 budget for today (90%)"
    ]


def test_a_changed_budget_counts_from_then_on_and_none_alerts_of_nothing() -> None:
    log = spending("9", budget={"writer-agent": "10"})
    log.add(2100, budgets({"writer-agent": "100"}))
    log.add(4100, budgets({}))
    log.add(6001, mark())
    first, second, third = snapshots(log)
    assert len(first["alerts"]) == 1
    assert (second["alerts"], second["llm_usage"]["by_agent"][0]["budget_percent"]) == ([], 9.0)
    assert "budget_usd" not in third["llm_usage"]["by_agent"][0]


def test_a_new_day_begins_with_the_whole_budget() -> None:
    log = Log()
    log.add(DAY_MS - 5000, budgets({"*": "1"}))
    log.add(DAY_MS - 3000, call(1, cost_usd=Decimal(1)))
    log.add(DAY_MS + 2001, mark())
    *_, last, midnight, after = snapshots(log)
    assert [len(one["alerts"]) for one in (last, midnight, after)] == [1, 1, 0]
    assert after["llm_usage"]["by_agent"] == []


def test_limits_alert_by_how_bad_they_are_while_they_stand() -> None:
    log = Log()
    log.add(500, call(1, AGENT))
    log.add(1000, model(status="unavailable", quota_exhausted=True, reason="402"))
    log.add(2500, model(status="rate_limited", resets_at="2026-01-01T00:00:07Z"))
    log.add(6900, mark())
    log.add(8001, mark())
    first, second, third, fourth = snapshots(log)
    assert [(one["id"], one["severity"], one["agent_ids"]) for one in first["alerts"]] == [
        ("quota:openai/gpt-4o/default", "critical", ["writer-agent"])
    ]
    assert [(one["id"], one["severity"], one["since"]) for one in third["alerts"]] == [
        ("rate_limit:openai/gpt-4o/default", "high", "2026-01-01T00:00:04Z")
    ]
    assert titles(second) == ["Model gpt-4o is rate limited until 2026-01-01T00:00:07Z"]
    assert (fourth["alerts"], fourth["litellm"][0]["status"]) == ([], "available")


def test_a_limit_that_is_soon_used_up_alerts_before_anybody_is_refused() -> None:
    log = Log()
    log.add(10, model(status="available", rpm_max=100))
    for second in range(20):
        log.add(second * 1000 + 20, call(2 * second, latency_ms=0.0))
        log.add(second * 1000 + 520, call(2 * second + 1, latency_ms=0.0))
    log.add(20_001, mark())
    last = snapshots(log)[-1]
    (shown,) = last["litellm"]
    assert (shown["rpm"], shown["percent_used"], shown["seconds_to_exhaustion"]) == (40, 40.0, 30.0)
    assert [(one["id"], one["severity"]) for one in last["alerts"]] == [
        ("forecast:openai/gpt-4o/default", "medium")
    ]
    assert titles(last) == ["Model gpt-4o reaches its limit in 30 s at this pace"]


def test_alerts_come_and_go_as_changes() -> None:
    log = Log()
    log.add(1000, model(status="rate_limited", resets_at="2026-01-01T00:00:03Z"))
    log.add(4001, mark())
    outcome = play(live_fold(), log.messages)
    told = [
        (change.at_ms - START_MS, key, part is not None)
        for change in outcome.changes
        for (kind, key), part in change.entities.items()
        if kind == "alert"
    ]
    name = ("rate_limit:openai/gpt-4o/default",)
    assert told == [(2000, name, True), (4000, name, False)]


def test_an_empty_account_of_many_models_makes_a_bounded_list() -> None:
    log = Log()
    for number in range(MAX_ALERTS + 20):
        log.add(1000, model(f"m{number}", status="unavailable", quota_exhausted=True))
    log.add(2001, mark())
    (document,) = snapshots(log)
    assert len(document["alerts"]) == MAX_ALERTS


def test_a_request_in_flight_counts_until_it_is_a_minute_old() -> None:
    value = {"call_id": "c-1", "provider": "openai", "model": "gpt-4o", "started_at": AT.isoformat(),
             "streaming": True}  # fmt: skip
    log = Log()
    log.add(1000, observed("in_flight", "c-1", value))
    log.add(1000, model(rpm_max=10))
    for second in range(10, 60, 10):
        log.add(second * 1000, heartbeat())
    log.add(60_001, mark())
    documents = snapshots(log)
    assert [one["litellm"][0]["rpm"] for one in (documents[0], documents[-2], documents[-1])] == [1, 1, 0]
    assert documents[0]["litellm"][0]["percent_used"] == 10.0


def test_a_request_that_ended_counts_once() -> None:
    value = {"call_id": "call-1", "provider": "openai", "model": "gpt-4o", "started_at": AT.isoformat(),
             "streaming": False}  # fmt: skip
    log = Log()
    log.add(1000, observed("in_flight", "call-1", value))
    log.add(1500, call(1))
    log.add(1501, gone("in_flight", "call-1"))
    log.add(2001, mark())
    assert snapshots(log)[0]["litellm"][0]["rpm"] == 1


def test_calls_whose_tokens_are_estimated_are_counted_and_each_key_has_a_window_of_its_own() -> None:
    log = Log()
    log.add(500, call(1, tokens_estimated=True, key_label="team-a"))
    log.add(600, call(2, key_label="team-b"))
    log.add(2001, mark())
    (document,) = snapshots(log)
    assert document["llm_usage"]["estimated_calls"] == 1
    assert [(one["key_label"], one["rpm"]) for one in document["litellm"]] == [("team-a", 1), ("team-b", 1)]


def test_what_is_left_is_shown_as_the_provider_told_it() -> None:
    log = Log()
    told: dict[str, Any] = {
        "tpm_max": 1000,
        "tpm_remaining": 100,
        "told_at": at(900).isoformat(),
        "loaded": True,
    }
    log.add(1000, model(status="available", **told))
    log.add(2001, mark())
    (shown,) = snapshots(log)[0]["litellm"]
    assert (shown["percent_used"], shown["tpm_remaining"], shown["loaded"]) == (90.0, 100, True)
