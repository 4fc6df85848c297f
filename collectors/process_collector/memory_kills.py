"""Which SIGKILL was the kernel's own, for want of memory: an ordinary `kill -9` must never be told as one.

The kernel's log names the victim ("Killed process 4711 (python3)"), so where it may be read (root, or a
kernel with `dmesg_restrict` off; and our process numbers are the kernel's own) its word decides. Where it may
not, the counter `oom_kill` of the process's memory cgroup decides: it rises before the kernel sends the
signal. When more processes of a cgroup were killed than the counter tells, nobody knows which, and none is
called a victim.
"""

import contextlib
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from collectors.process_collector.cgroups import Cgroup

WINDOW_SECONDS = 10.0
"""A victim with much memory takes a while to end after the counter rose."""
LOG_LAG_SECONDS = 0.05
"""The kernel logs a kill just after the signal: the end may be noticed before the line."""
MOST_RECORDS = 20_000
"""Not more of the kernel's log is read at once."""
_FIRST_PID_NAMESPACE = 4026531836
"""The inode of the namespace that the kernel starts with (PROC_PID_INIT_INO in linux/proc_ns.h)."""
_VICTIM = re.compile(rb"\bKill(?:ed)? process (\d+) \(")


class KernelLog:
    """The victims that the kernel's log has named since we read it (/dev/kmsg, kernel doc ABI/testing)."""

    def __init__(self, path: Path = Path("/dev/kmsg"), own_namespace: int | None = None) -> None:
        self._victims: dict[int, float] = {}
        self._fd: int | None = None
        if sys.platform != "linux":
            return
        with contextlib.suppress(OSError):
            namespace = own_namespace or Path("/proc/self/ns/pid").stat().st_ino
            if namespace == _FIRST_PID_NAMESPACE:
                self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                os.lseek(self._fd, 0, os.SEEK_END)

    @property
    def readable(self) -> bool:
        """Say whether the kernel's log speaks to us at all."""
        return self._fd is not None

    def read(self, now_seconds: float) -> bool:
        """Read what is new; say whether that was everything (records that we came too late for are lost)."""
        whole = True
        for _ in range(MOST_RECORDS if self._fd is not None else 0):
            assert self._fd is not None
            try:
                record = os.read(self._fd, 8192)
            except BlockingIOError:
                break
            except BrokenPipeError:
                whole = False
                continue
            except OSError:
                self.close()
                return False
            if pid := victim_of(record):
                self._victims[pid] = now_seconds
        old = [pid for pid, at in self._victims.items() if now_seconds - at > WINDOW_SECONDS]
        for pid in old:
            del self._victims[pid]
        return whole

    def names(self, pid: int) -> bool:
        """Say whether this process was named of late."""
        return pid in self._victims

    def close(self) -> None:
        """Read no more."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def victim_of(record: bytes) -> int | None:
    """Give the process that a record of /dev/kmsg says was killed; what programs write is no proof; pure."""
    prefix, _, text = record.partition(b";")
    priority = prefix.partition(b",")[0]
    if not priority.isdigit() or int(priority) >> 3:
        return None  # The facility is not the kernel's.
    found = _VICTIM.search(text.partition(b"\n")[0])
    return int(found[1]) if found else None


@dataclass
class Counter:
    """What the counter of a cgroup said lately, and how many of its kills have been laid to a process."""

    told: deque[tuple[float, int]] = field(default_factory=deque)
    claimed: deque[float] = field(default_factory=deque)

    def tell(self, now_seconds: float, kills: int) -> None:
        """Note what it says now; of what is older than the window, the newest is kept."""
        if not self.told or self.told[-1][1] != kills:
            self.told.append((now_seconds, kills))
        since = now_seconds - WINDOW_SECONDS
        while len(self.told) > 1 and self.told[1][0] <= since:
            self.told.popleft()
        while self.claimed and self.claimed[0] <= since:
            self.claimed.popleft()

    def claim(self, now_seconds: float, killed: int) -> bool:
        """Say whether `killed` processes were all killed by the kernel within the window."""
        risen = self.told[-1][1] - self.told[0][1] - len(self.claimed) if self.told else 0
        if killed <= 0 or risen < killed:
            return False
        self.claimed.extend([now_seconds] * killed)
        return True


class MemoryKills:
    """Judges SIGKILLs by the kernel's log, else by the counters of cgroups; times are monotonic seconds."""

    def __init__(self, log: KernelLog | None = None, wait: Callable[[float], None] = time.sleep) -> None:
        self._log = log or KernelLog()
        self._wait = wait
        self._counters: dict[Cgroup, Counter] = {}

    def observe(self, cgroups: set[Cgroup], now_seconds: float) -> None:
        """Note the counters of the cgroups that agents are in now, and forget the others."""
        self._log.read(now_seconds)
        self._counters = {cgroup: self._counters.get(cgroup, Counter()) for cgroup in cgroups}
        for cgroup in cgroups:
            self._count(cgroup, now_seconds)

    def victims(self, killed: dict[int, Cgroup | None], now_seconds: float) -> set[int]:
        """Give those of the processes that ended by SIGKILL whom the kernel killed for want of memory."""
        if not killed:
            return set()
        whole = self._log.read(now_seconds)
        if self._log.readable and not all(self._log.names(pid) for pid in killed):
            self._wait(LOG_LAG_SECONDS)
            whole = self._log.read(now_seconds) and whole
        named = {pid for pid in killed if self._log.names(pid)}
        if self._log.readable and whole:
            return named
        return named | self._counted({pid: killed[pid] for pid in killed if pid not in named}, now_seconds)

    def close(self) -> None:
        """Read no more."""
        self._log.close()

    def _counted(self, killed: dict[int, Cgroup | None], now_seconds: float) -> set[int]:
        by_cgroup: dict[Cgroup, set[int]] = {}
        for pid, cgroup in killed.items():
            if cgroup in self._counters:
                by_cgroup.setdefault(cgroup, set()).add(pid)
        victims: set[int] = set()
        for cgroup, pids in by_cgroup.items():
            self._count(cgroup, now_seconds)
            if self._counters[cgroup].claim(now_seconds, len(pids)):
                victims |= pids
        return victims

    def _count(self, cgroup: Cgroup, now_seconds: float) -> None:
        kills = cgroup.kills()
        if kills is not None:
            self._counters[cgroup].tell(now_seconds, kills)
