"""The aggregator's process on the real Kafka and the real Postgres: kills, outages, poison, two replicas."""

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from aggregator.partition import FoldSettings, Message, PartitionFold
from aggregator.ticks import from_ms
from cli.stack.server import KafkaServer, PostgresServer
from runtime.kafka import OFFSET_BEGINNING, Consumer, TopicPartition, ensure_topics, headers_of, partition_of
from runtime.settings import BaseSettings
from schema.errors import BrokerError
from schema.messages import Rejected
from schema.topics import LOG, REJECTED
from tests.aggregator.records import agent, call, event, heartbeat, play, pod, workload
from tests.aggregator.services import PARTITIONS, AggregatorProcess, LogWriter, stored_ticks, wait_for
from tests.brokers import without_topics

pytestmark = [pytest.mark.broker, pytest.mark.database]
TWO_SECONDS = timedelta(seconds=2)

Start = Callable[..., AggregatorProcess]


@pytest.fixture
def settings(broker: KafkaServer) -> BaseSettings:
    without_topics(broker)
    options = BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers, oracle_log_partitions=PARTITIONS)
    wait_for("the topics", lambda: _are_made(options))
    return options


@pytest.fixture
def log(settings: BaseSettings) -> Iterator[LogWriter]:
    writer = LogWriter(settings)
    yield writer
    writer.close()


@pytest.fixture
def start(settings: BaseSettings, database_url: str, tmp_path: Path) -> Iterator[Start]:
    started: list[AggregatorProcess] = []

    def begin(**more: str) -> AggregatorProcess:
        process = AggregatorProcess(
            settings.kafka_bootstrap_servers, database_url, tmp_path / f"{len(started)}.log", **more
        )
        process.start()
        started.append(process)
        return process

    yield begin
    for process in started:
        process.stop(9)


def _are_made(options: BaseSettings) -> bool:
    """Make the topics, as a service does: one that was just deleted may not be known for a moment."""
    try:
        ensure_topics(options)
    except BrokerError:
        return False
    return True


def feed(log: LogWriter, seconds: float, environment: str = "default") -> None:
    """Write what a small fleet writes, ten times a second."""
    log.add(workload("writer-agent"), environment)
    for number in range(int(seconds * 10)):
        log.add(pod("writer-agent", "writer-agent-1", cpu=number % 7), environment)
        log.add(event("task_started", task_id=f"t{number}", number=number), environment)
        log.add(call(int(time.time() * 1000) + number), environment)
        log.add(heartbeat("pod", "workload"), environment)
        time.sleep(0.1)
    log.flush()


def assert_no_hole(ticks: list[tuple[datetime, str]]) -> None:
    times = [tick for tick, _ in ticks]
    assert len(times) == len(set(times))
    steps = {b - a for a, b in itertools.pairwise(times)}
    assert steps == {TWO_SECONDS}, sorted(times)


