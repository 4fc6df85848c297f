"""Memory of our Python services, beside bare Python processes measured the same way at the same time.

USS is what a process has for itself alone, PSS adds its share of what it has in common with others: the sum
of PSS over processes is what they take together. RSS counts shared pages once for each process.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.figures import Row, Section
from cli.stack.settings import Stack
from cli.stack.supervise import Supervisor

MIB = 1024 * 1024
SERVICES = (
    "aggregator", "api", "process-collector", "kafka-collector", "llm-collector", "telemetry-collector",
)  # fmt: skip
"""What is installed to observe; the demo's agents and its model server are what is observed."""
SERVERS = ("kafka", "postgres")
BARE = "import time; time.sleep(600)"
"""The least a Python process can be."""
BARE_CLIENT = f"import confluent_kafka, msgspec; {BARE}"
"""The least that can speak with Kafka in our formats: the libraries, no connection."""
SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Memory:
    """Bytes of a process and its children; PSS is what Linux alone tells, elsewhere it is USS."""

    rss: int = 0
    uss: int = 0
    pss: int = 0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.uss + other.uss, self.pss + other.pss)


def memory_of(pid: int) -> Memory:
    """Measure a process and its children. Raises psutil.Error when it is gone, or is somebody else's."""
    parent = psutil.Process(pid)
    return total(_one(process) for process in (parent, *parent.children(recursive=True)))


def _one(process: psutil.Process) -> Memory:
    full = process.memory_full_info()
    return Memory(full.rss, full.uss, getattr(full, "pss", full.uss))


def total(parts: Iterable[Memory]) -> Memory:
    """Add up."""
    return sum(parts, Memory())


def pids(stack: Stack) -> dict[str, int]:
    """Give the pid of every part of the stack that runs."""
    return {name: part.pid for name, part in Supervisor(stack.home).processes().items() if part.pid}


@contextmanager
def bare_process(code: str) -> Iterator[int]:
    """Run a line of Python in a process of its own and give its pid; it ends with the block."""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(SETTLE_SECONDS)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def measure(stack: Stack, say: Callable[[str], None]) -> Section:
    """Measure each service, their sum, and the demo beside them."""
    say("memory: reading it of every process")
    running = pids(stack)
    measured = {name: memory_of(pid) for name, pid in running.items() if name not in SERVERS}
    with bare_process(BARE) as python, bare_process(BARE_CLIENT) as client:
        bare, bare_client = memory_of(python), memory_of(client)
    services = {name: measured.pop(name) for name in SERVICES if name in measured}
    together, demo, count = total(services.values()), total(measured.values()), len(services)
    least, least_clients = total([bare] * count), total([bare_client] * count)
    rows = [
        Row(f"{count} services together, PSS", together.pss / MIB, "MiB", least_clients.pss / MIB),
        Row(f"{count} services together, USS", together.uss / MIB, "MiB", least_clients.uss / MIB),
        Row(f"{count} services together, RSS", together.rss / MIB, "MiB", least_clients.rss / MIB),
        *(Row(f"{name}, USS", one.uss / MIB, "MiB", bare_client.uss / MIB) for name, one in services.items()),
        Row("the demo beside them, USS", demo.uss / MIB, "MiB"),
        Row("a bare Kafka client, USS", bare_client.uss / MIB, "MiB", bare.uss / MIB),
    ]
    notes = (
        f"{count} bare Python processes: {least.pss / MIB:.0f} MiB PSS, {least.uss / MIB:.0f} MiB USS",
        "the last row's floor is a bare `python -c 'time.sleep(…)'`",
        f"the demo is {', '.join(sorted(measured))}",
        "Kafka, Postgres and the process manager are not in it",
    )
    return Section(
        "memory", "Memory", "bare Python processes that import confluent_kafka and msgspec", rows, notes
    )
