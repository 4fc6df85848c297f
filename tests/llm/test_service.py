"""The proxy as a process: with a broker, without one, and with one that comes and goes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from cli.demo.model_server import DemoServer
from cli.stack.server import KafkaServer, free_port
from runtime.kafka import ensure_topics, open_consumer, partition_of
from runtime.settings import BaseSettings
from schema.messages import Call, CallRecord, Heartbeat, LogRecord, Observed
from schema.topics import LOG
from schema.wire import decode
from tests.llm.servers import serving

PATIENCE_SECONDS = 60
BODY = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'
RECORD: msgspec.json.Decoder[LogRecord] = msgspec.json.Decoder(LogRecord)


@contextmanager
def proxy_process(
    upstream: str, bootstrap_servers: str, **environment: str
) -> Iterator[tuple[Any, int, int]]:
    """Run the proxy; give the process, its port and its health port."""
    port, health_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors.llm_collector.collector"],
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "OPENAI_BASE_URL": upstream,
            "LLM_PROXY_PORT": str(port),
            "HEALTH_PORT": str(health_port),
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "OBSERVE_INTERVAL_SECONDS": "0.5",
            **environment,
        },
    )
    try:
        until(lambda: get(health_port, "/ready")[0] == 200)
        yield process, port, health_port
    finally:
        process.terminate()
        process.wait(60)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def get(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()


def call(port: int, body: bytes = BODY) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"authorization": "Bearer sk-never-kept", "x-oracle-agent": "writer-1"}
    connection.request("POST", "/openai/v1/chat/completions", body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


class Log:
    """The environment's records, as the aggregator reads them."""

    def __init__(self, broker: KafkaServer, environment: str) -> None:
        settings = BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)
        self.partition = partition_of(environment, ensure_topics(settings).log_partitions)
        self.environment = environment.encode()
        self.consumer = open_consumer(settings, f"test-{environment}")
        self.consumer.subscribe([LOG])
        # By offset: a consumer that never commits reads again after the broker was away.
        self._by_offset: dict[int, LogRecord] = {}

    @property
    def records(self) -> list[LogRecord]:
        """The records so far, in order."""
        return [self._by_offset[offset] for offset in sorted(self._by_offset)]

    def until(self, condition: Callable[[], bool]) -> None:
        """Read on until the condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.records
            message = self.consumer.poll(0.2)
            if (
                message is None
                or message.error()
                or ("environment", self.environment) not in (message.headers() or [])
            ):
                continue
            assert message.partition() == self.partition
            assert b"sk-never-kept" not in (message.value() or b"")
            self._by_offset[message.offset() or 0] = decode(message.value(), RECORD)

    @property
    def calls(self) -> list[Call]:
        """The calls so far."""
        return [record.call for record in self.records if isinstance(record, CallRecord)]


@pytest.mark.broker
def test_calls_entities_and_heartbeats_reach_the_log(broker: KafkaServer) -> None:
    log = Log(broker, "llm-test-1")
    with (
        serving(DemoServer(60, 30_000, 0.1)) as demo,
        proxy_process(demo, broker.bootstrap_servers, ORACLE_ENVIRONMENT="llm-test-1") as (process, port, _),
    ):
        log.until(lambda: any(isinstance(one, Heartbeat) and "model" in one.synced for one in log.records))
        assert call(port) == 200
        log.until(
            lambda: len(log.calls) == 1 and any(getattr(one, "kind", "") == "model" for one in log.records)
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    log.consumer.close()
    (one,) = log.calls
    assert (one.status, one.agent_id, one.model) == ("ok", "writer-1", "gpt-4o-mini")
    shown = [record for record in log.records if isinstance(record, Observed)]
    assert {record.kind for record in shown} == {"in_flight", "model"}
    assert next(record.id for record in shown if record.kind == "in_flight") == one.call_id
    assert all(record.source.startswith("llm@") and record.source.endswith(f":{port}") for record in shown)


@pytest.mark.broker
def test_calls_made_while_the_broker_is_away_are_answered_and_recorded_later(broker: KafkaServer) -> None:
    log = Log(broker, "llm-test-2")
    with (
        serving(DemoServer(60, 30_000, 0)) as demo,
        proxy_process(demo, broker.bootstrap_servers, ORACLE_ENVIRONMENT="llm-test-2") as (
            _,
            port,
            health_port,
        ),
    ):
        assert call(port) == 200
        log.until(lambda: len(log.calls) == 1)
        broker.kill()
        assert [call(port) for _ in range(5)] == [200] * 5
        assert get(health_port, "/ready")[0] == 200
        broker.start()
        log.until(lambda: len(log.calls) == 6)
    log.consumer.close()
    assert len({one.call_id for one in log.calls}) == 6


def test_without_a_broker_calls_are_answered_and_readiness_tells_it() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with serving(DemoServer(60, 30_000, 0)) as demo, proxy_process(demo, nobody) as (_, port, health_port):
        assert call(port) == 200
        status, told = get(health_port, "/ready")
    assert status == 200
    assert "recorded later" in told["dependencies"]["kafka"]["detail"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", "nope"),
        ("LITELLM_PROVIDERS", "{"),
        ("LLM_PROXY_PORT", "70000"),
        ("LLM_PROXY_PORT", "taken"),
    ],
)
def test_a_wrong_setting_ends_it_at_start_and_names_the_variable(name: str, value: str) -> None:
    with serving(DemoServer(1, 1, 0)) as other:
        taken = other.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "collectors.llm_collector.collector"],
            env={**os.environ, name: taken if value == "taken" else value},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr
