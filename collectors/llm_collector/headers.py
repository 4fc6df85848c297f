"""Which headers pass the proxy, and which end there (pure)."""

from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
})  # fmt: skip
NOT_MODIFIED = 304
_OURS = b"x-oracle-"
# The upstream connection has its own; an `expect` was answered when the body was read.
_REPLACED = frozenset({b"host", b"content-length", b"expect"})


def upstream_headers(raw: RawHeaders) -> list[tuple[str, str]]:
    """Give a request's headers as they go upstream: all but hop-by-hop ones and our own labels."""
    named = list(raw)
    ended = _HOP_BY_HOP | _REPLACED | _named_by_connection(named)
    return [
        (_text(name), _text(value))
        for name, value in named
        if name.lower() not in ended and not name.lower().startswith(_OURS)
    ]


def downstream_headers(status: int, raw: RawHeaders) -> list[tuple[bytes, bytes]]:
    """Give an answer's headers as they go to the client, untouched but for hop-by-hop ones."""
    named = list(raw)
    ended = _HOP_BY_HOP | _named_by_connection(named)
    if status == NOT_MODIFIED:
        ended |= {b"content-length"}  # of the body that it does not have: our server would wait for that
    return [(name, value) for name, value in named if name.lower() not in ended]


def by_name(raw: RawHeaders) -> dict[str, str]:
    """Give headers by lower-case name, the last of a name."""
    return {_text(name).lower(): _text(value) for name, value in raw}


def _named_by_connection(raw: RawHeaders) -> set[bytes]:
    values = [value for name, value in raw if name.lower() == b"connection"]
    return {part.strip().lower() for value in values for part in value.split(b",")}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
