"""Reads use of resources at intervals: CPU and memory from the metrics API, network from the kubelets.

Neither is there in every cluster, and neither holds up the rest: what cannot be read is told as unavailable,
with the reason, and the pods lose the values that would grow old.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
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
        self._used_at = 0.0
        self._told: dict[str, str] = {}

    async def follow(self, server: Server, pods_known: asyncio.Event) -> None:
        """Read until cancelled, from when there are pods whose use it could be."""
        await pods_known.wait()
        self._used_at = asyncio.get_running_loop().time()
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
        used: dict[Name, dict[str, int | float]] = {}
        failures: list[SourceUnavailable] = []
        for namespace in self._namespaces:
            try:
                used |= usage.use_of(await in_thread(server.get, usage.path(namespace), None, ANSWER_SECONDS))
            except SourceUnavailable as error:
                failures.append(error)
        await self._tell(usage.PART, _why(failures[0]) if failures else "")
        if not failures:
            self._used_at = now
        if not failures or now - self._used_at > OLD_SECONDS:
            await self._measured(used, USAGE)
        return not _forbidden(failures)

    async def _network(self, server: Server) -> bool:
        """Read the kubelets' counters; false when that is not permitted."""
        nodes = sorted(self._picture.nodes_in_use())
        readings: dict[Name, Reading] = {}
        failures: dict[str, SourceUnavailable] = {}
        waiting = list(reversed(nodes))

        async def read_some() -> None:
            while waiting and not _forbidden(list(failures.values())):
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
        return not _forbidden(list(failures.values()))

    async def _measured(
        self, measured: Mapping[Name, Mapping[str, int | float]], fields: tuple[str, ...]
    ) -> None:
        items = self._picture.measure(measured, fields)
        if items:
            await self._put(items)

    async def _tell(self, part: str, reason: str) -> None:
        if self._told.get(part, "") != reason:
            self._told[part] = reason
            await self._put([Partial((part,), reason)])


def _forbidden(failures: list[SourceUnavailable]) -> bool:
    return any(isinstance(one, SourceRefused) and one.status in (403, 404) for one in failures)


def _why(error: SourceUnavailable) -> str:
    missing = isinstance(error, SourceRefused) and error.status == 404
    return f"{error} ({_MISSING})" if missing else str(error)
