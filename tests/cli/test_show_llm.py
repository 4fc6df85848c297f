"""Alerts, limits and spend as `oracle state` shows them."""

import io
from typing import Any

from rich.console import Console

from cli.llm_rows import alert_rows, limit_rows, model_rows, spender_rows
from cli.show_state import show_state


def model(name: str, **fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "model": name, "tpm": 500, "rpm": 3, "status": "available", **fields}


SNAPSHOT: dict[str, Any] = {
    "timestamp": "2026-02-06T14:32:12Z",
    "environment": "default",
    "alerts": [
        {"id": "b", "severity": "medium", "title": "Agent Writer has spent", "since": "2026-02-06T14:30:00Z"},
        {"id": "a", "severity": "critical", "title": "Model m has used up its quota",
         "since": "2026-02-06T14:31:00Z"},
    ],
    "litellm": [
        model("calm", percent_used=3.0),
        model("full", percent_used=95.0, tpm=47_500, tpm_max=50_000, tpm_remaining=2_500, key_label="team-a",
              seconds_to_exhaustion=41.0),
        model("limited", status="rate_limited", reason="429", resets_at="2026-02-06T14:32:19Z"),
        model("empty", status="unavailable", quota_exhausted=True, reason="402"),
    ],
    "llm_usage": {
        "by_agent": [
            {"agent_id": "calm", "calls": 1, "prompt_tokens": 2, "completion_tokens": 3, "cost_usd": 0.5},
            {"agent_id": "writer", "calls": 9, "prompt_tokens": 20, "completion_tokens": 30, "cost_usd": 8.12,
             "unpriced_calls": 2, "budget_usd": 10, "budget_percent": 81.2},
        ],
        "by_model": [
            {"provider": "openai", "model": "cheap", "cost_usd": 0.1},
            {"provider": "openai", "model": "dear", "cost_usd": 9.0},
            {"provider": "openai", "model": "full", "calls": 9, "prompt_tokens": 20, "completion_tokens": 30,
             "cost_usd": 8.12, "latency_p95_ms": 900.0, "rate_limited": 2, "errors": 1},
        ],
    },
}  # fmt: skip


def test_the_worst_alert_comes_first() -> None:
    assert [row[:2] for row in alert_rows(SNAPSHOT)] == [
        ("Model m has used up its quota", "critical"),
        ("Agent Writer has spent", "medium"),
    ]


def test_models_that_are_refused_come_first_and_then_the_fullest() -> None:
    assert limit_rows(SNAPSHOT) == [
        ("openai/empty", "quota exhausted: 402", None, 500, 3, None, None, None, None),
        ("openai/limited", "rate limited: 429", None, 500, 3, None, None, None, "2026-02-06T14:32:19Z"),
        ("openai/full (team-a)", "available", 95.0, "47500 of 50000", 3, 2500, None, 41.0, None),
        ("openai/calm", "available", 3.0, 500, 3, None, None, None, None),
    ]


def test_models_that_failed_come_first_and_then_the_dearest() -> None:
    assert [row[0] for row in model_rows(SNAPSHOT)] == ["openai/full", "openai/dear", "openai/cheap"]


def test_a_spend_that_is_not_all_priced_is_a_least_one() -> None:
    assert spender_rows(SNAPSHOT) == [
        ("writer", 9, 20, 30, "≥ 8.12", 10, 81.2, 2),
        ("calm", 1, 2, 3, 0.5, None, None, None),
    ]


def test_the_tables_are_printed_and_a_snapshot_without_calls_has_none() -> None:
    out = io.StringIO()
    show_state(SNAPSHOT, Console(file=out, width=200))
    text = out.getvalue()
    for words in ("alerts", "model limits", "spend by agent", "used up its quota", "429s", "≥ 8.12"):
        assert words in text
    empty = io.StringIO()
    show_state({"timestamp": "t", "environment": "e"}, Console(file=empty))
    assert "model" not in empty.getvalue()
    assert model_rows({}) == []
