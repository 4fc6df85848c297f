"""The LLM parts of a snapshot: models with their limits, use by agent and by model, calls in flight. Pure.

A refresh makes anew what records touched; a tick also what time alone moves: the models that were used in the
last minute, or whose provider's word runs out. A thousand quiet models cost nothing, nor do agents: which one
a name belongs to is asked anew only when somebody's place changed.
"""

from collections.abc import Callable, Collection, Iterator
from typing import cast

from msgspec import UNSET, UnsetType

from aggregator.budgets import budget_of
from aggregator.model_limits import ages, limits_at
from aggregator.observations import Key
from aggregator.sliding_minute import SECONDS, ModelKey
from aggregator.tables import Tables
from aggregator.ticks import from_ms, to_ms
from aggregator.usage import OTHER_AGENTS, AgentSums, ModelSums, plain
from schema import models
from schema.observed import InFlightObserved, ModelObserved
from schema.types import Part

Made = Iterator[tuple[str, Key, Part | None]]
"""Entities that were made anew: kind, key, and the entity, None where there is none any more."""
Maker = Callable[[Key], Part | None]


class UsageViews:
    """What was made last, so that only what changed is made again."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._day = ""
        self._keys: dict[str, set[Key]] = {}
        self._moving: set[ModelKey] = set()
        self._running: dict[ModelKey, list[int]] = {}
        self._homes: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}

    def refresh(self, dirty: Collection[tuple[str, Key]], now_ms: int, *, tick: bool) -> Made:
        """Make anew what is dirty, all of it after `("usage", ())` or with a new day."""
        kinds = {kind for kind, _ in dirty}
        usage = self._tables.state.usage
        whole = "usage" in kinds or usage.day != self._day
        self._day = usage.day
        moved = whole or "places" in kinds
        running = self._running
        if moved or tick or "in_flight" in kinds:
            calls = dict(self._tables.observations.all("in_flight"))
            self._running = self._began(calls.values(), now_ms)
            keys = self._all("in_flight", calls) if moved or tick else _keys(dirty, "in_flight")
            yield from self._each("in_flight", keys, lambda key: self._in_flight(calls.get(key)))
        touched = {
            key for key in running.keys() | self._running.keys() if running.get(key) != self._running.get(key)
        }
        touched |= {(key[0], key[1], key[2]) for key in _keys(dirty, "litellm") | _keys(dirty, "model")}
        if tick:
            touched |= self._moving | usage.last_minute.used.keys()
        if whole:
            told = {(key[0], key[1], key[2]) for key in self._tables.observations.keys("model")}
            shown = {(key[0], key[1], key[2]) for key in self._keys.get("litellm", ())}
            touched |= told | shown | usage.last_minute.used.keys() | self._running.keys()
        for name in sorted(touched):
            yield from self._each("litellm", [name], lambda key: self._limits(key, now_ms))
        rows = usage.by_model
        models_used = self._all("by_model", rows) if whole else _keys(dirty, "by_model")
        yield from self._each("by_model", models_used, lambda key: _model(key, rows.get((key[0], key[1]))))
        if moved:
            self._home()
        agents = self._all("by_agent", [(one,) for one in self._names]) if moved else self._spenders(dirty)
        yield from self._each("by_agent", agents, self._agent)
        yield from self._each("llm_usage", [()], lambda _: self._totals(now_ms))

    def users_of(self, key: ModelKey) -> list[str]:
        """Give the agents that use a model under a key."""
        tables = self._tables
        names = tables.state.models_used.names(key)
        return sorted({tables.agent_of(name) or tables.places.agent_id(name) for name in names})

    def _each(self, kind: str, keys: Collection[Key], make: Maker) -> Made:
        shown = self._keys.setdefault(kind, set())
        for key in keys:
            part = make(key)
            if part is not None:
                shown.add(key)
            elif key in shown:
                shown.discard(key)
            else:
                continue
            yield kind, key, part

    def _all(self, kind: str, there: Collection[Key]) -> set[Key]:
        return {*there, *self._keys.get(kind, ())}

    def _began(self, calls: Collection[Part], now_ms: int) -> dict[ModelKey, list[int]]:
        """Give the seconds in which the calls that run began, of those that did within the minute."""
        running: dict[ModelKey, list[int]] = {}
        for part in calls:
            call = cast(models.InFlight, part)
            began_ms = to_ms(call.started_at)
            if began_ms > now_ms - SECONDS * 1000:
                running.setdefault((call.provider, call.model, call.key_label), []).append(began_ms // 1000)
        return running

    def _in_flight(self, value: Part | None) -> models.InFlight | None:
        if value is None:
            return None
        call = cast(InFlightObserved, value)
        tables = self._tables
        agent_id, agent_name, task_id = tables.callers.caller(call, tables.state.own_ms)
        shown = {name: getattr(call, name) for name in models.InFlight.__struct_fields__}
        by_name = tables.places.agent_id(agent_name) if agent_name else ""
        shown["agent_id"] = tables.agent_of(agent_id) or agent_id or by_name or UNSET
        return models.InFlight(**{**shown, "task_id": task_id or UNSET})

    def _limits(self, name: Key, now_ms: int) -> models.ModelLimits | None:
        key = (name[0], name[1], name[2])
        state = self._tables.state
        told = cast(ModelObserved | None, self._tables.observations.get("model", key))
        running = self._running.get(key, [])
        if told is None and not running and key not in state.usage.last_minute.used:
            self._moving.discard(key)
            return None
        part = limits_at(key, told, state.usage.last_minute, state.remainders, running, now_ms)
        told_lately = key in state.remainders.points or part.resets_at is not UNSET
        is_ill = part.status in ("rate_limited", "unavailable")
        if part.tpm or part.rpm or told_lately or (is_ill and told is not None and ages(told)):
            self._moving.add(key)
        else:
            self._moving.discard(key)
        return part

    def _home(self) -> None:
        """Say anew which agent each name belongs to."""
        self._homes, self._names = {}, {}
        for name in self._tables.state.usage.by_agent:
            self._home_of(name)

    def _home_of(self, name: str) -> str:
        if name not in self._homes:
            tables = self._tables
            self._homes[name] = tables.agent_of(name) or tables.places.agent_id(name)
            self._names.setdefault(self._homes[name], set()).add(name)
        return self._homes[name]

    def _spenders(self, dirty: Collection[tuple[str, Key]]) -> set[Key]:
        """Give the agents that calls since the last refresh were for, but for those of yesterday alone."""
        today = self._tables.state.usage.by_agent
        return {(self._home_of(name),) for (name,) in _keys(dirty, "spender") if name in today}

    def _agent(self, key: Key) -> models.AgentUsage | None:
        (agent_id,) = key
        state, sums = self._tables.state, AgentSums()
        names = sorted(self._names.get(agent_id, ()))
        if not names:
            return None
        for one in (state.usage.by_agent[name] for name in names):
            sums.calls += one.calls
            sums.prompt_tokens += one.prompt_tokens
            sums.completion_tokens += one.completion_tokens
            sums.cost_usd += one.cost_usd
            sums.unpriced_calls += one.unpriced_calls
        # What nobody tells apart is no one's budget.
        budget = None if names == [OTHER_AGENTS] else budget_of(state.budgets_usd, agent_id, names)
        return models.AgentUsage(
            agent_id=agent_id,
            calls=sums.calls,
            prompt_tokens=sums.prompt_tokens,
            completion_tokens=sums.completion_tokens,
            cost_usd=plain(sums.cost_usd),
            unpriced_calls=sums.unpriced_calls,
            budget_usd=UNSET if budget is None else budget,
            budget_percent=round(float(sums.cost_usd * 100 / budget), 1) if budget else UNSET,
        )

    def _totals(self, now_ms: int) -> models.LlmUsage | None:
        usage = self._tables.state.usage
        if not usage.day and not self._keys.get("in_flight"):
            return None
        return models.LlmUsage(
            day=usage.day or from_ms(now_ms).date().isoformat(),
            calls=usage.total.calls,
            prompt_tokens=usage.total.prompt_tokens,
            completion_tokens=usage.total.completion_tokens,
            cost_usd=plain(usage.total.cost_usd),
            unpriced_calls=usage.unpriced_calls,
            estimated_calls=usage.estimated_calls,
            cost_usd_total=plain(usage.cost_usd_total),
            in_flight=[],
            by_agent=[],
            by_model=[],
        )


def _model(key: Key, sums: ModelSums | None) -> models.ModelUsage | None:
    if sums is None:
        return None
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


def _keys(dirty: Collection[tuple[str, Key]], kind: str) -> set[Key]:
    return {key for one, key in dirty if one == kind}


def _known(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
