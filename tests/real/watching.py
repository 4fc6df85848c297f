"""The Kubernetes collector under its real runner in a thread; what it would publish is kept, not sent."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from collectors.base.publisher import LogPublisher
from collectors.base.runner import Pace, Runner
from collectors.k8s_collector import collector
from collectors.k8s_collector.resources import KINDS
from collectors.k8s_collector.settings import K8sSettings
from runtime.health import Health
from runtime.kafka import Headers
from schema.messages import Gone, Heartbeat, LogRecord, Observed

_RECORD = msgspec.json.Decoder(LogRecord)
_END_SECONDS = 20


class Kept:
    """Stands for the broker: the newest heartbeat, and the entities as the log would have them."""

    def __init__(self) -> None:
        self.heartbeat: Heartbeat | None = None
        self.entities: dict[str, dict[str, Any]] = defaultdict(dict)

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
        """Take a record."""
        record = _RECORD.decode(value)
        match record:
            case Heartbeat():
                self.heartbeat = record
            case Observed():
                self.entities[record.kind][record.id] = msgspec.json.decode(record.value)
            case Gone():
                self.entities[record.kind].pop(record.id, None)

    def undelivered_since(self, patience_seconds: float = 1.0) -> datetime | None:
        """Nothing ever waits."""
        return None

    def check(self) -> None:
        """Nothing ever breaks."""


class Watching:
    """One run of the collector, from its start to its end: `with Watching(settings) as watching`."""

    def __init__(self, settings: K8sSettings) -> None:
        watched, self.instance = collector.make(settings)
        self._kept = Kept()
        self._runner = Runner(
            watched,
            self.instance,
            Pace(settings.observe_interval_seconds, settings.observe_refresh_seconds),
            LogPublisher(self._kept, "default", 1),
            self._kept,
            Health(),
        )
        self._turning = asyncio.Runner()
        self._loop = self._turning.get_loop()
        self._end = asyncio.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="watching")

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_END_SECONDS)
        assert not self._thread.is_alive()
        assert self._fault is None, self._fault

    @property
    def alive(self) -> bool:
        """Say whether it still runs: nothing that the server does may end it."""
        return self._thread.is_alive()

    @property
    def down(self) -> str:
        """Give why the source is down; empty when it is not."""
        told = self._kept.heartbeat
        return told.down_reason or "" if told is not None and isinstance(told.down_reason, str) else ""

    @property
    def unavailable(self) -> dict[str, str]:
        """Give the parts that the newest heartbeat calls unavailable, with the reasons."""
        told = self._kept.heartbeat
        parts = told.unavailable if told is not None and isinstance(told.unavailable, list) else []
        return {one.part: one.reason for one in parts}

    @property
    def synced(self) -> list[str]:
        """Give the kinds that the newest heartbeat calls complete."""
        return self._kept.heartbeat.synced if self._kept.heartbeat is not None else []

    @property
    def fresh(self) -> bool:
        """Say whether everything is told and the source is not down."""
        return not self.down and set(self.synced) == set(KINDS)

    def entities(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """Give the entities of a kind, of one namespace only if it is named."""
        found = list(self._kept.entities[kind].values())
        return found if namespace is None else [one for one in found if one["namespace"] == namespace]

    def _run(self) -> None:
        try:
            with self._turning:
                self._turning.run(self._until_told())
        except BaseException as error:  # noqa: BLE001 - it is raised where the block ends
            self._fault = error

    async def _until_told(self) -> None:
        running, end = asyncio.ensure_future(self._runner.run()), asyncio.ensure_future(self._end.wait())
        await asyncio.wait({running, end}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, end):
            task.cancel()
        (fault, _) = await asyncio.gather(running, end, return_exceptions=True)
        if isinstance(fault, Exception):
            raise fault
