"""The SQL files on a real Postgres: pasted twice, on an older table, and what readers may see."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from runtime.store.migrate import main
from runtime.store.migrations import DIRECTORY, migration_names
from runtime.store.postgres import PostgresStore
from tests.store.servers import Exec
from tests.store.ticks import START, tick_rows

pytestmark = pytest.mark.database

_OURS = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"


def _paste(execute: Exec) -> None:
    for path in sorted(DIRECTORY.glob("*.sql")):
        execute(path.read_bytes())


def _shape(execute: Exec) -> list[tuple[object, ...]]:
    return execute(
        "select table_name, column_name, data_type, is_nullable, column_default "
        "from information_schema.columns where table_schema = 'public' order by 1, 2"
    )


def test_pasting_every_file_twice_changes_nothing(execute: Exec) -> None:
    _paste(execute)
    shape = _shape(execute)
    policies = execute("select tablename, policyname, qual from pg_policies order by 1, 2")
    _paste(execute)
    assert _shape(execute) == shape
    assert execute("select tablename, policyname, qual from pg_policies order by 1, 2") == policies
    assert [
        name for (name,) in execute("select name from oracle_migrations order by name")
    ] == migration_names()


def test_pasted_files_count_as_applied(execute: Exec, database_url: str) -> None:
    _paste(execute)
    before = execute("select name, applied_at from oracle_migrations order by name")
    store = PostgresStore(database_url)
    store.prepare()
    store.close()
    assert execute("select name, applied_at from oracle_migrations order by name") == before


def test_many_services_may_prepare_at_once(database_url: str) -> None:
    def prepare(_service: int) -> None:
        store = PostgresStore(database_url)
        store.prepare()
        store.close()

    with ThreadPoolExecutor(6) as services:
        list(services.map(prepare, range(6)))


def test_row_level_security_is_on_for_every_table(execute: Exec) -> None:
    _paste(execute)
    assert execute(f"{_OURS} and not relrowsecurity") == []
    assert len(execute(_OURS)) == 7


def test_an_insert_of_timestamp_and_snapshot_alone_works(execute: Exec) -> None:
    _paste(execute)
    execute("insert into system_snapshots (timestamp, snapshot) values (now(), '{}')")
    assert execute("select environment, sha256, id is not null from system_snapshots") == [
        ("default", None, True)
    ]


@pytest.mark.parametrize(
    "columns",
    [
        "id uuid primary key default gen_random_uuid(), timestamp timestamptz not null, "
        "snapshot jsonb not null",
        "id uuid not null default gen_random_uuid(), timestamp timestamp, snapshot json",
    ],
    ids=["as SPEC without environment", "looser"],
)
def test_an_older_table_is_adopted_with_its_rows(execute: Exec, database_url: str, columns: str) -> None:
    execute(f"create table system_snapshots ({columns})")
    for n, second in enumerate((0, 2, 2, 2)):
        execute(
            "insert into system_snapshots (timestamp, snapshot) values (%s, %s)",
            (f"2026-01-01 00:00:0{second}Z", json.dumps({"n": n})),
        )
    store = PostgresStore(database_url)
    store.prepare()
    assert execute("select count(*) from system_snapshots") == [(4,)]
    assert store.environments() == ["default", "default (duplicate 2)", "default (duplicate 3)"]
    store.take_over("default")
    store.store_tick(tick_rows(0))
    newest = store.newest("default")
    oldest = store.at("default", START.replace(month=1, day=1, hour=0, minute=0, second=1))
    assert newest is not None
    assert newest.tick == START
    assert oldest is not None
    assert json.loads(oldest.document) == {"n": 0}
    _paste(execute)
    assert execute("select count(*) from system_snapshots") == [(5,)]
    store.close()


def test_a_tick_folded_again_after_its_progress_was_lost_replaces_its_row(
    execute: Exec, database_url: str
) -> None:
    store = PostgresStore(database_url)
    store.prepare()
    store.take_over("default")
    store.store_tick(tick_rows(0))
    execute("delete from oracle_progress")
    store.take_over("default")
    again = tick_rows(0)
    store.store_tick(again)
    assert execute("select id from system_snapshots") == [(again.snapshot_id,)]
    store.close()


_SEEING_NOTHING: list[object] = [
    None,
    {},
    {"app_metadata": {}},
    {"app_metadata": {"environments": None}},
    {"app_metadata": {"environments": "default"}},
    {"app_metadata": {"environments": []}},
    {"app_metadata": {"environments": {"default": 1}}},
]


def _seen(database_url: str, role: str, claims: object) -> list[str]:
    """The environments that a role sees under a token, as PostgREST sets both."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"set local role {role}")
        if claims is not None:
            connection.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
        rows = connection.execute("select environment from system_snapshots order by 1").fetchall()
        listed = connection.execute("select environment from oracle_environments()").fetchall()
    assert listed == rows
    return [environment for (environment,) in rows]


def test_a_reader_sees_the_environments_of_its_token_and_without_the_claim_nothing(
    migrated: Exec, database_url: str
) -> None:
    for environment in ("default", "staging"):
        migrated("insert into system_snapshots values (default, now(), '{}', %s)", (environment,))
    for role in ("anon", "authenticated"):
        for claims in _SEEING_NOTHING:
            assert _seen(database_url, role, claims) == []
        assert _seen(database_url, role, {"app_metadata": {"environments": ["staging", "x"]}}) == ["staging"]
    assert _seen(database_url, "service_role", None) == ["default", "staging"]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "attempt",
    [
        "insert into system_snapshots (timestamp, snapshot) values (now(), '{}')",
        "update system_snapshots set environment = 'mine'",
        "delete from system_snapshots",
        "truncate system_snapshots",
        "select * from oracle_progress",
        "select * from oracle_checkpoints",
        "select * from oracle_take_over('default')",
        "select * from oracle_refused_among('[]')",
    ],
)
def test_a_reader_writes_nothing(migrated: Exec, database_url: str, role: str, attempt: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"set local role {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attempt)


def test_a_plain_role_that_was_granted_the_table_sees_nothing_without_a_claim(
    migrated: Exec, database_url: str
) -> None:
    migrated("insert into system_snapshots (timestamp, snapshot) values (now(), '{}')")
    with psycopg.connect(database_url) as connection:
        connection.execute("create role plain")
        connection.execute("grant select on system_snapshots to plain")
        connection.execute("set local role plain")
        assert connection.execute("select * from system_snapshots").fetchall() == []
        connection.rollback()


def test_snapshots_are_published_where_realtime_is_there(execute: Exec) -> None:
    execute("create publication supabase_realtime")
    _paste(execute)
    _paste(execute)
    published = "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    assert execute(published) == [("system_snapshots",)]


def test_every_file_records_its_own_name() -> None:
    for path in sorted(DIRECTORY.glob("*.sql")):
        recorded = re.findall(
            r"insert into public.oracle_migrations \(name\) values \('(\w+)'\)", path.read_text()
        )
        assert recorded == [path.stem]


def test_the_migrate_command_prepares_the_store_of_the_settings(
    database_url: str, execute: Exec, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main([]) == 0
    assert execute("select count(*) from oracle_migrations") == [(len(migration_names()),)]
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/db")
    assert main(["--wait", "0"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "s3cret" not in said
