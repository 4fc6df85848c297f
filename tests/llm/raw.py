"""Both ends of the proxy as bare sockets: what no well-behaved client or server would send."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE_SECONDS = 20.0
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
PATH = b"/openai/v1/chat/completions"


@dataclass
class RawUpstream:
    """An upstream that keeps the bytes of each connection, and those that were hung up."""

    url: str
    connections: list[bytearray] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def received(self) -> bytes:
        """All bytes, in the order of the connections."""
        return b"".join(bytes(one) for one in self.connections)


@contextmanager
def raw_upstream(
    answer: bytes | Callable[[socket.socket], None] = OK, after: bytes = b"\r\n\r\n", closes: bool = False
) -> Iterator[RawUpstream]:
    """Serve: once `after` has come on a connection, send the answer, or hand the connection over."""
    listening = socket.create_server(("127.0.0.1", 0))
    upstream = RawUpstream(f"http://127.0.0.1:{listening.getsockname()[1]}")
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        received = bytearray()
        upstream.connections.append(received)
        answered = False
        try:
            while piece := connection.recv(65536):
                received += piece
                if not answered and after in received:
                    answered = True
                    if callable(answer):
                        answer(connection)
                    else:
                        connection.sendall(answer)
                    if closes:
                        connection.shutdown(socket.SHUT_RDWR)
                elif answered and received.endswith(after) and isinstance(answer, bytes):
                    connection.sendall(answer)
        except OSError:
            upstream.hung_up.set()  # reset, or closed at the end of the test
        upstream.hung_up.set()
        connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # the end of the test
            open_connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield upstream
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in open_connections:
            connection.close()


def connect(url: str) -> socket.socket:
    """Open a connection to the proxy."""
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)


def until(connection: socket.socket, mark: bytes) -> bytes:
    """Read until the mark has come, or the end; give all that came."""
    got = bytearray()
    while mark not in got:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        got += piece
    return bytes(got)


def said(url: str, request: bytes, mark: bytes = b"\r\n\r\n") -> bytes:
    """Send raw bytes and give what is answered, up to the mark or the end."""
    with connect(url) as connection:
        connection.sendall(request)
        return until(connection, mark)


def status_of(answer: bytes) -> int:
    """Give the status of a raw answer; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def post(*headers: bytes, body: bytes = b"", path: bytes = PATH) -> bytes:
    """Write a request, exactly so."""
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"host: proxy", *headers, b"", body])
