"""`oracle up` and `oracle down` with the two servers, as a person uses them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.stack import jars
from cli.stack.orphans import find_orphans
from cli.stack.server import free_port

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(jars.missing() is not None, reason=str(jars.missing())),
]


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

    def up(self) -> tuple[int, str]:
        return self.run("up", "--only", "kafka,postgres", "--detach")

    def pids(self) -> dict[str, int]:
        status, output = self.run("status", "--json")
        rows = json.loads(output) if output.startswith("[") else []
        return {row["part"]: row["pid"] for row in rows if row["ready"]} if status == 0 else {}


@pytest.fixture
def oracle(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[Oracle]:
    command = Oracle(server_directory / request.node.name[:40])
    yield command
    command.run("down", "--delete-data")


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def kill_manager(home: Path) -> None:
    manager = psutil.Process(int((home / "supervisord.pid").read_text()))
    manager.kill()
    manager.wait(10)


def traces(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.suffix in (".sock", ".pid", ".lock")]


def test_a_killed_server_comes_back_and_down_leaves_nothing_but_data(oracle: Oracle) -> None:
    status, output = oracle.up()
    assert status == 0, output
    assert "kafka: ready in" in output
    before = oracle.pids()
    assert set(before) == {"kafka", "postgres"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        now = oracle.pids()
        return set(now) == set(before) and not set(now.values()) & set(before.values())

    assert eventually(is_back)
    assert oracle.up()[0] == 1, "a second stack must be refused"
    assert oracle.run("down")[0] == 0
    assert find_orphans(oracle.home) == []
    assert traces(oracle.home) == []
    assert (oracle.home / "postgres" / "PG_VERSION").exists()


def test_what_a_killed_process_manager_leaves_is_stopped_by_the_next_up_and_by_down(oracle: Oracle) -> None:
    oracle.up()
    kill_manager(oracle.home)
    assert find_orphans(oracle.home)
    status, output = oracle.up()
    assert status == 0, output
    assert "that an earlier run had left" in output
    kill_manager(oracle.home)
    assert oracle.run("down")[0] == 0
    assert find_orphans(oracle.home) == []
    assert traces(oracle.home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_stops_everything(oracle: Oracle, number: signal.Signals) -> None:
    process = oracle.start("up", "--only", "postgres")
    assert eventually(lambda: set(oracle.pids()) == {"postgres"})
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "postgres: stopped" in output
    assert find_orphans(oracle.home) == []
    assert traces(oracle.home) == []
