"""What aiohttp has no option for: header bytes as they came, and hanging up on an upstream at once.

aiohttp takes headers as text and writes UTF-8. `headers.py` makes text of any bytes by Latin-1, which has to
make bytes of it again. aiohttp's writer is replaced for that, for the whole process; a test in
tests/llm/test_hostile.py fails should a new version no longer ask it.

It closes a connection by first sending what is still to be sent: an upstream that takes nothing would hold it
for ever. So each request tells its transport, to be aborted when the client has left.
"""

import asyncio
import re
from collections.abc import Mapping
from contextvars import ContextVar

import aiohttp
import aiohttp.http_writer
from aiohttp.connector import Connection

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Line:
    """The upstream connection of one request, once there is one."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None

    def hang_up(self) -> None:
        """End the connection, whatever it still has to send."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


LINE: ContextVar[Line] = ContextVar("line")
"""Set by whoever asks for a request, and wants to hang up."""


class Request(aiohttp.ClientRequest):
    """A request that tells its connection."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it over a connection."""
        if line := LINE.get(None):
            line.transport = conn.transport
        return await super().send(conn)


def keep_header_bytes() -> None:
    """Let aiohttp write each header as the bytes that it came as."""
    aiohttp.http_writer._serialize_headers = _serialized


def _serialized(status_line: str, headers: Mapping[str, str]) -> bytes:
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
    if _FORBIDDEN.search("".join(lines)):
        raise ValueError("a control character in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
