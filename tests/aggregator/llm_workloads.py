"""Simulated workloads against simulated providers: who is refused when, and what was forecast before.

A provider counts a call's tokens when the call begins, tells what is left in each answer where it tells that
at all, and refuses what is too much; our side sees calls when they end, and a remainder a second.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from msgspec import UNSET

from aggregator.model_limits import limits_at
from aggregator.remainders import Remainders
from aggregator.sliding_minute import ModelKey, SlidingMinute
from aggregator.ticks import from_ms
from schema.messages import Call
from schema.models import ModelLimits
from schema.observed import ModelObserved

START_MS = 1_767_225_600_000
KEY: ModelKey = ("openai", "gpt-4o", "default")
LATENCY_MS = 900
STEP_MS = 50
TICK_MS = 2000


class Provider(Protocol):
    """One limit, of tokens or of requests."""

    maximum: int

    def take(self, now_ms: int, amount: int) -> bool:
        """Take a call's amount, or refuse it."""

    def left(self, now_ms: int) -> int:
        """Say what is left."""

    def resets_ms(self, now_ms: int) -> int:
        """Say when all is there again if nobody uses more."""


@dataclass
class Sliding:
    """A minute that slides."""

    maximum: int
    taken: deque[tuple[int, int]] = field(default_factory=deque)

    def left(self, now_ms: int) -> int:
        while self.taken and self.taken[0][0] <= now_ms - 60_000:
            self.taken.popleft()
        return self.maximum - sum(amount for _, amount in self.taken)

    def take(self, now_ms: int, amount: int) -> bool:
        if amount > self.left(now_ms):
            return False
        self.taken.append((now_ms, amount))
        return True

    def resets_ms(self, now_ms: int) -> int:
        return self.taken[-1][0] + 60_000 if self.taken else now_ms


@dataclass
class Bucket:
    """A bucket that fills bit by bit, as OpenAI's and Anthropic's."""

    maximum: int
    level: float = -1
    at_ms: int = START_MS

    def left(self, now_ms: int) -> int:
        before = self.maximum if self.level < 0 else self.level
        self.level = min(self.maximum, before + self.maximum * (now_ms - self.at_ms) / 60_000)
        self.at_ms = now_ms
        return int(self.level)

    def take(self, now_ms: int, amount: int) -> bool:
        if amount > self.left(now_ms):
            return False
        self.level -= amount
        return True

    def resets_ms(self, now_ms: int) -> int:
        return now_ms + int((self.maximum - self.left(now_ms)) / self.maximum * 60_000)


@dataclass
class Clock:
    """A minute of the clock, after which all is there again."""

    maximum: int
    minute: int = 0
    used: int = 0

    def left(self, now_ms: int) -> int:
        if now_ms // 60_000 != self.minute:
            self.minute, self.used = now_ms // 60_000, 0
        return self.maximum - self.used

    def take(self, now_ms: int, amount: int) -> bool:
        if amount > self.left(now_ms):
            return False
        self.used += amount
        return True

    def resets_ms(self, now_ms: int) -> int:
        return (now_ms // 60_000 + 1) * 60_000


@dataclass
class Workload:
    """Calls a second at a moment, each of about `tokens`; `others` is the pace of those we do not see."""

    calls: Callable[[float], float]
    tokens: int = 20
    others: Callable[[float], float] = lambda _: 0.0
    seconds: int = 180


@dataclass
class Course:
    """What came about: when a call was first refused, and the model as it was shown at each tick."""

    refused_ms: int | None = None
    shown: dict[int, ModelLimits] = field(default_factory=dict)

    def before_refusal(self, seconds: float) -> tuple[float, float | None]:
        """Give what was left at the tick so long before the refusal, and what was forecast then."""
        assert self.refused_ms is not None, "nothing was refused"
        tick_ms = int((self.refused_ms - seconds * 1000) // TICK_MS * TICK_MS)
        forecast = self.shown[tick_ms].seconds_to_exhaustion
        return (self.refused_ms - tick_ms) / 1000, None if forecast is UNSET else forecast


def run(workload: Workload, provider: Provider, *, of: str, tells: bool, seed: int = 1) -> Course:
    """Let a workload run until it is refused, or is over; `of` is `tokens` or `requests`."""
    random, course = Random(seed), Course()
    minute, remainders, told = SlidingMinute(), Remainders(), _told(provider, of)
    ending: deque[tuple[int, int]] = deque()
    told_ms = 0
    for step in range(workload.seconds * 1000 // STEP_MS):
        now_ms = START_MS + step * STEP_MS
        if now_ms % TICK_MS == 0 and step:
            minute.roll(now_ms - 1)
            running = [(ends_ms - LATENCY_MS) // 1000 for ends_ms, _ in ending]
            course.shown[now_ms] = limits_at(KEY, told, minute, remainders, running, now_ms)
        since = step * STEP_MS / 1000
        for pace, seen in ((workload.calls(since), True), (workload.others(since), False)):
            for _ in range(_poisson(random, pace * STEP_MS / 1000)):
                tokens = random.randint(workload.tokens // 2, workload.tokens * 3 // 2)
                if not provider.take(now_ms, tokens if of == "tokens" else 1):
                    course.refused_ms = now_ms
                    return course
                if seen:
                    ending.append((now_ms + LATENCY_MS, tokens))
        while ending and ending[0][0] <= now_ms:
            _, tokens = ending.popleft()
            minute.roll(now_ms)
            minute.count(_call(tokens), now_ms)
            if tells and now_ms - told_ms >= 1000:
                told_ms, told = now_ms, _told(provider, of, now_ms)
                remainders.take(told, now_ms)
    return course


def _poisson(random: Random, mean: float) -> int:
    count, rest = 0, random.expovariate(1) if mean else 0.0
    while 0 < rest < mean:
        count, rest = count + 1, rest + random.expovariate(1)
    return count


def _call(tokens: int) -> Call:
    return Call(
        call_id="c", provider=KEY[0], model=KEY[1], started_at=datetime(2026, 1, 1, tzinfo=UTC), status="ok",
        prompt_tokens=tokens, completion_tokens=0, latency_ms=float(LATENCY_MS),
    )  # fmt: skip


def _told(provider: Provider, of: str, now_ms: int = 0) -> ModelObserved:
    tokens = of == "tokens"
    left = provider.left(now_ms) if now_ms else UNSET
    return ModelObserved(
        provider=KEY[0],
        model=KEY[1],
        status="available",
        tpm_max=provider.maximum if tokens else UNSET,
        rpm_max=UNSET if tokens else provider.maximum,
        tpm_remaining=left if tokens else UNSET,
        rpm_remaining=UNSET if tokens else left,
        told_at=from_ms(now_ms) if now_ms else UNSET,
        resets_at=from_ms(provider.resets_ms(now_ms)) if now_ms else UNSET,
    )
