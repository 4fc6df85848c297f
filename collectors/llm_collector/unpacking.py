"""Undoing the content codings of the copy that a tap reads, a turn at a time (pure).

Each coding of `Content-Encoding` is one stage, undone in reverse order, piece by piece. What comes out of all
stages together is bounded by what went into the first, so that a body that swells a thousandfold costs
neither memory nor time. What takes longer than a turn waits, so that the calls beside it go on.
"""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator

import brotli
import zstandard

MAX_RATIO = 100
"""Of what comes out of all codings to what went in; the events of a stream are nearly equal, and reach 60."""
TURN_SECONDS = 0.005
"""So much work, in time of the processor, is done before the other calls are let by."""
SLICE_BYTES = 16 * 1024
"""What is read between two looks at the clock."""
_STAGE_BYTES = 256 * 1024
"""What a stage gives at once."""
_MAX_WAITING_BYTES = 1024 * 1024
"""Of what came while a turn was over."""
_FREE_BYTES = 1024 * 1024
"""So much may come out of however little."""
_MAX_CODINGS = 2
_ZSTD_FEED_BYTES = 256
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""The largest window that RFC 9659 allows a server to ask for."""
_GZIP_MAGIC = b"\x1f\x8b"

Stage = Callable[[bytes], Iterator[bytes]]


class Unreadable(Exception):  # noqa: N818 - it is caught by the taps alone, and is no fault
    """The bytes are not what their coding says, swell too much, or are not worth to be read on."""


class Unpacking:
    """Undoes the codings of one body; of what comes out, and in between, there are `max_bytes` at most."""

    def __init__(self, encoding: str, max_bytes: int) -> None:
        self.behind = False
        """Whether a turn ended before all was read: `read` goes on when it is given an empty chunk."""
        self._left = _FREE_BYTES
        self._max_left = max_bytes
        self._waiting: deque[bytes] = deque()
        self._slices: Iterator[bytes] = iter(())
        names = [name.strip() for name in encoding.lower().split(",")] if encoding else []
        codings = [name for name in names if name not in {"", "identity"}]
        self.knows_codings = len(codings) <= _MAX_CODINGS and _MAKERS.keys() >= set(codings)
        self._stage: Stage = _identity
        for name in reversed(codings if self.knows_codings else []):
            self._stage = _after(self._stage, self._bounded(_MAKERS[name]()))

    def read(self, chunk: bytes, take: Callable[[bytes], None]) -> None:
        """Give what a chunk holds to `take`, in slices. Raises Unreadable, as `take` may."""
        if self._stage is _identity and len(chunk) <= SLICE_BYTES and not self.behind:
            take(chunk)  # as most are: no look at the clock
            return
        if chunk:
            if self.behind and sum(map(len, self._waiting)) > _MAX_WAITING_BYTES:
                raise Unreadable
            self._waiting.append(chunk)
        began = time.thread_time()
        self.behind = False
        while True:
            for piece in self._slices:
                take(piece)
                if time.thread_time() - began > TURN_SECONDS:
                    self.behind = True
                    return
            if not self._waiting:
                return
            self._slices = self._sliced(self._waiting.popleft())

    def _sliced(self, chunk: bytes) -> Iterator[bytes]:
        self._left += MAX_RATIO * len(chunk)
        for piece in self._stage(chunk):
            if len(piece) <= SLICE_BYTES:
                yield piece
            else:
                yield from (piece[at : at + SLICE_BYTES] for at in range(0, len(piece), SLICE_BYTES))

    def _bounded(self, stage: Stage) -> Stage:
        def unpack(chunk: bytes) -> Iterator[bytes]:
            try:
                for piece in stage(chunk):
                    self._left -= len(piece)
                    self._max_left -= len(piece)
                    if min(self._left, self._max_left) < 0:
                        raise Unreadable
                    yield piece
            except (zlib.error, zstandard.ZstdError, brotli.error) as error:
                raise Unreadable from error

        return unpack


def _identity(chunk: bytes) -> Iterator[bytes]:
    yield chunk


def _after(first: Stage, then: Stage) -> Stage:
    def unpack(chunk: bytes) -> Iterator[bytes]:
        for piece in first(chunk):
            yield from then(piece)

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
            yield machine.decompress(chunk, _STAGE_BYTES)
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
            yield machine.decompress(chunk, _STAGE_BYTES)
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
            piece := machine.process(chunk, output_buffer_limit=_STAGE_BYTES)
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
