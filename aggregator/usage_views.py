"""The LLM parts of a snapshot: models with their limits, use by agent and by model, calls in flight. Pure."""

from typing import cast

from msgspec import UNSET, UnsetType

from aggregator.observations import Key
from aggregator.tables import Tables
from aggregator.ticks import from_ms
from aggregator.usage import ModelSums, Sums, plain
from schema import models
from schema.observed import InFlightObserved, ModelObserved
from schema.types import Part


def usage_parts(tables: Tables, now_ms: int) -> dict[str, dict[Key, Part]]:
    """Give the entities of the kinds litellm, llm_usage, by_agent, by_model and in_flight at a moment."""
    usage = tables.state.usage
    in_flight: dict[Key, Part] = {
        key: _in_flight(tables, value) for key, value in tables.observations.all("in_flight")
    }
    parts: dict[str, dict[Key, Part]] = {
        "litellm": _limits(tables),
        "llm_usage": {},
        "by_agent": _by_agent(tables),
        "by_model": {key: _model(key, sums) for key, sums in usage.by_model.items()},
        "in_flight": in_flight,
    }
    if usage.day or in_flight:
        parts["llm_usage"][()] = models.LlmUsage(
            day=usage.day or from_ms(now_ms).date().isoformat(),
            calls=usage.total.calls,
            prompt_tokens=usage.total.prompt_tokens,
            completion_tokens=usage.total.completion_tokens,
            cost_usd=plain(usage.total.cost_usd),
            unpriced_calls=usage.unpriced_calls,
            cost_usd_total=plain(usage.cost_usd_total),
            in_flight=[],
            by_agent=[],
            by_model=[],
        )
    return parts


def _in_flight(tables: Tables, value: Part) -> models.InFlight:
    call = cast(InFlightObserved, value)
    agent_id, task_id = tables.callers.name_running(call, tables.state.own_ms)
    shown = {name: getattr(call, name) for name in models.InFlight.__struct_fields__}
    shown["agent_id"] = tables.agent_of(agent_id) or agent_id or UNSET
    return models.InFlight(**{**shown, "task_id": task_id or UNSET})


def _by_agent(tables: Tables) -> dict[Key, Part]:
    merged: dict[str, Sums] = {}
    for name, sums in sorted(tables.state.usage.by_agent.items()):
        agent_id = tables.agent_of(name) or tables.places.agent_id(name)
        one = merged.setdefault(agent_id, Sums())
        one.calls += sums.calls
        one.prompt_tokens += sums.prompt_tokens
        one.completion_tokens += sums.completion_tokens
        one.cost_usd += sums.cost_usd
    return {
        (agent_id,): models.AgentUsage(
            agent_id=agent_id,
            calls=sums.calls,
            prompt_tokens=sums.prompt_tokens,
            completion_tokens=sums.completion_tokens,
            cost_usd=plain(sums.cost_usd),
        )
        for agent_id, sums in merged.items()
    }


def _model(key: tuple[str, str], sums: ModelSums) -> models.ModelUsage:
    return models.ModelUsage(
        provider=key[0],
        model=key[1],
        calls=sums.calls,
        prompt_tokens=sums.prompt_tokens,
        completion_tokens=sums.completion_tokens,
        cost_usd=plain(sums.cost_usd),
        latency_p50_ms=_known(sums.quantile_ms(0.5)),
        latency_p95_ms=_known(sums.quantile_ms(0.95)),
        rate_limited=sums.rate_limited,
        errors=sums.errors,
    )


def _limits(tables: Tables) -> dict[Key, Part]:
    told = {key: cast(ModelObserved, value) for key, value in tables.observations.all("model")}
    return {key: _limit(tables, key, told.get(key)) for key in {*told, *tables.state.usage.minute}}


def _limit(tables: Tables, key: Key, told: ModelObserved | None) -> models.ModelLimits:
    provider, model, key_label = key
    rpm, tpm = tables.state.usage.last_minute(provider, model, key_label)
    tpm_max = told.tpm_max if told else UNSET
    rpm_max = told.rpm_max if told else UNSET
    ends = [_seconds_left(rpm, rpm_max), _seconds_left(tpm, tpm_max)]
    return models.ModelLimits(
        model=model,
        provider=provider,
        key_label=key_label,
        tpm=tpm,
        tpm_max=tpm_max,
        rpm=rpm,
        rpm_max=rpm_max,
        status=told.status if told else "unknown",
        quota_exhausted=told.quota_exhausted if told else False,
        resets_at=told.resets_at if told else UNSET,
        seconds_to_exhaustion=min((end for end in ends if end is not None), default=UNSET),
    )


def _seconds_left(used: int, maximum: int | UnsetType) -> float | None:
    """Forecast when a limit is reached at the pace of the last minute; None without use or limit."""
    if isinstance(maximum, UnsetType) or not used:
        return None
    return round(max(0, maximum - used) / (used / 60), 1)


def _known(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
