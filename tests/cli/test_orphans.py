"""Finding and stopping what a killed process manager left."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.stack.errors import StackError
from cli.stack.orphans import find_orphans, stop_orphans
from cli.stack.postgres import clear_left_behind

PLAIN = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {PLAIN}"


@contextmanager
def child(home: Path, code: str = PLAIN) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "ORACLE_STACK": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_process_of_the_stack_is_found_and_stopped_and_another_stacks_is_not(tmp_path: Path) -> None:
    with child(tmp_path / "ours") as ours, child(tmp_path / "theirs") as theirs:
        assert [process.pid for process in find_orphans(tmp_path / "ours")] == [ours.pid]
        assert stop_orphans(tmp_path / "ours") == 1
        assert ours.wait(5) != 0
        assert theirs.poll() is None


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.stack.orphans._STOP_SECONDS", 0.2)
    with child(tmp_path, STUBBORN) as stubborn:
        assert stop_orphans(tmp_path) == 1
        assert stubborn.poll() is not None


def test_nothing_left_is_nothing_to_do(tmp_path: Path) -> None:
    assert stop_orphans(tmp_path) == 0


def test_a_pid_file_whose_pid_went_to_somebody_else_does_not_keep_postgres_down(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{tmp_path}\n")
    clear_left_behind(tmp_path)
    assert not pid_file.exists()


def test_a_postgres_that_serves_still_is_not_disturbed(tmp_path: Path) -> None:
    code = f"{PLAIN} # {tmp_path}"
    process = subprocess.Popen([sys.executable, "-c", code, "-D", str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n")
        with pytest.raises(StackError, match=f"already, as process {process.pid}"):
            clear_left_behind(tmp_path)
        assert (tmp_path / "postmaster.pid").exists()
    finally:
        process.kill()
        process.communicate()
