"""The store in a Postgres (psycopg 3): embedded, self-hosted, or Supabase's database URL."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier, Placeholder
from psycopg_pool import ConnectionPool

from runtime.store.functions import Found, FunctionStore
from runtime.store.migrations import SHOWN_DIRECTORY, apply_migrations
from runtime.store.refusals import one_line, store_error
from schema.errors import SettingError, StoreError, StoreRefused, StoreUnavailable, StoreUnsuitable

_CONNECT_SECONDS = 5
_RETRY_SECONDS = 1.0
"""How long the pool keeps on trying by itself; a later call starts anew, so recovery never waits longer."""
_STATEMENT_MILLISECONDS = 30_000
_DEFAULTS = {
    "connect_timeout": str(_CONNECT_SECONDS),
    "application_name": "oracle-monitor",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_FOR_GOOD = (
    "password authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "is not permitted to log in",
)
"""What libpq says of a connection that no later attempt will get; it gives no SQLSTATE for it."""

_HIDDEN = "select row_security_active(to_regclass('public.oracle_migrations')::oid)"
_NOT_THE_OWNER = (
    "row-level security hides the tables from the role of DATABASE_URL: "
    "use their owner, or a role with BYPASSRLS"
)


class PostgresStore(FunctionStore):
    """The store behind DATABASE_URL. Connects at the first call; any number of threads may call it."""

    def __init__(self, database_url: str, *, max_connections: int = 8, wait_seconds: float = 5.0) -> None:
        """Read the URL; raise SettingError, which never repeats it, when it is none.

        `wait_seconds` is how long a call waits for a connection before it counts as an outage.
        """
        parts = _parts(database_url)
        self._password = str(parts.get("password") or "")
        self._place = f"Postgres at {parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
        pooled = _is_pooler(parts)
        if not pooled:
            session = f"-c statement_timeout={_STATEMENT_MILLISECONDS} -c timezone=UTC"
            parts["options"] = f"{parts.get('options', '')} {session}".strip()
        self._conninfo = make_conninfo("", **{**_DEFAULTS, **parts})
        # Each call is one statement and so one transaction. A pooler that shares sessions between clients
        # cannot keep what one of them prepared.
        self._session: dict[str, Any] = {
            "autocommit": True,
            "prepare_threshold": None if pooled else 5,
            "row_factory": dict_row,
        }
        self._pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] = ConnectionPool(
            self._conninfo,
            kwargs=self._session,
            min_size=0,
            max_size=max_connections,
            open=True,
            name="oracle-store",
            check=ConnectionPool.check_connection,
            timeout=wait_seconds,
            reconnect_timeout=_RETRY_SECONDS,
            num_workers=1,
        )

    def prepare(self) -> None:
        """Apply the migrations that are missing.

        Raises StoreUnsuitable when the role may not, or when row-level security would hide the tables
        from it; StoreUnavailable when nothing answers.
        """
        try:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                # Checked first: what is hidden would look as if it were missing.
                hidden = connection.execute(_HIDDEN).fetchone()
                if hidden is not None and hidden[0]:
                    raise StoreUnsuitable(_NOT_THE_OWNER)
                apply_migrations(connection)
        except psycopg.Error as error:
            raise self._meaning(error) from error

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._pool.close()

    def _call(self, function: str, **arguments: object) -> Sequence[Found]:
        named = SQL(", ").join(
            SQL("{} => {}").format(Identifier(f"p_{name}"), Placeholder(name)) for name in arguments
        )
        query = SQL("select * from {}({})").format(Identifier("public", f"oracle_{function}"), named)
        try:
            with self._pool.connection() as connection:
                return connection.execute(query, arguments).fetchall()
        except psycopg.Error as error:
            raise self._meaning(error) from error

    def _meaning(self, error: psycopg.Error) -> StoreError:
        """Turn a driver's error into ours: one line, without the password and without the values."""
        said = error.diag.message_primary or str(error)
        message = f"{self._place}: {one_line(said, self._password, quote(self._password, safe=''))}"
        if error.sqlstate is not None:
            if error.sqlstate in {"42883", "42P01", "42703"}:
                message += f" (apply {SHOWN_DIRECTORY}/ with `python -m runtime.store.migrate`)"
            return store_error(error.sqlstate, message)
        if isinstance(error, psycopg.DataError):
            return StoreRefused(message)
        if any(sign in message for sign in _FOR_GOOD):
            return StoreUnsuitable(message)
        return StoreUnavailable(message)


def _parts(database_url: str) -> dict[str, Any]:
    """Split a connection URL; libpq's own complaint repeats parts of it, so it is not shown."""
    try:
        parts = conninfo_to_dict(database_url)
    except psycopg.Error:
        parts = {}
    # An @ or a : of the password that is not written as %40 or %3A would end up in the host, and so in a log.
    if not parts or "@" in str(parts.get("host", "")) or not str(parts.get("port", "5432")).isdigit():
        raise SettingError(
            "DATABASE_URL is wrong: it takes postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
            "with an @ in the password written as %40"
        )
    return parts


def _is_pooler(parts: dict[str, Any]) -> bool:
    """Recognise Supabase's pooler: it takes no session options and shares sessions between clients."""
    return str(parts.get("host", "")).endswith(".pooler.supabase.com") or str(parts.get("port")) == "6543"
