"""Agents of a parent that is another process than ours, so that nothing about their ends is told to us."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_SUPERVISOR = """
import subprocess, sys
children = {}
for line in sys.stdin:
    verb, rest = line.rstrip("\\n").split(" ", 1)
    if verb == "start":
        child = subprocess.Popen([sys.executable, "-c", rest], stdin=subprocess.PIPE)
        children[child.pid] = child
        print(child.pid, flush=True)
    elif verb == "say":
        children[int(rest)].stdin.write(b"go\\n")
        children[int(rest)].stdin.flush()
        print(0, flush=True)
    elif verb == "reap":
        print(children.pop(int(rest)).wait(), flush=True)
"""
WAIT = "import sys; sys.stdin.read()"


class Supervisor:
    """Starts agents and reaps them when told to; `start` gives a process number."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, code: str = WAIT) -> int:
        return int(self._ask(f"start {code}"))

    def say(self, pid: int) -> None:
        """Write a line to an agent."""
        self._ask(f"say {pid}")

    def reap(self, pid: int) -> int:
        return int(self._ask(f"reap {pid}"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def supervisor(workload: str) -> Iterator[Supervisor]:
    """Run a supervisor whose agents belong to a workload; all of them end with it."""
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            _SUPERVISOR.replace("[sys.executable,", f"['env', 'ORACLE_WORKLOAD={workload}', sys.executable,"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "ORACLE_WORKLOAD"},
    ) as process:
        yield Supervisor(process)
        assert process.stdin
        process.stdin.close()


def wait_for(look: Callable[[], T | None], what: str, seconds: float = 20.0) -> T:
    """Call until something true comes back, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return found
