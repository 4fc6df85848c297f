"""What an upstream of the tests may say, as data; `upstream.py` says it."""

import json
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

JSON, EVENTS, LINES = "application/json", "text/event-stream; charset=utf-8", "application/x-ndjson"
PIECE_BYTES = 61
"""A stream is sent in pieces of this size: their ends fall inside events, and inside characters."""
PAUSE_SECONDS = 0.4


@dataclass(frozen=True)
class Answer:
    """One answer; a `streamed` one is sent in pieces, with chunked transfer encoding."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    streamed: bool = False
    pauses: bool = False
    """In the middle of the stream, for PAUSE_SECONDS."""
    ends_late: bool = False
    """After the last bytes, PAUSE_SECONDS later: many clients have left by then."""
    breaks: bool = False
    """In the middle, by hanging up."""
    endless: bool = False
    """The body is sent again and again until the client leaves."""


def document(told: Any, status: int = 200, **headers: str) -> Answer:
    """Say one JSON document."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(_json(told), status, headers=named)


def events(told: list[Any], named: bool = False) -> Answer:
    """Say server-sent events; `named` ones carry their type as Anthropic's and the responses API's do."""
    parts = []
    for one in told:
        name = b"event: " + str(one["type"]).encode() + b"\n" if named else b""
        parts.append(
            name + b"data: " + (_json(one) if isinstance(one, dict) else str(one).encode()) + b"\n\n"
        )
    return Answer(b"".join(parts), content_type=EVENTS, streamed=True)


def lines(told: list[Any]) -> Answer:
    """Say newline-delimited JSON, as Ollama does."""
    return Answer(b"".join(_json(one) + b"\n" for one in told), content_type=LINES, streamed=True)


def compressed(answer: Answer) -> Answer:
    """Say the same with gzip; a stream is flushed piece by piece, as providers do."""
    machine = zlib.compressobj(wbits=31)
    size = PIECE_BYTES if answer.streamed else len(answer.body) or 1
    packed = b"".join(
        machine.compress(answer.body[start : start + size]) + machine.flush(zlib.Z_SYNC_FLUSH)
        for start in range(0, len(answer.body), size)
    )
    headers = {**answer.headers, "content-encoding": "gzip"}
    return replace(answer, body=packed + machine.flush(), headers=headers)


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
