"""Ends of processes that are not our children, told by the Linux kernel through their pidfds.

A pidfd becomes readable when its process ends. What `wait` would have told the parent is asked with the ioctl
PIDFD_GET_INFO and its flag PIDFD_INFO_EXIT (linux/pidfd.h, since Linux 6.15), once the parent has reaped the
process and for as long as the descriptor is open. Until then the process is a zombie, and the last field of
/proc/PID/stat holds the same number for whoever may read it (proc_pid_stat(5), `exit_code`: the account of
the process, or CAP_SYS_PTRACE; all others read 0 there). No permission is needed for a pidfd.

Elsewhere (macOS, Linux before 5.3, a seccomp filter, the limit of descriptors) nothing is watched: such a
process is missed at the next pass, and its end has no code.
"""

import contextlib
import fcntl
import os
import resource
import select
import signal
import struct
import sys
import threading
from pathlib import Path

from collectors.process_collector.readings import End

MOST = 4096
"""No more processes than this are watched, nor more than half of the descriptors that we may open."""
CAP_SYS_PTRACE = 1 << 19

# struct pidfd_info in its first size: mask at 0, exit_code at 60. _IOWR(0xFF, 11, 64 bytes).
_INFO_BYTES = 64
_EXIT_CODE_AT = 60
_PIDFD_INFO_EXIT = 1 << 3
_PIDFD_GET_INFO = 3 << 30 | _INFO_BYTES << 16 | 0xFF << 8 | 11


class Pidfds:
    """Watches processes by number; the event loop drains what a pass's thread opens and closes."""

    def __init__(self, most: int = MOST) -> None:
        supported = sys.platform == "linux" and hasattr(os, "pidfd_open")
        soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = min(most, soft_limit // 2) if supported else 0
        self._lock = threading.Lock()
        self._fds: dict[int, int] = {}
        self._pids: dict[int, int] = {}
        self._ended_at: dict[int, float] = {}
        self._epoll = select.epoll() if supported else None

    @property
    def count(self) -> int:
        """How many processes are watched."""
        return len(self._fds)

    def fileno(self) -> int | None:
        """Give the descriptor that is readable when a watched process has ended; None where none is."""
        return self._epoll.fileno() if self._epoll else None

    def watches(self, pid: int) -> bool:
        """Say whether the end of this process will be told."""
        return pid in self._fds

    def watch(self, pid: int) -> None:
        """Watch a process, where that is possible; the caller makes sure that it is still the same one."""
        with self._lock:
            if self._epoll is None or pid in self._fds or len(self._fds) >= self._most:
                return
            try:
                fd = os.pidfd_open(pid)
            except OSError:
                return  # It ended meanwhile, or there are no descriptors left: the next pass misses it.
            try:
                self._epoll.register(fd, select.EPOLLIN)
            except OSError:
                os.close(fd)
                return
            self._fds[pid], self._pids[fd] = fd, pid

    def drain(self, now: float) -> bool:
        """Note which processes have ended by `now` (seconds since 1970); say whether any has."""
        with self._lock:
            if self._epoll is None:
                return False
            found = self._epoll.poll(0, max(1, len(self._fds)))
            for fd, _ in found:
                # Readable for ever from now on: it has told what it has to tell.
                self._epoll.unregister(fd)
                self._ended_at[self._pids[fd]] = now
            return bool(found)

    def ended(self) -> dict[int, float]:
        """Give the processes that have ended, with the moment at which that was noticed."""
        with self._lock:
            return dict(self._ended_at)

    def wait_status(self, pid: int) -> int | None:
        """Give the wait status of a watched process that ended; None until it is reaped, or for ever."""
        info = bytearray(_INFO_BYTES)
        struct.pack_into("Q", info, 0, _PIDFD_INFO_EXIT)
        try:
            fcntl.ioctl(self._fds[pid], _PIDFD_GET_INFO, info)
        except OSError:
            return None  # The kernel is older than the question.
        told = struct.unpack_from("Q", info, 0)[0] & _PIDFD_INFO_EXIT
        return int(struct.unpack_from("i", info, _EXIT_CODE_AT)[0]) if told else None

    def forget(self, pid: int) -> None:
        """Stop watching a process, and close its descriptor."""
        with self._lock:
            fd = self._fds.pop(pid, None)
            self._ended_at.pop(pid, None)
            if fd is not None:
                del self._pids[fd]
                os.close(fd)

    def close(self) -> None:
        """Close all descriptors."""
        for pid in list(self._fds):
            self.forget(pid)
        with self._lock:
            if self._epoll:
                self._epoll.close()
                self._epoll = None


def zombie_status(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Give the wait status of a process that nobody has reaped; None where it may not be read, or is none."""
    directory = proc / str(pid)
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = (directory / "stat").read_bytes().rpartition(b")")[2].split()
        status = int(fields[-1])
        if fields[0] == b"Z" and (status or directory.stat().st_uid == os.geteuid() or _may_trace(proc)):
            return status
    return None


def _may_trace(proc: Path) -> bool:
    lines = (proc / "self" / "status").read_text().splitlines()
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) & CAP_SYS_PTRACE)


def end_of(wait_status: int | None, at_seconds: float) -> End:
    """Read a wait status, the number that wait(2) gives; pure."""
    if wait_status is None:
        return End(at_seconds)
    number = wait_status & 0x7F
    if not number:
        return End(at_seconds, code=wait_status >> 8 & 0xFF)
    try:
        name = signal.Signals(number).name
    except ValueError:
        # The signals between the first and the last real-time one have no names of their own.
        name = f"SIGRTMIN+{number - signal.SIGRTMIN}"
    return End(at_seconds, signal=name)
