"""Real servers on loopback for the tests of model discovery, and what is shown of their answers."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cli.stack.server import free_port
from collectors.llm_collector.discovery import Discovery, open_asking
from collectors.llm_collector.endpoints import Endpoint
from schema.observed import ModelObserved

HERE = Endpoint("here", "")


@dataclass
class Shown:
    """Keeps what is shown."""

    models: dict[str, list[ModelObserved]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    times: int = 0

    def found(self, provider: str, models: Iterable[ModelObserved], reason: str) -> None:
        self.models[provider], self.reasons[provider] = list(models), reason
        self.times += 1

    def status(self, provider: str) -> dict[str, str]:
        return {one.model: one.status for one in self.models[provider]}


@asynccontextmanager
async def serving(answers: dict[str, Any]) -> AsyncIterator[str]:
    """Serve JSON documents, statuses, bytes or whole responses by path; keep the requests' headers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert "Authorization" not in request.headers
        what = answers.get(request.path, 404)
        if isinstance(what, int):
            return web.Response(status=what)
        if callable(what):
            response: web.StreamResponse = await what(request)
            return response
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def ask(endpoint: Endpoint, times: int = 1, shown: Shown | None = None) -> Shown:
    shown = shown or Shown()
    async with open_asking() as client:
        asking = Discovery([endpoint], client, shown)
        for _ in range(times):
            await asking.ask(endpoint)
    return shown
