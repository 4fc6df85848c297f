"""One client of the live stream: server-sent events in a bounded queue, and the answer that writes them."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from litestar.types import Receive, Scope, Send

KEEP_ALIVE_SECONDS = 5.0
MAX_QUEUED_BYTES = 8 * 1024 * 1024
MAX_QUEUED_EVENTS = 5000
ABORT = "oracle.abort"
"""The ASGI extension that our server offers: drops a connection whose client does not read."""

_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def event(name: str, data: bytes, position: tuple[int, int] | None = None) -> bytes:
    """Frame one server-sent event; `position` (generation, sequence) becomes its id."""
    lines = b"\ndata: ".join(_LINE_ENDS.split(data))
    head = f"id: {position[0]}:{position[1]}\n" if position else ""
    return f"{head}event: {name}\n".encode() + b"data: " + lines + b"\n\n"


class Client:
    """A client's queue. Everything happens in the event loop's thread."""

    def __init__(self, *, activity: bool) -> None:
        self.activity = activity
        """Whether the client wants events and calls too."""
        self.overflowed = False
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._woken = asyncio.Event()

    def offer(self, frame: bytes) -> None:
        """Queue a frame; one that does not fit ends the client, for a hole is worse than an end."""
        if self._ended:
            return
        full = self._bytes + len(frame) > MAX_QUEUED_BYTES or len(self._frames) >= MAX_QUEUED_EVENTS
        if full and self._frames:
            self.overflowed = True
            self.end()
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._woken.set()

    def end(self) -> None:
        """End the stream once what is queued is written."""
        self._ended = True
        self._woken.set()

    async def frames(self) -> bytes | None:
        """Wait for frames and give all there are; a comment after five quiet seconds; None at the end."""
        if not self._frames and not self._ended:
            try:
                await asyncio.wait_for(self._woken.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                return b": keep-alive\n\n"
        self._woken.clear()
        if self.overflowed or not self._frames:
            return None
        joined = b"".join(self._frames)
        self._frames.clear()
        self._bytes = 0
        if self._ended:
            self._woken.set()
        return joined

    async def end_by_overflow(self) -> None:
        """Return once the queue has overflowed; polls, because the writer owns the wake-up."""
        while not self.overflowed:
            await asyncio.sleep(0.5)


class LiveAnswer:
    """The ASGI answer of `/api/v1/live`: writes a client's frames until either side ends."""

    def __init__(self, client: Client, leave: Callable[[Client], None]) -> None:
        self._client = client
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream; leaves the live state whatever happens."""
        tasks = [
            asyncio.ensure_future(one)
            for one in (self._write(send), _disconnected(receive), self._client.end_by_overflow())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._client.overflowed:
                _drop(scope)
        finally:
            self._leave(self._client)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        frames: bytes | None = b"retry: 1000\n\n"
        while frames is not None:
            await send({"type": "http.response.body", "body": frames, "more_body": True})
            frames = await self._client.frames()
        if not self._client.overflowed:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _drop(scope: Scope) -> None:
    """Close the connection without waiting for a client that does not read, where the server can."""
    abort: Any = (scope.get("extensions") or {}).get(ABORT)
    if abort:
        abort["now"]()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
