"""What a measured process tells of itself, and how it is asked: a line in, a line of JSON out.

The process reads its standard input in a thread: `read` asks for a reading, `collect` for one after garbage
was collected; the end of it (its parent closed it, or died) ends the process, so that none is ever left.
"""

import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from benchmarks.child import Child

READ, COLLECT = "read", "collect"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A process at one moment: CPU seconds since it began to work, bytes, and how much it has done.

    `synced_seconds` and `synced_cpu_seconds` are None until it knows everything; `peak` is the largest
    resident size ever, of which nothing is known where the system is not Linux. `done` counts the records
    published, or the objects that handlers were told of.
    """

    cpu_seconds: float
    at: float
    uss: int
    rss: int
    peak: int
    done: int
    synced_seconds: float | None = None
    synced_cpu_seconds: float | None = None


class Measured:
    """The measured process, seen from within: it says when it works, when it is synced, what it has done."""

    def __init__(self) -> None:
        self.done = 0
        # Readings have standard output for themselves: logs that would go there go with the errors.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._began = time.monotonic()
        self._began_cpu = time.process_time()
        self._synced: tuple[float, float] | None = None

    def synced(self) -> None:
        """Note that everything is known now, and tell the parent; the first time counts."""
        if self._synced is None:
            self._synced = (time.monotonic() - self._began, time.process_time() - self._began_cpu)
            print("synced", file=self._out, flush=True)

    def reading(self) -> Reading:
        """Read it."""
        memory = psutil.Process().memory_full_info()
        seconds, synced_cpu_seconds = self._synced or (None, None)
        return Reading(
            cpu_seconds=time.process_time() - self._began_cpu,
            at=time.monotonic(),
            uss=memory.uss,
            rss=memory.rss,
            peak=_peak_of(Path("/proc/self/status")),
            done=self.done,
            synced_seconds=seconds,
            synced_cpu_seconds=synced_cpu_seconds,
        )

    def answer(self) -> None:
        """Answer until standard input ends, then end the process, whatever else it does."""
        for line in sys.stdin:
            if line.strip() == COLLECT:
                gc.collect()
            print(msgspec.json.encode(self.reading()).decode(), file=self._out, flush=True)
        os._exit(0)


def asked(one: Child, how: str = READ) -> Reading:
    """Ask a measured process for a reading, with COLLECT for one without garbage.

    Raises RuntimeError where it gives none.
    """
    one.tell(how)
    return one.result(Reading)


def measured(work: Callable[[Measured], None]) -> None:
    """Run the work of a measured process in the main thread; its CPU time counts from here."""
    state = Measured()
    threading.Thread(target=state.answer, name="readings", daemon=True).start()
    work(state)


def _peak_of(status: Path) -> int:
    """Give the largest resident size, in bytes, that Linux tells."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
