"""A local stack that a test starts beside whatever else runs, through the command a person uses."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cli.stack.server import free_port


class Oracle:
    """The command, for a stack of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        numbers = {
            name: str(free_port()) for name in ("KAFKA_PORT", "KAFKA_CONTROLLER_PORT", "POSTGRES_PORT")
        }
        configured = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "SUPABASE_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in configured}
        self.environment = {**inherited, "ORACLE_HOME": str(home), **numbers}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def pids(self) -> dict[str, int]:
        """Give the pids of the parts that are ready."""
        _, output = self.run("status", "--json")
        rows = json.loads(output) if output.startswith("[") else []
        return {row["part"]: row["pid"] for row in rows if row["ready"]}


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def free_port_range(length: int) -> int:
    """Give the first of so many neighbouring ports that are free on loopback now."""
    for first in range(32_000, 32_700, length):  # apart from where `free_port` looks
        with ExitStack() as held:
            try:
                for port in range(first, first + length):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise AssertionError(f"no {length} neighbouring ports are free")
