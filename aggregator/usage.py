"""LLM use: sums of the UTC day, the last sliding minute, latency quantiles. Pure.

Money is Decimal. Quantiles come from a histogram whose buckets grow by 5 %, so they are right within 2.5 %,
in constant memory, and the same on every machine.
"""

from bisect import bisect_left
from decimal import Decimal

import msgspec

from aggregator.ticks import from_ms
from schema.messages import Call

MINUTE_SECONDS = 60


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
                return float(BOUNDS_MS[bucket])
        raise AssertionError("a share of at most one is reached by the last bucket")


class Usage(msgspec.Struct):
    """LLM use of an environment; `minute` holds second → [calls, tokens] by provider, model and key label."""

    day: str = ""
    total: Sums = msgspec.field(default_factory=Sums)
    unpriced_calls: int = 0
    cost_usd_total: Decimal = Decimal(0)
    by_agent: dict[str, Sums] = {}
    by_model: dict[tuple[str, str], ModelSums] = {}
    minute: dict[tuple[str, str, str], dict[int, tuple[int, int]]] = {}

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
        if call.status == "ok" and not isinstance(call.cost_usd, Decimal):
            self.unpriced_calls += by
        if agent_name:
            self.by_agent.setdefault(agent_name, Sums()).add(call, by)
        model = self.by_model.setdefault((call.provider, call.model), ModelSums())
        model.add(call, by)
        model.rate_limited += by * (call.status == "rate_limited")
        model.errors += by * (call.status == "error")
        if call.status == "ok" and not isinstance(call.latency_ms, msgspec.UnsetType):
            bucket = min(bisect_left(BOUNDS_MS, call.latency_ms), len(BOUNDS_MS) - 1)
            model.latencies[bucket] = model.latencies.get(bucket, 0) + by
        if call.status != "rate_limited":  # The provider did not take such a call, so it uses no limit.
            self._use(call, at_ms // 1000, by)

    def _use(self, call: Call, second: int, by: int) -> None:
        seconds = self.minute.setdefault((call.provider, call.model, call.key_label), {})
        calls, tokens = seconds.get(second, (0, 0))
        more = _number(call.prompt_tokens) + _number(call.completion_tokens)
        seconds[second] = (calls + by, tokens + by * more)
        if not seconds[second][0]:
            del seconds[second]

    def roll(self, now_ms: int) -> bool:
        """Start a new UTC day and forget what is past the minute; true when a day began."""
        past = now_ms // 1000 - MINUTE_SECONDS
        for seconds in self.minute.values():
            for second in [one for one in seconds if one <= past]:
                del seconds[second]
        day = _day(now_ms)
        if not self.day or day <= self.day:
            return False
        self.minute = {key: seconds for key, seconds in self.minute.items() if seconds}
        self.day, self.total, self.unpriced_calls = day, Sums(), 0
        self.by_agent, self.by_model = {}, {}
        return True

    def last_minute(self, provider: str, model: str, key_label: str) -> tuple[int, int]:
        """Give (requests, tokens) of the last minute."""
        rows = self.minute.get((provider, model, key_label), {}).values()
        return sum(calls for calls, _ in rows), sum(tokens for _, tokens in rows)


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
