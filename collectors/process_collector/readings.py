"""What the operating system says of agents, as plain values: `client.py` reads, `translate.py` shows.

None stands for what this system, or this account, is not told; it is never replaced by a guess.
"""

from dataclasses import dataclass, field

COMPLETED = "Completed"
ERROR = "Error"
OOM_KILLED = "OOMKilled"
EXITED = "Exited"


@dataclass(frozen=True, slots=True)
class Process:
    """What does not change about a process; `created_at` in seconds since 1970, `adopted` without a mark.

    `started_at` is the same moment as exactly as the clock of this host tells it, and no part of who the
    process is: the clock is corrected now and then.
    """

    pid: int
    parent_pid: int
    created_at: float
    workload: str
    adopted: bool = False
    started_at: float = field(default=0.0, compare=False)

    @property
    def began_at(self) -> float:
        """The best that is known of its start, in seconds since 1970."""
        return self.started_at or self.created_at


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went through the interfaces of a network namespace since it is there, in bytes, loopback apart."""

    namespace: int
    received_bytes: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A process and what it uses now; None where the operating system does not tell."""

    process: Process
    status: str
    cpu_seconds: float | None
    rss_bytes: int | None
    read_bytes: int | None = None
    written_bytes: int | None = None
    traffic: Traffic | None = None
    memory_limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended, and when (seconds since 1970).

    A code for a normal exit, a signal (`SIGKILL`) for a kill, neither where the system does not tell.
    """

    at_seconds: float
    code: int | None = None
    signal: str | None = None
    out_of_memory: bool = False

    @property
    def reason(self) -> str:
        """This end as Kubernetes names the ends of containers; `Exited` when nothing is known."""
        if self.out_of_memory:
            return OOM_KILLED
        if self.code is None and self.signal is None:
            return EXITED
        return COMPLETED if self.code == 0 else ERROR

    @property
    def message(self) -> str:
        """This end in words; empty when nothing is known."""
        if self.out_of_memory:
            return "killed by the kernel: out of memory"
        if self.signal is not None:
            return f"ended by {self.signal}"
        return "" if self.code is None else f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the host: the agents' processes that live, and those that ended since the last look.

    `measured` is False for a look between two passes, which repeats what living processes used at the last.
    """

    samples: list[Sample]
    ended: dict[Process, End]
    measured: bool = True
