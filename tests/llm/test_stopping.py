"""The end of the proxy, and what cannot end it: every call is recorded or counted as lost."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from prometheus_client import REGISTRY

from cli.stack.server import free_port
from collectors.llm_collector import collector
from collectors.llm_collector.settings import LlmSettings
from runtime.health import Health
from runtime.logs import logger
from schema.errors import BrokerUnsuitable
from schema.messages import Call
from tests.llm.process import until as until_it
from tests.llm.raw import connect, post, raw_upstream, until
from tests.llm.servers import answering, ask, serving

BODY = b'{"model": "m", "stream": true}'
BEGUN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    b"9\r\ndata: x\n\n\r\n"
)


class Log:
    """Takes the place of the broker's client and of the publisher."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def publish(self, record: Any) -> None:
        self.calls.append(record.call)

    def pending(self) -> int:
        return 0

    def close(self, _: float) -> int:
        return 0


class Service:
    """The proxy in a thread, as `runtime/service.py` runs it."""

    def __init__(self, upstream: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.health = Health()
        self.stop = threading.Event()
        settings = LlmSettings(
            openai_base_url=upstream, ollama_base_url="", llm_proxy_port=self.port, llm_proxy_stop_seconds=1
        )
        self._service: Any = SimpleNamespace(
            settings=settings, stop=self.stop, health=self.health, log=logger(), name="llm"
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(collector.serve(self._service))

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        while "proxy" not in self.health.readiness()[1]:
            assert self._thread.is_alive()
            time.sleep(0.01)
        try:
            yield
        finally:
            self.stop.set()
            self._thread.join(15)
            assert not self._thread.is_alive()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Stand in for the broker."""
    log = Log()

    class Runs:
        def __init__(self, *_: object) -> None: ...

        async def run(self) -> None:
            await asyncio.sleep(3600)

    monkeypatch.setattr(collector, "ensure_topics", lambda _: SimpleNamespace(log_partitions=4))
    monkeypatch.setattr(collector, "Producer", lambda *_: log)
    monkeypatch.setattr(collector, "LogPublisher", lambda *_: log)
    monkeypatch.setattr(collector, "Runner", Runs)
    return log


def lost() -> float:
    return REGISTRY.get_sample_value("oracle_dropped_records_total", {"kind": "call"}) or 0.0


@pytest.mark.parametrize("size", [0, 3_000_000], ids=["whole", "while it comes"])
def test_calls_that_are_cut_at_the_end_are_recorded_as_cut_by_the_proxy(log: Log, size: int) -> None:
    body = b" " * size + BODY
    with raw_upstream(lambda one: one.sendall(BEGUN), after=BODY) as upstream:
        service = Service(upstream.url)
        clients = []
        with service.running():
            for _ in range(5):
                client = connect(service.url)
                client.sendall(post(b"content-length: %d" % len(body), body=body))
                until(client, b"data: x")
                clients.append(client)
        for client in clients:
            client.close()
    assert [(call.status, call.error_type) for call in log.calls] == [("error", "proxy_stopped")] * 5


def test_records_that_still_wait_at_the_end_are_counted_as_lost(
    monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    def never(_: object) -> None:
        raise BrokerUnsuitable("the topic has too few partitions")

    monkeypatch.setattr(collector, "ensure_topics", never)
    before = lost()
    with serving(answering(200, [], [b"{}"])) as upstream:
        service = Service(upstream)
        with service.running():
            assert ask(service.url, "POST", "/openai/v1/chat/completions", BODY)[0] == 200
    assert lost() == before + 1
    assert not log.calls


def fails_at_first(log: Log, broken: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    there = getattr(collector, broken)
    tries = iter([True])

    def make(*arguments: Any) -> Any:
        if next(tries, False):
            raise error
        return there(*arguments)

    monkeypatch.setattr(collector, broken, make)


@pytest.mark.parametrize("broken", ["ensure_topics", "Producer", "Runner"])
@pytest.mark.parametrize("error", [BrokerUnsuitable("the topic has 3 partitions"), ZeroDivisionError()])
def test_what_fails_in_publishing_ends_no_proxy_and_records_follow(
    monkeypatch: pytest.MonkeyPatch, log: Log, broken: str, error: Exception
) -> None:
    fails_at_first(log, broken, error, monkeypatch)
    monkeypatch.setattr(collector, "RETRY_SECONDS", 0.5)
    with serving(answering(200, [], [b"{}"])) as upstream:
        service = Service(upstream)
        with service.running():
            time.sleep(0.2)
            told = service.health.readiness()
            for _ in range(3):
                assert ask(service.url, "POST", "/openai/v1/chat/completions", BODY)[0] == 200
            until_it(lambda: len(log.calls) == 3)
    assert told[0]
    assert "recorded later" in told[1]["kafka"].get("detail", "")
    assert [call.status for call in log.calls] == ["ok"] * 3
