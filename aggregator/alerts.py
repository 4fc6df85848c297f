"""Alerts of LLM use: quotas used up, rate limits hit or near, budgets passed. Pure.

They are judged at ticks, so that a second fold gives the same; `since` is the first tick that showed the
alert. An alert is one condition with an id of its own: it stands as long as the condition does.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

from msgspec import UNSET

from aggregator.observations import Key
from aggregator.sliding_minute import ModelKey
from aggregator.ticks import from_ms
from runtime.spend_health import SOON_SECONDS, Trouble, budget_trouble, model_trouble, passed_percent
from schema.models import AgentUsage, Alert, ModelLimits
from schema.types import Part, Severity

SOURCE = "llm"
CLEAR_SECONDS = 1.5 * SOON_SECONDS
"""A forecast that varies about a minute does not come and go: its alert stands until it is this far away."""
MAX_ALERTS = 100
"""The worst are shown; an empty account makes an alert of each of its models."""
MAX_AGENTS = 50
MAX_ID = 256
_RANK: dict[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_KINDS = ("quota", "rate_limit", "forecast")


class LlmAlerts:
    """The conditions that stand; `since_ms` is kept by the checkpoint."""

    def __init__(self, since_ms: dict[str, int]) -> None:
        self._since_ms = since_ms

    def at_tick(
        self,
        limits: Iterable[tuple[Key, Part]],
        spenders: Iterable[tuple[Key, Part]],
        day: str,
        name_of: Callable[[str], str],
        users_of: Callable[[ModelKey], list[str]],
        now_ms: int,
    ) -> dict[Key, Part]:
        """Give the alerts of a tick; `name_of` names an agent, `users_of` gives the agents of a model."""
        found: dict[str, tuple[Trouble, str | ModelKey]] = {}
        for (provider, name, label), part in limits:
            key = (provider, name, label)
            if trouble := self._model_trouble(key, cast(ModelLimits, part)):
                found[_model_id(trouble.kind, key)] = (trouble, key)
        for (agent_id,), part in spenders:
            usage = cast(AgentUsage, part)
            if trouble := budget_trouble(usage, name_of(agent_id)):
                name = _fitting(f"budget:{agent_id}", f":{day}:{passed_percent(usage)}")
                found[name] = (trouble, agent_id)
        for name in self._since_ms.keys() - found.keys():
            del self._since_ms[name]
        for name in found:
            self._since_ms.setdefault(name, now_ms)
        shown: dict[Key, Part] = {}
        for name in _worst(found):
            trouble, of = found[name]
            agent_ids = [of] if isinstance(of, str) else users_of(of)[:MAX_AGENTS]
            shown[name,] = self._alert(name, trouble, agent_ids)
        return shown

    def _model_trouble(self, key: ModelKey, model: ModelLimits) -> Trouble | None:
        refused = model.quota_exhausted or model.status == "rate_limited"
        if not refused and model.seconds_to_exhaustion is UNSET:
            return None
        stands = _model_id("forecast", key) in self._since_ms
        return model_trouble(model, CLEAR_SECONDS if stands else SOON_SECONDS)

    def _alert(self, name: str, trouble: Trouble, agent_ids: list[str]) -> Alert:
        return Alert(
            id=name,
            severity=trouble.severity,
            title=trouble.sentence,
            source=SOURCE,
            agent_ids=agent_ids,
            since=from_ms(self._since_ms[name]),
        )


def _worst(found: Mapping[str, tuple[Trouble, str | ModelKey]]) -> Iterator[str]:
    by_rank = sorted(found, key=lambda name: (_RANK[found[name][0].severity], name))
    return iter(by_rank[:MAX_ALERTS])


def _model_id(kind: str, key: ModelKey) -> str:
    return _fitting(f"{kind}:{'/'.join(key)}")


def _fitting(name: str, ending: str = "") -> str:
    """Give an id that is no longer than ids are."""
    if len(name) + len(ending) <= MAX_ID:
        return name + ending
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()
    return f"{name[: MAX_ID - len(digest) - len(ending) - 1]}#{digest}{ending}"
