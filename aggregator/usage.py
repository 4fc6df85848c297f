"""LLM use: sums of the UTC day, the last sliding minute, latency quantiles. Pure.

Money is Decimal. Quantiles come from a histogram whose buckets grow by 5 %, and are told as their middle:
right within 2.5 % or a millisecond, in constant memory, and the same on every machine.
"""

from bisect import bisect_left
from decimal import Decimal
from math import sqrt

import msgspec

from aggregator.sliding_minute import SlidingMinute
from aggregator.ticks import from_ms
from schema.messages import Call

MAX_MODELS = 1000
OTHER_MODELS = ("other", "other models")
"""Names come from requests: beyond so many models a day, what further ones use is summed up here."""
MAX_AGENTS = 1000
OTHER_AGENTS = "other agents"
"""Names of agents come from requests too."""


def _bounds() -> list[int]:
    bounds, value = [], 1
    while value < 86_400_000:
        bounds.append(value)
        value = max(value + 1, value * 105 // 100)
    return bounds


BOUNDS_MS = _bounds()


class Sums(msgspec.Struct):
    """Calls, tokens and cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def add(self, call: Call, by: int = 1) -> None:
        """Count one call, or take it back."""
        self.calls += by
        self.prompt_tokens += by * _number(call.prompt_tokens)
        self.completion_tokens += by * _number(call.completion_tokens)
        self.cost_usd += by * _cost(call)


class AgentSums(Sums):
    """An agent's sums; calls without a known price are in its calls, and in no cost."""

    unpriced_calls: int = 0


class ModelSums(Sums):
    """A model's sums, and the histogram of its latencies (bucket → calls)."""

    rate_limited: int = 0
    errors: int = 0
    latencies: dict[int, int] = {}

    def quantile_ms(self, share: float) -> float | None:
        """Give the latency that `share` of the calls stay at or below."""
        total = sum(self.latencies.values())
        if not total:
            return None
        wanted, seen = share * total, 0
        for bucket in sorted(self.latencies):
            seen += self.latencies[bucket]
            if seen >= wanted:
                return _middle_ms(bucket)
        raise AssertionError("a share of at most one is reached by the last bucket")


class Usage(msgspec.Struct):
    """LLM use of an environment, of the day and of the last minute."""

    day: str = ""
    total: Sums = msgspec.field(default_factory=Sums)
    unpriced_calls: int = 0
    estimated_calls: int = 0
    cost_usd_total: Decimal = Decimal(0)
    by_agent: dict[str, AgentSums] = {}
    by_model: dict[tuple[str, str], ModelSums] = {}
    last_minute: SlidingMinute = msgspec.field(default_factory=SlidingMinute)

    def take(self, call: Call, agent_name: str, at_ms: int) -> None:
        """Count a call."""
        self.day = self.day or _day(at_ms)
        self.roll(at_ms)
        self.cost_usd_total += _cost(call)
        self._count(call, agent_name, at_ms, 1)

    def correct(self, before: Call, after: Call, names: tuple[str, str], at_ms: int) -> None:
        """Count anew what was counted at `at_ms`: the call and its agent's name, before and after."""
        self.cost_usd_total += _cost(after) - _cost(before)
        if _day(at_ms) == self.day:
            self._count(before, names[0], at_ms, -1)
            self._count(after, names[1], at_ms, 1)

    def _count(self, call: Call, agent_name: str, at_ms: int, by: int) -> None:
        self.total.add(call, by)
        unpriced = by * (call.status == "ok" and not isinstance(call.cost_usd, Decimal))
        self.unpriced_calls += unpriced
        self.estimated_calls += by * call.tokens_estimated
        if agent_name:
            agent = self.by_agent.setdefault(self.agent_key(agent_name), AgentSums())
            agent.add(call, by)
            agent.unpriced_calls += unpriced
        model = self.by_model.setdefault(self.model_key(call), ModelSums())
        model.add(call, by)
        model.rate_limited += by * (call.status == "rate_limited")
        model.errors += by * (call.status == "error")
        if call.status == "ok" and not isinstance(call.latency_ms, msgspec.UnsetType):
            bucket = min(bisect_left(BOUNDS_MS, call.latency_ms), len(BOUNDS_MS) - 1)
            model.latencies[bucket] = model.latencies.get(bucket, 0) + by
        self.last_minute.count(call, at_ms, by)

    def model_key(self, call: Call) -> tuple[str, str]:
        """Give what a call's sums stand under."""
        key = (call.provider, call.model)
        return key if key in self.by_model or len(self.by_model) < MAX_MODELS else OTHER_MODELS

    def agent_key(self, name: str) -> str:
        """Give what the sums of an agent's name stand under."""
        return name if name in self.by_agent or len(self.by_agent) < MAX_AGENTS else OTHER_AGENTS

    def roll(self, now_ms: int) -> bool:
        """Forget what is past the minute, and start a new UTC day; true when one began."""
        self.last_minute.roll(now_ms)
        day = _day(now_ms)
        if not self.day or day <= self.day:
            return False
        self.day, self.total, self.unpriced_calls, self.estimated_calls = day, Sums(), 0, 0
        self.by_agent, self.by_model = {}, {}
        return True


def _middle_ms(bucket: int) -> float:
    """Give what no latency of a bucket is further from than 2.5 %, or than a millisecond."""
    least, most = BOUNDS_MS[bucket - 1] if bucket else 0, BOUNDS_MS[bucket]
    return round(sqrt(least * most), 1) if least else most / 2


def plain(money: Decimal) -> Decimal:
    """Write an amount without trailing zeros and without a positive exponent, as JSONB would keep it."""
    short = money.normalize()
    return short.quantize(Decimal(1)) if isinstance(e := short.as_tuple().exponent, int) and e > 0 else short


def _day(now_ms: int) -> str:
    return from_ms(now_ms).date().isoformat()


def _number(value: int | msgspec.UnsetType) -> int:
    return value if isinstance(value, int) else 0


def _cost(call: Call) -> Decimal:
    return call.cost_usd if isinstance(call.cost_usd, Decimal) else Decimal(0)
