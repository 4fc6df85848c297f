"""Stopping the stack, the writers before what they write to, until nothing of it is left."""

import shutil
import time

import psutil
from rich.console import Console

from cli.stack.board import Board
from cli.stack.errors import StackError
from cli.stack.orphans import stop_orphans
from cli.stack.programs import GROUPS
from cli.stack.settings import Stack
from cli.stack.supervise import Supervisor, socket_path

_RUNNING = ("RUNNING", "STARTING", "STOPPING", "BACKOFF")
_GROUP_SECONDS = 25.0  # above every part's own limit
_END_SECONDS = 30.0


def stop_stack(stack: Stack, console: Console) -> bool:
    """Stop everything of a stack and remove its socket; say whether anything ran.

    Raises StackError when a process cannot be stopped.
    """
    supervisor = Supervisor(stack.home)
    ran = supervisor.alive()
    if ran:
        _stop_supervised(supervisor, console)
    orphans = stop_orphans(stack.home)
    if orphans:
        console.print(f"stopped {orphans} processes that had lost their process manager")
    _remove_traces(stack)
    return ran or orphans > 0


def _stop_supervised(supervisor: Supervisor, console: Console) -> None:
    try:
        pid = supervisor.pid()
        running = [name for name, part in supervisor.processes().items() if part.state in _RUNNING]
        with Board(console, running) as board:
            for group in reversed(GROUPS):
                _stop_group(supervisor, group, board)
        supervisor.shutdown()
    except StackError:
        return  # it ended under our hands: what it left is an orphan now
    try:
        psutil.Process(pid).wait(_END_SECONDS)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return  # gone, or it will be found by its environment


def _stop_group(supervisor: Supervisor, group: str, board: Board) -> None:
    parts = supervisor.processes()
    waiting = {name for name, part in parts.items() if part.group == group and part.state in _RUNNING}
    if not waiting:
        return
    began = time.monotonic()
    for name in sorted(waiting):
        board.tell(name, "stopping")
    supervisor.stop_group(group)
    while waiting and time.monotonic() - began < _GROUP_SECONDS:
        parts = supervisor.processes()
        for name in sorted(waiting):
            if parts[name].state not in _RUNNING:
                board.tell(name, "stopped", f"in {time.monotonic() - began:.1f} s")
                waiting.remove(name)
        time.sleep(0.05)


def _remove_traces(stack: Stack) -> None:
    if not stack.home.is_dir():
        return
    path = socket_path(stack.home)
    path.unlink(missing_ok=True)
    (stack.home / "supervisord.pid").unlink(missing_ok=True)
    if path.parent != stack.home and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def delete_data(stack: Stack) -> None:
    """Remove everything that a stopped stack has stored."""
    if stack.postgres.data != stack.home / "postgres":
        shutil.rmtree(stack.postgres.data.parent, ignore_errors=True)  # it lay outside, for root's sake
    for name in ("kafka", "logs"):
        shutil.rmtree(stack.home / name, ignore_errors=True)
    data = stack.home / "postgres"
    if data.is_symlink():
        data.unlink()
    else:
        shutil.rmtree(data, ignore_errors=True)
    for name in ("postgres.password", "supervisord.conf"):
        (stack.home / name).unlink(missing_ok=True)
