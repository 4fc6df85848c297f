"""The body of an OTLP/HTTP request: unpacked within bounds, checked, cut to what the intake takes. Pure."""

import zlib
from http import HTTPStatus
from typing import NamedTuple

from api.problems import Problem
from runtime.otlp import Signal, cut, read_json, read_protobuf, sender_of
from schema.errors import InvalidMessage
from schema.topics import MAX_VALUE_BYTES

MAX_BODY_BYTES = 4 * 1024 * 1024
"""As it is sent."""
MAX_UNPACKED_BYTES = 16 * 1024 * 1024
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_GZIP = 31
"""zlib's name for the widest window with gzip's header."""


def kind_of(content_type: str) -> str | None:
    """Give the media type that a request is written in, and is answered in; None for any but the two."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if kind in (PROTOBUF, JSON) else None


class Taken(NamedTuple):
    """What is to be published, in protobuf, how many items are too large for it, and who sent it."""

    values: list[bytes]
    left_out: int
    sender: str


def requests_of(signal: Signal, kind: str, encoding: str, body: bytes) -> Taken:
    """Read a body. Raises Problem 400, 413 or 415."""
    value = unpacked(body, encoding)
    try:
        request = (read_json if kind == JSON else read_protobuf)(signal.request, value)
    except InvalidMessage as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not understood: {error.detail[:200]}") from None
    sender = sender_of(signal, request)
    # As it came, wherever it fits.
    if kind != JSON and len(value) <= MAX_VALUE_BYTES:
        return Taken([value] if value else [], 0, sender)
    return Taken(*cut(signal, request, MAX_VALUE_BYTES), sender)


def unpacked(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, within bounds. Raises Problem."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip":
            return _gunzip(body)
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Content-Encoding is gzip or nothing here.",
        field="content-encoding",
    )


def _gunzip(body: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        value = stream.decompress(body, MAX_UNPACKED_BYTES)
    except zlib.error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not gzip.") from None
    if stream.unconsumed_tail:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has more than {MAX_UNPACKED_BYTES} bytes unpacked.",
        )
    if not stream.eof or stream.unused_data:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not one whole gzip stream.")
    return value
