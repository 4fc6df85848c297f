"""Waiting for the parts: asks each until it serves, and tells the board what it waits for."""

import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.keys import key_of
from cli.stack.board import Board
from cli.stack.probes import NO_ANSWER, http_ready, kafka_serves, postgres_serves
from cli.stack.programs import Program, health_port
from cli.stack.settings import Stack
from cli.stack.supervise import Process, Supervisor

_ASK_EVERY_SECONDS = 0.15
_SNAPSHOT_SECONDS = 30.0
_MAX_EARLY_ENDS = 3
_TAIL_LINES = 15


@dataclass(frozen=True)
class Unready:
    """A part that did not come up, why, and the end of its log."""

    part: str
    reason: str
    log_tail: str


def ask(stack: Stack, program: Program) -> tuple[bool, str]:
    """Ask a part whether it is ready; the text says what it lacks."""
    settings = stack.settings
    match program.ready:
        case "kafka":
            return kafka_serves("127.0.0.1", settings.kafka_port), ""
        case "postgres":
            return postgres_serves("127.0.0.1", settings.postgres_port), ""
        case "api":
            return http_ready(f"{stack.dashboard_url}ready")
        case "model":
            return http_ready(f"http://127.0.0.1:{settings.demo_model_port}/ready")
        case "health":
            return http_ready(f"http://127.0.0.1:{health_port(stack, program)}/ready")


def wait_until_ready(
    stack: Stack, supervisor: Supervisor, parts: Sequence[Program], board: Board
) -> list[Unready]:
    """Start these parts at once and wait until each is ready or given up."""
    began = time.monotonic()
    logged_before = {part.name: _size(stack.log_path(part.name)) for part in parts}
    for part in parts:
        supervisor.start(part)
        board.tell(part.name, "starting")
    waiting = list(parts)
    early_ends: Counter[str] = Counter()
    last: dict[str, Process] = {}
    unready: list[Unready] = []
    while waiting:
        processes = supervisor.processes()
        for part in tuple(waiting):
            process = processes[part.name]
            if process.state == "BACKOFF" and last.get(part.name, process).state != "BACKOFF":
                early_ends[part.name] += 1
            last[part.name] = process
            ready, lacks = ask(stack, part) if process.pid else (False, "")
            seconds = time.monotonic() - began
            log = stack.log_path(part.name)
            if ready:
                board.tell(part.name, "ready", f"in {seconds:.1f} s")
            elif early_ends[part.name] >= _MAX_EARLY_ENDS or seconds > part.start_seconds:
                reason = (
                    "it ends again and again" if early_ends[part.name] else (lacks or "it does not answer")
                )
                board.tell(part.name, "failed", reason)
                unready.append(Unready(part.name, reason, tail(log, logged_before[part.name])))
            else:
                _tell_wait(board, part.name, lacks, tail(log, logged_before[part.name], lines=1))
                continue
            waiting.remove(part)
        time.sleep(_ASK_EVERY_SECONDS)
    return unready


def _tell_wait(board: Board, part: str, lacks: str, log_line: str) -> None:
    """Say what a part that answers lacks, else what it last logged, else nothing new."""
    if lacks and not lacks.startswith(NO_ANSWER):
        board.tell(part, "waiting", lacks)
    elif log_line and not log_line.startswith("{") and not log_line[0].isdigit():  # no log, a launcher's word
        board.tell(part, "starting", log_line)


def wait_for_snapshot(stack: Stack, environment: Mapping[str, str], board: Board) -> bool:
    """Wait until the API serves a first snapshot: then the dashboard has something to show."""
    began = time.monotonic()
    key = key_of(environment.get("ORACLE_API_KEYS", ""), stack.settings.oracle_environment)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{stack.dashboard_url}api/v1/oracle/state?fields=id"
    board.tell("snapshot", "waiting", "the first tick")
    while time.monotonic() - began < _SNAPSHOT_SECONDS:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - a loopback URL of ours
        if http_ready(request)[0]:
            board.tell("snapshot", "ready", f"in {time.monotonic() - began:.1f} s")
            return True
        time.sleep(_ASK_EVERY_SECONDS)
    board.tell("snapshot", "failed", f"none came in {_SNAPSHOT_SECONDS:.0f} s: see the aggregator's log")
    return False


def tail(path: Path, skip_bytes: int = 0, lines: int = _TAIL_LINES) -> str:
    """Give the last lines of a log, from an offset on."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(skip_bytes if _size(path) >= skip_bytes else 0, _size(path) - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
