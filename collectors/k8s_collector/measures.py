"""Reads use of resources at intervals: CPU and memory from the metrics API, network from the kubelets.

Neither is there in every cluster, and neither holds up the rest: what cannot be read is told as unavailable,
with the reason, and the pods lose the values that would grow old.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

from collectors.base.collector import Item, Partial
from collectors.k8s_collector import network, usage
from collectors.k8s_collector.known_pods import NETWORK, USAGE
from collectors.k8s_collector.network import Counters, Reading
from collectors.k8s_collector.picture import Picture
from collectors.k8s_collector.settings import K8sSettings
from collectors.k8s_collector.threads import in_thread
from collectors.k8s_collector.workloads import Name
from schema.errors import SourceRefused, SourceUnavailable

OLD_SECONDS = 60.0
"""For so long a pod keeps its last values while they cannot be read."""
REFUSED_SECONDS = 60.0
"""A refused permission is asked for again after this time."""
NODES_AT_A_TIME = 8
ANSWER_SECONDS = 10.0
_MISSING = "the metrics server is not installed"


class Server(Protocol):
    """The part of the API server's client that measuring needs."""

    def get(self, path: str, query: dict[str, str] | None = None, seconds: float = 30.0) -> bytes:
        """Give an answer's body; blocks."""


class Measures:
    """Reads, and puts what changed."""

    def __init__(
        self,
        picture: Picture,
        namespaces: tuple[str, ...],
        settings: K8sSettings,
        put: Callable[[list[Item]], Awaitable[None]],
    ) -> None:
        self._picture = picture
        self._namespaces = namespaces
        self._settings = settings
        self._put = put
        self._counters = Counters()
        self._used: dict[str, tuple[float, dict[Name, dict[str, int | float]]]] = {}
        self._told: dict[str, str] = {}

    async def follow(self, server: Server, pods_known: asyncio.Event) -> None:
        """Read until cancelled, from when there are pods whose use it could be."""
        await pods_known.wait()
        self._told.clear()  # What was told last may have been lost with the pass before.
        jobs = [self._repeat(self._use, server, self._settings.k8s_metrics_interval_seconds)]
        if self._settings.k8s_network_interval_seconds:
            jobs.append(self._repeat(self._network, server, self._settings.k8s_network_interval_seconds))
        await asyncio.gather(*jobs)

    async def _repeat(
        self, read: Callable[[Server], Awaitable[bool]], server: Server, interval_seconds: float
    ) -> None:
        while True:
            permitted = await read(server)
            await asyncio.sleep(interval_seconds if permitted else max(interval_seconds, REFUSED_SECONDS))

    async def _use(self, server: Server) -> bool:
        """Read CPU and memory; false when that is not permitted."""
        now = asyncio.get_running_loop().time()
        failures: list[SourceUnavailable] = []
        for namespace in self._namespaces:
            try:
                body = await in_thread(server.get, usage.path(namespace), None, ANSWER_SECONDS)
                self._used[namespace] = now, usage.use_of(body)
            except SourceUnavailable as error:
                failures.append(error)
                if namespace in self._used and now - self._used[namespace][0] > OLD_SECONDS:
                    del self._used[namespace]
        await self._tell(usage.PART, _why(failures[0]) if failures else "")
        used = {name: use for _, pods in self._used.values() for name, use in pods.items()}
        await self._measured(used, USAGE)
        return not _refused(failures, self._namespaces, (403, 404))

    async def _network(self, server: Server) -> bool:
        """Read the kubelets' counters; false when that is not permitted."""
        nodes = sorted(self._picture.nodes_in_use())
        readings: dict[Name, Reading] = {}
        failures: dict[str, SourceUnavailable] = {}
        waiting = list(reversed(nodes))

        async def read_some() -> None:
            while waiting and not _forbids(failures.values()):
                node = waiting.pop()
                try:
                    body = await in_thread(server.get, network.path(node), None, ANSWER_SECONDS)
                    readings.update(network.readings_of(body))
                except SourceUnavailable as error:
                    failures[node] = error

        await asyncio.gather(*(read_some() for _ in range(min(NODES_AT_A_TIME, len(nodes)))))
        reason = ""
        if failures:
            node = min(failures)
            reason = f"{len(failures)} of {len(nodes)} nodes, {node}: {failures[node]}"
        await self._tell(network.PART, reason)
        await self._measured(self._counters.rates(readings), NETWORK)
        return not (_forbids(failures.values()) or _refused(failures.values(), nodes, (404,)))

    async def _measured(
        self, measured: Mapping[Name, Mapping[str, int | float]], fields: tuple[str, ...]
    ) -> None:
        items = self._picture.measure(measured, fields)
        if items:
            await self._put(items)

    async def _tell(self, part: str, reason: str) -> None:
        if self._told.get(part) != reason:
            self._told[part] = reason
            await self._put([Partial((part,), reason)])


def _forbids(failures: Collection[SourceUnavailable]) -> bool:
    """Say whether we may not ask; a node that is not there any more (404) says nothing of that."""
    return any(isinstance(one, SourceRefused) and one.status == 403 for one in failures)


def _refused(failures: Collection[SourceUnavailable], asked: Collection[object], by: tuple[int, ...]) -> bool:
    """Say whether all that was asked for was refused in this way."""
    refusals = [one for one in failures if isinstance(one, SourceRefused) and one.status in by]
    return bool(refusals) and len(refusals) == len(asked)


def _why(error: SourceUnavailable) -> str:
    missing = isinstance(error, SourceRefused) and error.status == 404
    return f"{error} ({_MISSING})" if missing else str(error)
