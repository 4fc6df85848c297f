"""The one loop of every collector: when to observe, what to publish, when to begin anew (DESIGN §6).

Two tasks stand side by side, so that a pass that takes long, or never returns, does not hold up heartbeats:
`_observe_forever` runs passes, `run` beats. Each is a thin loop around a step (`observe_once`, `beat`) that
tests call by hand with a clock of their own.

While the broker does not take records, the source's memory keeps the newest value per entity, and the last
one of what ended, and nothing more is handed to the client: other values of an outage are worth nothing
afterwards. Then a new epoch tells everything again.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from collectors.base import collector
from collectors.base.publisher import LogPublisher
from collectors.base.source import Source
from runtime.health import Health
from runtime.logs import logger
from runtime.metrics import DROPPED_RECORDS, ENTITIES, PASS_SECONDS, PASSES, PUBLISHED
from schema.errors import InvalidMessage, QueueFull, SourceUnavailable
from schema.messages import Gone, Observed

HOLD_AFTER_SECONDS = 5.0
"""A broker that took nothing for so long gets nothing more until it answers."""
WAITING = "records wait for the broker"
BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_LIMIT_SECONDS = 15.0


class Delivers(Protocol):
    """What the runner asks the producer about."""

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        """Say since when nothing could be delivered."""

    def check(self) -> None:
        """Raise BrokerFatal once the client cannot continue."""


@dataclass(frozen=True)
class Clock:
    """Where the runner's time comes from: `now` for display, `monotonic` (seconds) for deciding."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Pace:
    """How often to observe, and how often to tell everything again, in seconds."""

    interval_seconds: float
    refresh_seconds: float


def _random_epoch() -> str:
    return secrets.token_hex(8)


