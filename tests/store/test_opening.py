"""Which store the settings name, told without connecting to any."""

import subprocess
import sys

import pytest

from runtime.settings import load
from runtime.store.opening import StoreSettings, open_store
from runtime.store.postgres import PostgresStore
from runtime.store.refusals import store_error
from runtime.store.supabase import SupabaseStore
from schema.errors import SettingError, StoreError, StoreRefused, StoreUnavailable, StoreUnsuitable

_POSTGRES = "postgresql://me:word@127.0.0.1:1/db"
_SUPABASE = "https://project.supabase.co"


def _open(**settings: str) -> object:
    store = open_store(load(StoreSettings, {name.upper(): value for name, value in settings.items()}))
    store.close()
    return type(store)


def test_a_database_url_is_that_postgres_even_beside_supabase() -> None:
    assert _open(database_url=_POSTGRES) is PostgresStore
    assert (
        _open(database_url=_POSTGRES, supabase_url=_SUPABASE, supabase_service_role_key="key")
        is PostgresStore
    )


def test_a_supabase_url_with_the_service_role_key_is_supabase() -> None:
    assert _open(supabase_url=_SUPABASE, supabase_service_role_key="key") is SupabaseStore


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "set DATABASE_URL, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY"),
        ({"supabase_service_role_key": "s3cret"}, "set DATABASE_URL, or SUPABASE_URL and"),
        ({"supabase_url": _SUPABASE}, "SUPABASE_SERVICE_ROLE_KEY is missing"),
        ({"supabase_url": _SUPABASE, "supabase_anon_key": "s3cret"}, "SUPABASE_ANON_KEY can only read"),
    ],
)
def test_anything_else_is_one_line_that_says_what_to_set(settings: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says) as error:
        _open(**settings)
    assert "\n" not in str(error.value)
    assert "s3cret" not in str(error.value)


def test_a_service_with_postgres_does_not_load_the_supabase_library() -> None:
    program = (
        "import sys; from runtime.store.opening import StoreSettings, open_store; "
        f"open_store(StoreSettings(database_url={_POSTGRES!r})).close(); sys.exit('supabase' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("22P05", StoreRefused), ("23505", StoreRefused), ("54001", StoreRefused),
        ("08006", StoreUnavailable), ("57P01", StoreUnavailable), ("57014", StoreUnavailable),
        ("53300", StoreUnavailable), ("40001", StoreUnavailable), ("25006", StoreUnavailable),
        ("XX000", StoreUnavailable), (None, StoreUnavailable),
        ("42P01", StoreUnsuitable), ("42501", StoreUnsuitable), ("28P01", StoreUnsuitable),
        ("3D000", StoreUnsuitable),
    ],
)  # fmt: skip
def test_a_sqlstate_means(sqlstate: str | None, kind: type[StoreError]) -> None:
    assert type(store_error(sqlstate, "said")) is kind
