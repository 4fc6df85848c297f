"""The aggregator as a process of its own, on the suite's broker and database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import psycopg

from runtime.kafka import Producer, partition_of
from runtime.settings import BaseSettings
from schema.messages import LogRecord, Mark
from schema.topics import LOG
from schema.wire import encode

PARTITIONS = 4
T = TypeVar("T")


def wait_for(what: str, attempt: Callable[[], T | None], seconds: float = 40) -> T:
    """Wait until something is there; the limit is far above what is expected."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = attempt()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


class AggregatorProcess:
    """`python -m aggregator.aggregator`, which can be killed and started again."""

    def __init__(self, bootstrap: str, url: str, log: Path, **settings: str) -> None:
        self._environ = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": url,
            "ORACLE_LOG_PARTITIONS": str(PARTITIONS),
            **settings,
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aggregator.aggregator"], env=self._environ, stderr=log
            )

    def has_started(self) -> bool:
        """Say whether it handles signals by now."""
        return '"started"' in self._log.read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)


class LogWriter:
    """Writes records to the real log, as a collector does."""

    def __init__(self, settings: BaseSettings) -> None:
        self._producer = Producer(settings, "test")

    def add(self, record: LogRecord | bytes, environment: str = "default", origin: str | None = None) -> None:
        headers: list[tuple[str, str | bytes | None]] = []
        if not isinstance(record, Mark):
            headers.append(("environment", environment.encode()))
        if origin:
            headers.append(("origin", origin))
        body = record if isinstance(record, bytes) else encode(record)
        self._producer.publish(LOG, body, partition=partition_of(environment, PARTITIONS), headers=headers)

    def flush(self) -> None:
        assert self._producer.flush() == 0

    def close(self) -> None:
        self._producer.close()


def stored_ticks(url: str, environment: str = "default") -> list[tuple[datetime, str]]:
    """Give the stored ticks and their hashes, in order."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            'select "timestamp", sha256 from system_snapshots where environment = %s order by 1',
            (environment,),
        ).fetchall()
    return [(row[0], row[1]) for row in rows]
