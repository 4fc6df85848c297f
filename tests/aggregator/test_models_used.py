"""Which agents use a model: by provider and key, bounded, and forgotten with the day."""

from typing import Any

import msgspec
import pytest

from aggregator import models_used
from aggregator.models_used import ModelsUsed
from tests.aggregator.records import Log, agent, call, event, live_fold, mark, observed, play, workload

DAY_MS = 86_400_000


def exhausted(provider: str, label: str = "default") -> Any:
    value = {"provider": provider, "model": "gpt-4o", "key_label": label, "status": "unavailable"}
    return observed("model", f"{provider}/{label}", {**value, "quota_exhausted": True})


def test_an_alert_names_the_agents_that_use_that_provider_under_that_key() -> None:
    log = Log()
    log.add(100, call(1, agent="a", agent_name="Paula", provider="azure", key_label="team-b"))
    log.add(110, call(2, agent="b", agent_name="Otto"))
    log.add(200, exhausted("openai"))
    log.add(210, exhausted("openai", "team-b"))
    log.add(220, exhausted("azure", "team-b"))
    log.add(2_500, mark())
    alerts = play(live_fold(), log.messages).documents()[0]["alerts"]
    assert {one["id"]: one["agent_ids"] for one in alerts} == {
        "quota:azure/gpt-4o/team-b": ["paula"],
        "quota:openai/gpt-4o/default": ["otto"],
        "quota:openai/gpt-4o/team-b": [],
    }


@pytest.mark.parametrize("late_ms", [500, 2_600], ids=["before the day's first tick", "after it"])
def test_with_each_day_names_go_that_nobody_knows_and_that_call_no_more(late_ms: int) -> None:
    log = Log()
    for number, name in enumerate(("Job", "Shop", "Laptop", "web-7")):
        log.add(100, call(number, agent=name, agent_name=name))
    log.add(2_500, mark())
    log.add(DAY_MS - 9_000, event("heartbeat", instance="laptop", name="Laptop"))
    log.add(DAY_MS - 8_000, agent("shop", "Shop", labeled=True))
    log.add(DAY_MS - 7_000, workload("web"))
    log.add(DAY_MS + late_ms, call(99, agent="w", agent_name="W"))
    log.add(DAY_MS + 2_500, mark())
    log.add(DAY_MS + 4_500, mark())
    fold = live_fold()
    play(fold, log.messages)
    kept = fold.environments["default"].tables.state.models_used.by_name
    assert sorted(kept) == ["Laptop", "Shop", "W", "web-7"]


def test_invented_names_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_used, "MAX_NAMES", 2)
    monkeypatch.setattr(models_used, "MAX_MODELS", 2)
    used, model = ModelsUsed(), call(1).call
    assert [used.take(name, model) for name in ("a", "b", "c", "a")] == [True, True, False, False]
    others = [msgspec.structs.replace(model, model=name) for name in ("x", "y")]
    assert [used.take("a", one) for one in others] == [True, False]
    assert (used.of("a"), used.of("c")) == ({"gpt-4o", "x"}, set())
