"""The least that forwards on our libraries: `python -m benchmarks.llm.bare PORT UPSTREAM`.

The client is the proxy's own (`open_client`), the server set up as its: nothing is read, checked or recorded.
"""

import sys
from typing import Any

import aiohttp
import uvicorn
import uvloop
from yarl import URL

from benchmarks.orphan import ends_with_parent
from collectors.llm_collector.collector import open_client
from collectors.llm_collector.settings import LlmSettings


class Bare:
    """An ASGI application that passes everything on."""

    def __init__(self, client: aiohttp.ClientSession, upstream: str) -> None:
        self._client = client
        self._upstream = upstream

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one request on, and its answer back."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [
            (name.decode(), value.decode())
            for name, value in scope["headers"]
            if name not in {b"host", b"content-length", b"connection"}
        ]
        url = URL(self._upstream + scope["raw_path"].decode(), encoded=True)
        async with self._client.request(scope["method"], url, headers=headers, data=body or None) as answer:
            raw = [
                one
                for one in answer.raw_headers
                if one[0].lower() not in {b"connection", b"transfer-encoding"}
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": raw})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def serve(port: int, upstream: str) -> None:
    """Serve until the parent ends."""
    async with open_client(LlmSettings()) as client:
        config = uvicorn.Config(
            Bare(client, upstream), port=port, loop="uvloop", http="httptools", ws="none", lifespan="off",
            log_level="warning", access_log=False, server_header=False, date_header=False,
        )  # fmt: skip
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    ends_with_parent()
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
