"""`oracle up`: start the parts in order, wait until each serves, and keep them running until told to stop."""

import subprocess
import sys
import time

from rich.console import Console

from cli.stack.board import Board
from cli.stack.claim import claimed, signals_interrupt, signals_wait
from cli.stack.down import stop_stack
from cli.stack.errors import StackError
from cli.stack.jars import missing
from cli.stack.orphans import stop_orphans
from cli.stack.ports import check_ports
from cli.stack.programs import Program, ports, programs, shared_environment
from cli.stack.readiness import Unready, wait_for_snapshot, wait_until_ready
from cli.stack.settings import ROOT, Stack
from cli.stack.supervise import Supervisor, launch, render
from cli.stack.upstream import Upstream, choose_upstream

_MIGRATE = "runtime.store.migrate"
_WATCH_SECONDS = 1.0


def up(stack: Stack, console: Console, *, detach: bool, only: frozenset[str] = frozenset()) -> int:
    """Bring the stack up; return an exit status: 0 when it ran, 1 when a part did not come up.

    In the foreground this returns after Ctrl-C (or SIGTERM) stopped everything. Raises StackError when it
    cannot start at all.
    """
    with claimed(stack), signals_interrupt():
        if left := stop_orphans(stack.home):
            console.print(f"stopped {left} processes that an earlier run had left")
        if stack.own_broker and (lacking := missing()):
            console.print(
                f"ephemeral: nothing outlives the broker, for {lacking}", style="yellow", soft_wrap=True
            )
        upstream = choose_upstream(stack)
        chosen = tuple(part for part in programs(stack, upstream) if not only or part.name in only)
        check_ports(ports(stack, chosen))
        return _run(stack, upstream, chosen, console, detach)


def _run(
    stack: Stack, upstream: Upstream, chosen: tuple[Program, ...], console: Console, detach: bool
) -> int:
    if stack.own_database:
        stack.postgres.ensure_password()
    environment = shared_environment(stack, upstream)
    process = launch(stack, render(stack, chosen, upstream), environment)
    stays = False
    try:
        failed = _start_all(stack, chosen, environment, console)
        console.print(upstream.told, style="dim", markup=False, soft_wrap=True)
        if not failed:
            console.print(
                f"\nOracle Monitor is live: {stack.dashboard_url}", style="bold green", soft_wrap=True
            )
        else:
            console.print(
                f"\nnot ready: {', '.join(failed)} (see {stack.logs}); they are tried again all the time",
                style="bold red", markup=False, soft_wrap=True,
            )  # fmt: skip
        if detach:
            stays = True
            console.print("it runs on: `oracle status` shows it, `oracle down` stops it")
            return 1 if failed else 0
        console.print("Ctrl-C stops it", style="dim")
        return _watch(stack, process, console)
    except KeyboardInterrupt:
        console.print()
        return 0
    finally:
        if not stays:
            with signals_wait():
                stop_stack(stack, console)
                process.wait()


def _start_all(
    stack: Stack, chosen: tuple[Program, ...], environment: dict[str, str], console: Console
) -> list[str]:
    """Start servers, then tables, then the rest; give the names of parts that did not get ready.

    Raises StackError when a server does not come up: nothing else could run.
    """
    servers = tuple(part for part in chosen if part.group == "infrastructure")
    rest = tuple(part for part in chosen if part.group != "infrastructure")
    supervisor = Supervisor(stack.home)
    names = [part.name for part in servers] + (["tables"] if rest else []) + [part.name for part in rest]
    with Board(console, names) as board:
        unready = wait_until_ready(stack, supervisor, servers, board)
        if unready:
            raise StackError(_explain(unready))
        if rest:
            _migrate(stack, environment, board)
        unready = wait_until_ready(stack, supervisor, rest, board)
        shows = not unready and {"aggregator", "api"} <= {part.name for part in rest}
        if shows and not wait_for_snapshot(stack, environment, board):
            return ["snapshot"]
    if unready:
        console.print(_explain(unready), markup=False, highlight=False, soft_wrap=True)
    return [one.part for one in unready]


def _explain(unready: list[Unready]) -> str:
    return "\n".join(f"{one.part} did not get ready: {one.reason}\n{one.log_tail}" for one in unready)


def _migrate(stack: Stack, environment: dict[str, str], board: Board) -> None:
    board.tell("tables", "starting")
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", _MIGRATE],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    stack.log_path("tables").write_text(output)
    if done.returncode:
        board.tell("tables", "failed")
        raise StackError(f"the database's tables could not be brought up to date:\n{output[-2000:]}")
    board.tell("tables", "ready", f"in {time.monotonic() - began:.1f} s")


def _watch(stack: Stack, process: subprocess.Popen[bytes], console: Console) -> int:
    """Tell of every part that ends and is started again, until the process manager ends."""
    supervisor = Supervisor(stack.home)
    known = supervisor.processes()
    while process.poll() is None:
        time.sleep(_WATCH_SECONDS)
        try:
            now = supervisor.processes()
        except StackError:
            continue  # it is ending, or gone: the next poll tells
        for name, part in now.items():
            # One that never gets to run was told of when the stack came up: not again at each attempt.
            restarted = part.started_at != known[name].started_at or part.state in ("EXITED", "BACKOFF")
            if known[name].state == "RUNNING" and restarted:
                console.print(
                    f"{name} ended and is started again: {stack.log_path(name)}", markup=False, soft_wrap=True
                )
        known = now
    if process.returncode == 0:
        console.print("stopped by `oracle down`")
        return 0
    console.print("the process manager was killed: stopping what it left", style="bold red")
    return 1
