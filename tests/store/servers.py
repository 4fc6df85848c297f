"""The servers that a store is tried on, as objects that tests end and bring back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import urlopen

from cli.stack.server import free_port
from runtime.store.protocol import Store

LITE = Path(__file__).parent / "supabase_lite"
SECRET_KEY = "sb_secret_" + "for_tests_" * 4
PUBLISHABLE_KEY = "sb_publishable_" + "for_tests_" * 4
JWT_SECRET = "zJ7-qW2xVb9Lr4Tn8Yk3Ms6Pd1Fh5Gc0Ae"

Exec = Callable[..., list[tuple[Any, ...]]]


class Server(Protocol):
    """What a test may end and bring back."""

    def start(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Backend:
    """A store under test, the server it talks to, and the database below it."""

    store: Store
    server: Server
    execute: Exec


class LiteServer:
    """Supabase's REST interface on a database, as one process."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        (directory / "supabase").mkdir()
        (directory / "supabase" / "config.toml").write_text(
            f'[api]\nport = {self.port}\n[db]\ndriver = "postgres"\nurl = "{database_url}"\n'
            f'[auth]\nenabled = true\njwt_secret = "{JWT_SECRET}"\n'
            f'publishable_key = "{PUBLISHABLE_KEY}"\nsecret_key = "{SECRET_KEY}"\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        program = LITE / "node_modules" / "@supabase" / "lite" / "dist" / "cli" / "index.js"
        quiet = {**os.environ, "LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
        with (self._directory / "lite.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["node", str(program), "start", "--no-admin"],
                cwd=self._directory, env=quiet, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError((self._directory / "lite.log").read_text()[-2000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/rest/v1/?apikey={PUBLISHABLE_KEY}", timeout=2):
                return True
        except HTTPError:
            return True
        except OSError:
            return False

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
