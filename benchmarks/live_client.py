"""A client of `/api/v1/live` that notes when it sees each event: real HTTP, real server-sent events."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import aiohttp
import msgspec

from schema.messages import Change

_CHANGE = msgspec.json.Decoder(Change)


class Frames:
    """Cuts a stream of bytes into server-sent events, wherever its chunks end."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        """Give the name and data of each event that is whole by now; comments are left out."""
        *whole, self._rest = (self._rest + chunk).split(b"\n\n")
        for block in whole:
            fields: dict[bytes, list[bytes]] = {}
            for line in block.split(b"\n"):
                name, _, value = line.partition(b": ")
                fields.setdefault(name, []).append(value)
            if b"event" in fields:
                yield fields[b"event"][0].decode(), b"\n".join(fields.get(b"data", []))


def events_of(change: bytes) -> Iterator[str]:
    """Give the ids of the events that a patch holds. Raises msgspec.ValidationError on another shape."""
    for kind, key, _ in _CHANGE.decode(change).set:
        if kind == "event":
            yield key[0]


class LiveClient:
    """Reads the live stream in a task of its own; `seen` is event id → time.time() of its first patch."""

    def __init__(self, url: str) -> None:
        self.seen: dict[str, float] = {}
        self._url = url
        self._following = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "LiveClient":
        """Connect, and wait for the first tick: from then on every change comes."""
        self._task = asyncio.create_task(self._read())
        following = asyncio.create_task(self._following.wait())
        done, _ = await asyncio.wait({self._task, following}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if following not in done:
            following.cancel()
            await self.__aexit__()
            raise RuntimeError("the live stream ended, or gave no tick within 30 s")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the stream; what broke it meanwhile is raised."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def wait_for(self, count: int, seconds: float, ours: Callable[[str], bool]) -> None:
        """Wait until so many of our events were seen, at most so long."""
        deadline = time.monotonic() + seconds
        while sum(map(ours, self.seen)) < count and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as answer:
            answer.raise_for_status()
            frames = Frames()
            async for chunk in answer.content.iter_any():
                arrived = time.time()
                for name, data in frames.feed(chunk):
                    if name == "tick":
                        self._following.set()
                    elif name == "patch":
                        for event_id in events_of(data):
                            self.seen.setdefault(event_id, arrived)
