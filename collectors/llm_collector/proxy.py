"""The proxy itself: one ASGI application that forwards requests, and watches them pass.

Bytes go through untouched and at once; reading them, and recording a call, come after each chunk is on its
way and cannot fail it. A client that leaves takes its upstream request with it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
from yarl import URL

from collectors.llm_collector.headers import by_name, downstream_headers, upstream_headers
from collectors.llm_collector.problems import Problem
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Routes, Target
from collectors.llm_collector.watch import Recorder, Watch
from runtime.logs import logger

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Proxy:
    """Forwards to the providers of `routes` through `client`, and to nobody else."""

    def __init__(
        self,
        routes: Routes,
        client: aiohttp.ClientSession,
        recorder: Recorder,
        max_request_bytes: int,
    ) -> None:
        self._routes = routes
        self._client = client
        self._recorder = recorder
        self._max_request_bytes = max_request_bytes
        self._log = logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1003})
            return
        target = self._routes.resolve(scope["raw_path"].decode("latin-1"))
        if target is None:
            names = ", ".join(f"/{name}" for name in self._routes.providers)
            await Problem(404, "No such provider", f"Paths begin with one of {names}.").send(send)
            return
        began = time.monotonic()
        body = await self._body(receive, send)
        if body is None:
            return
        client = scope.get("client")
        watch = self._recorder.arrived(
            target, by_name(scope["headers"]), asked_of(body[0]), client[0] if client else None, began
        )
        await self._until_done_or_left(self._forward(scope, target, body, watch, send), watch, receive)

    async def _body(self, receive: Receive, send: Send) -> list[bytes] | None:
        """Read a request's body; None when it is too large (and that was answered) or its client left.

        It stands in a list, to be taken out: an answer may stream for minutes, and needs no request any more.
        """
        chunks = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunks += message.get("body", b"")
            if len(chunks) > self._max_request_bytes:
                detail = f"At most {self._max_request_bytes} bytes are taken (LLM_PROXY_MAX_REQUEST_BYTES)."
                await Problem(413, "The request is too large", detail).send(send)
                return None
            if not message.get("more_body", False):
                return [bytes(chunks)]

    async def _until_done_or_left(self, forwarding: Awaitable[None], watch: Watch, receive: Receive) -> None:
        """Forward until the end, or until the client leaves; the call is recorded either way."""
        forward = asyncio.ensure_future(forwarding)
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({forward, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The end of an answer looks like a client that left: `watch` knows which it was.
            if not watch.sent_all:
                forward.cancel()
            leaving.cancel()
            results = await asyncio.gather(forward, leaving, return_exceptions=True)
            watch.ended(cancelled=isinstance(results[0], asyncio.CancelledError))
        if isinstance(results[0], Exception):
            raise results[0]

    async def _forward(
        self, scope: Scope, target: Target, body: list[bytes], watch: Watch, send: Send
    ) -> None:
        query = scope["query_string"].decode("latin-1")
        url = URL(f"{target.url}?{query}" if query else target.url, encoded=True)
        started = False
        try:
            async with self._client.request(
                scope["method"],
                url,
                headers=upstream_headers(scope["headers"]),
                data=body.pop() or None,
                allow_redirects=False,
            ) as answer:
                watch.answered(answer.status, by_name(answer.raw_headers))
                await send({
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": downstream_headers(answer.status, answer.raw_headers),
                })  # fmt: skip
                started = True
                async for chunk in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    watch.passed(chunk)
                watch.sent_all = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (aiohttp.ClientError, TimeoutError) as error:
            failure = _failure(error, started)
            watch.failed(failure)
            # Never the error's text: it may quote the address or a header.
            self._log.warning(
                "upstream failed", provider=target.provider, failure=failure, error=type(error).__name__
            )
            if not started:
                watch.sent_all = True
                detail = f"The provider {target.provider} could not be asked: {failure}."
                await Problem(502, "The upstream does not answer", detail).send(send)
            # Else the answer stays without its end, and the server closes the connection: the client sees
            # that it broke off, as it would have without us.


def _failure(error: Exception, started: bool) -> str:
    if isinstance(error, TimeoutError):
        return "upstream_timeout"
    return "upstream_broke_off" if started else "upstream_unreachable"
