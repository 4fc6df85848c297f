"""A local Kafka or Postgres as an object that tests and benchmarks start, stop, kill and start again."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from cli.stack.accounts import RunAs
from cli.stack.broker import Broker
from cli.stack.errors import StackError
from cli.stack.postgres import Postgres
from cli.stack.probes import kafka_serves, postgres_serves

_PORTS = (20_000, 32_000)
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


def free_port() -> int:
    """Give a TCP port that is free on loopback now.

    It lies below the range that the system gives to clients: a client that tries again and again to reach a
    killed server on a port of that range may connect to itself, and then holds the port.
    """
    for port in random.sample(range(*_PORTS), k=200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StackError(f"no free port between {_PORTS[0]} and {_PORTS[1]}")


class Server:
    """One server process: `start` returns when it serves, `stop` and `kill` when it is gone."""

    name: str

    def __init__(self, log_path: Path) -> None:
        self.log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Say whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Give the pid while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    def stop(self) -> None:
        """Stop it as its operator would, and wait; what does not stop in 20 seconds is killed."""
        if self._process is None:
            return
        self._process.send_signal(self._stop_signal())
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it (SIGKILL): nothing is flushed, no client is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _stop_signal(self) -> signal.Signals:
        return signal.SIGTERM

    def _launch(self, command: list[str], serves: Callable[[], bool], run_as: RunAs) -> None:
        if self.running:
            return
        with self.log_path.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal is for us, who then stop it in good order.
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/",
                **run_as,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while not serves():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise StackError(f"{self.name} did not start:\n{self.log_path.read_text()[-2000:]}")
            time.sleep(0.02)


class KafkaServer(Server):
    """A real Apache Kafka on a port of its own, its data under `directory`; or the `broker` of the caller."""

    name = "Kafka"

    def __init__(
        self, directory: Path, settings: dict[str, str] | None = None, *, broker: Broker | None = None
    ) -> None:
        super().__init__(directory / "kafka.log")
        self._broker = broker or Broker(directory, free_port(), free_port(), settings or {})
        self._broker.prepare()

    @property
    def bootstrap_servers(self) -> str:
        """Give what clients connect to; it stays the same over restarts."""
        return self._broker.bootstrap_servers

    def start(self) -> None:
        """Start it on the same port with the same data; raise StackError when it does not serve."""
        self._launch(self._broker.command(), lambda: kafka_serves("127.0.0.1", self._broker.port), RunAs())


class PostgresServer(Server):
    """A real Postgres on a port of its own, its data under `directory`."""

    name = "Postgres"

    def __init__(self, directory: Path, options: tuple[str, ...] = ()) -> None:
        super().__init__(directory / "postgres.log")
        self._server = Postgres(directory, free_port(), options)
        self._server.prepare()

    @property
    def url(self) -> str:
        """Give the superuser's URL of the database `postgres`; it stays the same over restarts."""
        return self._server.url

    def url_of(self, database: str) -> str:
        """Give the URL of one of its databases."""
        return self._server.url_of(database)

    def start(self) -> None:
        """Start it on the same port with the same data; raise StackError when it does not serve."""
        if self.running:
            return
        self._server.prepare()
        run_as = self._server.account().run_as()
        self._launch(self._server.command(), lambda: postgres_serves("127.0.0.1", self._server.port), run_as)

    def _stop_signal(self) -> signal.Signals:
        return signal.SIGINT  # "fast shutdown": sessions are ended, not waited for
