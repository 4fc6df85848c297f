"""What a caller is told when the store is gone, wrong, or not for this key; and that secrets stay secret."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import psycopg
import pytest

from cli.stack.server import PostgresServer
from runtime.store.postgres import PostgresStore
from runtime.store.protocol import Progress, Store
from runtime.store.supabase import SupabaseStore
from schema.errors import SettingError, StoreUnavailable, StoreUnsuitable
from tests.store.servers import PUBLISHABLE_KEY, SECRET_KEY, Backend, Exec, LiteServer
from tests.store.ticks import tick_at, tick_rows

pytestmark = pytest.mark.database


def _chain(error: BaseException) -> str:
    """Everything that a traceback of this error would print of its causes."""
    said = []
    link: BaseException | None = error
    while link is not None:
        said.append(f"{link!r} {link}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(said)


def _eventually_stores(store: Store, n: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return store.store_tick(tick_rows(n))
        except StoreUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_killed_server_is_an_outage_and_the_same_store_works_when_it_is_back(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    store.store_tick(tick_rows(0))
    backend.server.kill()
    with pytest.raises(StoreUnavailable):
        store.store_tick(tick_rows(1))
    with pytest.raises(StoreUnavailable):
        store.newest("default")
    with pytest.raises(StoreUnavailable):
        store.ping()
    backend.server.start()
    _eventually_stores(store, 1)
    assert store.progress("default") == Progress("default", 1, tick_at(1))


def test_a_postgres_killed_behind_rest_is_an_outage_too(lite: LiteServer, postgres: PostgresServer) -> None:
    store = SupabaseStore(lite.url, SECRET_KEY)
    store.take_over("default")
    postgres.kill()
    with pytest.raises(StoreUnavailable):
        store.store_tick(tick_rows(0))
    postgres.start()
    lite.kill()  # it sometimes ends itself with its database; Supabase's gateway does not
    lite.start()
    _eventually_stores(store, 0)
    store.close()


def test_a_session_that_is_ended_in_the_middle_of_a_tick_is_an_outage_and_leaves_nothing(
    database_url: str, execute: Exec
) -> None:
    store = PostgresStore(database_url)
    store.prepare()
    store.take_over("default")
    with psycopg.connect(database_url) as holder, ThreadPoolExecutor(1) as owner:
        holder.execute("select from oracle_progress for update")
        storing = owner.submit(store.store_tick, tick_rows(0))
        waiting = (
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        while not (found := execute(waiting)):
            time.sleep(0.02)
        execute("select pg_terminate_backend(%s)", found[0])
        with pytest.raises(StoreUnavailable):
            storing.result(20)
    assert execute("select count(*) from system_snapshots") == [(0,)]
    store.store_tick(tick_rows(0))
    store.close()


def test_a_wrong_password_is_unsuitable_and_never_shown(postgres: PostgresServer, database_url: str) -> None:
    secret = "s3cr/t word%"
    right = database_url.split("postgres:", 1)[1].split("@", 1)[0]
    store = PostgresStore(database_url.replace(right, quote(secret, safe="")), wait_seconds=1.0)
    with pytest.raises(StoreUnsuitable) as wrong:
        store.prepare()
    with pytest.raises(StoreUnavailable) as later:
        store.ping()
    for error in (wrong.value, later.value):
        assert "\n" not in str(error)
        assert secret not in _chain(error)
        assert quote(secret, safe="") not in _chain(error)
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret%zz@host/db",
        "postgresql//me:s3cret@host",
        "s3cret",
        " ",
        "postgresql://me:p@s3cret@host/db",
        "postgresql://me:x@host:s3cret/db",
    ],
)
def test_a_malformed_url_is_a_setting_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL is wrong") as error:
        PostgresStore(url)
    assert "s3cret" not in _chain(error.value)


def test_a_server_that_is_not_there_is_an_outage_and_shows_no_password() -> None:
    store = PostgresStore("postgresql://me:s3cret@127.0.0.1:1/db")
    with pytest.raises(StoreUnavailable) as error:
        store.prepare()
    assert "127.0.0.1:1" in str(error.value)
    assert "s3cret" not in _chain(error.value)
    store.close()


def test_missing_tables_are_unsuitable_and_the_error_says_what_to_run(database_url: str) -> None:
    store = PostgresStore(database_url)
    with pytest.raises(StoreUnsuitable, match="`python -m runtime"):
        store.ping()
    store.close()


def test_a_role_that_row_level_security_hides_everything_from_is_unsuitable(database_url: str) -> None:
    owner = PostgresStore(database_url)
    owner.prepare()
    owner.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create role hidden login password 'hidden-word'")
        connection.execute("grant all on all tables in schema public to hidden")
    right = database_url.split("//", 1)[1].split("@", 1)[0]
    store = PostgresStore(database_url.replace(right, "hidden:hidden-word"))
    with pytest.raises(StoreUnsuitable, match="BYPASSRLS"):
        store.prepare()
    store.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop owned by hidden")
        connection.execute("drop role hidden")


def test_supabase_without_our_tables_says_what_to_paste(lite: LiteServer, execute: Exec) -> None:
    store = SupabaseStore(lite.url, SECRET_KEY)
    execute("delete from oracle_migrations where name = '0004_access'")
    with pytest.raises(
        StoreUnsuitable, match="0004_access: paste the files of infrastructure/supabase/migrations/"
    ):
        store.prepare()
    execute("drop function oracle_refused_among(text)")
    with pytest.raises(StoreUnsuitable, match="paste the files of infrastructure/supabase/migrations/"):
        store.prepare()
    store.close()


@pytest.mark.parametrize("key", [PUBLISHABLE_KEY, "sb_secret_that_nobody_gave"])
def test_a_supabase_key_that_cannot_write_says_which_to_set_and_is_never_shown(
    lite: LiteServer, key: str
) -> None:
    store = SupabaseStore(lite.url, key)
    with pytest.raises(StoreUnsuitable, match="set SUPABASE_SERVICE_ROLE_KEY") as error:
        store.prepare()
    assert key not in _chain(error.value)
    with pytest.raises(StoreUnsuitable):
        store.take_over("default")
    store.close()


def test_a_supabase_url_or_key_of_the_wrong_form_is_a_setting_error() -> None:
    with pytest.raises(SettingError, match="SUPABASE_URL is wrong"):
        SupabaseStore("project.supabase.co", SECRET_KEY)
    with pytest.raises(SettingError, match="SUPABASE_SERVICE_ROLE_KEY is wrong") as error:
        SupabaseStore("https://project.supabase.co", "s3cret\nkey")
    assert "s3cret" not in _chain(error.value)
