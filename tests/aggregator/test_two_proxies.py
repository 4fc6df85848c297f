"""What several proxies say: the newest answer on a model counts, and what ran in one that died has ended."""

from typing import Any

import pytest

from tests.aggregator.records import Log, at, heartbeat, live_fold, mark, observed, play

EXHAUSTED: dict[str, Any] = {"status": "unavailable", "quota_exhausted": True}


def model(proxy: str, epoch: str = "e1", **told: Any) -> Any:
    value = {"provider": "openai", "model": "gpt-4o", **told}
    return observed("model", "openai/gpt-4o/default", value, epoch, f"llm@{proxy}")


def shown(log: Log) -> list[str]:
    return [one["litellm"][0]["status"] for one in play(live_fold(), log.messages).documents()]


def test_a_proxy_that_repeats_an_old_answer_does_not_take_a_newer_one_back() -> None:
    log = Log()
    log.add(100, model("a", **EXHAUSTED, answered_at=at(0)))
    log.add(2_100, model("b", status="available", answered_at=at(2_000)))
    log.add(4_100, model("a", "e2", **EXHAUSTED, answered_at=at(0)))
    log.add(6_500, mark())
    assert shown(log) == ["unavailable", "available", "available"]


@pytest.mark.parametrize(
    ("uncalled", "status"),
    [
        pytest.param({"status": "available"}, "rate_limited", id="a list of models lifts no limit"),
        pytest.param({"status": "unavailable"}, "unavailable", id="an endpoint that is away now is"),
    ],
)
def test_who_has_not_called_a_model_knows_less_of_it(uncalled: dict[str, Any], status: str) -> None:
    log = Log()
    log.add(100, model("a", status="rate_limited", answered_at=at(0), resets_at=at(60_000)))
    log.add(200, model("b", **uncalled))
    log.add(2_500, mark())
    assert shown(log) == [status]


def test_where_nobody_has_called_a_model_the_word_told_last_counts() -> None:
    log = Log()
    log.add(100, model("a", status="unavailable"))
    log.add(2_100, model("b", status="available"))
    log.add(4_100, model("a", status="unknown"))
    log.add(6_500, mark())
    assert shown(log) == ["unavailable", "available", "unknown"]


def test_a_failure_grows_old_at_a_tick_though_its_proxy_repeats_it() -> None:
    log = Log()
    log.add(100, model("a", status="unavailable", answered_at=at(0), reason="500 server_error"))
    log.add(296_000, model("a", "e2", status="unavailable", answered_at=at(0), reason="500 server_error"))
    log.add(302_500, mark())
    assert shown(log)[-3:] == ["unavailable", "unknown", "unknown"]


def in_flight(proxy: str) -> Any:
    value = {"call_id": proxy, "provider": "openai", "model": "o3", "started_at": at(0), "streaming": True}
    return observed("in_flight", proxy, value, source=f"llm@{proxy}")


def test_the_calls_of_a_proxy_that_was_killed_are_gone_when_it_counts_as_down() -> None:
    log = Log()
    log.add(100, heartbeat(source="llm@killed"))
    for proxy in ("killed", "alive"):
        log.add(200, in_flight(proxy))
    for second in range(2, 30, 2):
        log.add(second * 1000, heartbeat("in_flight", source="llm@alive"))
    running = [
        [call["call_id"] for call in one["llm_usage"]["in_flight"]]
        for one in play(live_fold(), log.messages).documents()
    ]
    assert (running[0], running[9], running[-1]) == (["alive", "killed"], ["alive", "killed"], ["alive"])
