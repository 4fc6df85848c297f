"""The Kubernetes collector and the aggregator as processes, between the real cluster, broker and database."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.aggregator.services import AggregatorProcess, wait_for

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A transition as a stored snapshot has it: in which tick, of which pod, and when it happened."""

    tick: str
    pod: str
    status: str
    at: str


class CollectorProcess:
    """`python -m collectors.k8s_collector.collector`, which can be stopped, frozen and killed."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self._environ = environ
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "collectors.k8s_collector.collector"],
                env=self._environ, stderr=log, stdout=log,
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        return self.process.wait(30)


class Pipeline:
    """What the two store, as the API would give it."""

    def __init__(self, url: str, environment: str, collector: CollectorProcess) -> None:
        self._url = url
        self._environment = environment
        self.collector = collector

    def snapshots(self) -> list[Json]:
        """Give every stored snapshot, in order."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(
                'select snapshot from system_snapshots where environment = %s order by "timestamp"',
                (self._environment,),
            ).fetchall()
        return [row[0] for row in rows]

    def newest(self) -> Json:
        """Give the newest stored snapshot, or nothing yet."""
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "select snapshot from system_snapshots where environment = %s "
                'order by "timestamp" desc limit 1',
                (self._environment,),
            ).fetchone()
        return row[0] if row else {"timestamp": "", "workload": [], "agents": [], "sources": []}

    def until(self, what: str, holds: Callable[[Json], Any], seconds: float = 40) -> Json:
        """Wait for a newest snapshot of which something holds, and give it."""

        def attempt() -> Json | None:
            try:
                newest = self.newest()
            except psycopg.errors.UndefinedTable:  # the aggregator has not come so far
                return None
            return newest if holds(newest) else None

        return wait_for(what, attempt, seconds)

    def told(self) -> list[Told]:
        """Give every transition of every stored snapshot, in the order in which ticks and pods tell them."""
        return [
            Told(snapshot["timestamp"], pod["name"], one["status"], one["at"])
            for snapshot in self.snapshots()
            for pod in pods_of(snapshot)
            for one in pod.get("transitions", [])
        ]

    def chain(self, pod: str) -> list[str]:
        """Give the statuses that one pod went through, as stored."""
        return [one.status for one in self.told() if one.pod == pod]


def pods_of(snapshot: Json) -> list[Json]:
    """Give the pods of a snapshot."""
    return [pod for workload in snapshot["workload"] for pod in workload["pods"]]


def pod_of(snapshot: Json, name: str) -> Json | None:
    """Give a pod of a snapshot by its name."""
    return next((pod for pod in pods_of(snapshot) if pod["name"] == name), None)


def source_of(snapshot: Json, name: str = "kubernetes") -> Json:
    """Give a source of a snapshot by its name; nothing when it is not there yet."""
    return next((one for one in snapshot["sources"] if one["name"] == name), {})


@contextmanager
def pipeline(
    bootstrap: str, url: str, kubeconfig: Path, namespace: str, directory: Path, **settings: str
) -> Iterator[Pipeline]:
    """Run both services for an environment of the namespace's name, until the block ends."""
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "ORACLE_ENVIRONMENT": namespace,
        "ORACLE_NAMESPACES": namespace,
        "ORACLE_LOG_PARTITIONS": "4",
        "KUBECONFIG": str(kubeconfig),
        "K8S_METRICS_INTERVAL_SECONDS": "2",
        **settings,
    }
    aggregator = AggregatorProcess(bootstrap, url, directory / "aggregator.log", **settings)
    collector = CollectorProcess(environ, directory / "collector.log")
    aggregator.start()
    collector.start()
    try:
        yield Pipeline(url, namespace, collector)
    finally:
        ended = (collector.end(), aggregator.stop())
    assert ended == (0, 0), (directory / "collector.log").read_text()[-2000:]