class Runner:
    """Runs one collector as the source `name@instance`."""

    def __init__(
        self,
        watched: collector.Collector,
        instance: str,
        pace: Pace,
        publisher: LogPublisher,
        producer: Delivers,
        health: Health,
        clock: Clock | None = None,
        new_epoch: Callable[[], str] = _random_epoch,
    ) -> None:
        self._collector = watched
        self._pace = pace
        self._publisher = publisher
        self._producer = producer
        self._health = health
        self._clock = clock or Clock()
        self._new_epoch = new_epoch
        self._source = Source(f"{watched.name}@{instance}"[:256], new_epoch())
        self._epoch_began = self._clock.monotonic()
        self._holding = False
        self._outage_since: datetime | None = None
        self._down_reason = ""
        self._told_unavailable: dict[str, str] = {}
        self._failures = 0
        self._news = asyncio.Event()
        self._log = logger().bind(source=self._source.source)

    async def run(self) -> None:
        """Observe and beat until cancelled. Raises BrokerFatal, and whatever is a fault of the collector."""
        observing = asyncio.create_task(self._observe_forever())
        news = asyncio.create_task(self._news.wait())
        try:
            while True:
                self.beat()
                self._news.clear()
                news.cancel()
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait(
                    {observing, news},
                    timeout=self._pace.interval_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if observing.done():
                    observing.result()
        finally:
            observing.cancel()
            news.cancel()
            await asyncio.gather(observing, news, return_exceptions=True)

    async def observe_once(self) -> float:
        """Run one pass, and give the seconds until the next is due; an unreachable source backs off."""
        began = self._clock.monotonic()
        interval_seconds = self._pace.interval_seconds
        self._source.begin_pass()
        try:
            async for item in self._collector.observe():
                if isinstance(item, collector.Due):
                    interval_seconds = max(interval_seconds, item.seconds)
                    continue
                self._take(item)
                if isinstance(item, collector.Partial):
                    self._note_unavailable()
                elif isinstance(item, collector.Complete):
                    self._answered()
        except SourceUnavailable as error:
            return self._unavailable(str(error))
        self._answered()
        self._source.end_pass()
        self._note_unavailable()
        seconds = self._clock.monotonic() - began
        outcome = "partial" if self._source.unavailable else "complete"
        PASSES.labels(self._source.source, outcome).inc()
        PASS_SECONDS.labels(self._source.source).observe(seconds)
        return max(0.0, interval_seconds - seconds)

    def beat(self) -> None:
        """Publish a heartbeat, and before it everything under a new epoch when that is due."""
        self._producer.check()
        self._health.turn()
        undelivered_since = self._producer.undelivered_since()
        self._health.report("kafka", not undelivered_since, WAITING if undelivered_since else "")
        if self._stands_still():
            return
        now = self._clock.now()
        try:
            if self._holding or self._refresh_due():
                self._tell_everything(now)
            self._publisher.publish(
                self._source.heartbeat(
                    now,
                    self._pace.interval_seconds,
                    self._down_reason,
                    undelivered_since or self._outage_since,
                )
            )
            self._outage_since = None
        except QueueFull:
            self._hold()
        for kind, count in self._source.counts().items():
            ENTITIES.labels(self._source.source, kind).set(count)

    async def _observe_forever(self) -> None:
        while True:
            await asyncio.sleep(await self.observe_once())

    def _take(self, item: collector.Told) -> None:
        synced = len(self._source.synced)
        try:
            records = self._source.take(item, self._clock.now())
        except InvalidMessage as error:
            DROPPED_RECORDS.labels(getattr(item, "kind", "")).inc()
            self._log.warning("value refused", reason=error.reason, detail=error.detail[:500])
            self._note_unavailable()
            return
        self._publish(records)
        if len(self._source.synced) > synced:
            self._news.set()

    def _publish(self, records: list[Observed | Gone]) -> None:
        if self._holding:
            return
        try:
            for record in records:
                self._publisher.publish(record)
                PUBLISHED.labels(self._source.source).inc()
        except QueueFull:
            self._hold()

    def _tell_everything(self, now: datetime) -> None:
        for record in self._source.renew(self._new_epoch(), now):
            self._publisher.publish(record)
            PUBLISHED.labels(self._source.source).inc()
        self._epoch_began = self._clock.monotonic()
        if self._holding:
            self._holding = False
            self._source.keep_ends(False)
            self._log.info("the broker takes records again: everything is told anew")

    def _refresh_due(self) -> bool:
        return self._clock.monotonic() - self._epoch_began >= self._pace.refresh_seconds

    def _stands_still(self) -> bool:
        """Say whether to hand nothing over now: the broker has not answered for a while, or not yet."""
        since = self._producer.undelivered_since(HOLD_AFTER_SECONDS)
        if since is not None:
            self._outage_since = self._outage_since or since
            self._hold()
        # Until what was handed over before moves again, a new epoch would only fill the queue once more.
        return self._holding and self._producer.undelivered_since() is not None

    def _hold(self) -> None:
        if not self._holding:
            self._holding = True
            self._source.keep_ends(True)
            self._outage_since = (
                self._outage_since or self._producer.undelivered_since(0.0) or self._clock.now()
            )
            self._log.warning("the broker takes nothing: keeping the newest values")

    def _answered(self) -> None:
        self._failures = 0
        self._health.report("source", True)
        if self._down_reason:
            self._down_reason = ""
            self._log.info("the source answers again")
            self._news.set()

    def _unavailable(self, reason: str) -> float:
        """Note that the source is down; give the seconds to wait, growing, with jitter."""
        PASSES.labels(self._source.source, "unavailable").inc()
        self._health.report("source", False, reason)
        if reason != self._down_reason:
            self._down_reason = reason[:4096]
            self._log.warning("the source is down", reason=reason)
            self._news.set()
        limit = min(BACKOFF_LIMIT_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return limit * random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no secrecy

    def _note_unavailable(self) -> None:
        """Log what cannot be read, once, and have a heartbeat tell it at once."""
        now, before = self._source.unavailable, self._told_unavailable
        if now == before:
            return
        self._told_unavailable = now
        for part in now.keys() | before.keys():
            if part not in now:
                self._log.info("read again", part=part)
            elif now[part] != before.get(part):
                self._log.warning("partly read", part=part, reason=now[part])
        self._news.set()
