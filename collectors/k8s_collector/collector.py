"""Observes a cluster: one pass lasts as long as the API server answers.

`python -m collectors.k8s_collector.collector` runs it as the source `kubernetes@<cluster>`. A pass reads the
configuration, tells everything that is known, lets the reflectors go on where they were, and asks the server
every interval whether it is there; it ends with SourceUnavailable, and the runner begins the next one. What
is known outlives the passes, so an outage loses nothing but time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from collectors.base.collector import Collector, Complete, Item, Partial
from collectors.base.serve import DEPENDENCIES, main_of
from collectors.k8s_collector import client
from collectors.k8s_collector.clock import ServerClock
from collectors.k8s_collector.measures import Measures
from collectors.k8s_collector.mocks import mock_workloads
from collectors.k8s_collector.objects import AnyObject
from collectors.k8s_collector.picture import Picture
from collectors.k8s_collector.reflector import Reflector
from collectors.k8s_collector.resources import KINDS, PODS, RESOURCES
from collectors.k8s_collector.settings import ALL_NAMESPACES, K8sSettings
from collectors.k8s_collector.threads import in_thread
from runtime.service import run_async
from schema.errors import SourceRefused, SourceUnavailable

ANSWER_SECONDS = 5.0
"""A server that does not tell its version in this time is down."""
WAITING_BATCHES = 4


class Server(Protocol):
    """The API server, as the reflectors and the measures need it."""

    def get(self, path: str, query: dict[str, str] | None = None, seconds: float = 30.0) -> bytes:
        """Give an answer's body; blocks."""

    def watch(self, path: str, query: dict[str, str]) -> Any:
        """Open a watch; blocks."""

    def close(self) -> None:
        """Close idle connections."""


