"""The proxy as a process of its own, and the log that it writes to, for tests of the whole service."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from cli.stack.server import KafkaServer, free_port
from runtime.kafka import ensure_topics, open_consumer, partition_of
from runtime.settings import BaseSettings
from schema.messages import Call, CallRecord, LogRecord
from schema.topics import LOG
from schema.wire import decode

PATIENCE_SECONDS = 60
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
        until(lambda: process.poll() is not None or get(health_port, "/ready")[0] == 200)
        assert process.poll() is None, f"the proxy ended with {process.returncode}"
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


class Log:
    """The environment's records, as the aggregator reads them."""

    def __init__(self, broker: KafkaServer, environment: str, secret: str = "sk-never-kept") -> None:
        settings = BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)
        self.partition = partition_of(environment, ensure_topics(settings).log_partitions)
        self.environment, self.secret = environment.encode(), secret.encode()
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
            assert self.secret not in (message.value() or b"")
            self._by_offset[message.offset() or 0] = decode(message.value(), RECORD)

    @property
    def calls(self) -> list[Call]:
        """The calls so far."""
        return [record.call for record in self.records if isinstance(record, CallRecord)]
