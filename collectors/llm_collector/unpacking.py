"""Undoing an answer's content codings on the copy that the tap reads (pure).

Each coding of `Content-Encoding` is one stage, undone in reverse order, piece by piece. What comes out of a
stage is bounded by what went in, so that a body that swells a thousandfold costs neither memory nor time.
"""

import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

PIECE_BYTES = 1024 * 1024
MAX_RATIO = 100
"""Of what comes out of a coding to what went in; the events of a stream are nearly equal, and reach 60."""
_FREE_BYTES = 1024 * 1024
"""So much may come out of however little."""
_MAX_CODINGS = 3
_ZSTD_FEED_BYTES = 256
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""The largest window that RFC 9659 allows a server to ask for."""
_GZIP_MAGIC = b"\x1f\x8b"

Stage = Callable[[bytes], Iterator[bytes]]


class Unreadable(Exception):  # noqa: N818 - it is caught by the tap alone, and is no fault
    """The bytes are not what their coding says, or swell too much."""


def unpacker(encoding: str) -> Stage | None:
    """Give what undoes the codings of a `Content-Encoding`; None where one of them cannot be read here.

    The stage raises Unreadable while it is iterated.
    """
    names = [name.strip() for name in encoding.lower().split(",")]
    codings = [name for name in names if name not in {"", "identity"}]
    if len(codings) > _MAX_CODINGS or not _MAKERS.keys() >= set(codings):
        return None
    stage: Stage = _identity
    for name in reversed(codings):
        stage = _after(stage, _bounded(_MAKERS[name]()))
    return stage


def _identity(chunk: bytes) -> Iterator[bytes]:
    yield chunk


def _after(first: Stage, then: Stage) -> Stage:
    def unpack(chunk: bytes) -> Iterator[bytes]:
        for piece in first(chunk):
            yield from then(piece)

    return unpack


def _bounded(stage: Stage) -> Stage:
    left = _FREE_BYTES

    def unpack(chunk: bytes) -> Iterator[bytes]:
        nonlocal left
        left += MAX_RATIO * len(chunk)
        try:
            for piece in stage(chunk):
                left -= len(piece)
                if left < 0:
                    raise Unreadable
                yield piece
        except (zlib.error, zstandard.ZstdError, brotli.error) as error:
            raise Unreadable from error

    return unpack


def _gzip() -> Stage:
    """Undo gzip, which may consist of several members; what follows the last one is padding."""
    machine = zlib.decompressobj(31)
    rest = b""

    def unpack(chunk: bytes) -> Iterator[bytes]:
        nonlocal machine, rest
        while True:
            if machine.eof:
                rest += chunk
                if len(rest) < len(_GZIP_MAGIC) or not rest.startswith(_GZIP_MAGIC):
                    rest = rest[: len(_GZIP_MAGIC)]
                    return
                machine, chunk, rest = zlib.decompressobj(31), rest, b""
            yield machine.decompress(chunk, PIECE_BYTES)
            chunk = machine.unused_data if machine.eof else machine.unconsumed_tail
            if not chunk:
                return

    return unpack


def _deflate() -> Stage:
    """Undo deflate: in the zlib format as the RFC says, or bare as some servers send it."""
    machine = None
    head = b""

    def unpack(chunk: bytes) -> Iterator[bytes]:
        nonlocal machine, head
        if machine is None:
            chunk = head = head + chunk
            if len(head) < 2:
                return
            is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0
            machine, head = zlib.decompressobj(15 if is_zlib else -15), b""
        while chunk and not machine.eof:
            yield machine.decompress(chunk, PIECE_BYTES)
            chunk = machine.unconsumed_tail

    return unpack


def _zstd() -> Stage:
    machine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj(
        read_across_frames=True
    )

    def unpack(chunk: bytes) -> Iterator[bytes]:
        # It knows no output limit: small portions bound what each can swell to.
        for start in range(0, len(chunk), _ZSTD_FEED_BYTES):
            yield machine.decompress(chunk[start : start + _ZSTD_FEED_BYTES])

    return unpack


def _brotli() -> Stage:
    machine = brotli.Decompressor()

    def unpack(chunk: bytes) -> Iterator[bytes]:
        while not machine.is_finished() and (
            piece := machine.process(chunk, output_buffer_limit=PIECE_BYTES)
        ):
            yield piece
            chunk = b""

    return unpack


_MAKERS: dict[str, Callable[[], Stage]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "br": _brotli,
}
