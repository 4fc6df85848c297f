"""Which headers pass the proxy, and which end there (pure)."""

import re
from collections.abc import Iterable

from schema.errors import AnswerUnusable

RawHeaders = Iterable[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
})  # fmt: skip
BODILESS = frozenset({204, 304})
_OURS = b"x-oracle-"
# The upstream connection has its own; an `expect` was answered when the body was read.
_REPLACED = frozenset({b"host", b"content-length", b"expect"})
_NOT_UPSTREAM = _HOP_BY_HOP | _REPLACED
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def upstream_headers(raw: RawHeaders, length: int | None = None) -> list[tuple[str, str]]:
    """Give a request's headers as they go upstream: all but hop-by-hop ones and our own labels.

    `length` is that of a body that is forwarded while it arrives; of others the client tells it.
    """
    named = list(raw)
    ended = _NOT_UPSTREAM | _named_by_connection(named)
    # Latin-1 gives text for any bytes, and `wire.py` the same bytes for that text.
    passed = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in named
        if (low := name.lower()) not in ended and not low.startswith(_OURS)
    ]
    return passed if length is None else [*passed, ("content-length", str(length))]


def downstream_headers(status: int, raw: RawHeaders) -> list[tuple[bytes, bytes]]:
    """Give an answer's headers as they go to the client, untouched but for hop-by-hop ones.

    Raises AnswerUnusable where they would leave open where the answer ends.
    """
    named = list(raw)
    ended = _HOP_BY_HOP | _named_by_connection(named)
    lengths = {value.strip() for name, value in named if name.lower() == b"content-length"}
    if status in BODILESS:
        ended |= {b"content-length"}  # of the body that it does not have: our server would wait for that
    elif len(lengths) > 1 or not all(one.isdigit() for one in lengths):
        raise AnswerUnusable("more than one length")
    passed = [
        (name, value)
        for name, value in named
        if (low := name.lower()) not in ended and not low.startswith(_OURS)
    ]
    if _FORBIDDEN.search(b"".join(value for _, value in passed)):
        raise AnswerUnusable("control characters in a header")
    return passed


def by_name(raw: RawHeaders) -> dict[str, str]:
    """Give headers by lower-case name, the last of a name."""
    return {
        name.decode("latin-1").lower(): value.decode() if value.isascii() else _text(value)
        for name, value in raw
    }


def _named_by_connection(raw: RawHeaders) -> set[bytes]:
    values = [value for name, value in raw if name.lower() == b"connection"]
    return {part.strip().lower() for value in values for part in value.split(b",")}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
