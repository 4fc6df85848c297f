"""What the tests share: a real Kafka, a real Postgres and Chromium, each started at the first test that asks.

The servers use free ports and temporary directories, so they run beside a running stack. A test may kill or
stop them: whatever is down after a test is started again before the next.
"""

import itertools
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psycopg
import pytest

from cli.stack.errors import PartMissing
from cli.stack.server import KafkaServer, PostgresServer

_BROKER = pytest.StashKey[KafkaServer]()
_POSTGRES = pytest.StashKey[PostgresServer]()
_DATABASE_NUMBERS = itertools.count(1)

# A test waits for a session to end or a group to settle: let it.
_FAST_BROKER = {"group.min.session.timeout.ms": "500", "broker.session.timeout.ms": "1000"}
# A killed server loses nothing without fsync, only a killed machine does.
_FAST_POSTGRES = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=64MB")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def pytest_configure() -> None:
    """End on SIGTERM as on Ctrl-C: through the fixtures, so that no server is left."""
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Give a directory for the servers' data: short, and passable for the account Postgres runs under."""
    path = Path(tempfile.mkdtemp(prefix="oracle-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def broker(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    """Give the suite's Kafka: `.bootstrap_servers`, `.stop()`, `.kill()`, `.start()`, `.running`."""
    try:
        server = KafkaServer(server_directory / "kafka", _FAST_BROKER)
    except PartMissing as missing:
        pytest.skip(str(missing))
    request.config.stash[_BROKER] = server
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Give the suite's Postgres: `.url`, `.url_of(database)`, `.stop()`, `.kill()`, `.start()`."""
    home = server_directory / "postgres"
    home.mkdir(mode=0o711)
    server = PostgresServer(home, _FAST_POSTGRES)
    request.config.stash[_POSTGRES] = server
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """Give the URL of a database that is empty and this test's own; the user is its superuser."""
    name = f"test_{next(_DATABASE_NUMBERS)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres.url_of(name)
    postgres.start()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def _servers_come_back(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for server in (request.config.stash.get(_BROKER, None), request.config.stash.get(_POSTGRES, None)):
        if server is not None and not server.running:
            server.start()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Give the path of Debian's Chromium; without one the test is skipped."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium: apt-get install -y chromium")
