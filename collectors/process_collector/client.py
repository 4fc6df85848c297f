"""What the operating system says of the processes, read as seldom as possible.

The environment and command line of a process are read when it is new, and not again: a pass over hundreds
of processes that are no agents costs a listing of their numbers. Two reasons to look again: a young process
may still be the copy of its parent that `exec` has not replaced yet, and a number is used anew some day.
"""

import re
import time
from collections.abc import Callable

import psutil

from collectors.process_collector.translate import Process, Sample, workload_of

YOUNG_SECONDS = 5.0
"""A process that was no agent when it was so young is looked at again."""
FORGET_SECONDS = 60.0
"""After this time all that are no agents are looked at again."""


class ProcessTable:
    """The processes of this host, with a memory of which of them matter."""

    def __init__(
        self, patterns: tuple[re.Pattern[str], ...], now: Callable[[], float] = time.time, stack: str = ""
    ) -> None:
        self._patterns = patterns
        self._stack = stack
        self._now = now
        self._known: dict[int, tuple[psutil.Process, Process]] = {}
        self._others: dict[int, int] = {}
        self._forgotten_at = now()

    def sample(self) -> list[Sample]:
        """Give the agents' processes, their children included, with their present use."""
        now = self._now()
        if now - self._forgotten_at > FORGET_SECONDS:
            self._others.clear()
            self._forgotten_at = now
        alive = set(psutil.pids())
        self._known = {pid: known for pid, known in self._known.items() if pid in alive}
        self._others = {pid: parent for pid, parent in self._others.items() if pid in alive}
        for pid in sorted(alive - self._known.keys() - self._others.keys()):
            self._examine(pid, now)
        self._adopt()
        return [sample for pid in list(self._known) if (sample := self._measure(pid))]

    def _examine(self, pid: int, now: float) -> None:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                parent_pid, created_at = process.ppid(), process.create_time()
            workload = self._workload(process)
        except psutil.Error:
            return  # It ended meanwhile.
        if workload:
            self._known[pid] = (process, Process(pid, parent_pid, created_at, workload))
        elif now - created_at > YOUNG_SECONDS:
            self._others[pid] = parent_pid

    def _workload(self, process: psutil.Process) -> str | None:
        # Another user's process tells its command line only; a kernel thread or a zombie tells nothing, and
        # must be remembered as no agent all the same.
        try:
            environ = process.environ()
        except psutil.Error:
            environ = {}
        if self._stack and environ.get("ORACLE_STACK", self._stack) != self._stack:
            return None  # Another local stack on this host watches it.
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            command = ""
        return workload_of(environ.get("ORACLE_WORKLOAD", ""), command, self._patterns)

    def _adopt(self) -> None:
        """Take in the descendants of agents that carry no mark themselves (a browser, a shell)."""
        grown = True
        while grown:
            orphans = [pid for pid, parent in self._others.items() if parent in self._known]
            for pid in orphans:
                parent_pid = self._others.pop(pid)
                try:
                    process = psutil.Process(pid)
                    workload = self._known[parent_pid][1].workload
                    facts = Process(pid, parent_pid, process.create_time(), workload, adopted=True)
                except psutil.NoSuchProcess:
                    continue
                self._known[pid] = (process, facts)
            grown = bool(orphans)

    def _measure(self, pid: int) -> Sample | None:
        process, facts = self._known[pid]
        try:
            if not process.is_running():
                raise psutil.NoSuchProcess(pid)
            with process.oneshot():
                times = process.cpu_times()
                return Sample(facts, process.status(), times.user + times.system, process.memory_info().rss)
        except psutil.NoSuchProcess:
            del self._known[pid]
            return None
        except psutil.AccessDenied:
            return Sample(facts, "", None, None)
