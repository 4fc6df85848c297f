"""Both stores on real servers: Postgres, and Supabase's REST (`@supabase/lite`) on the same Postgres."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime.store.migrations import DIRECTORY
from runtime.store.postgres import PostgresStore
from runtime.store.protocol import Store
from runtime.store.supabase import SupabaseStore
from tests.store.servers import LITE, SECRET_KEY, Backend, Exec, LiteServer, Server


@pytest.fixture
def execute(database_url: str) -> Exec:
    """Run SQL as the database's owner, each call in a transaction of its own."""

    def run(query: str | bytes, parameters: tuple[object, ...] | None = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url) as connection:
            done = connection.execute(query, parameters)
            return done.fetchall() if done.description else []

    return run


@pytest.fixture
def migrated(execute: Exec) -> Exec:
    """Give a database with Supabase's roles and our tables, made as by pasting the files."""
    for role, right in (("anon", ""), ("authenticated", ""), ("service_role", "bypassrls")):
        if not execute("select 1 from pg_roles where rolname = %s", (role,)):
            execute(f"create role {role} nologin noinherit {right}")
    for path in sorted(DIRECTORY.glob("*.sql")):
        execute(path.read_bytes())
    return execute


@pytest.fixture(scope="session")
def lite_program() -> Path:
    """Install `@supabase/lite` as its lock file says, once for all checkouts of it."""
    if shutil.which("npm") is None:
        pytest.skip("no npm: apt-get install -y nodejs npm")
    with (LITE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256((LITE / "package-lock.json").read_bytes()).hexdigest()
        stamp = LITE / "node_modules" / ".installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=LITE, check=True, capture_output=True)
            stamp.write_text(wanted)
    return LITE


@pytest.fixture
def lite(lite_program: Path, migrated: Exec, database_url: str, tmp_path: Path) -> Iterator[LiteServer]:
    """Give Supabase's REST on this test's database."""
    server = LiteServer(tmp_path, database_url)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["postgres", "supabase"])
def backend(request: pytest.FixtureRequest, execute: Exec) -> Iterator[Backend]:
    """Give each store in turn, prepared, on an empty database of its own."""
    server: Server
    store: Store
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        store = PostgresStore(request.getfixturevalue("database_url"), wait_seconds=2.0)
    else:
        server = lite = request.getfixturevalue("lite")
        assert isinstance(lite, LiteServer)
        store = SupabaseStore(lite.url, SECRET_KEY)
    store.prepare()
    yield Backend(store, server, execute)
    store.close()


@pytest.fixture
def store(backend: Backend) -> Store:
    """Give the store alone, for tests that do not touch its server."""
    return backend.store
