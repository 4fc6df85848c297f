"""What a model's limits and an agent's budget say of their health, and in which words. Pure.

The aggregator makes alerts of it and the API issues: the same condition is never told in two ways.
"""

from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import UNSET, UnsetType

from runtime.names import readable
from schema.models import AgentUsage, ModelLimits
from schema.types import Severity

SOON_SECONDS = 60.0
"""A limit that is used up within so many seconds is a trouble."""
NEAR_PERCENT = 90
"""The share of a limit from which on it is an issue."""
WARN_PERCENT = 80
FULL_PERCENT = 100


class Trouble(NamedTuple):
    """What is wrong: of which kind, how bad, and the sentence."""

    kind: Literal["quota", "rate_limit", "forecast", "budget"]
    severity: Severity
    sentence: str


def model_trouble(model: ModelLimits, soon_seconds: float = SOON_SECONDS) -> Trouble | None:
    """Give the worst that is wrong with a model's limits."""
    name = model_name(model)
    until = "" if model.resets_at is UNSET else f" until {model.resets_at:%Y-%m-%dT%H:%M:%SZ}"
    if model.quota_exhausted:
        return Trouble("quota", "critical", f"{name} has used up its quota{until}")
    if model.status == "rate_limited":
        return Trouble("rate_limit", "high", f"{name} is rate limited{until}")
    left = model.seconds_to_exhaustion
    if left is UNSET or left >= soon_seconds:
        return None
    if left < 0.5:
        return Trouble("forecast", "medium", f"{name} has reached its limit")
    return Trouble("forecast", "medium", f"{name} reaches its limit in {left:.0f} s at this pace")


def near_limits(model: ModelLimits) -> list[str]:
    """Say which limits of a model are nearly used up, by our count or by what the provider says is left."""
    name = model_name(model)
    found: list[str] = []
    told: list[tuple[float, str]] = []
    for used, limit, left, unit in (
        (model.tpm, model.tpm_max, model.tpm_remaining, "TPM"),
        (model.rpm, model.rpm_max, model.rpm_remaining, "RPM"),
    ):
        if isinstance(limit, UnsetType) or not limit:
            continue
        if used * 100 >= NEAR_PERCENT * limit:
            found.append(f"{name} at {used * 100 // limit}% {unit} limit")
        if not isinstance(left, UnsetType):
            told.append((1 - left / limit, unit))
    percent = model.percent_used
    if not found and told and percent is not UNSET and percent >= NEAR_PERCENT:
        found.append(f"{name} at {percent:.0f}% {max(told)[1]} limit")
    return found


def model_name(model: ModelLimits) -> str:
    """Name a model as people do, with its key's label where it has one."""
    label = "" if model.key_label == "default" else f" (key {readable(model.key_label)})"
    return f"Model {readable(model.model)}{label}"


def budget_trouble(usage: AgentUsage, name: str) -> Trouble | None:
    """Say that an agent's budget of the day is nearly spent, or is."""
    budget = usage.budget_usd
    if budget is UNSET or not budget or usage.cost_usd * 100 < WARN_PERCENT * budget:
        return None
    # A call without a known price is in no sum, so that there may be more.
    least = "" if usage.unpriced_calls is UNSET or not usage.unpriced_calls else "at least "
    percent = usage.cost_usd * 100 // budget
    spent = f"{least}{usd(usage.cost_usd)} of its {usd(budget)} budget for today ({percent}%)"
    severity: Severity = "high" if passed_percent(usage) == FULL_PERCENT else "medium"
    return Trouble("budget", severity, f"Agent {readable(name)} has spent {spent}")


def passed_percent(usage: AgentUsage) -> int:
    """Give which mark of its budget an agent has passed: 80, 100, or 0 for none."""
    budget = usage.budget_usd
    if budget is UNSET or not budget:
        return 0
    return next((mark for mark in (FULL_PERCENT, WARN_PERCENT) if usage.cost_usd * 100 >= mark * budget), 0)


def usd(amount: Decimal) -> str:
    """Write an amount with cents, and with more places where it is below ten cents."""
    if not amount or amount >= Decimal("0.1"):
        return f"${amount:,.2f}"
    return f"${amount:.6f}" if amount >= Decimal("0.000001") else "<$0.000001"
