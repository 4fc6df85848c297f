"""What the operating system says of the processes, read as seldom as possible.

The environment and command line of a process are read when it is new, and not again: a pass over hundreds
of processes that are no agents costs a listing of their numbers. Two reasons to look again: a young process
may still be the copy of its parent that `exec` has not replaced yet, and a number is used anew some day.

An agent's outermost process is held by a pidfd (`pidfds.py`) from the moment it is found, so that its end is
noticed at once, and with its code or signal.
"""

import itertools
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import psutil

from collectors.process_collector.cgroups import Cgroup
from collectors.process_collector.memory_kills import MemoryKills
from collectors.process_collector.meter import Meter
from collectors.process_collector.pidfds import Pidfds, end_of, zombie_status
from collectors.process_collector.readings import End, Process, Reading, Sample
from collectors.process_collector.translate import workload_of

YOUNG_SECONDS = 5.0
"""A process that was no agent when it was so young is looked at again."""
FORGET_SECONDS = 60.0
"""After this time what is no agent is looked at again."""
LOOKED_AT_AGAIN = 200
"""Not more of these are looked at in one pass, so that none takes long."""
TICK_SECONDS = 0.01
"""In such steps Linux tells when a process began."""
REAPED_WITHIN_SECONDS = 1.0
"""So long a zombie whose code we may not read is left to its parent: then its pidfd tells the code."""


@dataclass(slots=True)
class Known:
    """A process of an agent; `root` when it is the outermost one."""

    process: psutil.Process
    facts: Process
    root: bool = False
    cgroup: Cgroup | None = None
    last: Sample | None = None


class Other(NamedTuple):
    """A process that was no agent when it was looked at, in seconds since 1970."""

    parent_pid: int
    looked_at: float


