"""Reading an answer as it passes: bytes in, a `Reading` out (pure).

The proxy forwards every chunk untouched and shows it to a tap. The tap undoes the codings of a copy, cuts it
into JSON documents (a body, events of a stream, or lines), and never raises: an answer that it cannot follow
makes it `blind`, and what was read until then stands. What all taps keep is bounded too: where no room is
left, only the end of a body is kept, and a large event is passed over.
"""

import json
import re
from collections.abc import Callable

import msgspec

from collectors.llm_collector.held import HELD, Held
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.room import Room
from collectors.llm_collector.scan import builds_little
from collectors.llm_collector.unpacking import Unpacking, Unreadable

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Of a body that is kept whole; of a larger one (many embeddings) only the end is read."""
MAX_EVENT_BYTES = 4 * 1024 * 1024
"""The last event of a response repeats all of it, generated images too."""
MAX_UNPACKED_BYTES = 256 * 1024 * 1024
FREE_DOCUMENTS = 20_000
BYTES_PER_DOCUMENT = 8
"""Of what came over the wire: an answer of more documents than these two allow is not read on."""
TAIL_BYTES = 16 * 1024
_SMALL_BYTES = 8 * 1024
_MAX_FIELD_BYTES = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CUT = b"\0"
"""Stands where a line is not kept on: it is no JSON, and is passed over when its end comes."""
_LINE_BYTES = 64
"""What a line of an event costs beside its bytes."""

_EVENTS, _LINES = "text/event-stream", frozenset({"application/x-ndjson", "application/jsonl"})
_EVENT_LINES = re.compile(rb"^(?:\xef\xbb\xbf)?data:[ \t]*([^\s][^\n]*)|^\r?$(?:\n\r?$)*+", re.MULTILINE)
"""A line with data, its group; or a run of blank lines, which ends an event."""
_FULL_LINES = re.compile(rb"[^\n]+")
_USAGE = re.compile(r'"usage"\s*:\s*(?=\{)')
_MODEL = re.compile(r'"model"\s*:\s*(?=")')


class _Document(msgspec.Struct):
    """The fields that are read of a large document; the rest (embeddings, images) is skipped unbuilt."""

    id: msgspec.Raw = msgspec.Raw()
    object: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()
    model: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()
    service_tier: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    x_groq: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    incomplete_details: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    delta: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    thinking: msgspec.Raw = msgspec.Raw()
    content: msgspec.Raw = msgspec.Raw()
    content_block: msgspec.Raw = msgspec.Raw()
    output: msgspec.Raw = msgspec.Raw()
    item: msgspec.Raw = msgspec.Raw()
    tools: msgspec.Raw = msgspec.Raw()
    stop_reason: msgspec.Raw = msgspec.Raw()
    done_reason: msgspec.Raw = msgspec.Raw()
    input_tokens: msgspec.Raw = msgspec.Raw()
    prompt_eval_count: msgspec.Raw = msgspec.Raw()
    eval_count: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(_Document)
_SMALL_DECODER = msgspec.json.Decoder()
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Tap:
    """Reads one answer. `feed` takes its chunks, cut anywhere; `close` gives what was read.

    Of the generated text at most `keep_characters` are kept: none unless asked for.
    """

    def __init__(
        self, content_type: str, content_encoding: str = "", keep_characters: int = 0, held: Held = HELD
    ) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        streamed = kind == _EVENTS or kind in _LINES
        self.reading = Reading(streamed=streamed, keep_characters=keep_characters)
        self._room = Room(held)
        self._buffer = bytearray()
        self._event: list[bytes] = []
        self._event_bytes = 0
        self._after_return = False
        """Whether the last piece ended in a carriage return: a line feed that follows belongs to it."""
        self._body_too_large = False
        self._documents_left: float = FREE_DOCUMENTS
        # Not bound to it: what refers to itself is dropped late.
        self._split: Callable[[Tap, bytes], None] = Tap._body
        if streamed:
            self._split = Tap._events if kind == _EVENTS else Tap._lines
        self._unpacking = Unpacking(content_encoding, MAX_UNPACKED_BYTES)
        self.blind = not self._unpacking.knows_codings

    @property
    def has_content(self) -> bool:
        """Say whether something generated has been seen, reasoning too: the moment of the first token."""
        return self.reading.text_characters > 0 or self.reading.audio_seen

    @property
    def behind(self) -> bool:
        """Whether there is more to read: let the other calls by, and feed an empty chunk."""
        return self._unpacking.behind and not self.blind

    def feed(self, chunk: bytes) -> None:
        """Read one chunk, for a turn at most."""
        if self.blind:
            return
        self._documents_left += len(chunk) / BYTES_PER_DOCUMENT
        try:
            self._unpacking.read(chunk, self._take)
        except Unreadable:
            self._go_blind()

    def close(self) -> Reading:
        """Read what is left without an end, and give the reading."""
        if self.behind:
            self.feed(b"")
        if self.behind:
            self._go_blind()
        if not self.blind:
            try:
                self._read_rest(bytes(self._buffer))
            except Unreadable:
                self._go_blind()
        self._let_go()
        return self.reading

    def _read_rest(self, rest: bytes) -> None:
        if self._split is Tap._events:
            self._complete_events(rest)
            self._event_ends()
        elif self._body_too_large:
            self._tail(rest)
        else:
            self._document(rest)

    def _go_blind(self) -> None:
        self.blind = True
        self._let_go()

    def _let_go(self) -> None:
        self._buffer.clear()
        self._event.clear()
        self._room.let_go()

    def _take(self, piece: bytes) -> None:
        self._split(self, piece)

    def _body(self, piece: bytes) -> None:
        size = len(self._buffer) + len(piece)
        if not self._body_too_large and (size > MAX_BODY_BYTES or not self._room.fits(size)):
            self._body_too_large = True
            self._buffer = self._buffer[-TAIL_BYTES:]
            self._room.let_go()
        self._buffer += piece
        if self._body_too_large:
            del self._buffer[:-TAIL_BYTES]

    def _lines(self, piece: bytes) -> None:
        if lines := self._complete_lines(piece):
            self._room.let_go()
            for line in _FULL_LINES.findall(lines):
                self._document(line)

    def _events(self, piece: bytes) -> None:
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        if piece:
            self._after_return = piece.endswith(b"\r")
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if lines := self._complete_lines(piece):
            self._complete_events(lines[:-1])

    def _complete_lines(self, piece: bytes) -> bytes:
        """Give what has come up to the last line end, with what was left of the pieces before."""
        end = piece.rfind(b"\n") + 1
        lines = bytes(self._buffer) + piece[:end] if end else b""
        if end:
            self._buffer.clear()
        rest = piece[end:] if end else piece
        if self._keeps(len(self._buffer) + len(rest)):
            self._buffer += rest
        elif self._buffer[-1:] != _CUT:
            self._buffer += _CUT
        return lines

    def _keeps(self, size: int) -> bool:
        """Say whether so much of a line may be kept beside what is kept of its event."""
        return size <= MAX_EVENT_BYTES and self._room.fits(size + self._event_bytes)

    def _complete_events(self, lines: bytes) -> None:
        for data in _EVENT_LINES.findall(lines):
            if data:
                self._event_line(data)
            else:
                self._event_ends()

    def _event_line(self, data: bytes) -> None:
        self._event_bytes += len(data) + _LINE_BYTES
        if self._event_bytes > MAX_EVENT_BYTES or not self._room.fits(self._event_bytes):
            self._event.clear()
        else:
            self._event.append(data)

    def _event_ends(self) -> None:
        if self._event:
            self._document(self._event[0] if len(self._event) == 1 else b"\n".join(self._event))
            self._event.clear()
        self._event_bytes = 0
        self._room.let_go()

    def _document(self, raw: bytes) -> None:
        text = raw.removeprefix(_BYTE_ORDER_MARK).strip()
        if text == b"[DONE]":
            self.reading.ended = True
        if text.startswith(b"[") and text.endswith(b"]"):
            text = text[1:-1].strip()  # Google wraps the only error of an answer into a list
        self._documents_left -= 1
        if self._documents_left < 0:
            raise Unreadable
        if text.startswith(b"{") and (told := _fields(text)) is not None:
            self.reading.take(told)

    def _tail(self, rest: bytes) -> None:
        """Read the counts at the end of a body that was too large to keep."""
        text = rest.decode("utf-8", "replace")
        told = {"usage": _last_value(_USAGE, text), "model": _last_value(_MODEL, text)}
        self.reading.take(told)


def _fields(text: bytes, inner: bool = False) -> dict[str, object] | None:
    """Decode a document: whole when it is small, else the fields that are read; None when it is broken."""
    if len(text) <= _SMALL_BYTES:
        try:
            told = _SMALL_DECODER.decode(text)
        except _BROKEN:
            pass  # perhaps only where nothing is read, such as a number that is too large
        else:
            return told if isinstance(told, dict) else None
    try:
        found = _DECODER.decode(text)
        raws = {name: value for name in found.__struct_fields__ if (value := bytes(getattr(found, name)))}
        return {name: _field(name, raw, inner) for name, raw in raws.items()}
    except _BROKEN:
        return None


def _field(name: str, raw: bytes, inner: bool) -> object:
    """Decode a field of a large document; of a response that an event wraps only what is read."""
    if name in {"message", "response"} and len(raw) > _SMALL_BYTES and not inner:
        return _fields(raw, inner=True)
    return msgspec.json.decode(raw) if len(raw) <= _MAX_FIELD_BYTES and builds_little(raw) else None


def _last_value(name: re.Pattern[str], text: str) -> object:
    found = list(name.finditer(text))
    if not found:
        return None
    begin = found[-1].end()
    try:
        _, end = json.JSONDecoder().raw_decode(text, begin)
        # Only what it takes can be written: half of a surrogate pair cannot.
        return _SMALL_DECODER.decode(text[begin:end])
    except (ValueError, RecursionError):
        return None
