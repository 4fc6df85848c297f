"""An upstream that streams: `python -m benchmarks.llm.speaker PORT`, OpenAI's events at a fixed pace.

The first token comes `FIRST_SECONDS` after the request has arrived, so that all streams wait for something,
as they do for a model; then one every `PACE_SECONDS`.
"""

import asyncio
import json
import re
import sys
from typing import cast

import uvloop

from benchmarks.orphan import ends_with_parent

FIRST_SECONDS = 0.2
PACE_SECONDS = 0.02
TOKENS = 50

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def event(text: str, **more: object) -> bytes:
    """Give one event of a streamed chat completion, as a chunk of HTTP."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    document = {
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1770000000,
        "model": "gpt-4o-mini", "choices": [choice], **more,
    }  # fmt: skip
    data = b"data: " + json.dumps(document).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_TOKEN = event("word ")
_USAGE = {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": 9 + TOKENS}
_END = event("", choices=[], usage=_USAGE) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


class Speaker(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        if not end or len(rest) < wanted:
            return
        self._buffer = rest[wanted:]
        asyncio.get_running_loop().call_later(FIRST_SECONDS, self._say, _HEAD, TOKENS)

    def _say(self, before: bytes, left: int) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if not left:
            self._transport.write(_END)
            return
        self._transport.write(before + _TOKEN)
        asyncio.get_running_loop().call_later(PACE_SECONDS, self._say, b"", left - 1)


async def serve(port: int) -> None:
    """Serve until the parent ends."""
    server = await asyncio.get_running_loop().create_server(Speaker, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    ends_with_parent()
    uvloop.run(serve(int(sys.argv[1])))