class ProcessTable:
    """The processes of this host, with a memory of which of them matter."""

    def __init__(
        self,
        patterns: tuple[re.Pattern[str], ...],
        now: Callable[[], float] = time.time,
        stack: str = "",
        pidfds: Pidfds | None = None,
        kills: MemoryKills | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._patterns = patterns
        self._stack = stack
        self._now = now
        self._pidfds = pidfds or Pidfds()
        self._kills = kills or MemoryKills()
        self._meter = meter or Meter()
        self._known: dict[int, Known] = {}
        self._others: dict[int, Other] = {}
        self._young: set[int] = set()

    def wakes(self) -> int | None:
        """Give the descriptor that is readable when an agent has ended; None where there is none."""
        return self._pidfds.fileno()

    def woken(self) -> bool:
        """Note the moment of the ends that the descriptor told of; belongs to the event loop's thread."""
        return self._pidfds.drain(self._now())

    def close(self) -> None:
        """Close all descriptors."""
        self._pidfds.close()
        self._kills.close()

    def read(self, *, measure: bool = True) -> Reading:
        """Give the agents' processes, their children included, and those that have ended since.

        Without `measure` only ends and new processes are looked for, and young ones measured: they grow.
        """
        now = self._now()
        self._pidfds.drain(now)
        alive = set(psutil.pids())
        ended = self._ends(alive, now, measure)
        self._others = {pid: other for pid, other in self._others.items() if pid in alive}
        if measure:
            self._forget_old(now)
        # What is young is looked at again in full passes alone: a storm of forks is not looked at more often.
        passed_over = self._young if not measure else set()
        self._young = passed_over & alive
        for pid in sorted(alive - self._known.keys() - self._others.keys() - passed_over):
            self._examine(pid, now)
        self._adopt()
        self._hold_roots()
        return Reading(self._measure(measure, now), ended, measure)

    def _forget_old(self, now: float) -> None:
        """Forget those that were looked at longest ago; they stand in the order of that."""
        for pid in list(itertools.islice(self._others, LOOKED_AT_AGAIN)):
            if now - self._others[pid].looked_at > FORGET_SECONDS:
                del self._others[pid]

    def _ends(self, alive: set[int], now: float, measure: bool) -> dict[Process, End]:
        """Take out the processes that are no more, and say how the outermost ones of them ended."""
        told = self._pidfds.ended()
        found: dict[Process, End] = {}
        cgroups: dict[int, Cgroup | None] = {}
        for pid, known in list(self._known.items()):
            if self._pidfds.watches(pid):
                if pid not in told:
                    continue
                status = self._pidfds.wait_status(pid)
            elif pid in alive and not (measure and _is_over(known)):
                continue
            else:
                status = None
            status = zombie_status(pid) if status is None else status
            at = told.get(pid, now)
            if status is None and pid in told and pid in alive and now - at < REAPED_WITHIN_SECONDS:
                continue
            del self._known[pid]
            self._pidfds.forget(pid)
            if known.root:
                found[known.facts] = end_of(status, at)
                cgroups[pid] = known.cgroup
        return self._judged(found, cgroups)

    def _judged(self, ended: dict[Process, End], cgroups: dict[int, Cgroup | None]) -> dict[Process, End]:
        killed = {one.pid: cgroups[one.pid] for one, end in ended.items() if end.signal == "SIGKILL"}
        victims = self._kills.victims(killed, time.monotonic())
        return {one: replace(end, out_of_memory=one.pid in victims) for one, end in ended.items()}

    def _examine(self, pid: int, now: float) -> None:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                parent_pid, created_at = process.ppid(), process.create_time()
            workload = self._workload(process)
        except psutil.Error:
            return  # It ended meanwhile.
        if workload:
            started_at = _started_at(process, created_at)
            self._known[pid] = Known(
                process, Process(pid, parent_pid, created_at, workload, False, started_at)
            )
        elif now - created_at > YOUNG_SECONDS:
            self._others[pid] = Other(parent_pid, now)
        else:
            self._young.add(pid)

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
            orphans = [pid for pid, other in self._others.items() if other.parent_pid in self._known]
            for pid in orphans:
                parent_pid = self._others.pop(pid).parent_pid
                try:
                    process = psutil.Process(pid)
                    workload = self._known[parent_pid].facts.workload
                    facts = Process(pid, parent_pid, process.create_time(), workload, adopted=True)
                except psutil.NoSuchProcess:
                    continue
                self._known[pid] = Known(process, facts)
            grown = bool(orphans)

    def _hold_roots(self) -> None:
        """Watch the outermost processes: those that were found now, and those whose parent has ended."""
        for pid, known in self._known.items():
            parent = self._known.get(known.facts.parent_pid)
            if (
                known.root
                or known.facts.adopted
                or (parent and parent.facts.workload == known.facts.workload)
            ):
                continue
            self._pidfds.watch(pid)
            # The number may have been used anew between the look and the watch.
            if self._pidfds.watches(pid) and not known.process.is_running():
                self._pidfds.forget(pid)
            known.root, known.cgroup = True, self._meter.cgroup_of(pid)

    def _measure(self, measure: bool, now: float) -> list[Sample]:
        if measure:
            self._meter.begin_pass()
            for known in self._roots():
                known.cgroup = self._meter.cgroup_of(known.facts.pid) or known.cgroup
            self._kills.observe({one.cgroup for one in self._roots() if one.cgroup}, time.monotonic())
        over = self._pidfds.ended()
        for pid, known in self._known.items():
            young = now - known.facts.began_at < YOUNG_SECONDS
            if known.last is None or ((measure or young) and pid not in over):
                known.last = self._sample(known) or known.last
        # What vanished in the middle of a read is named once more, and found to have ended at the next look.
        return [known.last for known in self._known.values() if known.last]

    def _roots(self) -> Iterable[Known]:
        return (known for known in self._known.values() if known.root)

    def _sample(self, known: Known) -> Sample | None:
        if known.root:
            return self._meter.root(known.process, known.facts, known.cgroup)
        return self._meter.member(known.process, known.facts)


def _is_over(known: Known) -> bool:
    """Say whether a process that nothing watches has ended, or its number belongs to another one."""
    try:
        # A child that its agent has not reaped uses nothing, and is left to it.
        return not known.process.is_running() or (
            known.root and known.process.status() == psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return True


def _started_at(process: psutil.Process, created_at: float) -> float:
    """Give the start to a hundredth of a second, in seconds since 1970.

    Linux tells it in ticks since its own start, and the time of that in whole seconds only (proc_stat(5),
    `btime`): the two clocks are compared now instead.
    """
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    if boot_clock is None:
        return created_at
    since_boot = created_at - psutil.boot_time()
    # The end of that tick: who takes the place of an ended process does not seem to have come before its end.
    return round(time.time() - time.clock_gettime(boot_clock) + since_boot + TICK_SECONDS, 2)