class KubernetesCollector:
    """Follows the resources of some namespaces, or of all."""

    name = "kubernetes"

    def __init__(
        self,
        settings: K8sSettings,
        connect: Callable[[], Server],
        own_namespace: Callable[[], str],
        clock: ServerClock,
    ) -> None:
        self._settings = settings
        self._connect = connect
        self._own_namespace = own_namespace
        self._clock = clock
        self._picture = Picture()
        self._queue: asyncio.Queue[list[Item]] = asyncio.Queue(WAITING_BATCHES)
        self._reflectors: list[Reflector] = []
        self._measures: Measures | None = None
        self._complete: set[str] = set()
        self._told_skew: str | None = None
        self._not_taken: list[Item] = []

    async def observe(self) -> AsyncIterator[Item]:
        """Run one pass. Raises SourceUnavailable."""
        for item in self._left_over():
            yield item
        try:
            server = await in_thread(self._connect)
        except client.NoCluster:
            for item in self._without_cluster():
                yield item
            return
        self._complete.clear()
        self._told_skew = None
        if self._measures is None:
            self._measures = self._begin(await in_thread(self._own_namespace))
        try:
            await self._ask(server)
            for item in self._picture.everything():
                yield item
            async for item in self._follow(server, self._measures):
                yield item
        finally:
            server.close()

    def _begin(self, own_namespace: str) -> Measures:
        """Settle which namespaces are watched, now that the configuration could be read."""
        namespaces = tuple(sorted(set(self._settings.oracle_namespaces))) or (own_namespace or "default",)
        self._reflectors = [
            Reflector(resource, namespace, self)
            for resource in RESOURCES
            for namespace in (namespaces if resource.namespaced else (ALL_NAMESPACES,))
        ]
        return Measures(self._picture, namespaces, self._settings, self.put)

    def changed(self, value: AnyObject) -> list[Item]:
        """Take an object of a reflector in."""
        return self._picture.take(value, self._clock.now())

    def gone(self, kind: type[AnyObject], uid: str, last: AnyObject | None) -> list[Item]:
        """Take the end of an object of a reflector."""
        return self._picture.forget(kind, uid, last, self._clock.now())

    async def put(self, items: list[Item]) -> None:
        """Pass items on to the runner, at its pace."""
        try:
            await self._queue.put(items)
        except asyncio.CancelledError:
            self._not_taken += items
            raise

    def _left_over(self) -> list[Item]:
        """Give what the last pass observed and did not come to tell: nobody else tells what ended then."""
        items: list[Item] = []
        while not self._queue.empty():
            items += self._queue.get_nowait()
        items += self._not_taken
        self._not_taken, self._queue = [], asyncio.Queue(WAITING_BATCHES)
        return [item for item in items if not isinstance(item, Complete)]

    def _without_cluster(self) -> list[Item]:
        """Give what there is without a cluster. Raises NoCluster where there should be one."""
        if self._settings.oracle_allow_mocks:
            return list(mock_workloads())
        if self._settings.oracle_discovery_mode == "telemetry":
            return [Complete(KINDS)]
        raise client.NoCluster

    async def _follow(self, server: Server, measures: Measures) -> AsyncIterator[Item]:
        settled, pods_known = asyncio.Event(), asyncio.Event()
        for reflector in self._reflectors:
            reflector.settled, reflector.refused = False, ""
        jobs: list[Coroutine[Any, Any, None]] = [
            *(reflector.follow(server, settled.set) for reflector in self._reflectors),
            measures.follow(server, pods_known),
            self._watch_over(server),
            self._tell_complete(settled, pods_known),
        ]
        tasks = [asyncio.create_task(job) for job in jobs]
        for task in tasks:
            task.add_done_callback(lambda _: self._wake())
        try:
            while True:
                for item in await self._queue.get():
                    yield item
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self) -> None:
        """Have a job's end seen, also while nothing comes; a full queue wakes by itself."""
        if not self._queue.full():
            self._queue.put_nowait([])

    async def _watch_over(self, server: Server) -> None:
        """Ask again and again whether the server is there; raises SourceUnavailable when it is not."""
        while True:
            await asyncio.sleep(self._settings.observe_interval_seconds)
            await self._ask(server)
            items = self._picture.calm(self._clock.now())
            if self._clock.skew != self._told_skew:
                self._told_skew = self._clock.skew
                items.append(Partial(("clock",), self._told_skew))
            if items:
                await self.put(items)

    async def _ask(self, server: Server) -> None:
        try:
            await in_thread(server.get, "/version", None, ANSWER_SECONDS)
        except SourceRefused as error:
            if error.status >= 500:
                raise SourceUnavailable(f"the API server is not well: {error}") from None
            # It knows us and refuses this only: hardened clusters do.

    async def _tell_complete(self, settled: asyncio.Event, pods_known: asyncio.Event) -> None:
        """Call a kind complete once everything that it is made of is in step, or known to be refused.

        What a server in trouble refuses for now, and an object that cannot be read, hold up only the kinds
        that are made of it: a collector that has just begun must not take for gone what it could not read.
        """
        while True:
            await settled.wait()
            settled.clear()
            pods = [one for one in self._reflectors if one.resource is PODS]
            if all(one.refused for one in pods):
                raise SourceUnavailable(f"{pods[0].part}: {pods[0].refused}")
            if not all(one.settled or one.refused for one in pods):
                continue
            pods_known.set()
            waiting = {kind for one in self._reflectors if not one.is_whole for kind in one.resource.kinds}
            ready = tuple(kind for kind in KINDS if kind not in waiting and kind not in self._complete)
            self._complete.update(ready)
            if ready:
                await self.put([Complete(ready)])


def make(settings: K8sSettings) -> tuple[Collector, str]:
    """Compose the collector, and give its instance: the cluster's name.

    The namespaces are no part of it: a collector that is started again with others is the same source, and
    what it does not watch any more is gone. Two collectors of one cluster need a K8S_CLUSTER each.
    """
    clock = ServerClock()
    collector = KubernetesCollector(
        settings,
        lambda: client.connect(settings, clock),
        lambda: client.own_place(settings)[1],
        clock,
    )
    if client.has_cluster(settings):
        return collector, settings.k8s_cluster or client.own_place(settings)[0] or "unknown"
    # What is made up has a name of its own, by which it goes at once when nobody tells it any more.
    return collector, "mock" if settings.oracle_allow_mocks else settings.k8s_cluster or "none"


def main() -> None:
    """Run the service."""
    run_async("k8s-collector", K8sSettings, main_of(make), *DEPENDENCIES)


if __name__ == "__main__":
    main()
