"""What the live tests put around a real API process: a small aggregator, and a client of the stream."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from runtime.kafka import (
    OFFSET_BEGINNING,
    Producer,
    TopicPartition,
    ensure_topics,
    open_consumer,
    partition_of,
)
from runtime.settings import BaseSettings
from runtime.store.postgres import PostgresStore
from runtime.store.protocol import TickRows
from schema.errors import BrokerError
from schema.topics import CHANGES, REJECTED
from tests.api.fakes import agent, snapshot, snapshot_id

PATIENCE_SECONDS = 30.0


def until(found: Callable[[], Any], what: str) -> Any:
    """Wait for something true, and give it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not in time: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _partitions(settings: BaseSettings) -> int:
    """Give the log's partition count, or 0 while the broker does not know its new topics yet."""
    try:
        return ensure_topics(settings).log_partitions
    except BrokerError:
        return 0


class SmallAggregator:
    """Stores snapshots and announces changes as the aggregator does, one environment only."""

    _moments = datetime.now(UTC).replace(microsecond=0)

    def __init__(self, settings: BaseSettings, database_url: str, environment: str) -> None:
        self.settings, self.environment = settings, environment
        self.partitions = until(lambda: _partitions(settings), "the topics are there")
        self.producer = Producer(settings, "small-aggregator")
        self.store = PostgresStore(database_url)
        self.store.prepare()
        self.agents: dict[str, dict[str, Any]] = {}
        self.sequence = self.ticks = 0
        self.take_over()

    def take_over(self) -> None:
        progress = self.store.take_over(self.environment)
        self.generation, self.tick, self.sequence = progress.generation, progress.tick, 0

    def set_agent(self, name: str, *, send: bool = True, **fields: Any) -> None:
        self.agents[name] = agent(name, name) | fields
        self.sequence += 1
        if send:
            event = {"event_id": f"e{self.sequence}", "agent_id": name}
            self.send(
                self._change([["agent", [name], self.agents[name]], ["event", [event["event_id"]], event]])
            )

    def send(self, message: bytes) -> None:
        self.producer.publish(CHANGES, message, partition=partition_of(self.environment, self.partitions))
        assert self.producer.flush(PATIENCE_SECONDS) == 0

    def freeze(self, *, catching_up: bool = False) -> str:
        """Store a snapshot and send its tick message; give its id."""
        self.ticks += 1
        tick = (self.tick or self._moments) + timedelta(seconds=2)
        number = hash((self.environment, self.generation, self.ticks)) % 2**40
        document = snapshot(number, f"{tick:%Y-%m-%dT%H:%M:%SZ}", self.environment)
        document["agents"] = [self.agents[name] for name in sorted(self.agents)]
        rows = TickRows(
            environment=self.environment,
            generation=self.generation,
            previous_tick=self.tick,
            tick=tick,
            snapshot_id=snapshot_id(number),
            snapshot=msgspec.json.encode(document),
            sha256="0" * 64,
        )
        self.store.store_tick(rows)
        self.tick = tick
        self.send(
            msgspec.json.encode(
                {
                    "type": "tick",
                    "environment": self.environment,
                    "generation": self.generation,
                    "sequence": self.sequence,
                    "tick": tick,
                    "snapshot_id": document["id"],
                    "catching_up": catching_up,
                }
            )
        )
        return str(document["id"])

    def close(self) -> None:
        self.producer.close()
        self.store.close()

    def _change(self, entities: list[Any]) -> bytes:
        return msgspec.json.encode(
            {
                "type": "change",
                "environment": self.environment,
                "generation": self.generation,
                "sequence": self.sequence,
                "at": datetime.now(UTC),
                "set": entities,
                "remove": [],
            }
        )


class Sse:
    """One event of the stream."""

    def __init__(self, name: str, event_id: str, data: Any) -> None:
        self.name, self.id, self.data = name, event_id, data


class StreamClient:
    """Reads the stream over real HTTP in a thread."""

    def __init__(self, url: str, **params: str) -> None:
        self.events: queue.Queue[Sse] = queue.Queue()
        self.ended = threading.Event()
        self.opened = threading.Event()
        self._request = (f"{url}/api/v1/live", params)
        threading.Thread(target=self._read, daemon=True).start()
        assert self.opened.wait(PATIENCE_SECONDS)

    def next(self, *names: str) -> Sse:
        """Give the next event of these names, skipping others."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (left := end - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                break
            if event.name in names:
                return event
        raise AssertionError(f"none of {names} in time")

    def _read(self) -> None:
        url, params = self._request
        fields: dict[str, str] = {}
        try:
            with httpx.stream("GET", url, params=params, timeout=PATIENCE_SECONDS) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                self.opened.set()
                for line in answer.iter_lines():
                    if not line and "event" in fields:
                        self.events.put(
                            Sse(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                        )
                    if not line:
                        fields = {}
                    else:
                        name, _, value = line.partition(": ")
                        fields[name] = value
        except httpx.HTTPError:
            pass
        finally:
            self.ended.set()


class ApiProcess:
    """`python -m api.main` as it is run in production."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / "api.log"
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api.main"],
                cwd=directory,
                env={**clean, "API_PORT": str(self.port), **environ},
                stderr=log,
            )

    def wait_ready(self) -> None:
        until(self.is_ready, f"the API is ready: {self.log.read_text()}")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def rss_mib(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def rejected(settings: BaseSettings) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Give a function that reads what `oracle.rejected` holds, from its beginning."""
    consumer = open_consumer(settings, "test-rejected")
    count = len(consumer.list_topics(REJECTED, timeout=PATIENCE_SECONDS).topics[REJECTED].partitions)
    consumer.assign([TopicPartition(REJECTED, number, OFFSET_BEGINNING) for number in range(count)])
    messages: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        for message in consumer.consume(100, timeout=0.2):
            if message.error() is None:
                messages.append(msgspec.json.decode(message.value() or b"null"))
        return messages

    try:
        yield read
    finally:
        consumer.close()
