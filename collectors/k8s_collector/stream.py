"""One connection of a watch: a thread reads, the event loop takes what has come.

The transport blocks, so each watch has a thread. It hands lines over in batches: while the loop is busy they
gather, up to a bound, and then the thread waits, and TCP makes the server wait.
"""

import asyncio
import threading
import time
from contextlib import suppress
from typing import Protocol

from collectors.k8s_collector.lines import Lines
from runtime.logs import logger

CHUNK_BYTES = 64 * 1024
MAX_WAITING_BYTES = 8 * 2**20
MAX_BATCH = 256
"""Lines that the loop takes at a time, so that heartbeats are not held up."""
GATHER_SECONDS = 0.01
"""Lines that follow others within this time are taken together: waking the loop costs more than a line."""


class Response(Protocol):
    """The part of urllib3's response that is needed."""

    def read1(self, amt: int) -> bytes:
        """Give what has come, at most so many bytes; nothing at the end."""

    def shutdown(self) -> None:
        """Wake a thread that reads, and end the connection."""

    def close(self) -> None:
        """Close the connection."""


class Stream:
    """The lines of one response. Made and used in the event loop's thread."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._lines = Lines()
        self._room = threading.Condition()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._ended = False
        self._closed = False
        self._news: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._took_at = float("-inf")

    async def batch(self) -> list[bytes]:
        """Give the lines that have come, waiting for the first; none once the watch has ended.

        Whether it ended in good order or broke is the same: whoever opens the next one will see.
        """
        if self._news is None:
            self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
            threading.Thread(target=self._read, name="watch", daemon=True).start()
        await self._gather()
        while True:
            self._news.clear()
            with self._room:
                lines, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                self._waiting_bytes -= sum(map(len, lines))
                ended = self._ended
                self._room.notify()
            if lines:
                self._took_at = time.monotonic()
                return lines
            if ended:
                return []
            await self._news.wait()

    async def _gather(self) -> None:
        """Let lines come together while they follow one another; after a rest the first is taken at once."""
        pause_seconds = self._took_at + GATHER_SECONDS - time.monotonic()
        if pause_seconds > 0 and len(self._waiting) < MAX_BATCH and not self._ended:
            await asyncio.sleep(pause_seconds)

    @property
    def passed_over(self) -> int:
        """How many lines were too long to be read."""
        return self._lines.passed_over

    def close(self) -> None:
        """End the connection; a thread that reads or waits ends too."""
        with self._room:
            self._closed = True
            self._room.notify()
        with suppress(OSError, ValueError, RuntimeError):  # The server may have closed it already.
            self._response.shutdown()
        if self._news is None:
            self._response.close()

    def _read(self) -> None:
        try:
            while data := self._response.read1(CHUNK_BYTES):
                self._put(self._lines.cut(data))
        except Exception as error:  # noqa: BLE001 - whatever ends a connection ends this watch only
            if not self._closed:
                logger().info("a watch broke off", error=" ".join(str(error).split())[:300])
        finally:
            self._response.close()
        with self._room:
            self._ended = True
        self._wake()

    def _put(self, lines: list[bytes]) -> None:
        if not lines:
            return
        with self._room:
            self._room.wait_for(lambda: self._closed or self._waiting_bytes < MAX_WAITING_BYTES)
            if self._closed:
                raise ConnectionAbortedError("closed")
            first = not self._waiting
            self._waiting += lines
            self._waiting_bytes += sum(map(len, lines))
        if first:
            self._wake()

    def _wake(self) -> None:
        assert self._loop is not None
        assert self._news is not None
        with suppress(RuntimeError):  # The loop may have ended, and nobody waits any more.
            self._loop.call_soon_threadsafe(self._news.set)
