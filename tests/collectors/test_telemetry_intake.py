"""The telemetry collector against the real broker: nothing lost, in order, poison put aside."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cli.stack.server import KafkaServer
from collectors.telemetry_collector import intake as intake_module
from runtime.metrics import DROPPED_FIELDS
from schema.errors import BrokerFatal, QueueFull
from schema.topics import EVENTS
from tests.collectors.telemetry_bench import SECONDS, Bench, Running, event, messages

pytestmark = pytest.mark.broker


@pytest.fixture
def bench(broker: KafkaServer) -> Iterator[Bench]:
    bench = Bench(broker)
    yield bench
    bench.close()


def test_poison_is_put_aside_with_its_reason_and_good_events_pass_in_order(bench: Bench) -> None:
    poison = {
        "not_json": b"not json",
        "wrong_shape": event(0, agent_id=7),
        "not_json ": json.dumps({"timestamp": float("nan")}).encode(),
        "too_large": event(0, internal_state={"text": "x" * 2_000_000}),
        "wrong_shape ": event(0, **{"__proto__": {"admin": True}}),
        "empty": b"",
        "empty ": None,
    }
    with Running(bench):
        for number, value in enumerate(poison.values()):
            bench.send(event(number))
            bench.send(value)
        bench.send(event(len(poison)))
        found = bench.events(len(poison) + 1)
        rejects = bench.rejects(len(poison))
    assert messages(found) == [str(number) for number in range(len(poison) + 1)]
    assert [reject.reason for reject in rejects] == [reason.strip() for reason in poison]
    assert [reject.value for reject in rejects] == [(value or b"")[: 64 * 1024] for value in poison.values()]
    assert {reject.topic for reject in rejects} == {EVENTS}
    assert "__proto__" in rejects[4].detail


def test_an_open_state_survives_the_way_to_the_log(bench: Bench) -> None:
    with Running(bench):
        bench.send(event(0, internal_state={"__proto__": {"a": 1}, "text": "a\u0000b"}))
        ((_, record),) = bench.events(1)
    assert record.event.internal_state == {"__proto__": {"a": 1}, "text": "a\ufffdb"}


def test_origins_name_topic_id_partition_offset_and_index(bench: Bench) -> None:
    with Running(bench):
        for number in range(3):
            bench.send(event(number), partition=2)
        origins = [origin.split(":") for origin, _ in bench.events(3)]
    assert {(topic_id, partition, index) for topic_id, partition, _, index in origins} == {
        (bench.topics.ids[EVENTS], "2", "0")
    }
    offsets = [int(origin[2]) for origin in origins]
    assert offsets == list(range(offsets[0], offsets[0] + 3))


def test_an_event_is_published_while_no_other_comes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "WAIT_SECONDS", 2.0 * SECONDS)
    with Running(bench) as running:
        bench.send(event(0))
        assert messages(bench.events(1)) == ["0"]
        running.stop.set()
        bench.send(event(1))  # ends the wait


def test_after_a_stop_nothing_is_read_again(bench: Bench) -> None:
    with Running(bench):
        bench.send(event(0))
        bench.events(1)
    before = bench.committed()
    with Running(bench):
        bench.send(event(1))
        assert messages(bench.events(1)) == ["1"]
    after = bench.committed()
    assert after[0] == before[0] + 1


def test_a_client_that_fails_ends_the_intake_and_all_is_read_again_under_the_same_origins(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "COMMIT_SECONDS", 3600.0)
    before = bench.committed()
    intake, producer = bench.intake()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            intake.run(threading.Event())
        except BrokerFatal as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    for number in range(5):
        bench.send(event(number))
    first = bench.events(5)
    producer._fatal = "fenced"
    thread.join()
    producer.close()
    assert [str(error) for error in failures] == ["fenced"]
    assert bench.committed() == before
    with Running(bench):
        again = bench.events(5)
    assert [origin for origin, _ in again] == [origin for origin, _ in first]
    assert [record.event.event_id for _, record in again] == [record.event.event_id for _, record in first]


def test_a_full_queue_pauses_the_intake_and_loses_nothing(bench: Bench) -> None:
    with Running(bench) as running:
        publish, room = running.producer.publish, threading.Event()
        refused: list[str] = []

        def bounded(topic: str, value: bytes, **more: Any) -> None:
            if not room.is_set() and b'"message":"2"' in value:
                refused.append(topic)
                raise QueueFull("full")
            publish(topic, value, **more)

        running.producer.publish = bounded  # type: ignore[method-assign] # a queue that is full at will
        for number in range(6):
            bench.send(event(number))
        assert messages(bench.events(2)) == ["0", "1"]
        while len(refused) < 3:
            time.sleep(0.05)
        for number in range(6, 9):
            bench.send(event(number))
        room.set()
        assert messages(bench.events(7)) == [str(number) for number in range(2, 9)]


def test_without_strictness_unknown_fields_are_dropped_and_counted(broker: KafkaServer) -> None:
    bench = Bench(broker, oracle_strict_schema=False)
    before = DROPPED_FIELDS._value.get()
    with Running(bench):
        bench.send(event(0, surprise=1, **{"__proto__": 2}))
        assert messages(bench.events(1)) == ["0"]
    bench.close()
    assert DROPPED_FIELDS._value.get() - before == 2


def test_a_second_member_takes_partitions_over_without_loss(bench: Bench) -> None:
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        for number in range(sent, sent + count):
            bench.send(event(number), partition=number % bench.topics.log_partitions)
        sent += count

    with Running(bench) as first:
        send(40)
        bench.events(40)
        with Running(bench) as second:
            deadline = time.monotonic() + SECONDS
            while not second.intake._windows:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert first.intake._windows.keys().isdisjoint(second.intake._windows)
            send(40)
            found = bench.events(40)
        send(40)
        found += bench.events(40)
    assert sorted(messages(found)) == sorted(str(number) for number in range(40, 120))


def service(bench: Bench) -> "subprocess.Popen[bytes]":
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": bench.settings.kafka_bootstrap_servers,
        "ORACLE_MAX_ENVIRONMENTS": "100000",
        "ORACLE_ENVIRONMENT": bench.environment,
    }
    command = [sys.executable, "-m", "collectors.telemetry_collector.collector"]
    return subprocess.Popen(command, env={**os.environ, **settings}, cwd=tempfile.gettempdir())


def test_a_killed_collector_loses_nothing_and_a_stopped_one_ends_in_good_order(bench: Bench) -> None:
    first = service(bench)
    try:
        bench.send(event(0))
        found = bench.events(1)
        for number in range(1, 300):
            bench.send(event(number))
            if number == 150:
                first.kill()
    finally:
        first.kill()
        first.wait()
    second = service(bench)
    try:
        by_origin = dict(found)
        while len(by_origin) < 300:
            by_origin |= dict(bench.events(1))
    finally:
        second.terminate()
        assert second.wait(20) == 0
    in_order = sorted(by_origin.items(), key=lambda pair: int(pair[0].split(":")[2]))
    assert messages(in_order) == [str(number) for number in range(300)]
