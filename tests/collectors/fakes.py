"""A collector, a producer and a clock that a test moves by hand."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import msgspec

from collectors.base.collector import Item
from collectors.base.publisher import LogPublisher
from collectors.base.runner import Clock, Pace, Runner
from runtime.health import Health
from runtime.kafka import Headers
from schema.errors import QueueFull
from schema.messages import Gone, Heartbeat, LogRecord, Observed
from schema.models import Unavailable

START = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)
_RECORD = msgspec.json.Decoder(LogRecord)


class FakeClock:
    """Time that stands still until the test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def clock(self) -> Clock:
        return Clock(self.now, lambda: self.seconds)


class FakeProducer:
    """Keeps what is published; `room` bounds it, `down_since` is an outage."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.records: list[LogRecord] = []
        self.headers: list[Headers] = []
        self.keys: list[str | None] = []
        self.partitions: list[int | None] = []
        self.room = 1_000_000
        self.down_since: datetime | None = None

    def publish(
        self,
        topic: str,
        value: bytes,
        *,
        partition: int | None = None,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        if self.room <= 0:
            raise QueueFull("full")
        self.room -= 1
        self.records.append(_RECORD.decode(value))
        self.headers.append(headers or [])
        self.keys.append(key)
        self.partitions.append(partition)
        if delivered:
            delivered()

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        if self.down_since and self._clock.now() - self.down_since >= timedelta(seconds=patience_seconds):
            return self.down_since
        return None

    def check(self) -> None: ...

    def drain(self) -> list[LogRecord]:
        """Give what came since the last call."""
        records, self.records = self.records, []
        return records

    def entities(self) -> list[tuple[str, str, str]]:
        """Give (type, id, epoch) of the observations that came since the last call; heartbeats are left."""
        return [
            ("observed" if isinstance(record, Observed) else "gone", record.id, record.epoch)
            for record in self.drain()
            if isinstance(record, Observed | Gone)
        ]

    def heartbeats(self) -> list[Heartbeat]:
        """Give the heartbeats that came since the last call."""
        return [record for record in self.drain() if isinstance(record, Heartbeat)]

    def unavailable(self) -> list[Unavailable]:
        """Give what the newest heartbeat calls unavailable."""
        newest = self.heartbeats()[-1].unavailable
        return newest if isinstance(newest, list) else []


class FakeCollector:
    """Each pass gives the items of `passes[0]`, the last one for ever; an exception among them is raised."""

    name = "fake"

    def __init__(self, *passes: list[Item | Exception]) -> None:
        self.passes = list(passes)

    async def observe(self) -> AsyncIterator[Item]:
        items = self.passes.pop(0) if len(self.passes) > 1 else self.passes[0]
        for item in items:
            if isinstance(item, Exception):
                raise item
            yield item


class Bench:
    """A runner with its fakes around it: epochs are `e1`, `e2`, …; the interval is 2 s, the refresh 600 s."""

    def __init__(self, collector: FakeCollector) -> None:
        self.time = FakeClock()
        self.producer = FakeProducer(self.time)
        self.health = Health()
        self.epochs = 0
        self.runner = Runner(
            collector,
            "host-1",
            Pace(2.0, 600.0),
            LogPublisher(self.producer, "prod", 4),
            self.producer,
            self.health,
            self.time.clock(),
            self._epoch,
        )

    def _epoch(self) -> str:
        self.epochs += 1
        return f"e{self.epochs}"

    async def turn(self, seconds: float = 2.0) -> None:
        """One interval: a pass, a heartbeat, and the time that passes after it."""
        await self.runner.observe_once()
        self.runner.beat()
        self.time.seconds += seconds
