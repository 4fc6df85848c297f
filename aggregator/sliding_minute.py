"""Requests and tokens of the last minute, by provider, model and key label, to the second. Pure.

What is kept hangs together by the second, so that forgetting costs what is forgotten: a thousand quiet models
cost nothing at a tick. A request counts in the second in which it began, as providers count it; its tokens in
the one in which it ended, when they are known.
"""

from collections.abc import Sequence

import msgspec

from schema.messages import Call

SECONDS = 60
MAX_MODELS = 1000
"""Names come from requests: beyond so many models a minute, further ones are not counted by the minute."""
RECENT_SECONDS = 20
"""The present pace is that of so many seconds, where they hold enough requests to tell one."""
ENOUGH_REQUESTS = 5
LEAST_SECONDS = 5
"""What has just begun is spread over so many seconds at least."""

BURST = 4
"""A half of the recent seconds that is so many times busier than the other is a burst."""

ModelKey = tuple[str, str, str]
"""Provider, model, key label."""
Used = tuple[int, int]
"""Requests and tokens."""


class Pace(msgspec.Struct, frozen=True):
    """How fast something is used now, a second, and how much in each of the last seconds, newest first."""

    a_second: float
    history: list[int]


class SlidingMinute(msgspec.Struct):
    """`seconds` holds what began or ended in each; `used` its sum; seconds up to `past` are forgotten."""

    seconds: dict[int, dict[ModelKey, Used]] = {}
    used: dict[ModelKey, Used] = {}
    past: int = 0

    def count(self, call: Call, at_ms: int, by: int = 1) -> None:
        """Count a call that ended at a moment of the log, or take it back."""
        if call.status == "rate_limited":
            return  # The provider did not take it, so it uses no limit.
        key = (call.provider, call.model, call.key_label)
        if key not in self.used and len(self.used) >= MAX_MODELS:
            return
        latency_ms = call.latency_ms if isinstance(call.latency_ms, float) else 0.0
        self._add(key, int(at_ms - latency_ms) // 1000, by, 0)
        self._add(key, at_ms // 1000, 0, by * limited_tokens(call))

    def roll(self, now_ms: int) -> set[ModelKey]:
        """Forget what is past the minute; give the models that it was of."""
        past = now_ms // 1000 - SECONDS
        if past <= self.past:
            return set()
        self.past = past
        touched: set[ModelKey] = set()
        for second in [one for one in self.seconds if one <= past]:
            for key, (requests, tokens) in self.seconds.pop(second).items():
                self._sum(key, -requests, -tokens)
                touched.add(key)
        return touched

    def of(self, key: ModelKey) -> Used:
        """Give the requests and tokens of the last minute."""
        return self.used.get(key, (0, 0))

    def paces(self, key: ModelKey, running: Sequence[int], now_ms: int) -> tuple[Pace, Pace]:
        """Give the paces of requests and tokens; `running` are the seconds in which calls in flight began."""
        newest = now_ms // 1000 - (now_ms % 1000 == 0)  # A whole second ends at its end.
        rows = [self.seconds.get(newest - age, {}).get(key, (0, 0)) for age in range(SECONDS)]
        requests = [row[0] for row in rows]
        for second in running:
            requests[min(max(0, newest - second), SECONDS - 1)] += 1
        busy = sum(requests[:RECENT_SECONDS]) >= ENOUGH_REQUESTS
        return _pace(requests, busy=busy), _pace([row[1] for row in rows], busy=busy)

    def _add(self, key: ModelKey, second: int, requests: int, tokens: int) -> None:
        if second <= self.past or not (requests or tokens):
            return
        row = self.seconds.setdefault(second, {})
        before = row.get(key, (0, 0))
        # What was beyond the bound when it came is taken back from nothing.
        row[key] = after = (max(0, before[0] + requests), max(0, before[1] + tokens))
        self._sum(key, after[0] - before[0], after[1] - before[1])

    def _sum(self, key: ModelKey, requests: int, tokens: int) -> None:
        before = self.used.get(key, (0, 0))
        after = (before[0] + requests, before[1] + tokens)
        if after == (0, 0):
            self.used.pop(key, None)
        else:
            self.used[key] = after


def limited_tokens(call: Call) -> int:
    """Give the tokens that count against a limit; Anthropic does not count those read from its cache.

    Who tells of the cache alone tells of no others: no count is below zero.
    """
    prompt = _number(call.prompt_tokens)
    if call.provider == "anthropic":
        prompt = max(0, prompt - _number(call.cached_tokens))
    return prompt + _number(call.completion_tokens)


def _pace(history: list[int], *, busy: bool) -> Pace:
    """Give the pace of the last seconds, or of the whole minute where they hold too little to tell one.

    What began in these seconds is spread over the time since, not over all of them. What is a burst in one
    half of them is no pace: then the other half's is.
    """
    if not busy:
        return Pace(sum(history) / SECONDS, history)
    span = RECENT_SECONDS
    if not any(history[RECENT_SECONDS:]):
        ages = (age + 1 for age, used in enumerate(history[:RECENT_SECONDS]) if used)
        span = max(LEAST_SECONDS, max(ages, default=span))
    half = span // 2
    newer, older = sum(history[:half]) / half, sum(history[half:span]) / (span - half)
    if min(newer, older) * BURST < max(newer, older):
        return Pace(min(newer, older), history)
    return Pace(sum(history[:span]) / span, history)


def _number(value: int | msgspec.UnsetType) -> int:
    return value if isinstance(value, int) else 0
