"""Many streams at once: when does the first token come? The client of the streaming part."""

import asyncio
import time
from urllib.parse import urlsplit

from benchmarks.llm.requests import body, head_of

_END = b"[DONE]"
_SECONDS = 30.0


async def first_tokens(url: str, streams: int) -> list[float]:
    """Open so many streams at the same moment; give the seconds until the first token of each.

    Raises RuntimeError when one of them does not end as it should.
    """
    async with asyncio.timeout(_SECONDS):
        return list(await asyncio.gather(*(_one(url) for _ in range(streams))))


async def _one(url: str) -> float:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        asked = body(stream=True)
        began = time.perf_counter()
        writer.write(head_of(url, asked) + asked)
        first, tail = 0.0, b""
        while _END not in tail:
            data = await reader.read(65_536)
            if not data:
                raise RuntimeError(f"a stream of {url} broke off: {tail[-200:]!r}")
            if not first and b'"content":"word' in data.replace(b": ", b":"):
                first = time.perf_counter() - began
            tail = tail[-256:] + data
        return first
    finally:
        writer.close()
