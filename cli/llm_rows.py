"""The LLM part of a snapshot as rows of tables, the worst first; `show_state.py` prints them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.names import readable

Document = Mapping[str, Any]
Row = Sequence[object]

ALERT_COLUMNS = ("alert", "severity", "since")
LIMIT_COLUMNS = (
    "model", "status", "used (%)", "TPM", "RPM", "left (tokens)", "left (requests)", "exhausted (s)",
    "resets at",
)  # fmt: skip
SPENDER_COLUMNS = (
    "agent",
    "calls",
    "prompt",
    "completion",
    "USD today",
    "budget (USD)",
    "budget (%)",
    "unpriced",
)
MODEL_COLUMNS = ("model", "calls", "prompt", "completion", "USD", "p95 (ms)", "429s", "errors")
MAX_NAME = 60
"""Characters of a name: its column is never folded, and a longer one would push the others out of sight."""
_SEVERITIES = ("critical", "high", "medium", "low")


def alert_rows(snapshot: Document) -> list[Row]:
    """Give a row for each alert."""
    alerts = sorted(snapshot.get("alerts", ()), key=lambda one: (_rank(one["severity"]), one["since"]))
    return [(one["title"], one["severity"], one["since"]) for one in alerts]


def limit_rows(snapshot: Document) -> list[Row]:
    """Give a row for each model under each key: those that are refused first, then the fullest."""
    return [
        (
            _model_name(one), _status(one), one.get("percent_used"),
            _of(one.get("tpm"), one.get("tpm_max")), _of(one.get("rpm"), one.get("rpm_max")),
            one.get("tpm_remaining"), one.get("rpm_remaining"), one.get("seconds_to_exhaustion"),
            one.get("resets_at"),
        )
        for one in sorted(snapshot.get("litellm", ()), key=_limit_order)
    ]  # fmt: skip


def spender_rows(snapshot: Document) -> list[Row]:
    """Give a row for each agent, the one that spent most first."""
    spenders = snapshot.get("llm_usage", {}).get("by_agent", ())
    return [
        (
            readable(one["agent_id"], MAX_NAME), one.get("calls"), one.get("prompt_tokens"),
            one.get("completion_tokens"), _cost(one), one.get("budget_usd"), one.get("budget_percent"),
            one.get("unpriced_calls"),
        )
        for one in sorted(spenders, key=lambda one: (-one.get("cost_usd", 0), one["agent_id"]))
    ]  # fmt: skip


def model_rows(snapshot: Document) -> list[Row]:
    """Give a row for each model that was called today: those with most refusals and errors first."""
    return [
        (
            readable(f"{one['provider']}/{one['model']}", MAX_NAME), one.get("calls"),
            one.get("prompt_tokens"), one.get("completion_tokens"), one.get("cost_usd"),
            one.get("latency_p95_ms"), one.get("rate_limited"), one.get("errors"),
        )
        for one in sorted(snapshot.get("llm_usage", {}).get("by_model", ()), key=_model_order)
    ]  # fmt: skip


def _model_name(model: Document) -> str:
    label = model.get("key_label", "default")
    name = f"{model['provider']}/{model['model']}" + ("" if label == "default" else f" ({label})")
    return readable(name, MAX_NAME)


def _status(model: Document) -> str:
    status = "quota exhausted" if model.get("quota_exhausted") else str(model["status"]).replace("_", " ")
    reason = model.get("reason")
    return f"{status}: {reason}" if reason else status


def _of(used: object, limit: object) -> object:
    return used if limit is None else f"{used} of {limit}"


def _cost(spender: Document) -> object:
    """Give the cost, as a least one where calls have no known price."""
    cost = spender.get("cost_usd")
    return f"≥ {cost}" if spender.get("unpriced_calls") else cost


def _limit_order(model: Document) -> tuple[bool, bool, float, str]:
    refused = model.get("status") in ("rate_limited", "unavailable")
    return not model.get("quota_exhausted"), not refused, -model.get("percent_used", 0), _model_name(model)


def _model_order(model: Document) -> tuple[int, float, str, str]:
    ill = model.get("rate_limited", 0) + model.get("errors", 0)
    return -ill, -model.get("cost_usd", 0), model["provider"], model["model"]


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
