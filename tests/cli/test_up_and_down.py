"""`oracle up` and `oracle down` with the two servers, as a person uses them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.stack import jars
from cli.stack.orphans import find_orphans
from tests.stacks import Oracle, eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(jars.missing() is not None, reason=str(jars.missing())),
]


class Servers(Oracle):
    """A stack of the two servers alone."""

    def up(self) -> tuple[int, str]:
        return self.run("up", "--only", "kafka,postgres", "--detach")


@pytest.fixture
def oracle(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[Servers]:
    command = Servers(server_directory / request.node.name[:40])
    yield command
    command.run("down", "--delete-data")


def kill_manager(home: Path) -> None:
    manager = psutil.Process(int((home / "supervisord.pid").read_text()))
    manager.kill()
    manager.wait(10)


def traces(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.suffix in (".sock", ".pid", ".lock")]


def test_a_killed_server_comes_back_and_down_leaves_nothing_but_data(oracle: Servers) -> None:
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


def test_what_a_killed_process_manager_leaves_is_stopped_by_the_next_up_and_by_down(oracle: Servers) -> None:
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
def test_in_the_foreground_a_signal_stops_everything(oracle: Servers, number: signal.Signals) -> None:
    process = oracle.start("up", "--only", "postgres")
    assert eventually(lambda: set(oracle.pids()) == {"postgres"})
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "postgres: stopped" in output
    assert find_orphans(oracle.home) == []
    assert traces(oracle.home) == []
