"""Observes the agents' processes of this host: one pass, one sample.

`python -m collectors.process_collector.collector` runs it as the source `process@<host name>`.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Protocol

from collectors.base.collector import Collector, Complete, Item
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.process_collector import translate
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.settings import ProcessSettings, compiled
from collectors.process_collector.slots import Slots
from collectors.process_collector.translate import CpuSeconds, Process, Sample
from runtime.service import run_async
from schema.models import Pod


class Samples(Protocol):
    """Where samples come from."""

    def sample(self) -> list[Sample]:
        """Give the agents' processes now."""


class ProcessCollector:
    """Workloads and pods from samples; remembers one pass, for use of CPU and for what has ended."""

    name = "process"

    def __init__(
        self, table: Samples, host: str, namespace: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self._host = host
        self._namespace = namespace
        self._monotonic = monotonic
        self._slots = Slots()
        self._cpu: CpuSeconds = {}
        self._sampled_at = 0.0
        self._pods: dict[Process, Pod] = {}

    async def observe(self) -> AsyncIterator[Item]:
        """Run one pass."""
        samples = await asyncio.to_thread(self._table.sample)
        for item in self._translate(samples, self._monotonic(), datetime.now(UTC)):
            yield item

    def _translate(self, samples: list[Sample], at_seconds: float, now: datetime) -> list[Item]:
        instances = translate.instances_of(samples)
        restarts = self._slots.update([one.root.process for one in instances], at_seconds)
        pods: dict[Process, Pod] = {}
        for one in instances:
            process = one.root.process
            cpu = translate.millicores(one, self._cpu, at_seconds - self._sampled_at)
            pods[process] = translate.pod(self._host, one, cpu, restarts[process])
        ended = {
            process: translate.exited(pod, now) for process, pod in self._pods.items() if process not in pods
        }
        self._pods, self._cpu, self._sampled_at = pods, translate.cpu_of(samples), at_seconds
        workloads = {process.workload for process in pods} | self._slots.waiting()
        return [
            *(translate.workload_observed(self._namespace, workload) for workload in sorted(workloads)),
            *(
                translate.pod_observed(self._namespace, process.workload, pod)
                for process, pod in (ended | pods).items()
            ),
            Complete(("workload", "pod")),
        ]


def make(settings: ProcessSettings) -> tuple[Collector, str]:
    """Compose the collector, and give its instance: the host's name."""
    host = socket.gethostname()
    table = ProcessTable(compiled(settings.process_patterns), stack=settings.oracle_stack)
    return ProcessCollector(table, host, settings.process_namespace), host


def main() -> None:
    """Run the service."""
    run_async("process-collector", ProcessSettings, main_of(make), *DEPENDENCIES)


if __name__ == "__main__":
    main()