def second_fold(settings: BaseSettings, url: str, environment: str = "default") -> dict[datetime, str]:
    """Fold the log again from its start, with the first stored tick as the first."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": "again",
            "enable.partition.eof": True,
        }
    )
    place = TopicPartition(LOG, partition_of(environment, PARTITIONS), OFFSET_BEGINNING)
    consumer.assign([place])
    _, end = consumer.get_watermark_offsets(place, timeout=10)
    messages: list[Message] = []
    while not messages or messages[-1].offset < end - 1:
        (message,) = consumer.consume(1, 20)
        _, appended_ms = message.timestamp()
        messages.append(Message(message.offset() or 0, appended_ms, message.value(), headers_of(message)))
    consumer.close()
    fold = PartitionFold(place.partition, FoldSettings(PARTITIONS, 2000, 100))
    first = stored_ticks(url, environment)[0][0]
    early = [one for one in messages if from_ms(one.appended_ms) <= first - TWO_SECONDS]
    play(fold, early)
    fold.caught_up()
    outcome = play(fold, messages[len(early) :])
    return {
        from_ms(one.tick_ms): one.document.sha256 for one in outcome.frozen if one.environment == environment
    }


def test_ticks_are_stored_without_hole_across_kills_and_equal_a_second_fold(
    settings: BaseSettings, log: LogWriter, start: Start, database_url: str
) -> None:
    one = start()
    feed(log, 5)
    wait_for("a first tick", lambda: _ticks(database_url))
    one.stop(9)
    feed(log, 5)
    start()
    feed(log, 5)
    stopped = start()
    wait_for("its start", stopped.has_started)
    feed(log, 1)
    assert stopped.stop() == 0
    wait_for("eight ticks", lambda: len(stored_ticks(database_url)) >= 8)
    ticks = stored_ticks(database_url)
    assert_no_hole(ticks)
    again = second_fold(settings, database_url)
    assert {tick: sha for tick, sha in ticks if tick in again} == {
        tick: sha for tick, sha in again.items() if tick in dict(ticks)
    }
    assert len(again) >= 6


def test_settings_that_are_changed_at_a_restart_count_from_then_on_and_a_second_fold_is_the_same(
    settings: BaseSettings, log: LogWriter, start: Start, database_url: str
) -> None:
    one = start(ORACLE_DISCOVERY_MODE="labeled", LLM_BUDGETS_USD='{"*": 1000}')
    log.add(agent("writer-agent"))
    feed(log, 5)
    wait_for("a first tick", lambda: _ticks(database_url))
    # Until the log has the setting, which it is told once the aggregator is caught up, the mode is `auto`.
    wait_for("the mode to count", lambda: _newest(database_url)["agents"] == [])
    assert _newest(database_url)["llm_usage"]["by_agent"][0]["budget_usd"] == 1000
    assert one.stop() == 0
    start(ORACLE_DISCOVERY_MODE="all", LLM_BUDGETS_USD='{"*": 0.0001}')
    feed(log, 5)
    wait_for("an agent", lambda: _newest(database_url)["agents"])
    newest = _newest(database_url)
    assert [one["discovered_by"] for one in newest["agents"]] == [["deployment", "telemetry"]]
    assert [(one["severity"], one["agent_ids"]) for one in newest["alerts"]] == [("high", ["writer-agent"])]
    again, ticks = second_fold(settings, database_url), dict(stored_ticks(database_url))
    assert again.keys() & ticks.keys()
    assert {tick: sha for tick, sha in again.items() if tick in ticks} == {
        tick: sha for tick, sha in ticks.items() if tick in again
    }


def test_a_database_that_is_killed_leaves_no_hole(
    log: LogWriter, start: Start, postgres: PostgresServer, database_url: str
) -> None:
    start()
    feed(log, 5)
    wait_for("a first tick", lambda: _ticks(database_url))
    postgres.kill()
    feed(log, 6)
    postgres.start()
    feed(log, 1)
    wait_for("six ticks", lambda: len(stored_ticks(database_url)) >= 6)
    assert_no_hole(stored_ticks(database_url))


def test_a_broker_that_is_killed_leaves_no_hole(
    log: LogWriter, start: Start, broker: KafkaServer, database_url: str
) -> None:
    start()
    feed(log, 5)
    wait_for("a first tick", lambda: _ticks(database_url))
    broker.kill()
    time.sleep(3)
    broker.start()
    feed(log, 5)
    wait_for("six ticks", lambda: len(stored_ticks(database_url)) >= 6)
    assert_no_hole(stored_ticks(database_url))


def test_poison_on_the_log_is_rejected_and_the_snapshots_go_on(
    settings: BaseSettings, log: LogWriter, start: Start, database_url: str
) -> None:
    start()
    poison = {
        b"not json": "not_json",
        b'["wrong"]': "wrong_shape",
        b'{"type":"mark","owner":NaN}': "not_json",
        b'{"type":"mark","owner":"x","__proto__":{}}': "wrong_shape",
        b'{"type":"mark","owner":"' + b"x" * (2 << 20) + b'"}': "too_large",
    }
    for body in poison:
        log.add(body)
    log.add(
        event("warning", message="a\x00b", internal_state={"__proto__": {"polluted": True}}, event_id="kept")
    )
    feed(log, 5)
    wait_for("a first tick", lambda: _ticks(database_url))
    rejected = _rejected(settings, len(poison))
    assert sorted(one.reason for one in rejected) == sorted(poison.values())
    assert {one.topic for one in rejected} == {LOG}
    assert max(one.size_bytes for one in rejected) > 2 << 20
    stored = wait_for("the event", lambda: _event(database_url, "kept"))
    assert stored["message"] == "a\ufffdb"
    assert stored["internal_state"] == {"__proto__": {"polluted": True}}


def test_two_replicas_share_environments_and_a_killed_one_is_replaced(
    log: LogWriter, start: Start, database_url: str
) -> None:
    names = ["default", "other"]
    assert len({partition_of(name, PARTITIONS) for name in names}) == 2
    first = start()
    start()
    for _ in range(4):
        for name in names:
            feed(log, 1, name)
    wait_for("ticks of both", lambda: all(_ticks(database_url, name) for name in names))
    first.stop(9)
    for _ in range(7):
        for name in names:
            feed(log, 1, name)
    last = {name: stored_ticks(database_url, name)[-1][0] for name in names}
    feed(log, 1, "default")
    feed(log, 1, "other")
    wait_for(
        "both to go on", lambda: all(stored_ticks(database_url, name)[-1][0] > last[name] for name in names)
    )
    for name in names:
        assert_no_hole(stored_ticks(database_url, name))


@pytest.mark.parametrize("name", ["SNAPSHOT_INTERVAL_SECONDS", "LLM_BUDGETS_USD"])
def test_a_wrong_setting_ends_the_service_with_one_line(
    name: str, settings: BaseSettings, database_url: str, tmp_path: Path
) -> None:
    output = tmp_path / "wrong.log"
    process = AggregatorProcess(settings.kafka_bootstrap_servers, database_url, output, **{name: "soon"})
    process.start()
    assert process.stop(0) == 2
    (line,) = [one for one in output.read_text().splitlines() if "wrong" in one]
    assert name in line
    assert "soon" not in output.read_text()


def _ticks(url: str, environment: str = "default") -> bool:
    try:
        return bool(stored_ticks(url, environment))
    except psycopg.errors.UndefinedTable:
        return False


def _event(url: str, key: str) -> dict[str, Any] | None:
    with psycopg.connect(url) as connection:
        row = connection.execute("select body::text from oracle_events where key = %s", (key,)).fetchone()
    return msgspec.json.decode(str(row[0]), type=dict[str, Any]) if row else None


def _rejected(settings: BaseSettings, wanted: int) -> list[Rejected]:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": "rejected",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([REJECTED])
    found: list[Rejected] = []
    deadline = time.monotonic() + 30
    while len(found) < wanted and time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found.append(msgspec.json.decode(message.value() or b"", type=Rejected))
    consumer.close()
    return found


def _newest(url: str) -> dict[str, Any]:
    """Give the newest stored snapshot."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select snapshot from system_snapshots order by timestamp desc").fetchone()
    return dict(row[0]) if row else {}
