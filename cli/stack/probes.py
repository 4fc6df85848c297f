"""Asking a part whether it serves yet: Kafka, Postgres and HTTP, each by one request of its own."""

import json
import socket
import struct
import urllib.error
import urllib.request

NO_ANSWER = "no answer"
# Loopback is asked directly, whatever HTTP_PROXY says of the world outside.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT_SECONDS = 2.0
_METADATA_KEY, _METADATA_VERSION, _CORRELATION_ID = 3, 1, 7


def kafka_serves(host: str, port: int) -> bool:
    """Say whether a broker answers and has itself joined its cluster.

    Its port opens before it serves, so the question is a Metadata request for no topic; the answer lists
    the brokers that have registered. Written out by hand: the client library would take longer to load.
    """
    body = struct.pack(">hhih", _METADATA_KEY, _METADATA_VERSION, _CORRELATION_ID, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            head = _receive(connection, 12)
    except OSError:
        return False
    _, correlation_id, brokers = struct.unpack(">iii", head)
    return bool(correlation_id == _CORRELATION_ID and brokers > 0)


def postgres_serves(host: str, port: int) -> bool:
    """Say whether Postgres takes connections: it names the authentication it wants, not an error."""
    parameters = b"user\x00postgres\x00database\x00postgres\x00\x00"
    packet = struct.pack(">ii", 8 + len(parameters), 3 << 16) + parameters
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(packet)
            return _receive(connection, 1) == b"R"
    except OSError:
        return False


def http_ready(url: str | urllib.request.Request) -> tuple[bool, str]:
    """Ask `/ready`: whether it says 200, and else which dependencies it lacks, or NO_ANSWER and why."""
    try:
        with _DIRECT.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.status == 200, ""
    except urllib.error.HTTPError as error:
        return False, lacking(error.read(4096))
    except (OSError, ValueError) as error:
        return False, f"{NO_ANSWER}: {error}"


def lacking(body: bytes) -> str:
    """Say in one line what the answer of `/ready` lacks: "kafka (not tried yet), store"."""
    try:
        words = json.loads(body)["dependencies"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return " ".join(body.decode(errors="replace").split())[:200]
    lacks = [(name, word.get("detail", "")) for name, word in words if word.get("status") != "ok"]
    return ", ".join(f"{name} ({detail})" if detail else name for name, detail in lacks)


def _receive(connection: socket.socket, size: int) -> bytes:
    """Read exactly so many bytes; a connection that ends before is an OSError."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionResetError("the connection ended early")
        data += more
    return data
