"""The store behind Supabase's REST interface (supabase-py), for where only its URL and key are known.

Imported only where it is used: the library costs a service that has Postgres tens of megabytes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import httpx
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, SupabaseException, create_client

from runtime.store.functions import Found, FunctionStore
from runtime.store.migrations import SHOWN_DIRECTORY, migration_names
from runtime.store.refusals import one_line, store_error
from schema.errors import SettingError, StoreError, StoreRefused, StoreUnavailable, StoreUnsuitable

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds. A tick that is late may still be stored: the caller then repeats it and is told."""
_PASTE = f"paste the files of {SHOWN_DIRECTORY}/ into Supabase's SQL editor, in order"
_WRONG_KEY = (
    "the key cannot write: set SUPABASE_SERVICE_ROLE_KEY to the project's service role (or secret) key"
)


class SupabaseStore(FunctionStore):
    """The store behind SUPABASE_URL and a key; any number of threads may call it."""

    def __init__(self, supabase_url: str, key: str) -> None:
        """Make the client; raise SettingError, which shows neither value, when one has the wrong form."""
        self._key = key
        if not key.isascii() or not key.isprintable():
            raise SettingError("SUPABASE_SERVICE_ROLE_KEY is wrong: it holds a character that no key has")
        self._http = httpx.Client(timeout=_TIMEOUT, follow_redirects=True)
        # A call that was repeated behind our back would look like another owner's.
        options = ClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
            httpx_client=self._http,
        )
        try:
            self._client: Client = create_client(supabase_url, key, options)
        except (SupabaseException, ValueError):
            raise SettingError("SUPABASE_URL is wrong: it takes https://PROJECT.supabase.co") from None

    def prepare(self) -> None:
        """Check that the tables are there and that the key may write; REST cannot create them.

        Raises StoreUnsuitable with one line that says what to paste or which key to set.
        """
        self._call("refused_among", bodies="[]")  # a function that only a writer may execute
        try:
            found = self._client.table("oracle_migrations").select("name").execute().data
        except (APIError, httpx.HTTPError) as error:
            raise self._meaning(error) from None
        applied = {row["name"] for row in cast(list[dict[str, Any]], found)}
        missing = [name for name in migration_names() if name not in applied]
        if missing:
            raise StoreUnsuitable(f"Supabase lacks {', '.join(missing)}: {_PASTE}")

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._http.close()

    def _call(self, function: str, **arguments: object) -> Sequence[Found]:
        parameters = {f"p_{name}": _plain(value) for name, value in arguments.items()}
        try:
            found = self._client.rpc(f"oracle_{function}", parameters).execute().data
        except (APIError, httpx.HTTPError) as error:
            # The cause is not kept: a transport's complaint may quote the header with the key.
            raise self._meaning(error) from None
        if not isinstance(found, list):
            raise StoreUnavailable("Supabase: the answer is not PostgREST's (a proxy's page?)")
        return cast(Sequence[Found], found)

    def _meaning(self, error: APIError | httpx.HTTPError) -> StoreError:
        """Turn the client's error into ours: one line, without the key and without the values."""
        if isinstance(error, httpx.HTTPError):
            return StoreUnavailable(f"Supabase does not answer: {type(error).__name__}")
        code = error.code or ""
        message = f"Supabase: {one_line(error.message or code or 'no reason given', self._key)}"
        if code.startswith("PGRST2") or code in {"42883", "42P01", "42703", "404"}:
            return StoreUnsuitable(f"{message}; {_PASTE}")
        if code.startswith("PGRST3") or code in {"42501", "401", "403"} or "API key" in message:
            return StoreUnsuitable(f"{message}; {_WRONG_KEY}")
        if code == "413":
            return StoreRefused(message)
        return store_error(code if len(code) == 5 else None, message)  # PGRST0xx, a gateway: an outage


def _plain(value: object) -> object:
    """Make an argument JSON: times and ids as their text."""
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
