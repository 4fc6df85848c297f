"""Real servers on loopback for the proxy's tests: upstreams written by hand, and the proxy itself."""

import asyncio
import http.client
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from collectors.llm_collector.board import Board
from collectors.llm_collector.collector import open_client, server_of
from collectors.llm_collector.proxy import Proxy
from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.watch import recorder_of
from schema.messages import Call

App = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(app: App) -> Iterator[str]:
    """Serve an ASGI application in a thread; give its address."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    with running(_Server(config)) as url:
        yield url


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    """Run a server in a thread on a free port; give its address."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@dataclass
class Kept:
    """Keeps the records that the proxy makes."""

    calls: list[Call] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def put(self, call: Call) -> None:
        """Keep one."""
        with self.came:
            self.calls.append(call)
            self.came.notify_all()

    def wait(self, count: int) -> list[Call]:
        """Wait until so many were made."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.calls) >= count, 10), self.calls
            return self.calls


@dataclass
class Running:
    """A proxy in a thread: its address, its records, its board."""

    url: str
    kept: Kept
    board: Board


@contextmanager
def proxying(**settings: Any) -> Iterator[Running]:
    """Run the proxy, with `openai_base_url` and the like as settings."""
    options = LlmSettings(**{"llm_proxy_stop_seconds": 1, **settings})
    kept, board = Kept(), Board()
    recorder = recorder_of(options, board, kept)
    holder: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # The client belongs to the loop of the server's thread, so it is opened by the first request.
        if "proxy" not in holder:
            holder["client"] = open_client(options)
            holder["proxy"] = Proxy(Routes(options), holder["client"], recorder, options)
            holder["loop"] = asyncio.get_running_loop()
        if scope["path"] == "/close":
            await holder["client"].close()
        await holder["proxy"](scope, receive, send)

    with running(server_of(app, options)) as url:
        try:
            yield Running(url, kept, board)
        finally:
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
            connection.request("GET", "/close")
            connection.getresponse().read()
            connection.close()


def answering(
    status: int,
    headers: list[tuple[str, str]],
    chunks: list[bytes],
    seen: list[dict[str, Any]] | None = None,
) -> App:
    """Give an upstream that always says the same, and notes what it was asked."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if seen is not None:
            seen.append({**scope, "body": body})
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0.001)
        await send({"type": "http.response.body", "body": b""})

    return app


@asynccontextmanager
async def broken_upstream(raw: bytes) -> AsyncIterator[str]:
    """Serve raw bytes and hang up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def ask(
    url: str, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Ask once, with nothing added; give status, headers and body."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    return response.status, response.getheaders(), raw
