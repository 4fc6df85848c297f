"""What every store can do, tried on both: Postgres over psycopg and Supabase over REST."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from runtime.store.protocol import Checkpoint, Gap, Progress, Row, Store
from schema.errors import StoreRefused, StoreSuperseded
from schema.models import Snapshot
from schema.wire import canonical, decode
from tests.store.servers import Backend
from tests.store.ticks import tick_at, tick_rows

pytestmark = pytest.mark.database

_TABLES = ("system_snapshots", "oracle_events", "oracle_llm_calls", "oracle_gaps", "oracle_checkpoints")


def _counts(backend: Backend) -> dict[str, int]:
    return {table: backend.execute(f"select count(*) from {table}")[0][0] for table in _TABLES}


def _checkpoint(n: int, environment: str = "default", state: bytes = b"\x00\xffstate") -> Checkpoint:
    return Checkpoint(environment, tick_at(n), "topic-1", 3, 2**40 + n, state)


def test_taking_over_raises_the_generation_and_keeps_the_tick(store: Store) -> None:
    assert store.progress("default") is None
    assert store.take_over("default") == Progress("default", 1, None)
    store.store_tick(tick_rows(0))
    assert store.take_over("default") == Progress("default", 2, tick_at(0))
    assert store.progress("default") == Progress("default", 2, tick_at(0))
    assert store.take_over("other") == Progress("other", 1, None)


def test_a_tick_is_stored_whole(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    rows = tick_rows(
        events=[Row("e1", tick_at(0), b'{"a":0.10}'), Row("e2", tick_at(0), b'"\xc3\xa9"')],
        calls=[Row("c1", tick_at(0), b'{"cost_usd":0.000000000001}')],
        checkpoint=_checkpoint(0),
        gap=Gap(tick_at(-5), tick_at(0), "idle"),
    )
    store.store_tick(rows)
    assert store.progress("default") == Progress("default", 1, tick_at(0))
    assert list(_counts(backend).values()) == [1, 2, 1, 1, 1]
    assert store.checkpoints("topic-1", 3) == [_checkpoint(0)]
    assert backend.execute("select body::text from oracle_llm_calls") == [('{"cost_usd": 0.000000000001}',)]
    assert backend.execute('select "start", "end", reason from oracle_gaps') == [
        (tick_at(-5), tick_at(0), "idle")
    ]


def test_a_call_is_completed_by_rows_that_fill_it_in_the_same_tick_or_a_later_one(backend: Backend) -> None:
    store = backend.store
    for environment in ("default", "other"):
        store.take_over(environment)
        whole = Row("c1", tick_at(0), b'{"model":"m","prompt_tokens":7,"tokens_estimated":true}')
        here = [whole, Row("c2", tick_at(0), b'{"model":"m"}'), Row("c2", tick_at(0), b'{"a":1}', fills=True)]
        store.store_tick(tick_rows(0, environment=environment, calls=here))
    news = Row("c1", tick_at(1), b'{"prompt_tokens":8,"tokens_estimated":false,"cost_usd":0.10}', fills=True)
    # What fills a call that was never stored stores nothing: half a call would be none.
    lost = Row("c3", tick_at(1), b'{"agent_id":"a"}', fills=True)
    store.store_tick(tick_rows(1, calls=[news, lost]))
    found = backend.execute("select environment, key, at, body::text from oracle_llm_calls order by 1, 2")
    assert found == [
        (
            "default", "c1", tick_at(0),
            '{"model": "m", "cost_usd": 0.10, "prompt_tokens": 8, "tokens_estimated": false}',
        ),
        ("default", "c2", tick_at(0), '{"a": 1, "model": "m"}'),
        ("other", "c1", tick_at(0), '{"model": "m", "prompt_tokens": 7, "tokens_estimated": true}'),
        ("other", "c2", tick_at(0), '{"a": 1, "model": "m"}'),
    ]  # fmt: skip


def test_what_fills_a_call_takes_away_what_is_no_longer_known(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    whole = Row("c1", tick_at(0), b'{"model":"m","reasoning_tokens":7,"cost_usd":0.10}')
    store.store_tick(tick_rows(0, calls=[whole]))
    news = Row("c1", tick_at(1), b'{"reasoning_tokens":null,"prompt_tokens":8}', fills=True)
    store.store_tick(tick_rows(1, calls=[news]))
    assert backend.execute("select body::text from oracle_llm_calls") == [
        ('{"model": "m", "cost_usd": 0.10, "prompt_tokens": 8}',)
    ]


def test_repeating_a_tick_after_a_lost_answer_is_superseded_and_progress_tells_that_it_is_stored(
    backend: Backend,
) -> None:
    store = backend.store
    store.take_over("default")
    rows = tick_rows(events=[Row("e1", tick_at(0), b"{}")])
    store.store_tick(rows)
    with pytest.raises(StoreSuperseded):
        store.store_tick(rows)
    assert store.progress("default") == Progress("default", rows.generation, rows.tick)
    assert _counts(backend)["system_snapshots"] == 1


def test_an_owner_of_an_older_generation_stores_nothing(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    store.take_over("default")
    rows = tick_rows(
        generation=1,
        events=[Row("e1", tick_at(0), b"{}")],
        calls=[Row("c1", tick_at(0), b"{}")],
        checkpoint=_checkpoint(0),
        gap=Gap(tick_at(-5), tick_at(0), "idle"),
    )
    with pytest.raises(StoreSuperseded):
        store.store_tick(rows)
    assert sum(_counts(backend).values()) == 0
    assert store.progress("default") == Progress("default", 2, None)


@pytest.mark.parametrize("previous", [None, tick_at(-1), tick_at(1)])
def test_a_tick_whose_previous_tick_is_not_the_stored_one_stores_nothing(
    backend: Backend, previous: object
) -> None:
    store = backend.store
    store.take_over("default")
    store.store_tick(tick_rows(0))
    with pytest.raises(StoreSuperseded):
        store.store_tick(tick_rows(2, previous_tick=previous))
    assert _counts(backend)["system_snapshots"] == 1
    assert store.progress("default") == Progress("default", 1, tick_at(0))


def test_an_environment_that_nobody_took_over_stores_nothing(backend: Backend) -> None:
    with pytest.raises(StoreSuperseded):
        backend.store.store_tick(tick_rows(0))
    assert sum(_counts(backend).values()) == 0


def test_of_two_owners_that_store_the_same_tick_at_once_one_wins(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")

    def won(_owner: int) -> bool:
        try:
            store.store_tick(tick_rows(0))
        except StoreSuperseded:
            return False
        return True

    with ThreadPoolExecutor(4) as owners:
        assert sorted(owners.map(won, range(4))) == [False, False, False, True]
    assert _counts(backend)["system_snapshots"] == 1


_REFUSED = {
    "snapshot": {"snapshot": rb'{"a":"\u0000"}'},
    "snapshot that is no text": {"snapshot": b'"\xff"'},
    "event": {"events": [Row("good", tick_at(0), b"{}"), Row("bad", tick_at(0), rb'{"a":"\u0000"}')]},
    "call": {"calls": [Row("bad", tick_at(0), rb'{"a":"\ud800"}')]},
    "key": {"calls": [Row("nul\x00", tick_at(0), b"{}")]},
}


@pytest.mark.parametrize("changes", _REFUSED.values(), ids=_REFUSED)
def test_nothing_of_a_refused_tick_remains_and_the_tick_can_be_stored_without_the_bad_value(
    backend: Backend, changes: dict[str, object]
) -> None:
    store = backend.store
    store.take_over("default")
    good = tick_rows(0, events=[Row("first", tick_at(0), b"{}")], checkpoint=_checkpoint(0))
    with pytest.raises(StoreRefused):
        store.store_tick(replace(good, **changes))  # type: ignore[arg-type]  # the table names fields
    assert sum(_counts(backend).values()) == 0
    assert store.progress("default") == Progress("default", 1, None)
    store.store_tick(good)
    assert _counts(backend)["system_snapshots"] == 1


def test_an_event_that_is_known_already_is_kept_as_it_was(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    store.store_tick(tick_rows(0, events=[Row("e1", tick_at(0), b'"first"')]))
    store.store_tick(tick_rows(1, events=[Row("e1", tick_at(1), b'"again"'), Row("e2", tick_at(1), b"{}")]))
    assert backend.execute("select key, body from oracle_events order by key") == [
        ("e1", "first"),
        ("e2", {}),
    ]


def test_a_document_read_back_has_the_same_canonical_hash(store: Store) -> None:
    store.take_over("default")
    rows = tick_rows(0)
    assert b"1E-12" in rows.snapshot or b"0.000000000001" in rows.snapshot
    store.store_tick(rows)
    found = store.newest("default")
    assert found is not None
    again = canonical(decode(found.document, msgspec.json.Decoder(Snapshot)))
    assert again == rows.snapshot
    assert hashlib.sha256(again).hexdigest() == found.sha256 == rows.sha256
    assert (found.id, found.environment, found.tick) == (rows.snapshot_id, "default", rows.tick)


def test_a_moment_gives_the_newest_snapshot_at_or_before_it(store: Store) -> None:
    store.take_over("default")
    for n in range(3):
        store.store_tick(tick_rows(n))
    for moment, expected in (
        (tick_at(0), tick_at(0)),
        (tick_at(1) - timedelta(microseconds=1), tick_at(0)),
        (tick_at(1) + timedelta(milliseconds=1500), tick_at(1)),
        (tick_at(99), tick_at(2)),
    ):
        found = store.at("default", moment)
        assert found is not None
        assert found.tick == expected
    assert store.at("default", tick_at(0) - timedelta(microseconds=1)) is None
    assert store.at("nobody", tick_at(9)) is None
    assert store.newest("nobody") is None


def test_a_snapshot_is_found_by_its_id(store: Store) -> None:
    store.take_over("default")
    rows = tick_rows(0)
    store.store_tick(rows)
    found = store.get(rows.snapshot_id)
    assert found is not None
    assert found.tick == rows.tick
    assert store.get(uuid4()) is None


def test_environments_are_listed_in_order_of_name(store: Store) -> None:
    assert store.environments() == []
    for name in ("staging", "default", "Ünïcode"):
        store.take_over(name)
        for n in range(2):
            store.store_tick(tick_rows(n, environment=name))
    assert store.environments() == ["default", "staging", "Ünïcode"]


def test_the_newest_checkpoint_of_each_environment_of_a_partition_is_given(store: Store) -> None:
    for name in ("a", "b"):
        store.take_over(name)
        store.store_tick(tick_rows(0, environment=name, checkpoint=_checkpoint(0, name)))
        store.store_tick(tick_rows(1, environment=name, checkpoint=_checkpoint(1, name, bytes(range(256)))))
    expected = [_checkpoint(1, name, bytes(range(256))) for name in ("a", "b")]
    assert store.checkpoints("topic-1", 3) == expected
    assert store.checkpoints("topic-1", 2) == []
    assert store.checkpoints("another-topic", 3) == []


def test_the_last_two_checkpoints_and_one_an_hour_for_a_day_are_kept(backend: Backend) -> None:
    store = backend.store
    store.take_over("default")
    step = 20 * 30  # ticks in twenty minutes: three checkpoints an hour, from 14:32:12 on
    previous = None
    for n in range(0, 26 * 3 * step, step):
        store.store_tick(tick_rows(n, previous_tick=previous, checkpoint=_checkpoint(n)))
        previous = tick_at(n)
    kept = [tick for (tick,) in backend.execute("select tick from oracle_checkpoints order by tick desc")]
    newest = tick_at((26 * 3 - 1) * step)
    assert kept[:2] == [newest, newest - timedelta(minutes=20)]
    rest = kept[2:]
    assert all(tick >= newest - timedelta(hours=24) for tick in kept)
    assert [tick.minute for tick in rest] == [12] * len(rest)
    assert len({tick.replace(minute=0) for tick in rest}) == len(rest) == 24


def test_refused_among_finds_what_can_never_be_stored(store: Store) -> None:
    bodies = [
        b"{}",
        rb'{"a":"\u0000"}',
        b'"fine"',
        b'"\xff"',
        b'"raw \x00"',
        b"{",
        rb'"\ud800"',
        b"1e400000",
        b"0.1",
    ]
    assert store.refused_among(bodies) == [1, 3, 4, 5, 6, 7]
    assert store.refused_among([b"{}"]) == []
    assert store.refused_among([]) == []


def test_a_large_document_is_stored(store: Store) -> None:
    store.take_over("default")
    body = b'{"filler":"' + b"x" * 3_000_000 + b'"}'
    store.store_tick(tick_rows(0, snapshot=body, checkpoint=_checkpoint(0, state=b"\x01" * 3_000_000)))
    found = store.newest("default")
    assert found is not None
    assert msgspec.json.decode(found.document) == msgspec.json.decode(body)
    assert store.checkpoints("topic-1", 3)[0].state == b"\x01" * 3_000_000


def test_preparing_again_changes_nothing_and_a_prepared_store_answers(store: Store) -> None:
    store.take_over("default")
    store.store_tick(tick_rows(0))
    store.prepare()
    store.ping()
    assert store.environments() == ["default"]
