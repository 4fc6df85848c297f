"""`oracle status`: what runs, whether it is ready, and what it costs."""

import time
from dataclasses import asdict, dataclass

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.stack.errors import StackError
from cli.stack.orphans import find_orphans
from cli.stack.programs import TABLE
from cli.stack.readiness import ask
from cli.stack.settings import Stack
from cli.stack.supervise import Process, Supervisor, restarts


@dataclass(frozen=True)
class PartStatus:
    """One part's row: `lacks` says why it is not ready."""

    part: str
    state: str
    ready: bool
    lacks: str
    pid: int
    uptime_seconds: int
    restarts: int
    memory_mib: float

    def as_json(self) -> dict[str, object]:
        """Give the row for machines."""
        return asdict(self)


def status(stack: Stack) -> list[PartStatus]:
    """Give every part's row; raise StackError when the stack does not run."""
    supervisor = Supervisor(stack.home)
    if not supervisor.alive():
        if left := find_orphans(stack.home):
            raise StackError(
                f"the process manager is gone and {len(left)} of its processes run on unwatched: "
                "`oracle up` or `oracle down` stops them"
            )
        raise StackError("the stack does not run: `oracle up` starts it")
    processes, restarted = supervisor.processes(), restarts(stack)
    rows = []
    for program in TABLE:
        process = processes.get(program.name)
        if process is None:
            continue
        ready, lacks = ask(stack, program) if process.pid else (False, "it does not run")
        rows.append(_row(process, ready, lacks, restarted.get(program.name, 0)))
    return rows


def _row(process: Process, ready: bool, lacks: str, restarted: int) -> PartStatus:
    # supervisord calls a part RUNNING only after some seconds; one that is ready runs.
    state = "running" if ready and process.state == "STARTING" else process.state.lower()
    uptime = int(time.time() - process.started_at) if process.pid else 0
    return PartStatus(
        process.part, state, ready, lacks, process.pid, uptime, restarted, _memory_mib(process.pid)
    )


def _memory_mib(pid: int) -> float:
    """Add up the resident memory of a process and its children."""
    if not pid:
        return 0.0
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.Error:
        return round(total / 1024**2, 1)  # it ended meanwhile
    return round(total / 1024**2, 1)


def show(rows: list[PartStatus], console: Console) -> None:
    """Print the table for people."""
    table = Table(box=None, pad_edge=False)
    for name in ("part", "state", "ready"):
        table.add_column(name)
    for name in ("pid", "uptime", "restarts", "memory"):
        table.add_column(name, justify="right")
    for row in rows:
        ready = Text("yes", "green") if row.ready else Text.assemble(("no", "red"), " ", row.lacks[:60])
        table.add_row(
            row.part, row.state, ready, str(row.pid or "-"), _duration(row.uptime_seconds), str(row.restarts),
            f"{row.memory_mib:.0f} MiB",
        )  # fmt: skip
    console.print(table)


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
