"""A whole collector on a scripted server, run in passes as the runner does, and all that it told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.base.collector import Complete, Gone, Item, Observed, Partial
from collectors.k8s_collector import client, measures, reflector
from collectors.k8s_collector import collector as collector_module
from collectors.k8s_collector.collector import KubernetesCollector, make
from collectors.k8s_collector.resources import KINDS
from collectors.k8s_collector.settings import K8sSettings
from schema.errors import SourceUnavailable
from schema.observed import PodObserved
from tests.collectors.k8s.server import Api, Exchange
from tests.collectors.k8s.things import (
    container_status,
    deployment_json,
    event_json,
    metadata,
    owner,
    pod_json,
    replica_set_json,
    running,
)

PODS = "/api/v1/namespaces/agents/pods"


EVENTS = "/api/v1/namespaces/agents/events"


DEPLOYMENTS = "/apis/apps/v1/namespaces/agents/deployments"


REPLICA_SETS = "/apis/apps/v1/namespaces/agents/replicasets"


NODES = "/api/v1/nodes"


USE = "/apis/metrics.k8s.io/v1beta1/namespaces/agents/pods"


class Watched:
    """A collector, run in passes as the runner does, and all that it told."""

    def __init__(self, made: KubernetesCollector) -> None:
        self.collector = made
        self.values: dict[tuple[str, str], Any] = {}
        self.told: list[tuple[str, str, Any]] = []
        self.reasons: dict[str, str] = {}
        self.synced: set[str] = set()
        self.down = ""
        self.passes = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until something holds; what breaks the collector is raised here."""
        async with asyncio.timeout(15):
            while not true():
                if self._task is not None and self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)

    async def synced_all(self) -> None:
        await self.until(lambda: self.synced == set(KINDS))

    def pod(self, name: str = "p") -> Any:
        value = self.values[("pod", f"uid-{name}")]
        assert isinstance(value, PodObserved)
        return value.pod

    def statuses(self, name: str = "p") -> list[str]:
        """Give every status that was told of a pod, in order, each once in a row."""
        told = [
            value.pod.status
            for kind, key, value in self.told
            if (kind, key) == ("pod", f"uid-{name}") and value
        ]
        return [one for one, before in zip(told, [None, *told], strict=False) if one != before]

    async def _run(self) -> None:
        while True:
            self.passes += 1
            try:
                async for item in self.collector.observe():
                    self._take(item)
                    if isinstance(item, Complete):
                        self.down = ""
            except SourceUnavailable as error:
                self.down = str(error)
            await asyncio.sleep(0.01)

    def _take(self, item: Item) -> None:
        match item:
            case Observed(kind, key, value):
                self.values[(kind, key)] = value
                self.told.append((kind, key, value))
            case Gone(kind, key):
                self.values.pop((kind, key), None)
                self.told.append((kind, key, None))
            case Complete(kinds):
                self.synced |= set(kinds)
            case Partial(parts, reason):
                for part in parts:
                    if reason:
                        self.reasons[part] = reason
                    else:
                        self.reasons.pop(part, None)


def settings(**more: Any) -> K8sSettings:
    return K8sSettings(
        **{"observe_interval_seconds": 0.1, "k8s_network_interval_seconds": 0.0,
           "k8s_metrics_interval_seconds": 0.05, **more}
    )  # fmt: skip


Watching = Callable[..., Watched]


def refuse(status: int, reason: str = "", message: str = "") -> Callable[[Exchange], None]:
    return lambda exchange: exchange.refuse(status, reason, message)


def in_replica_set(name: str = "p", **status: Any) -> Any:
    return pod_json(
        name,
        {"phase": "Running", "containerStatuses": [container_status(running())], **status},
        ownerReferences=owner("ReplicaSet", "research-agent-7f8d9"),
        labels={"pod-template-hash": "7f8d9"},
    )


def fill(api: Api) -> None:
    """Put a deployment with a pod, a node and an event into the cluster."""
    api.put(DEPLOYMENTS, deployment_json(spec={"replicas": 1}))
    api.put(REPLICA_SETS, replica_set_json())
    api.put(PODS, in_replica_set())
    api.put(EVENTS, event_json())
    api.put(NODES, {"metadata": metadata("n1", "")})


async def starting(api: Api, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    """Give a way to start a collector on the server, by a kubeconfig in a directory; end all that it began.

    Nothing waits for longer than a moment.
    """
    monkeypatch.setattr(reflector, "RETRY_SECONDS", (0.005, 0.02))
    monkeypatch.setattr(measures, "REFUSED_SECONDS", 0.0)
    monkeypatch.setattr(collector_module, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(client, "HEADERS_SECONDS", 0.3)
    started: list[Watched] = []

    def start(**more: Any) -> Watched:
        path = directory / "kubeconfig"
        if not path.exists():
            api.kubeconfig(path)
        made, _ = make(settings(**{"kubeconfig": str(path), **more}))
        assert isinstance(made, KubernetesCollector)
        watched = Watched(made)
        started.append(watched)
        watched.start()
        return watched

    yield start
    for one in started:
        await one.stop()
