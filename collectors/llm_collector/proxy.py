"""The proxy itself: one ASGI application that forwards requests, and watches them pass.

It decides who is let through: known routes, so many headers, so many calls at a time. What is let through is
`passage.py`'s. Bytes go through untouched and at once; reading them, and recording a call, come after each
piece is on its way and cannot fail it. A client that leaves takes its upstream request with it.
"""

import asyncio
import time

import aiohttp

from collectors.llm_collector import problems
from collectors.llm_collector.headers import by_name
from collectors.llm_collector.passage import Passage, Send
from collectors.llm_collector.routes import Routes, Target
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.upload import Ending, Receive, Scope, Upload
from collectors.llm_collector.watch import Recorder, Watch
from runtime.logs import logger
from runtime.metrics import DROPPED_RECORDS


class Proxy:
    """Forwards to the providers of `routes` through `client`, and to nobody else."""

    def __init__(
        self, routes: Routes, client: aiohttp.ClientSession, recorder: Recorder, settings: LlmSettings
    ) -> None:
        self._routes = routes
        self._client = client
        self._recorder = recorder
        self._settings = settings
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of the ASGI server."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1003})
            return
        target = self._routes.resolve(scope["raw_path"].decode("latin-1"), scope["method"])
        if target is None:
            await problems.unknown_route(self._routes.providers).send(send)
        elif len(scope["headers"]) > self._settings.llm_proxy_max_headers:
            await problems.too_many_headers(self._settings.llm_proxy_max_headers).send(send)
        elif self._running >= self._settings.llm_proxy_max_calls:
            await problems.too_many_calls(self._settings.llm_proxy_max_calls).send(send)
        else:
            self._running += 1
            try:
                await self._pass(scope, target, receive, send)
            finally:
                self._running -= 1

    async def until_idle(self, seconds: float) -> int:
        """Wait, so long at most, until no call runs any more; give how many still do."""
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return self._running

    async def _pass(self, scope: Scope, target: Target, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        settings = self._settings
        upload = Upload(scope, receive, settings.llm_proxy_max_request_bytes, settings.llm_store_text)
        try:
            await upload.begin()
            await self._answer(scope, target, upload, send, began)
        finally:
            upload.let_go()

    async def _answer(self, scope: Scope, target: Target, upload: Upload, send: Send, began: float) -> None:
        if upload.ending in {None, Ending.COMPLETE}:
            watch = self._watch(scope, target, upload, began)
            passage = Passage(scope, target, upload, watch, send, self._settings.llm_proxy_silence_seconds)
            await passage.run(self._client)
            if passage.answered:
                return
        match upload.ending:
            case Ending.TOO_LARGE:
                await problems.too_large(self._settings.llm_proxy_max_request_bytes).send(
                    send, upload.drop_rest
                )
            case Ending.TOO_SLOW:
                await problems.SLOW_BODY.send(send, upload.drop_rest)
            case _:
                await problems.CLIENT_LEFT.send(send)

    def _watch(self, scope: Scope, target: Target, upload: Upload, began: float) -> Watch:
        client = scope.get("client")
        asked = upload.asked() if upload.ending else None
        try:
            headers = by_name(scope["headers"])
            return self._recorder.arrived(target, headers, asked, client[0] if client else None, began)
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            logger().error("a call could not be taken in", error=type(error).__name__)
            DROPPED_RECORDS.labels("call").inc()
            return Watch(None, began, self._recorder)
