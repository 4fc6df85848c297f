"""One client's connection: uvicorn's protocol, with bounds on what comes before and after a body.

httptools collects headers without any limit, and waits for their end without one. Here a head, a chunk's
extension or a trailer may have 64 KiB, a head has thirty seconds, trailers are dropped (they would stand
among the headers of the request), and what is malformed is answered with problem JSON. A wish to speak
another protocol (Java's client begins with it) is ignored, as RFC 9110 allows: httptools would drop the body.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collectors.llm_collector.problems import MALFORMED, SLOW_HEAD, WIDE_HEAD, Problem
from collectors.llm_collector.upload import LEAVING, LINGER_SECONDS, TRANSPORT, Leaving

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0


class Connection(HttpToolsProtocol):
    """Serves one client; uvicorn makes one for each connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bare_bytes = 0
        """Bytes since the parser last gave something on: a head, a chunk's extension, trailers."""
        self._in_head = True
        self._upgrading = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._rest_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection: its first head has to come in time."""
        super().connection_made(transport)
        self._leaving = Leaving(self.flow.resume_reading)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the connection go."""
        self._head_is_there()
        self._rest_is_there()
        super().connection_lost(exc)
        self._leaving.tell()

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless too much of it is neither a request nor its body."""
        self._unset_keepalive_if_required()
        self._bare_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(MALFORMED)
            return
        if self._bare_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(WIDE_HEAD)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The same head again, without the wish, and what follows it.
            # `connection` stays: what it names besides ends here too.
            headers = [pair for pair in self.headers if pair[0] != b"upgrade"]
            lines = [self.parser.get_method() + b" " + self.url + b" HTTP/1.1"]
            lines += [name + b": " + value for name, value in headers]
            self.parser, self._upgrading = httptools.HttpRequestParser(self), False
            self.parser.feed_data(b"\r\n".join([*lines, b"", b""]) + data[upgrade.args[0] :])

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        if self._head_timer is None:
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand the request over, with its connection."""
        if self.parser.get_method() == b"CONNECT" or self.parser.get_http_version() not in {"1.0", "1.1"}:
            raise ValueError("no request for a proxy of this kind")  # httptools gives it on as its own error
        if self.parser.should_upgrade():
            self._upgrading = True
            return
        self._in_head, self._bare_bytes = False, 0
        self._head_is_there()
        extensions: dict[str, Any] = {TRANSPORT: self.transport, LEAVING: self._leaving}
        self.scope["extensions"] = extensions
        super().on_headers_complete()
        self.headers = []  # what comes now are trailers: the request has its own list

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._bare_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        if not self._upgrading:
            self._bare_bytes = 0
            self._rest_is_there()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """End an answer; what is left of its request's body is not read for ever."""
        # With requests sent ahead `cycle` is the last of them, and the one that ended had all its body.
        if self.cycle.more_body and not self.pipeline:
            self._rest_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        super().on_response_complete()

    def _refuse(self, problem: Problem) -> None:
        """Answer and hang up; in the middle of another answer there is only the second."""
        self._head_is_there()
        problem.count()
        running = self.cycle is not None and not self.cycle.response_complete
        if not (running and (self.cycle.response_started or self._in_head)):
            self.transport.write(problem.raw())
        self.transport.close()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _rest_is_there(self) -> None:
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._bare_bytes:
            self._refuse(SLOW_HEAD)
        else:
            self.transport.close()  # opened in advance, and never used
