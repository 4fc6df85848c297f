"""Reading an answer as it passes: bytes in, a `Reading` out (pure).

The proxy forwards every chunk untouched and shows it to a tap. The tap decompresses a copy, cuts it into JSON
documents (a body, events of a stream, or lines), and never raises: an answer that it cannot follow makes it
`blind`, and the call is recorded without tokens.
"""

import zlib
from collections.abc import Callable, Iterator

import msgspec
import zstandard

from collectors.llm_collector.reading import Reading

MAX_DECODED_BYTES = 64 * 1024 * 1024
"""Of one answer; beyond it the tap stops reading. Also bounds what a compressed answer may swell to."""
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_ZSTD_FEED_BYTES = 256


class _Document(msgspec.Struct):
    """The fields that are read; the rest (embeddings, images) is skipped without being built."""

    id: msgspec.Raw = msgspec.Raw()
    model: msgspec.Raw = msgspec.Raw()
    service_tier: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    delta: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    content: msgspec.Raw = msgspec.Raw()
    stop_reason: msgspec.Raw = msgspec.Raw()
    done_reason: msgspec.Raw = msgspec.Raw()
    prompt_eval_count: msgspec.Raw = msgspec.Raw()
    eval_count: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(_Document)
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Tap:
    """Reads one answer. `feed` takes its chunks, cut anywhere; `close` gives what was read."""

    def __init__(self, content_type: str, content_encoding: str = "") -> None:
        self.reading = Reading()
        self.blind = False
        self._decoded_bytes = 0
        self._buffer = bytearray()
        self._event = bytearray()
        self._event_too_large = False
        kind = content_type.partition(";")[0].strip().lower()
        self._split: Callable[[bytes], None] = {
            "text/event-stream": self._events,
            "application/x-ndjson": self._lines,
        }.get(kind, self._body)
        unpack = _unpacker(content_encoding.strip().lower())
        self.blind = unpack is None
        self._unpack = unpack or _identity

    @property
    def has_content(self) -> bool:
        """Say whether generated text has been seen: the moment of the first token."""
        return self.reading.text_characters > 0

    def feed(self, chunk: bytes) -> None:
        """Read one chunk."""
        if self.blind:
            return
        try:
            for piece in self._unpack(chunk):
                self._decoded_bytes += len(piece)
                if self._decoded_bytes > MAX_DECODED_BYTES:
                    self._go_blind()
                    return
                self._split(piece)
        except (zlib.error, zstandard.ZstdError):
            self._go_blind()

    def close(self) -> Reading:
        """Read what is left without an end, and give the reading."""
        if not self.blind:
            rest = bytes(self._buffer)
            if self._split == self._events:
                self._event_line(rest.rstrip(b"\r"))
                self._event_ends()
            else:
                self._document(rest)
        return self.reading

    def _go_blind(self) -> None:
        self.blind = True
        self._buffer.clear()
        self._event.clear()

    def _body(self, piece: bytes) -> None:
        self._buffer += piece
        if len(self._buffer) > MAX_BODY_BYTES:
            self._go_blind()

    def _lines(self, piece: bytes) -> None:
        for line in self._complete_lines(piece):
            self._document(line)

    def _events(self, piece: bytes) -> None:
        for line in self._complete_lines(piece):
            if line:
                self._event_line(line)
            else:
                self._event_ends()

    def _complete_lines(self, piece: bytes) -> Iterator[bytes]:
        if b"\n" not in piece:
            self._buffer += piece
        else:
            first, *middle, rest = piece.split(b"\n")
            first = bytes(self._buffer) + first
            self._buffer[:] = rest
            for line in (first, *middle):
                yield line.rstrip(b"\r")
        if len(self._buffer) > MAX_EVENT_BYTES:
            # Keep the head: the line stays invalid and is passed over when its end comes.
            del self._buffer[MAX_EVENT_BYTES:]

    def _event_line(self, line: bytes) -> None:
        if not line.startswith(b"data:"):
            return
        if self._event:
            self._event += b"\n"
        self._event += line[5:]
        if len(self._event) > MAX_EVENT_BYTES:
            self._event_too_large = True
            self._event.clear()

    def _event_ends(self) -> None:
        if not self._event_too_large:
            self._document(bytes(self._event))
        self._event_too_large = False
        self._event.clear()

    def _document(self, raw: bytes) -> None:
        text = raw.strip()
        if not text.startswith(b"{"):
            return  # the end mark [DONE], a comment, or nothing
        try:
            found = _DECODER.decode(text)
            fields = {name: getattr(found, name) for name in found.__struct_fields__}
            told = {name: msgspec.json.decode(value) for name, value in fields.items() if bytes(value)}
        except _BROKEN:
            return
        self.reading.take(told)


def _identity(chunk: bytes) -> Iterator[bytes]:
    yield chunk


def _unpacker(encoding: str) -> Callable[[bytes], Iterator[bytes]] | None:
    """Give what decompresses the chunks of an answer, or None for a coding that cannot be read here."""
    match encoding:
        case "" | "identity":
            return _identity
        case "gzip" | "x-gzip" | "deflate":
            return _inflate(zlib.decompressobj(47 if encoding != "deflate" else 15))
        case "zstd":
            return _zstd()
        case _:
            return None


def _inflate(machine: "zlib._Decompress") -> Callable[[bytes], Iterator[bytes]]:
    def unpack(chunk: bytes) -> Iterator[bytes]:
        while chunk:
            yield machine.decompress(chunk, _PIECE_BYTES)
            chunk = machine.unconsumed_tail

    return unpack


def _zstd() -> Callable[[bytes], Iterator[bytes]]:
    machine = zstandard.ZstdDecompressor().decompressobj()

    def unpack(chunk: bytes) -> Iterator[bytes]:
        # It knows no output limit: small portions bound what each can swell to.
        for start in range(0, len(chunk), _ZSTD_FEED_BYTES):
            if machine.eof:
                return
            yield machine.decompress(chunk[start : start + _ZSTD_FEED_BYTES])

    return unpack
