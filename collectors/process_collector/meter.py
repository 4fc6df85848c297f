"""What one process uses now, as the operating system tells it; what it does not tell is None.

CPU, memory and state come from /proc/PID/stat and statm, which everybody may read; bytes to and from storage
from /proc/PID/io (proc_pid_io(5), `read_bytes` and `write_bytes`), which is for the process's own account and
for root; macOS tells none. The memory limit and the traffic are asked for an agent's outermost process alone.
"""

from collections.abc import Callable
from typing import Any

import psutil

from collectors.process_collector.cgroups import Cgroup, Cgroups
from collectors.process_collector.network import Network
from collectors.process_collector.readings import Process, Sample


class Meter:
    """Measures processes; within one pass each cgroup's limit is read once."""

    def __init__(self, cgroups: Cgroups | None = None, network: Network | None = None) -> None:
        self._cgroups = cgroups or Cgroups()
        self._network = network or Network()
        self._limits: dict[Cgroup, int | None] = {}
        self._shared: frozenset[int] = frozenset()

    def begin_pass(self) -> None:
        """Forget what was read in the last pass."""
        self._limits.clear()
        self._shared = self._network.shared()

    def cgroup_of(self, pid: int) -> Cgroup | None:
        """Give the memory cgroup that a process is in now."""
        return self._cgroups.of(pid)

    def root(self, process: psutil.Process, facts: Process, cgroup: Cgroup | None) -> Sample | None:
        """Measure an agent's outermost process; None when it has vanished."""
        traffic = self._network.of(facts.pid, self._shared)
        return self._sample(process, facts, traffic=traffic, memory_limit_bytes=self._limit(cgroup))

    def member(self, process: psutil.Process, facts: Process) -> Sample | None:
        """Measure another process of an agent; None when it has vanished."""
        return self._sample(process, facts)

    def _sample(self, process: psutil.Process, facts: Process, **more: Any) -> Sample | None:
        try:
            with process.oneshot():
                times = process.cpu_times()
                return Sample(
                    facts,
                    process.status(),
                    times.user + times.system,
                    process.memory_info().rss,
                    *_storage_bytes(process),
                    **more,
                )
        except psutil.NoSuchProcess:
            return None
        except psutil.AccessDenied:
            return Sample(facts, "", None, None, **more)

    def _limit(self, cgroup: Cgroup | None) -> int | None:
        if cgroup is None:
            return None
        if cgroup not in self._limits:
            self._limits[cgroup] = cgroup.limit_bytes()
        return self._limits[cgroup]


def _storage_bytes(process: psutil.Process) -> tuple[int | None, int | None]:
    counters: Callable[[], Any] | None = getattr(process, "io_counters", None)
    if counters is None:
        return None, None
    try:
        told = counters()
    except (psutil.AccessDenied, NotImplementedError, RuntimeError):
        return None, None  # RuntimeError: a kernel that is built without I/O accounting shows an empty file.
    return told.read_bytes, told.write_bytes
