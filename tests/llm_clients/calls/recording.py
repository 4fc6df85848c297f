"""What the SDK's HTTP library receives, before it decodes anything, kept for each call.

The transports of httpx (and of its successor under the newer SDKs) are wrapped where they are defined, so
the SDKs stay as they are installed and configured. Runs inside the clients' environments.
"""

import base64
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Exchange:
    """One HTTP request's answer: names and values as they came, the body undecoded."""

    path: str
    status: int
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    began_at: float = 0.0
    """The first byte of the body; by the monotonic clock."""
    ended_at: float = 0.0

    def take(self, chunk: bytes) -> None:
        """Add a piece of the body."""
        self.began_at = self.began_at or time.monotonic()
        self.ended_at = time.monotonic()
        self.body += chunk

    def told(self) -> dict[str, Any]:
        """Give it as JSON can."""
        return {
            "path": self.path,
            "status": self.status,
            "headers": self.headers,
            "body": base64.b64encode(self.body).decode(),
            "seconds": self.ended_at - self.began_at,
        }


class Recorder:
    """Wraps transports; `take` gives the exchanges since it was asked last."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []

    def take(self) -> list[dict[str, Any]]:
        """Give what was exchanged, and forget it."""
        taken, self._exchanges = self._exchanges, []
        return [one.told() for one in taken]

    def wrap(self, library: Any) -> None:
        """Wrap the transports of `httpx`, or of `httpx2`."""
        self.wrap_async(library, library.AsyncHTTPTransport)
        handle, recorder = library.HTTPTransport.handle_request, self

        class Stream(library.SyncByteStream):  # type: ignore[misc]
            def __init__(self, stream: Any, exchange: Exchange) -> None:
                self._stream, self._exchange = stream, exchange

            def __iter__(self) -> Iterator[bytes]:
                for chunk in self._stream:
                    self._exchange.take(chunk)
                    yield chunk

            def close(self) -> None:
                self._stream.close()

        def recording(transport: Any, request: Any) -> Any:
            response = handle(transport, request)
            response.stream = Stream(response.stream, recorder._opened(request, response))
            return response

        library.HTTPTransport.handle_request = recording

    def wrap_async(self, library: Any, transport_class: Any) -> None:
        """Wrap an asynchronous transport, which may be somebody else's than the library's."""
        handle, recorder = transport_class.handle_async_request, self

        class Stream(library.AsyncByteStream):  # type: ignore[misc]
            def __init__(self, stream: Any, exchange: Exchange) -> None:
                self._stream, self._exchange = stream, exchange

            async def __aiter__(self) -> AsyncIterator[bytes]:
                async for chunk in self._stream:
                    self._exchange.take(chunk)
                    yield chunk

            async def aclose(self) -> None:
                await self._stream.aclose()

        async def recording(transport: Any, request: Any) -> Any:
            response = await handle(transport, request)
            response.stream = Stream(response.stream, recorder._opened(request, response))
            return response

        transport_class.handle_async_request = recording

    def _opened(self, request: Any, response: Any) -> Exchange:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        exchange = Exchange(request.url.path, response.status_code, headers)
        self._exchanges.append(exchange)
        return exchange
