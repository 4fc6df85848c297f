"""Processes of a stack whose supervisord is gone, found by the ORACLE_STACK of each part's environment."""

import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from cli.stack.errors import StackError
from cli.stack.postgres import serving_processes

# Servers last: what writes to them must be able to flush.
_SERVERS = ("kafka", "postgres")
_STOP_SECONDS = 20.0


def find_orphans(home: Path) -> list[psutil.Process]:
    """Give every process of a stack, its supervisord included."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get("ORACLE_STACK") == str(home):
                found[process.pid] = process
        except (psutil.Error, OSError):
            continue  # another account's, or just gone
    # Postgres's children write their title over their environment.
    for pid in serving_processes((home / "postgres").resolve()):
        if pid not in found and psutil.pid_exists(pid):
            found[pid] = psutil.Process(pid)
    found.pop(psutil.Process().pid, None)
    return list(found.values())


def stop_orphans(home: Path) -> int:
    """Stop a stack's left-over processes, servers last, and say how many there were.

    Raises StackError when one cannot be stopped, such as another account's.
    """
    orphans = find_orphans(home)
    servers = [process for process in orphans if _part(process) in _SERVERS]
    _stop(process for process in orphans if process not in servers)
    _stop(servers)
    left = find_orphans(home)
    if left:
        raise StackError(f"these could not be stopped: {', '.join(str(process.pid) for process in left)}")
    return len(orphans)


def _part(process: psutil.Process) -> str:
    try:
        if process.name() == "postgres":
            return "postgres"
        return process.environ().get("ORACLE_PART", "")
    except (psutil.Error, OSError):
        return ""


def _stop(processes: Iterable[psutil.Process]) -> None:
    """End processes: politely, and after 20 seconds for certain."""
    waiting = list(processes)
    for process in waiting:
        try:
            process.terminate()
        except psutil.Error:
            continue  # gone already; one that is not ours is reported by the caller
    deadline = time.monotonic() + _STOP_SECONDS
    while waiting and time.monotonic() < deadline:
        waiting = [process for process in waiting if _lives(process)]
        time.sleep(0.05)
    for process in waiting:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(waiting, timeout=5)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
