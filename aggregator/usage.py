"""LLM use: sums of the UTC day, the last sliding minute, latency quantiles, repeated calls. Pure.

Money is Decimal. Quantiles come from a histogram whose buckets grow by 5 %, so they are right within 2.5 %,
in constant memory, and the same on every machine.
"""

from bisect import bisect_left
from decimal import Decimal

import msgspec

from aggregator.ticks import from_ms
from schema.messages import Call

MINUTE_SECONDS = 60
REPEATS_MS = 3_600_000
"""Two records of one call come within an hour (DESIGN §3, Ids)."""


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

    def add(self, call: Call) -> None:
        """Count one call."""
        self.calls += 1
        self.prompt_tokens += _number(call.prompt_tokens)
        self.completion_tokens += _number(call.completion_tokens)
        if isinstance(call.cost_usd, Decimal):
            self.cost_usd += call.cost_usd


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
    remembered: dict[str, int] = {}

    def take(self, call: Call, agent_name: str, at_ms: int) -> bool:
        """Count a call; false when it was counted before."""
        tells, leaves = identities(call)
        if any(mark in self.remembered for mark in tells):
            return False
        for mark in leaves:
            self.remembered.setdefault(mark, at_ms)
        self.day = self.day or _day(at_ms)
        self.roll(at_ms)
        self.total.add(call)
        if call.status == "ok" and not isinstance(call.cost_usd, Decimal):
            self.unpriced_calls += 1
        if isinstance(call.cost_usd, Decimal):
            self.cost_usd_total += call.cost_usd
        if agent_name:
            self.by_agent.setdefault(agent_name, Sums()).add(call)
        model = self.by_model.setdefault((call.provider, call.model), ModelSums())
        model.add(call)
        model.rate_limited += call.status == "rate_limited"
        model.errors += call.status == "error"
        if call.status == "ok" and not isinstance(call.latency_ms, msgspec.UnsetType):
            bucket = min(bisect_left(BOUNDS_MS, call.latency_ms), len(BOUNDS_MS) - 1)
            model.latencies[bucket] = model.latencies.get(bucket, 0) + 1
        if call.status == "rate_limited":
            return True  # The provider did not take it, so it uses no limit.
        seconds = self.minute.setdefault((call.provider, call.model, call.key_label), {})
        calls, tokens = seconds.get(at_ms // 1000, (0, 0))
        more = _number(call.prompt_tokens) + _number(call.completion_tokens)
        seconds[at_ms // 1000] = (calls + 1, tokens + more)
        return True

    def roll(self, now_ms: int) -> bool:
        """Start a new UTC day and forget what is past the minute and the hour; true when a day began."""
        past = now_ms // 1000 - MINUTE_SECONDS
        for seconds in self.minute.values():
            for second in [one for one in seconds if one <= past]:
                del seconds[second]
        while self.remembered:
            first = next(iter(self.remembered))
            if now_ms - self.remembered[first] <= REPEATS_MS:
                break
            del self.remembered[first]
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


def identities(call: Call) -> tuple[list[str], list[str]]:
    """Give the marks that tell a call was counted, and the marks that this call leaves.

    Records are the same call when they share the id or (provider, response id), or when one is a span and
    the other a call made under that span. Two calls under one span are two calls.
    """
    shared = [f"id {call.call_id}"]
    if isinstance(call.response_id, str):
        shared.append(f"response {call.provider} {call.response_id}")
    if not isinstance(call.trace_id, str):
        return shared, shared
    if isinstance(call.span_id, str):
        span = f"span {call.trace_id} {call.span_id}"
        return [*shared, span, f"under {call.trace_id} {call.span_id}"], [*shared, span]
    if isinstance(call.parent_span_id, str):
        parent = f"{call.trace_id} {call.parent_span_id}"
        return [*shared, f"span {parent}"], [*shared, f"under {parent}"]
    return shared, shared


def plain(money: Decimal) -> Decimal:
    """Write an amount without trailing zeros and without a positive exponent, as JSONB would keep it."""
    short = money.normalize()
    return short.quantize(Decimal(1)) if isinstance(e := short.as_tuple().exponent, int) and e > 0 else short


def _day(now_ms: int) -> str:
    return from_ms(now_ms).date().isoformat()


def _number(value: int | msgspec.UnsetType) -> int:
    return value if isinstance(value, int) else 0
