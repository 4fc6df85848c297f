"""The body of an OTLP/HTTP request: unpacked within bounds, checked, cut to what the intake takes. Pure."""

import zlib
from http import HTTPStatus

from api.problems import Problem
from runtime.otlp import Signal, cut, read_json, read_protobuf
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


def requests_of(signal: Signal, kind: str, encoding: str, body: bytes) -> tuple[list[bytes], int]:
    """Give what is to be published, in protobuf, and how many items are too large for it.

    Raises Problem 400, 413 or 415.
    """
    value = unpacked(body, encoding)
    try:
        if kind == JSON:
            return cut(signal, read_json(signal.request, value), MAX_VALUE_BYTES)
        request = read_protobuf(signal.request, value)
    except InvalidMessage as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not understood: {error.detail[:200]}") from None
    # As it came, wherever it fits.
    return (
        ([value] if value else [], 0)
        if len(value) <= MAX_VALUE_BYTES
        else cut(signal, request, MAX_VALUE_BYTES)
    )


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
