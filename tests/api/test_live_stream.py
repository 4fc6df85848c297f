"""The live stream on real parts: Kafka, Postgres, the API as a process, and a client over HTTP."""

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from cli.stack.server import KafkaServer
from runtime.settings import BaseSettings
from schema.topics import CHANGES
from tests.api.live_parts import ApiProcess, SmallAggregator, StreamClient, rejected, until

pytestmark = [pytest.mark.broker, pytest.mark.database]

_NUMBERS = itertools.count(1)


@pytest.fixture
def settings(broker: KafkaServer) -> BaseSettings:
    return BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)


@pytest.fixture
def aggregator(settings: BaseSettings, database_url: str) -> Iterator[SmallAggregator]:
    aggregator = SmallAggregator(settings, database_url, f"live-{next(_NUMBERS)}")
    yield aggregator
    aggregator.close()


@pytest.fixture
def api(
    settings: BaseSettings, aggregator: SmallAggregator, database_url: str, tmp_path: Path
) -> Iterator[ApiProcess]:
    process = ApiProcess(
        tmp_path,
        KAFKA_BOOTSTRAP_SERVERS=settings.kafka_bootstrap_servers,
        DATABASE_URL=database_url,
        ORACLE_ENVIRONMENT=aggregator.environment,
    )
    process.wait_ready()
    yield process
    process.stop()


def test_a_client_sees_the_stored_state_then_the_live_one_then_each_change(
    api: ApiProcess, aggregator: SmallAggregator
) -> None:
    aggregator.set_agent("alpha", send=False)
    aggregator.freeze()
    # A second tick, for the process may have met the first one or not.
    first = aggregator.freeze()
    client = StreamClient(api.url)
    until(lambda: client.next("state").data["id"] == first, "the state of the newest snapshot")
    # That may have been the stored one, shown while the live one loads: a tick says that it is followed.
    followed = aggregator.freeze()
    until(lambda: client.next("tick").data["snapshot_id"] == followed, "the stream is followed")
    aggregator.set_agent("beta")
    patch = client.next("patch")
    assert patch.id == f"{aggregator.generation}:{aggregator.sequence}"
    assert [one[0] for one in patch.data["set"]] == ["agent", "event"]
    second = aggregator.freeze()
    assert client.next("tick").data["snapshot_id"] == second
    late = StreamClient(api.url, events="false")
    state = late.next("state")
    assert [one["agent_id"] for one in state.data["agents"]] == ["alpha", "beta"]
    assert (state.id, state.data["id"]) == (patch.id, second)
    aggregator.set_agent("gamma")
    assert [one[0] for one in late.next("patch").data["set"]] == ["agent"]
    assert [one[0] for one in client.next("patch").data["set"]] == ["agent", "event"]


def test_before_the_first_tick_the_newest_stored_snapshot_is_shown_as_waiting(
    api: ApiProcess, aggregator: SmallAggregator
) -> None:
    client = StreamClient(api.url, environment="another")
    assert client.next("status").data["status"] == "waiting"
    stored = aggregator.freeze()
    answer = httpx.get(f"{api.url}/api/v1/oracle/state")
    assert answer.json()["id"] == stored
    assert client.events.empty(), "another environment's tick is none of its business"


def test_a_hole_and_a_new_generation_each_bring_a_new_state(
    api: ApiProcess, aggregator: SmallAggregator
) -> None:
    client = StreamClient(api.url)
    aggregator.freeze()
    client.next("tick")
    aggregator.set_agent("lost", send=False)
    aggregator.set_agent("seen")
    assert client.next("status", "patch").data["status"] == "waiting"
    aggregator.freeze()
    assert [one["agent_id"] for one in client.next("state").data["agents"]] == ["lost", "seen"]
    aggregator.take_over()
    aggregator.freeze(catching_up=True)
    assert client.next("status").data["status"] == "waiting"
    assert client.next("status").data["status"] == "catching_up"
    aggregator.set_agent("new")
    aggregator.freeze()
    assert client.next("state").id == f"{aggregator.generation}:1"


def test_poison_goes_to_rejected_and_the_stream_goes_on(
    api: ApiProcess, aggregator: SmallAggregator, settings: BaseSettings
) -> None:
    client = StreamClient(api.url)
    aggregator.freeze()
    client.next("tick")
    fields = {"type": "change", "environment": aggregator.environment, "generation": 1, "sequence": 1}
    change = msgspec.json.encode({**fields, "at": "2026-02-06T14:32:12Z", "set": [], "remove": []})
    poison = {
        "not_json": b"hello",
        "wrong_shape": b'{"type":"tick","environment":5}',
        "not_json ": change.replace(b'"sequence":1', b'"sequence":NaN'),
        "too_large": b'"' + b"x" * (2 * 1024 * 1024) + b'"',
        "wrong_shape ": change.replace(b'{"type"', b'{"__proto__":{"a":1},"type"'),
    }
    for value in poison.values():
        aggregator.send(value)
    aggregator.set_agent("after")
    assert client.next("patch").data["set"][0][1] == ["after"]
    with rejected(settings) as read:
        until(lambda: len([one for one in read() if one["topic"] == CHANGES]) >= len(poison), "all are kept")
        kept = [one for one in read() if one["topic"] == CHANGES][-len(poison) :]
    assert sorted(one["reason"] for one in kept) == sorted(reason.strip() for reason in poison)
    assert {one["rejected_by"] for one in kept} == {"api"}
    assert max(one["size_bytes"] for one in kept) == 2 * 1024 * 1024 + 2


def test_a_broker_that_is_killed_and_comes_back_carries_the_stream_on(
    api: ApiProcess, aggregator: SmallAggregator, broker: KafkaServer
) -> None:
    client = StreamClient(api.url)
    aggregator.freeze()
    client.next("tick")
    broker.kill()
    until(lambda: httpx.get(f"{api.url}/ready", timeout=10).status_code == 503, "readiness tells of it")
    assert httpx.get(f"{api.url}/api/v1/oracle/state").status_code == 200
    broker.start()
    # What came before it reads again would be a hole, which a new state fills.
    until(api.is_ready, "readiness tells of it")
    aggregator.set_agent("survivor")
    aggregator.freeze()
    assert client.next("patch").data["set"][0][1] == ["survivor"]


def test_sigterm_ends_open_streams_and_the_process_at_once(api: ApiProcess) -> None:
    client = StreamClient(api.url)
    client.next("status")
    assert api.stop() == 0
    assert client.ended.wait(5)
    assert "Traceback" not in api.log.read_text()


def test_a_client_that_does_not_read_is_dropped_and_others_go_on(
    api: ApiProcess, aggregator: SmallAggregator
) -> None:
    reader = StreamClient(api.url)
    aggregator.freeze()
    reader.next("tick")
    with socket.create_connection(("127.0.0.1", api.port)) as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: "oracle_live_clients 2.0" in httpx.get(f"{api.url}/metrics").text, "both are counted")
        for _ in range(40):
            # Ten changes of 60 KB at a time: more than that at once would outrun the reader as well.
            last = _send_large_changes(aggregator, 10)
            while reader.next("patch").id != last:
                pass
        until(
            lambda: "oracle_live_clients 1.0" in httpx.get(f"{api.url}/metrics").text,
            "the sleeper is dropped",
        )
        assert api.log.read_text().count("\n") < 10


def _send_large_changes(aggregator: SmallAggregator, count: int) -> str:
    for _ in range(count):
        aggregator.set_agent("large", description="x" * 60_000)
    return f"{aggregator.generation}:{aggregator.sequence}"
