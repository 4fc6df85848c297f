"""The HTTP server (uvicorn): bound by us, without signal handlers, able to drop a connection."""

import contextlib
import os
import socket
from collections.abc import Iterator

import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.live_clients import ABORT
from schema.errors import SettingError

GRACE_SECONDS = 3
"""How long a request may go on after the service was asked to stop."""


class Protocol(HttpToolsProtocol):
    """Offers each request the ASGI extension that drops its connection, unread data included."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"now": self.transport.abort}}


class Server(uvicorn.Server):
    """Leaves SIGTERM and SIGINT to the service's frame, which sets `should_exit`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address. Raises SettingError with one line when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise SettingError(f"API_PORT {port} cannot be served: {os.strerror(error.errno or 0)}") from None


def open_server(app: ASGIApp) -> Server:
    """Give the server of an application; run it with `serve(sockets=[...])`."""
    return Server(
        uvicorn.Config(
            app,
            loop="none",
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
