"""The writer's thread between the fold and the store: outages, refusals, lost answers, its own end."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from aggregator.announcer import Announcer
from aggregator.effects import Frozen
from aggregator.own_records import OwnRecords
from aggregator.refusals import Refusals
from aggregator.writer import Loaded, Superseded, Writer
from runtime.health import Health
from runtime.store.protocol import Checkpoint, Progress, TickRows
from schema.errors import QueueFull, StoreRefused, StoreSuperseded, StoreUnavailable
from schema.messages import LogRecord
from schema.topics import CHANGES, LOG, REJECTED
from tests.aggregator.records import Log, event, live_fold, mark, play, pod, workload


class Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.full = False

    def publish(self, topic: str, value: bytes, **_: Any) -> None:
        if self.full:
            raise QueueFull("full")
        self.sent.append((topic, value))

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.sent]


class Rejecter:
    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def reject(self, _error: Exception, *, value: bytes, **_: Any) -> None:
        self._producer.publish(REJECTED, value)


class Store:
    """Keeps one progress row per environment; can be away, refuse words, lose an answer, or break."""

    def __init__(self) -> None:
        self.rows: list[TickRows] = []
        self.now: dict[str, Progress] = {}
        self.away = threading.Event()
        self.refuses = b"\xff"
        self.answers: list[Exception] = []

    def take_over(self, environment: str) -> Progress:
        self._check()
        before = self.now.get(environment, Progress(environment, 0, None))
        self.now[environment] = Progress(environment, before.generation + 1, before.tick)
        return self.now[environment]

    def checkpoints(self, _topic_id: str, _partition: int) -> list[Checkpoint]:
        self._check()
        return []

    def progress(self, environment: str) -> Progress | None:
        return self.now.get(environment)

    def refused_among(self, bodies: Sequence[bytes]) -> list[int]:
        return [index for index, body in enumerate(bodies) if self.refuses in body]

    def store_tick(self, rows: TickRows) -> None:
        self._check()
        before = self.now[rows.environment]
        if (before.generation, before.tick) != (rows.generation, rows.previous_tick):
            raise StoreSuperseded("moved on")
        if self.refused_among([rows.snapshot, *(row.body for row in rows.events)]):
            raise StoreRefused("never")
        self.now[rows.environment] = Progress(rows.environment, rows.generation, rows.tick)
        self.rows.append(rows)
        if self.answers:
            raise self.answers.pop()

    def _check(self) -> None:
        if self.away.is_set():
            raise StoreUnavailable("away")


class Bench:
    def __init__(self) -> None:
        self.producer, self.store = Producer(), Store()
        self.health = Health("store")
        rejecter: Any = Rejecter(self.producer)
        store: Any = self.store
        producer: Any = self.producer
        announcer = Announcer(producer, 1)
        refusals = Refusals(store, OwnRecords(producer, "test", 1), rejecter)
        self.writer = Writer(store, announcer, refusals, self.health, "topic")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def frozen(*records: LogRecord, ticks: int = 1) -> list[Frozen]:
    log = Log()
    for number, record in enumerate(records):
        log.add(100 + number, record)
    log.add(2_000 * ticks + 500, mark())
    return play(live_fold(), log.messages).frozen


def soon(holds: Callable[[], object], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


def test_ticks_wait_for_a_store_that_is_away_and_are_stored_in_order_once(bench: Bench) -> None:
    bench.store.away.set()
    made = frozen(workload("a"), ticks=3)
    for one in made:
        bench.writer.store(one, 0)
    assert soon(lambda: not bench.health.readiness()[0])
    bench.store.away.clear()
    assert soon(lambda: len(bench.store.rows) == 3)
    assert [one.sha256 for one in bench.store.rows] == [one.document.sha256 for one in made]
    assert soon(lambda: bench.health.readiness()[0])


def test_a_lost_answer_is_no_second_tick_and_no_other_owner(bench: Bench) -> None:
    bench.store.answers = [StoreUnavailable("lost")]
    (one,) = frozen(workload("a"))
    bench.writer.store(one, 0)
    assert soon(lambda: CHANGES in bench.producer.topics())
    assert len(bench.store.rows) == 1
    assert bench.writer.outcomes.empty()


def test_another_owner_makes_the_partition_be_loaded_again(bench: Bench) -> None:
    first, second = frozen(workload("a"), ticks=2)
    bench.writer.store(first, 0)
    assert soon(lambda: bench.store.rows)
    bench.store.take_over("default")
    bench.writer.store(second, 0)
    assert soon(lambda: not bench.writer.outcomes.empty())
    assert bench.writer.outcomes.get() == Superseded(0)
    bench.writer.load(0)
    assert soon(lambda: not bench.writer.outcomes.empty())
    assert bench.writer.outcomes.get() == Loaded(0, [])


def test_nothing_is_stored_between_a_superseded_tick_and_the_load(bench: Bench) -> None:
    first, second, third = frozen(workload("a"), ticks=3)
    bench.writer.store(first, 0)
    assert soon(lambda: bench.store.rows)
    bench.store.take_over("default")
    bench.writer.store(second, 0)
    assert soon(lambda: not bench.writer.outcomes.empty())
    bench.writer.store(third, 0)
    bench.writer.load(0)
    assert soon(lambda: bench.writer.outcomes.qsize() == 2)
    assert [one.tick for one in bench.store.rows] == [one.tick for one in bench.store.rows[:1]]
    bench.writer.store(second, 0)
    bench.writer.store(third, 0)
    assert soon(lambda: len(bench.store.rows) == 3)


def test_a_refused_event_is_put_aside_and_the_tick_is_stored(bench: Bench) -> None:
    bench.store.refuses = b"bad"
    (one,) = frozen(event("note", message="bad", event_id="b"), event("note", event_id="g"))
    bench.writer.store(one, 0)
    assert soon(lambda: bench.store.rows)
    assert [row.key for row in bench.store.rows[0].events] == ["g"]
    assert REJECTED in bench.producer.topics()


def test_a_refused_pod_takes_only_itself_away_and_the_log_is_told(bench: Bench) -> None:
    bench.store.refuses = b"bad-pod"
    (one,) = frozen(workload("a"), pod("a", "good"), pod("a", "bad-pod"))
    bench.writer.store(one, 0)
    assert soon(lambda: bench.store.rows)
    document = msgspec.json.decode(bench.store.rows[0].snapshot)
    assert [one["name"] for workload in document["workload"] for one in workload["pods"]] == ["good"]
    told = [msgspec.json.decode(value) for topic, value in bench.producer.sent if topic == LOG]
    assert [one["value"]["key"] for one in told] == [["local", "a", "uid-bad-pod"]]


def test_a_full_producer_delays_a_refusal_and_ends_nothing(bench: Bench) -> None:
    bench.store.refuses = b"bad"
    bench.producer.full = True
    (one,) = frozen(event("note", message="bad"))
    bench.writer.store(one, 0)
    time.sleep(0.3)
    assert bench.store.rows == []
    bench.producer.full = False
    assert soon(lambda: bench.store.rows)


def test_what_ends_the_thread_is_handed_to_the_loop(bench: Bench) -> None:
    bench.store.answers = [ZeroDivisionError("a fault of ours")]
    (one,) = frozen(workload("a"))
    bench.writer.check()
    bench.writer.store(one, 0)

    def ended() -> bool:
        try:
            bench.writer.check()
        except ZeroDivisionError:
            return True
        return False

    assert soon(ended)


def test_the_buffer_is_bounded_by_bytes_events_included(bench: Bench) -> None:
    bench.store.away.set()
    notes = [event("note", event_id=f"e{one}", internal_state={"x": "y" * 900_000}) for one in range(60)]
    (one,) = frozen(*notes)
    for _ in range(6):
        bench.writer.store(one, 0)
    assert bench.writer.full
    bench.writer.drop(0)
    assert bench.writer.roomy


def test_a_stop_stores_what_waits(bench: Bench) -> None:
    for one in frozen(workload("a"), ticks=5):
        bench.writer.store(one, 0)
    assert bench.writer.close() == 0
    assert len(bench.store.rows) == 5
