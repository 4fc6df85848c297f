"""The proxy as a process: with a broker, without one, and with one that comes and goes."""

import http.client
import os
import signal
import subprocess
import sys

import pytest

from cli.demo.model_server import DemoServer
from cli.stack.server import KafkaServer, free_port
from schema.messages import Heartbeat, Observed
from tests.llm.process import Log, get, proxy_process
from tests.llm.servers import serving

BODY = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'


def call(port: int, body: bytes = BODY) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"authorization": "Bearer sk-never-kept", "x-oracle-agent": "writer-1"}
    connection.request("POST", "/openai/v1/chat/completions", body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


@pytest.mark.broker
def test_calls_entities_and_heartbeats_reach_the_log(broker: KafkaServer) -> None:
    log = Log(broker, "llm-test-1")
    with (
        serving(DemoServer(60, 30_000, 1.0)) as demo,
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
