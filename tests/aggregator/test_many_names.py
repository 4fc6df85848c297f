"""Names come from requests: however many are invented, a snapshot stays small and a quiet tick cheap."""

from typing import Any

import pytest

from aggregator import usage
from aggregator.usage_views import UsageViews
from tests.aggregator.records import Log, budgets, call, live_fold, mark, play

RESPONSE = {"response_id": "chatcmpl-AdWkbLSz8Y8R0dSn"}


def last_usage(log: Log) -> dict[str, Any]:
    found: dict[str, Any] = play(live_fold(), log.messages).documents()[-1]["llm_usage"]
    return found


def test_what_further_agents_use_is_summed_up_as_others_and_has_no_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(usage, "MAX_AGENTS", 2)
    log = Log()
    log.add(50, budgets({"*": "1"}))
    for number, name in enumerate(("a", "b", "c", "d", "a")):
        log.add(100 + number, call(number, agent=name, agent_name=name))
    log.add(2_500, mark())
    found = last_usage(log)
    rows = {row["agent_id"]: (row["calls"], row.get("budget_usd")) for row in found["by_agent"]}
    assert rows == {"a": (2, 1), "b": (1, 1), "other-agents": (2, None)}
    assert sum(row["cost_usd"] for row in found["by_agent"]) == pytest.approx(found["cost_usd"])


def test_what_further_models_use_is_summed_up_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_MODELS", 1)
    log = Log()
    for number, name in enumerate(("m1", "m2", "m3", "m1")):
        log.add(100 + number, call(number, model=name))
    log.add(2_500, mark())
    rows = last_usage(log)["by_model"]
    assert [(row["provider"], row["model"], row["calls"]) for row in rows] == [
        ("openai", "m1", 2),
        ("other", "other models", 2),
    ]


def test_what_stands_under_others_is_corrected_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_AGENTS", 1)
    monkeypatch.setattr(usage, "MAX_MODELS", 1)
    log = Log()
    log.add(100, call(1, agent="a"))
    log.add(110, call(2, agent="b", model="m2", **RESPONSE, tokens_estimated=True, prompt_tokens=9))
    log.add(120, call(3, agent="b", model="m2", **RESPONSE, seen_by="span", prompt_tokens=70))
    log.add(2_500, mark())
    found = last_usage(log)
    agents = {row["agent_id"]: (row["calls"], row["prompt_tokens"]) for row in found["by_agent"]}
    models = {row["model"]: (row["calls"], row["prompt_tokens"]) for row in found["by_model"]}
    assert agents == {"a": (1, 100), "other-agents": (1, 70)}
    assert models == {"gpt-4o": (1, 100), "other models": (1, 70)}


def test_a_tick_makes_only_the_agents_anew_that_made_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = UsageViews._agent

    def counted(views: UsageViews, key: tuple[str, ...]) -> Any:
        made.append(key[0])
        return make(views, key)

    log = Log()
    for number in range(50):
        log.add(100 + number, call(number, agent=f"a{number}", agent_name=f"a{number}"))
    log.add(2_500, mark())
    fold = live_fold()
    play(fold, log.messages)
    monkeypatch.setattr(UsageViews, "_agent", counted)
    log.add(3_000, call(99, agent="a7", agent_name="a7"))
    log.add(6_500, mark())
    assert len(play(fold, log.messages[-2:]).frozen) == 2
    assert made == ["a7"]
