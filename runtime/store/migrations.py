"""The SQL of `infrastructure/supabase/migrations/`: which files there are, and applying them to a Postgres.

Used when a service prepares its store, and by `python -m runtime.store.migrate`. Each file records its own
name, so that one that was pasted into Supabase's SQL editor counts as applied.
"""

from pathlib import Path
from typing import Any

import psycopg

from schema.errors import StoreUnsuitable

DIRECTORY = Path(__file__).resolve().parents[2] / "infrastructure" / "supabase" / "migrations"
SHOWN_DIRECTORY = "infrastructure/supabase/migrations"
"""The directory as messages name it: relative to the project's root."""

_LOCK = 0x6F7261636C65
"""The advisory lock that migrating holds: any number of services may start at once."""


def migration_names() -> list[str]:
    """Give the names of this version's migrations in their order.

    Raises StoreUnsuitable when the files are not where this installation expects them.
    """
    names = sorted(path.stem for path in DIRECTORY.glob("*.sql"))
    if not names:
        raise StoreUnsuitable(f"{SHOWN_DIRECTORY}/ is missing beside the package `runtime`: copy it there")
    return names


def missing_migrations(connection: psycopg.Connection[Any]) -> list[str]:
    """Say which migrations a database lacks, in their order."""
    applied: set[str] = set()
    found = connection.execute("select to_regclass('public.oracle_migrations') is not null").fetchone()
    if found is not None and found[0]:
        applied = {row[0] for row in connection.execute("select name from public.oracle_migrations")}
    return [name for name in migration_names() if name not in applied]


def apply_migrations(connection: psycopg.Connection[Any]) -> list[str]:
    """Apply what is missing in one transaction, and give the names of what was applied.

    A second caller waits for the first and then finds nothing to do. The connection must not be inside a
    transaction. Raises psycopg.Error; nothing remains then.
    """
    if not missing_migrations(connection):
        return []
    with connection.transaction():
        connection.execute("set local statement_timeout = 0")
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        names = missing_migrations(connection)
        for name in names:
            connection.execute((DIRECTORY / f"{name}.sql").read_bytes())
    return names
