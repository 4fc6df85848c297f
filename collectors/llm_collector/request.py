"""What a request to a model says, read while it passes (pure).

The proxy forwards a request's body untouched and shows a copy to a `RequestTap`, piece by piece. Nothing of a
prompt leaves the process with it but counts, a digest, and what `system_prompt` becomes in `calls.py`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from collectors.llm_collector.reading import characters_of, name_of


@dataclass(frozen=True)
class Asked:
    """What was read of one request; everything is absent of a body that cannot be read."""

    model: str | None = None
    streaming: bool = False
    prompt_characters: int = 0
    digest: str = ""
    """SHA-256 of the body, in hex: the same request sent again has the same one."""


class _Body(msgspec.Struct):
    model: Any = None
    stream: Any = None
    messages: msgspec.Raw = msgspec.Raw()
    prompt: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()


_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DECODER = msgspec.json.Decoder(_Body)


class RequestTap:
    """Reads one request's body. `feed` takes its pieces, cut anywhere; `close` gives what was read."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._digest = hashlib.sha256()

    def feed(self, piece: bytes) -> None:
        """Read one piece."""
        self._body += piece
        self._digest.update(piece)

    def close(self) -> Asked:
        """Give what was read; never raises."""
        body = _read(bytes(self._body))
        return Asked(
            model=name_of(body.model),
            streaming=body.stream is True,
            prompt_characters=sum(_characters(part) for part in (body.messages, body.prompt, body.input)),
            digest=self._digest.hexdigest(),
        )


def asked_of(body: bytes) -> Asked:
    """Read a whole body at once."""
    tap = RequestTap()
    tap.feed(body)
    return tap.close()


def _read(body: bytes) -> _Body:
    try:
        return _DECODER.decode(body)
    except _BROKEN:
        return _Body()


def _characters(raw: msgspec.Raw) -> int:
    try:
        return characters_of(msgspec.json.decode(raw)) if bytes(raw) else 0
    except _BROKEN:
        return 0
