"""An API server on loopback that does what a test says: lists, watches, and everything that goes wrong.

By default it behaves: `put` and `delete` change a collection, a watch tells that, with resource versions,
streaming lists, pages and bookmarks as Kubernetes has them. `script` puts answers of a test's own before
that, for one path: each is used once, in order; `always` puts one there until it is taken away.
"""

import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.collectors.k8s.lines import bookmark, event, failure

Json = dict[str, Any]
Query = dict[str, str]


class Exchange(BaseHTTPRequestHandler):
    """One request, and the ways to answer it; a script is called with it."""

    protocol_version = "HTTP/1.1"
    server: "Server"
    query: Query

    def do_GET(self) -> None:
        """Answer as the script says, else by default."""
        split = urlsplit(self.path)
        self.path, self.query = split.path, dict(parse_qsl(split.query))
        with suppress(OSError):
            self.server.api.answer(self)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Give the header Date by the clock of the test."""
        return formatdate(self.server.api.now() if timestamp is None else timestamp, usegmt=True)

    def body(self, body: bytes, status: int = 200) -> None:
        """Answer with these bytes."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, value: Any, status: int = 200) -> None:
        """Answer with an object."""
        self.body(json.dumps(value).encode(), status)

    def refuse(self, status: int, reason: str = "", message: str = "") -> None:
        """Answer with an error."""
        self.json(failure(status, reason, message), status)

    def stream(self, *lines: bytes) -> None:
        """Begin a watch with these lines."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.more(b"".join(lines))

    def more(self, data: bytes) -> None:
        """Send more of a watch, in any pieces of lines."""
        if data:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    def end(self) -> None:
        """End a watch in good order."""
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """End the connection in the middle."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Leave the watch open, and say nothing, until the server stops or the client goes."""
        self.server.api.hold(self)


class Server(ThreadingHTTPServer):
    """The listening socket; it knows which connections are open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, api: "Api") -> None:
        self.api = api
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection."""
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


Script = Callable[[Exchange], None]


class Api:
    """The server, its objects, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Query]] = []
        self.now: Callable[[], float] = lambda: 1_770_388_331.0
        self.streams_lists = True
        self.page = 0
        self.version = 100
        self.oldest = 0
        self.token = ""
        self._scripts: dict[str, deque[Script]] = defaultdict(deque)
        self._always: dict[str, Script] = {}
        self._objects: dict[str, dict[str, Json]] = defaultdict(dict)
        self._log: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self._news = threading.Condition()
        self._stopped = False
        self._server = Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """Give its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def connections(self) -> int:
        """Give how many connections are open."""
        return len(self._server.open)

    def stop(self) -> None:
        """Stop, and cut every connection."""
        self._stopped = True
        self._server.shutdown()
        self._server.server_close()
        self.cut_all()

    def cut_all(self) -> None:
        """Cut every connection."""
        for one in list(self._server.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.wake()

    def wake(self) -> None:
        """Have every watch look again."""
        with self._news:
            self._news.notify_all()

    def kubeconfig(self, path: Path, token: str = "good") -> Path:
        """Write a kubeconfig that leads here."""
        cluster = {"name": "made-up", "cluster": {"server": self.url}}
        context = {"name": "c", "context": {"cluster": "made-up", "user": "u", "namespace": "agents"}}
        user = {"name": "u", "user": {"token": token}}
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [cluster], "contexts": [context], "users": [user],
        }))  # fmt: skip
        return path

    def script(self, path: str, *scripts: Script) -> None:
        """Answer the next requests for a path so."""
        self._scripts[path].extend(scripts)

    def always(self, path: str, script: Script | None) -> None:
        """Answer every request for a path so, or by default again."""
        if script is None:
            self._always.pop(path, None)
        else:
            self._always[path] = script

    def put(self, path: str, value: Json) -> Json:
        """Create or change an object of a collection; give it as it is stored."""
        with self._news:
            self.version += 1
            uid = value["metadata"]["uid"]
            known = uid in self._objects[path]
            stored = {**value, "metadata": {**value["metadata"], "resourceVersion": str(self.version)}}
            self._objects[path][uid] = stored
            self._log[path].append((self.version, event("MODIFIED" if known else "ADDED", stored)))
            self._news.notify_all()
            return stored

    def delete(self, path: str, uid: str) -> None:
        """Delete an object."""
        with self._news:
            self.version += 1
            last = self._objects[path].pop(uid)
            last["metadata"]["resourceVersion"] = str(self.version)
            self._log[path].append((self.version, event("DELETED", last)))
            self._news.notify_all()

    def compact(self) -> None:
        """Forget what was before now: whoever resumes there is told 410."""
        with self._news:
            self.version += 1
            self.oldest = self.version
            self._log.clear()

    def requests(self, path: str) -> list[Query]:
        """Give the queries with which a path was asked for."""
        return [query for asked, query in self.asked if asked == path]

    def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        path = exchange.path
        self.asked.append((path, exchange.query))
        if self.token and exchange.headers.get("Authorization") != f"Bearer {self.token}":
            exchange.refuse(401, "Unauthorized", "Unauthorized")
        elif self._scripts[path]:
            self._scripts[path].popleft()(exchange)
        elif path in self._always:
            self._always[path](exchange)
        elif path == "/version":
            exchange.json({"major": "1", "minor": "36"})
        elif path.startswith("/apis/metrics.k8s.io") or "/proxy/" in path:
            exchange.refuse(404, "NotFound", "the server could not find the requested resource")
        elif exchange.query.get("watch"):
            self._watch(exchange)
        else:
            self._list(exchange)

    def hold(self, exchange: Exchange) -> None:
        """Wait until the client goes, or the server stops."""
        exchange.connection.settimeout(0.02)
        while not self._stopped:
            try:
                if not exchange.connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        exchange.close_connection = True

    def _list(self, exchange: Exchange) -> None:
        with self._news:
            items, version = list(self._objects[exchange.path].values()), self.version
        first = int(exchange.query.get("continue", "0"))
        more = bool(self.page) and first + self.page < len(items)
        shown = items[first : first + self.page] if self.page else items
        metadata = {"resourceVersion": str(version)}
        if more:
            metadata["continue"] = str(first + self.page)
        exchange.json({"metadata": metadata, "items": shown})

    def _watch(self, exchange: Exchange) -> None:
        path, query = exchange.path, exchange.query
        streaming = query.get("sendInitialEvents") == "true"
        if streaming and not self.streams_lists:
            exchange.refuse(422, "Invalid", "sendInitialEvents is forbidden for watch")
            return
        with self._news:
            at = self.version if streaming else int(query.get("resourceVersion", "0"))
            initial = [event("ADDED", one) for one in self._objects[path].values()] if streaming else []
        if at < self.oldest:
            exchange.stream(event("ERROR", failure(410, "Expired", "too old resource version")))
            exchange.end()
            return
        exchange.stream(*initial, *([bookmark(at, ends_list=True)] if streaming else []))
        self._go_on(exchange, path, at)

    def _go_on(self, exchange: Exchange, path: str, at: int) -> None:
        exchange.connection.settimeout(0.001)
        while not self._stopped:
            with self._news:
                fresh = [(version, line) for version, line in self._log[path] if version > at]
                if not fresh:
                    self._news.wait(0.02)
            if fresh:
                exchange.connection.settimeout(5)
                exchange.more(b"".join(line for _, line in fresh))
                at = fresh[-1][0]
                exchange.connection.settimeout(0.001)
            try:
                if not exchange.connection.recv(1):
                    break
            except TimeoutError:
                continue
        exchange.close_connection = True
