"""A request's body on its way from the client to the upstream.

Up to a MiB is read before anything is forwarded, so that most requests are known whole when they arrive, as
long as there is room for what all calls hold (`held.py`). The rest of a larger one is forwarded while it
comes: one piece waits at a time, so an upstream that is slow slows the reading of the client. Nobody waits
for ever for a client that sends next to nothing.
"""

import asyncio
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import Any

from collectors.llm_collector.held import HELD
from collectors.llm_collector.request import Asked, RequestTap
from collectors.llm_collector.room import Room
from runtime.logs import logger

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

HELD_BYTES = 1024 * 1024
PATIENCE_SECONDS = 60.0
SLOWEST_BYTES_PER_SECOND = 1024
"""A client has sixty seconds, and one more for each so many bytes that it has sent."""
LINGER_SECONDS = 5.0
"""A client has so long to end a body whose request is answered already, so that it can read the answer."""
TRANSPORT = "oracle.transport"
"""The ASGI extension under which `connection.py` gives a request's connection."""
LEAVING = "oracle.leaving"
"""The one under which it gives its `Leaving`."""
_HUNG_UP = getattr(select, "POLLRDHUP", select.POLLHUP)  # macOS does not tell of a closed half


class Ending(Enum):
    """How a body has ended."""

    COMPLETE = "complete"
    LEFT = "client_disconnected"
    TOO_LARGE = "request_too_large"
    TOO_SLOW = "request_too_slow"


class Leaving:
    """Tells when a client hangs up, without a task that waits; a connection runs one request at a time."""

    def __init__(self, resume_reading: Callable[[], None]) -> None:
        self.has_left = False
        self._resume_reading = resume_reading
        self._call: Callable[[], object] | None = None

    def watch(self, call: Callable[[], object] | None) -> None:
        """Have this called when the client leaves; None when nobody wants to know any more."""
        self._call = call
        if call is not None:
            self._resume_reading()  # A large body may have stopped it, and it is the reading that finds out.

    def tell(self) -> None:
        """Note that the client has left."""
        self.has_left = True
        if self._call is not None:
            self._call()


class Upload:
    """One request's body; `ending` is None while more of it is expected."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int, keep_text: bool = False) -> None:
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"")
        self.length = int(told) if told.isdigit() and b"transfer-encoding" not in headers else None
        """As the client declared it; None when it sends chunks. The server holds the client to it."""
        self.ending: Ending | None = Ending.TOO_LARGE if (self.length or 0) > max_bytes else None
        self.moved_at = time.monotonic()
        """When a byte of the call last moved, in either direction."""
        self._receive = receive
        self._max_bytes = max_bytes
        coding = headers.get(b"content-encoding", b"").decode("latin-1")
        self._tap: RequestTap | None = RequestTap(coding, self.length, keep_text)
        self._size = 0
        self._waited_seconds = 0.0
        self._has_more = True
        self._held: deque[bytes] = deque()
        self._room = Room(HELD)
        extensions = scope.get("extensions") or {}
        self.leaving: Leaving | None = extensions.get(LEAVING)
        self._transport: asyncio.Transport | None = extensions.get(TRANSPORT)

    async def begin(self) -> None:
        """Read a small body to its end, and of one that declares no length the first MiB."""
        while self.ending is None and max(self._size, self.length or 0) <= HELD_BYTES:
            piece = await self._piece()
            if piece:
                self._held.append(piece)
                await self._show_slowly(piece)
                if not self._room.fits(self._size):
                    return

    def body(self) -> bytes | AsyncIterator[bytes] | None:
        """Give, once, what goes upstream: bytes that are known whole, or pieces as they come."""
        if self.ending is not Ending.COMPLETE:
            return self._pieces()
        whole = b"".join(self._held)
        self._held.clear()  # an answer may stream for minutes, and needs no request any more
        return whole or None

    def let_go(self) -> None:
        """Give back the room of what was read before it was forwarded: nobody needs that any more."""
        self._room.let_go()

    async def until_left(self, asked: Callable[[Asked], None]) -> None:
        """Pass on what is still to come, tell what was asked, and return when the client leaves.

        Returns earlier when the body has to be refused: `ending` says why.
        """
        if self.ending is None:
            await self._pass_on()
            self.tell(asked)
        if self.ending is Ending.COMPLETE:
            while (await self._receive())["type"] != "http.disconnect":
                pass

    def asked(self) -> Asked:
        """Give, once, what was read of the body; never raises."""
        tap, self._tap = self._tap, None
        try:
            read = tap.close() if tap else Asked()
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            logger().error("a request could not be read", error=type(error).__name__)
            return Asked()
        # A part of a body is not the same request as another with the same beginning.
        return read if self.ending is Ending.COMPLETE else replace(read, digest="")

    def tell(self, asked: Callable[[Asked], None]) -> None:
        """Tell, once, what a body said that was still passing when its call was taken in."""
        if self._tap is None:
            return
        try:
            asked(self.asked())
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            logger().error("a request could not be told", error=type(error).__name__)

    def is_abandoned(self) -> bool:
        """Say whether the client has hung up while its bytes wait unread: nothing else tells that."""
        if self._transport is None:
            return False
        poll = select.poll()
        try:
            poll.register(self._transport.get_extra_info("socket").fileno(), _HUNG_UP)
        except (OSError, ValueError):
            return True  # closed already
        return bool(poll.poll(0))

    async def drop_rest(self) -> None:
        """Read on for a while, and keep nothing: a client that is hung up on may not see its refusal."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self._has_more:
                    self._has_more = (await self._receive()).get("more_body", False)

    def hang_up(self) -> None:
        """End the client's connection, whatever it was still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    @cached_property
    def _passing(self) -> asyncio.Queue[bytes | None]:
        return asyncio.Queue(maxsize=1)

    async def _pass_on(self) -> None:
        while self.ending is None:
            piece = await self._piece()
            if piece:
                await self._passing.put(piece)
                await self._show_slowly(piece)
        if self.ending is Ending.COMPLETE:
            await self._passing.put(None)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while self._held:
            yield self._held.popleft()
            self.moved_at = time.monotonic()
        self.let_go()
        while (piece := await self._passing.get()) is not None:
            yield piece
            self.moved_at = time.monotonic()

    async def _piece(self) -> bytes:
        allowed_seconds = PATIENCE_SECONDS + self._size / SLOWEST_BYTES_PER_SECOND - self._waited_seconds
        began = time.monotonic()
        try:
            async with asyncio.timeout(allowed_seconds):
                message = await self._receive()
        except TimeoutError:
            self.ending = Ending.TOO_SLOW
            return b""
        self.moved_at = time.monotonic()
        self._waited_seconds += self.moved_at - began
        if message["type"] == "http.disconnect":
            self.ending = Ending.LEFT
            return b""
        piece: bytes = message.get("body", b"")
        self._size += len(piece)
        self._has_more = message.get("more_body", False)
        if self._size > self._max_bytes:
            self.ending = Ending.TOO_LARGE
            return b""
        if not self._has_more:
            self.ending = Ending.COMPLETE
        return piece

    async def _show_slowly(self, piece: bytes) -> None:
        """Read a piece in turns, so that other calls pass in between."""
        self._show(piece)
        while self._tap is not None and self._tap.behind:
            await asyncio.sleep(0)
            self._show(b"")

    def _show(self, piece: bytes) -> None:
        if self._tap is None:
            return
        try:
            self._tap.feed(piece)
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            # Only the name: the text of an error may quote what passed.
            logger().error("a request could not be read", error=type(error).__name__)
            self._tap = None
