"""What aiohttp has no option for: header bytes as they came, and hanging up on an upstream at once.

aiohttp takes headers as text and writes UTF-8. `headers.py` makes text of any bytes by Latin-1, which has to
make bytes of it again. aiohttp's writer is replaced for that, for the whole process; a test in
tests/llm/test_hostile.py fails should a new version no longer ask it.

It closes a connection by first sending what is still to be sent: an upstream that takes nothing would hold it
for ever. So each request tells its connection, to be aborted when the client has left. By then it may carry
another call: a connection goes back to the pool as soon as an answer was read to its end.
"""

import asyncio
import re
from collections.abc import Mapping
from contextvars import ContextVar
from weakref import WeakKeyDictionary

import aiohttp
import aiohttp.http_writer
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Line:
    """The upstream connection of one request, once there is one."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._protocol: ResponseHandler | None = None

    def take(self, conn: Connection) -> None:
        """Note the connection that the request goes over."""
        # aiohttp's own object forgets both when it is closed, and by then its task has been cancelled.
        self._transport, self._protocol = conn.transport, conn.protocol
        if conn.protocol is not None:
            _CARRIED[conn.protocol] = self

    def hang_up(self) -> None:
        """End the connection, whatever it still has to send, unless another request goes over it by now."""
        if self._transport is None or self._protocol is None:
            return
        if _CARRIED.get(self._protocol) is self:
            self._transport.abort()


_CARRIED: WeakKeyDictionary[ResponseHandler, Line] = WeakKeyDictionary()
"""Which request a connection carries, or carried last."""
LINE: ContextVar[Line] = ContextVar("line")
"""Set by whoever asks for a request, and wants to hang up."""


class Request(aiohttp.ClientRequest):
    """A request that tells its connection."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it over a connection."""
        if line := LINE.get(None):
            line.take(conn)
        return await super().send(conn)


def keep_header_bytes() -> None:
    """Let aiohttp write each header as the bytes that it came as."""
    aiohttp.http_writer._serialize_headers = _serialized


def _serialized(status_line: str, headers: Mapping[str, str]) -> bytes:
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
    if _FORBIDDEN.search("".join(lines)):
        raise ValueError("a control character in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
