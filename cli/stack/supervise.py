"""The process manager of the local stack: supervisord's configuration, its start, and talking to it."""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from cli.stack.errors import StackError
from cli.stack.programs import GROUPS, Program, command, own_environment
from cli.stack.settings import ROOT, Stack
from cli.stack.upstream import Upstream

# supervisord binds "<path>.<pid>" first, and a socket's path may have 107 characters.
_SOCKET_PATH_LIMIT = 95
_START_SECONDS = 20.0
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """What the process manager knows of a part; `pid` is 0 while it does not run."""

    part: str
    group: str
    state: str
    pid: int
    started_at: float


def socket_path(home: Path) -> Path:
    """Give the path of the control socket: in `home`, or where it is short enough."""
    path = home / "supervisor.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"oracle-{os.geteuid()}" / f"{name}.sock"


def render(stack: Stack, chosen: tuple[Program, ...], upstream: Upstream) -> str:
    """Render supervisord.conf: every part restarts whenever it ends, and a group stops as one."""
    home = stack.home
    sections = [
        _section("unix_http_server", {"file": str(socket_path(home)), "chmod": "0700"}),
        _section(
            "supervisord",
            {
                "nodaemon": "true",
                "silent": "true",
                "logfile": str(stack.log_path("supervisord")),
                "logfile_maxbytes": "10MB",
                "logfile_backups": "1",
                "pidfile": str(home / "supervisord.pid"),
                "childlogdir": str(stack.logs),
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
        ),
        _section(
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
    ]
    sections += [_program(stack, program, upstream) for program in chosen]
    for priority, group in enumerate(GROUPS, 1):
        members = [program.name for program in chosen if program.group == group]
        if members:
            sections.append(
                _section(f"group:{group}", {"programs": ",".join(members), "priority": str(priority)})
            )
    return "\n".join(sections)


def _program(stack: Stack, program: Program, upstream: Upstream) -> str:
    environment = own_environment(stack, program, upstream)
    return _section(
        f"program:{program.name}",
        {
            "command": shlex.join(command(stack, program)),
            "directory": str(ROOT),
            "environment": ",".join(f'{name}="{value}"' for name, value in environment.items()),
            "autostart": "false",
            "autorestart": "true",
            # Whatever ends sooner is started again after 1, 2, 3, … seconds, and never given up.
            "startsecs": "5",
            "startretries": "1000000",
            "stopsignal": program.stop_signal,
            "stopwaitsecs": str(program.stop_seconds),
            "stopasgroup": "false" if program.name == "postgres" else "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            # supervisord expands this one value twice.
            "stdout_logfile": str(stack.log_path(program.name)).replace("%", "%%"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        },
    )


def _section(name: str, values: Mapping[str, str]) -> str:
    # supervisord expands %(name)s in values.
    return f"[{name}]\n" + "".join(f"{key} = {value.replace('%', '%%')}\n" for key, value in values.items())


class Supervisor:
    """A running supervisord, spoken to over its socket."""

    def __init__(self, home: Path) -> None:
        self.path = socket_path(home)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.path}")
        try:
            server = xmlrpc.client.ServerProxy("http://localhost", transport)
            return getattr(server.supervisor, method)(*arguments)
        except (OSError, HTTPException, xmlrpc.client.Error) as error:
            raise StackError(f"supervisord does not answer {method}: {error}") from error
        finally:
            transport.close()

    def alive(self) -> bool:
        """Say whether it answers."""
        try:
            self._call("getPID")
        except StackError:
            return False
        return True

    def pid(self) -> int:
        """Give its process id."""
        return int(self._call("getPID"))

    def processes(self) -> dict[str, Process]:
        """Give every part by its name."""
        return {
            info["name"]: Process(
                info["name"], info["group"], info["statename"], info["pid"], float(info["start"])
            )
            for info in self._call("getAllProcessInfo")
        }

    def start(self, program: Program) -> None:
        """Start a part without waiting for it."""
        self._call("startProcess", f"{program.group}:{program.name}", False)

    def stop_group(self, group: str) -> None:
        """Ask a group's parts to stop, without waiting for them."""
        self._call("stopProcessGroup", group, False)

    def shutdown(self) -> None:
        """Ask it to stop what runs still, in order, and to end."""
        self._call("shutdown")


def launch(stack: Stack, configuration: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start supervisord with no part running yet; it outlives us unless it is told to end.

    Secrets reach the parts through its environment alone. Raises StackError when it does not come up.
    """
    stack.logs.mkdir(parents=True, exist_ok=True)
    for old in stack.logs.glob("supervisord.log*"):
        old.unlink()  # restarts are counted in it, from this start on
    path = socket_path(stack.home)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.parent.stat().st_uid != os.geteuid():
        raise StackError(f"{path.parent} belongs to somebody else: remove it")
    file = stack.home / "supervisord.conf"
    file.write_text(configuration)
    console = stack.logs / "supervisord.console.log"
    with console.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)],
            env=dict(environment), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            # Ctrl-C at the terminal is for `oracle up`, which then stops the parts in order.
            start_new_session=True,
        )  # fmt: skip
    supervisor = Supervisor(stack.home)
    deadline = time.monotonic() + _START_SECONDS
    try:
        while not supervisor.alive():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"supervisord did not start:\n{console.read_text()[-2000:]}")
            time.sleep(0.02)
    except BaseException:  # Ctrl-C too: nobody else knows of it yet
        _end(process)
        raise
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a supervisord that runs no part; politely, so that it takes its socket along."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def restarts(stack: Stack) -> dict[str, int]:
    """Count how often each part was started again since the stack came up, from supervisord's own log."""
    counts: dict[str, int] = {}
    for path in (stack.logs / "supervisord.log.1", stack.log_path("supervisord")):
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                if " spawned: '" in line:
                    name = line.split("'")[1]
                    counts[name] = counts.get(name, -1) + 1
    return counts
