"""Observes the agents' processes of this host: a full pass each interval, and a short one when an agent ends.

`python -m collectors.process_collector.collector` runs it as the source `process@<host name>`.

The kernel wakes it when an agent's process ends (`pidfds.py`), so an end is told at once and with its moment.
For a while after an end it looks for the process that takes the place, a few times and cheaply: restarts that
are faster than the interval are then seen too. A process that is gone again before any look is never seen.
So `observe` lasts the interval, and what the runner measures as a pass includes this waiting.
"""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Protocol

from collectors.base.collector import Collector, Complete, Gone, Item, Observed
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.process_collector import translate
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.readings import End, Process, Reading, Sample
from collectors.process_collector.settings import ProcessSettings, compiled
from collectors.process_collector.slots import Slots
from collectors.process_collector.usage import Instance, Usage
from runtime.service import run_async
from schema.models import Pod

LOOK_SECONDS = 0.1
"""Looks are never closer than this; the first one for a replacement comes so long after an end."""
LOOK_GROWTH = 2.0


class Readings(Protocol):
    """Where readings come from."""

    def read(self, *, measure: bool = True) -> Reading:
        """Give the agents' processes now, and those that have ended since the last call."""

    def wakes(self) -> int | None:
        """Give the descriptor that is readable when an agent has ended."""

    def woken(self) -> bool:
        """Note the moment at which that was so; say whether there was an end."""


class ProcessCollector:
    """Workloads and pods from readings; remembers the last one, for use and for what has ended."""

    name = "process"

    def __init__(
        self,
        table: Readings,
        host: str,
        namespace: str,
        interval_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._host = host
        self._namespace = namespace
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic
        self._slots = Slots()
        self._usage = Usage()
        self._pods: dict[Process, Pod] = {}
        self._ended = asyncio.Event()
        self._look_in_seconds: float | None = None
        self._passed_at = 0.0

    async def observe(self) -> AsyncGenerator[Item, None]:
        """Run one full pass, and until the next is due a short one at each end."""
        loop, wakes = asyncio.get_running_loop(), self._table.wakes()
        if wakes is not None:
            loop.add_reader(wakes, self._note_end)
        try:
            began = loop.time()
            for item in await self._pass(measure=True):
                yield item
            while await self._next_look(began, loop.time):
                for item in await self._pass(measure=False):
                    yield item
        finally:
            if wakes is not None:
                loop.remove_reader(wakes)

    async def _next_look(self, began: float, now: Callable[[], float]) -> bool:
        """Wait for an end, or for the next look after one; False when a full pass is due before that."""
        left = began + self._interval_seconds - now()
        if left <= LOOK_SECONDS:
            await asyncio.sleep(max(0.0, left))
            return False
        looks = self._look_in_seconds is not None and self._look_in_seconds < left
        wait = self._look_in_seconds if looks else left
        try:
            await asyncio.wait_for(self._ended.wait(), wait)
        except TimeoutError:
            return looks
        # An end by itself is looked at immediately; many of them wait for one another.
        await asyncio.sleep(max(0.0, self._passed_at + LOOK_SECONDS - now()))
        return True

    def _note_end(self) -> None:
        if self._table.woken():
            self._ended.set()

    async def _pass(self, measure: bool) -> list[Item]:
        woken = self._ended.is_set()
        self._ended.clear()
        self._passed_at = asyncio.get_running_loop().time()
        reading = await asyncio.to_thread(self._table.read, measure=measure)
        items = self._translate(reading, self._monotonic(), datetime.now(UTC))
        # Woken without an end: a zombie whose code is not for us waits for its parent.
        self._plan_look(woken or bool(reading.ended))
        return items

    def _plan_look(self, ended: bool) -> None:
        if ended:
            self._look_in_seconds = LOOK_SECONDS
        elif self._look_in_seconds is not None:
            later = self._look_in_seconds * LOOK_GROWTH
            self._look_in_seconds = later if later < self._interval_seconds else None

    def _translate(self, reading: Reading, at_seconds: float, now: datetime) -> list[Item]:
        instances = translate.instances_of(reading.samples)
        last_words = self._leave(reading, {one.root.process for one in instances}, at_seconds, now)
        for one in sorted(instances, key=lambda one: one.root.process.began_at):
            self._slots.enter(one.root.process, at_seconds)
        self._slots.forget(at_seconds)
        if reading.measured:
            self._usage.measure(instances, at_seconds)
        self._pods = {one.root.process: self._pod(one, at_seconds, now) for one in instances}
        workloads = {one.workload for one in (*self._pods, *last_words)} | self._slots.waiting()
        return [
            *(translate.workload_observed(self._namespace, workload) for workload in sorted(workloads)),
            *(item for one, pod in last_words.items() for item in (self._observed(one, pod), _gone(pod))),
            *(self._observed(one, pod) for one, pod in self._pods.items()),
            Complete(("workload", "pod")),
        ]

    def _leave(
        self, reading: Reading, living: set[Process], at_seconds: float, now: datetime
    ) -> dict[Process, Pod]:
        """Give the last word on each process that has ended, in the order in which places became free."""
        ends = {one: End(now.timestamp()) for one in self._pods.keys() - living} | reading.ended
        last_words: dict[Process, Pod] = {}
        for one in sorted(ends.keys() & self._pods.keys(), key=lambda one: ends[one].at_seconds):
            self._slots.leave(one, ends[one], at_seconds)
            last_words[one] = translate.ended(self._pods[one], ends[one])
        # Those that began and ended between two passes took a place that had become free.
        for one in sorted(ends.keys() - self._pods.keys(), key=lambda one: one.began_at):
            self._slots.enter(one, at_seconds)
            pod = self._pod(Instance(Sample(one, "", None, None), ()), at_seconds, now)
            self._slots.leave(one, ends[one], at_seconds)
            last_words[one] = translate.ended(pod, ends[one])
        return last_words

    def _pod(self, instance: Instance, at_seconds: float, now: datetime) -> Pod:
        process = instance.root.process
        place = self._slots.of(process)
        before = self._pods.get(process)
        status = translate.status_of(instance.root.status)
        told = (before and before.transitions) or translate.begun(process)
        # Of a process that is first seen nobody knows since when it is as it is, only when it began.
        if before and before.status != status:
            told = translate.followed(told, status, translate.moment(now.timestamp()))
        return translate.pod(
            self._host,
            instance,
            self._usage.of(process),
            place,
            place.looping(at_seconds),
            told,
        )

    def _observed(self, process: Process, pod: Pod) -> Observed:
        return translate.pod_observed(self._namespace, process.workload, pod)


def _gone(pod: Pod) -> Gone:
    return Gone("pod", pod.pod_id)


def make(settings: ProcessSettings) -> tuple[Collector, str]:
    """Compose the collector, and give its instance: the host's name."""
    host = socket.gethostname()
    table = ProcessTable(compiled(settings.process_patterns), stack=settings.oracle_stack)
    interval_seconds = settings.observe_interval_seconds
    return ProcessCollector(table, host, settings.process_namespace, interval_seconds), host


def main() -> None:
    """Run the service."""
    run_async("process-collector", ProcessSettings, main_of(make), *DEPENDENCIES)


if __name__ == "__main__":
    main()
