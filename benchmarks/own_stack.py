"""A whole local stack of the benchmark's own: free ports, a temporary directory, gone afterwards.

It runs `oracle up --detach` as a person would, so what is measured is what is shipped. A stack that runs
already is neither used nor disturbed, though it does take its share of the machine.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.stack.claim import signals_wait
from cli.stack.errors import StackError
from cli.stack.programs import TABLE
from cli.stack.server import free_port
from cli.stack.settings import Stack, load_stack

CONFIGURED = (
    "KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "SUPABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY", "ORACLE_API_KEYS", "ORACLE_ENVIRONMENT", "ORACLE_EPHEMERAL",
    "SNAPSHOT_INTERVAL_SECONDS", "DEMO_TASK_SECONDS", "ORACLE_NAMESPACES", "ORACLE_ALLOW_MOCKS",
)  # fmt: skip
"""What would point the stack at somebody's servers, spend their money, or make it another one."""
_PORTS = (
    "KAFKA_PORT", "KAFKA_CONTROLLER_PORT", "POSTGRES_PORT", "API_PORT", "LLM_PROXY_PORT", "DEMO_MODEL_PORT",
)  # fmt: skip
_UP_SECONDS = 300.0
_DOWN_SECONDS = 90.0


@contextmanager
def own_stack() -> Iterator[Stack]:
    """Start a stack and give it once every part is ready; stop it and delete its data whatever happens.

    Raises StackError when it does not come up, or when `.env` would have it use servers that are not its own.
    """
    home = Path(tempfile.mkdtemp(prefix="oracle-bench-"))
    home.chmod(0o711)  # the account that Postgres runs under must pass
    try:
        environment = _environment(os.environ, home)
        stack = _checked(load_stack(environment))
        try:
            _oracle(environment, "up", "--detach", seconds=_UP_SECONDS)
            yield stack
        finally:
            with signals_wait():
                _oracle(environment, "down", "--delete-data", seconds=_DOWN_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _checked(stack: Stack) -> Stack:
    if set_in_file := [name for name in CONFIGURED if stack.environ.get(name)]:
        raise StackError(
            f".env sets {', '.join(set_in_file)}: comment it out while the benchmark runs, "
            "which measures a stack of its own and must not touch yours"
        )
    return stack


def _environment(process: Mapping[str, str], home: Path) -> dict[str, str]:
    base = free_range(len(_PORTS) + len(TABLE))
    ports = {name: str(base + place) for place, name in enumerate(_PORTS)}
    return {
        **{name: value for name, value in process.items() if name not in CONFIGURED},
        **ports,
        "HEALTH_PORT_BASE": str(base + len(_PORTS)),
        "ORACLE_HOME": str(home),
        # Nothing serves there: the agents use the demo's models even where an Ollama runs.
        "OLLAMA_BASE_URL": f"http://127.0.0.1:{free_port()}",
    }


def free_range(count: int) -> int:
    """Give the first of `count` TCP ports in a row that are free on loopback now. Raises StackError."""
    for _ in range(200):
        base = random.randrange(20_000, 30_000)  # below the ports that the kernel gives to clients
        if all(_is_free(port) for port in range(base, base + count)):
            return base
    raise StackError(f"no {count} free ports in a row between 20000 and 30000")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _oracle(environment: Mapping[str, str], *arguments: str, seconds: float) -> None:
    """Run an `oracle` command; raises StackError with what it printed when it fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        # Ctrl-C at the terminal is for us, who then end it and stop what it started.
        start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException as error:
        process.send_signal(signal.SIGTERM)
        with signals_wait():
            output, _ = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise StackError(f"oracle {arguments[0]} took longer than {seconds:.0f} s:\n{output}") from None
        raise
    if process.returncode:
        raise StackError(f"oracle {arguments[0]} failed:\n{output[-4000:]}")
