"""A reflector of pods, what it tells, and the scripts that a server answers it with."""

import asyncio
from collections.abc import Callable
from typing import Any

import kubernetes.client

from collectors.base.collector import Gone, Item, Observed, Partial
from collectors.k8s_collector.client import ApiServer
from collectors.k8s_collector.clock import ServerClock
from collectors.k8s_collector.objects import AnyObject, Pod
from collectors.k8s_collector.reflector import Reflector
from collectors.k8s_collector.resources import PODS
from tests.collectors.k8s.lines import bookmark, event
from tests.collectors.k8s.server import Api, Exchange
from tests.collectors.k8s.things import Json, pod_json

PATH = "/api/v1/namespaces/agents/pods"


class Sink:
    """Keeps the names of pods, and what was told of them."""

    def __init__(self) -> None:
        self.pods: dict[str, str] = {}
        self.log: list[str] = []
        self.reasons: list[str] = []
        self.news = asyncio.Event()

    def changed(self, value: AnyObject) -> list[Item]:
        assert isinstance(value, Pod)
        self.pods[value.metadata.uid] = value.metadata.name
        phase = value.status.phase
        return [Observed("pod", f"{value.metadata.name} {phase}", value)]  # type: ignore[arg-type]  # only its id

    def gone(self, kind: type[AnyObject], uid: str, last: AnyObject | None) -> list[Item]:
        name = self.pods.pop(uid, uid)
        return [Gone("pod", f"{name} gone" + (", seen" if last else ""))]

    async def put(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, Partial):
                self.reasons.append(item.reason)
            elif isinstance(item, Observed | Gone):
                self.log.append(item.id)
        self.news.set()

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(10):
            while not true():
                self.news.clear()
                if not true():
                    with_timeout = asyncio.wait_for(self.news.wait(), 0.02)
                    try:
                        await with_timeout
                    except TimeoutError:
                        continue


class Bench:
    """A reflector of pods, its sink, and the server that it follows."""

    def __init__(self, api: Api) -> None:
        configuration = kubernetes.client.Configuration(host=api.url)
        self.api = api
        self.server = ApiServer(configuration, ServerClock())
        self.sink = Sink()
        self.reflector = Reflector(PODS, "agents", self.sink)
        self.settled = 0

    def settle(self) -> None:
        self.settled += 1

    async def step(self) -> None:
        """One connection, to its end."""
        async with asyncio.timeout(20):
            await self.reflector.step(self.server, self.settle)

    async def follow_until(self, true: Callable[[], Any]) -> None:
        """Follow until something holds."""
        task = asyncio.create_task(self.reflector.follow(self.server, self.settle))
        waiting = asyncio.create_task(self.sink.until(true))
        try:
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            await waiting
        finally:
            task.cancel()
            waiting.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    def drain(self) -> list[str]:
        """Give what was told since the last call."""
        told, self.sink.log = self.sink.log, []
        return told


def thing(name: str, version: int | str = 0, phase: str = "Running", **more: Any) -> Json:
    """Give a pod with a resource version."""
    made = pod_json(name, {"phase": phase}, **more)
    made["metadata"]["resourceVersion"] = str(version)
    return made


def watch(*lines: bytes, end: str = "end") -> Callable[[Exchange], None]:
    """Script a watch: these lines, then its `end`, a `cut` or `hold`."""

    def answer(exchange: Exchange) -> None:
        exchange.stream(*lines)
        getattr(exchange, end)()

    return answer


def page(*items: Json, after: str = "", version: int = 7) -> Callable[[Exchange], None]:
    """Script a page of a list."""
    return lambda exchange: exchange.json(
        {"metadata": {"resourceVersion": str(version), "continue": after}, "items": list(items)}
    )


def refuse(status: int, reason: str = "", message: str = "") -> Callable[[Exchange], None]:
    """Script a refusal."""
    return lambda exchange: exchange.refuse(status, reason, message)


LISTED = (event("ADDED", thing("one", 3)), event("ADDED", thing("two", 5)), bookmark(9, ends_list=True))
