"""An API server that says again what a real one said: `python -m benchmarks.kubernetes.replay DIRECTORY`.

It prints its port. Each line of standard input is a number: so many of the recorded changes a second go to
each watch of the pods from then on, over and over. The end of standard input ends it. Plain HTTP on loopback.
"""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.kubernetes.record import CHANGES, PODS, place

STEP_SECONDS = 0.01
_VERSION = b'{"major":"1","minor":"36"}'


class Replay(ThreadingHTTPServer):
    """The server: its recordings, and the rate of changes."""

    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.directory = directory
        self.changes = place(directory, CHANGES).read_bytes().splitlines(keepends=True)
        self.each_second = 0.0


class Answer(BaseHTTPRequestHandler):
    """One request: a version, a list, or a watch that does not end."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Replay

    def do_GET(self) -> None:
        """Answer."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        watches = query.get("watch", "").lower() in ("1", "true")
        recorded = place(self.server.directory, f"{'watch' if watches else 'list'}{parts.path}")
        if parts.path == "/version":
            self._whole(200, _VERSION)
        elif not recorded.is_file():
            self._whole(404, b'{"kind":"Status","message":"it was not recorded"}')
        elif watches:
            self._watch(recorded if "sendInitialEvents" in query else None, parts.path == PODS)
        else:
            self._whole(200, recorded.read_bytes())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def _whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, initial: Path | None, changing: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if initial is not None:
            for line in initial.read_bytes().splitlines(keepends=True):
                self._line(line)
        if not changing:
            threading.Event().wait()
        sent, due, before = 0, 0.0, time.monotonic()
        while True:
            time.sleep(STEP_SECONDS)
            now = time.monotonic()
            due, before = due + self.server.each_second * (now - before), now
            while sent + 1 <= due:
                self._line(self.server.changes[sent % len(self.server.changes)])
                sent += 1

    def _line(self, line: bytes) -> None:
        """Send a line as a chunk of its own, as the API server does."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))


def main() -> None:
    """Serve until the parent ends us."""
    server = Replay(Path(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        server.each_second = float(line)
    os._exit(0)


if __name__ == "__main__":
    main()
