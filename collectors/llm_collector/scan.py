"""Reading the top level of a large JSON object while it passes, without keeping it (pure).

Bodies of megabytes are mostly images in base64 and long histories. Only the names of the top level matter:
of some their value, of others how many characters of text it holds. Everything else is jumped over by
searches in C. A body that is nothing but brackets would still cost a step for each: it is given up.
"""

import re

import msgspec

from collectors.llm_collector.estimates import FINE_WEIGHT

OPAQUE_CHARACTERS = 4096
"""A text that long without a space is data in base64, not prose: no model counts its characters."""
_MAX_KEPT_BYTES = 2048
_FREE_STEPS = 1000
_BYTES_PER_STEP = 8

MAX_VALUES = 20_000
"""Of a text that is decoded whole: about ten milliseconds."""
_FREE_BYTES = 64 * 1024
_STRUCTURE = (b",", b"[", b"{")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)

_TOKEN = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\r\n]*+(:?)|["{}\[\]]', re.DOTALL)
"""A whole string, and whether it is a name; or a bracket; or the beginning of a string that is cut."""
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SPACE_OR_COMMA = re.compile(rb"[ \t\r\n,]*+")
_SCALAR = re.compile(rb"[^ \t\r\n,}]*+")
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LOW_SURROGATE = (b"dc", b"dd", b"de", b"df")
_NOT_WIDE = frozenset({*_LOW_SURROGATE, *(b"e%x" % low for low in range(16))})
_WIDE_FROM = b"30"
_CONTINUATION = bytes(range(0x80, 0xC0))
_WIDE_LEADS = bytes([*range(0xE3, 0xEE), *range(0xEF, 0xF5)])
"""The first bytes, in UTF-8, of the characters that `estimates.py` calls wide."""
_LONGEST_ESCAPE = 6


def is_prose(beginning: str | bytes, length: int) -> bool:
    """Say whether a text of that length and beginning is read by a model as text."""
    space = " " if isinstance(beginning, str) else b" "
    return length < OPAQUE_CHARACTERS or not beginning.isascii() or space in beginning  # type: ignore[operator]


MAX_STEPS = 5_000
"""Where all of such a text is scanned at once: about as long."""


def builds_little(raw: bytes) -> bool:
    """Say whether decoding JSON builds few values: each costs as much as a hundred bytes of prose."""
    if len(raw) <= _FREE_BYTES or sum(map(raw.count, _STRUCTURE)) <= MAX_VALUES:
        return True
    bare, strings = _STRING.subn(b"", raw, MAX_VALUES)
    return strings < MAX_VALUES and sum(map(bare.count, _STRUCTURE)) <= MAX_VALUES


class Scan:
    """Scans one object. `feed` takes its pieces, cut anywhere."""

    def __init__(self, values: frozenset[str], texts: frozenset[str]) -> None:
        self.values: dict[str, object] = {}
        """The values, by name, of those asked for that are a string, number, boolean or null."""
        self.characters: dict[str, int] = {}
        """How many characters of text the others hold, the names within them apart."""
        self.is_complete = False
        """Whether it has come to the end of the object."""
        self._wanted, self._texts = values, texts
        self._carry = b""
        self._given_up = False
        self._depth = 0
        self._name: str | None = None
        self._value_next = False
        self._in_string = False
        self._in_scalar = False
        self._counts = False
        self._kept: bytearray | None = None
        self._string_bytes = 0
        self._string_characters = 0
        self._prose = False
        self._pending = 0
        self._steps = 0

    def feed(self, piece: bytes, max_steps: int | None = None) -> None:
        """Scan one piece."""
        data = self._carry + piece if self._carry else piece
        self._carry = b""
        at, self._steps = 0, max_steps or _FREE_STEPS + len(data) // _BYTES_PER_STEP
        while at < len(data) and not self._given_up:
            if self._in_string:
                at = self._string(data, at)
            elif self._depth > 1:
                at = self._nested(data, at)
            else:
                at = self._top(data, at)
            self._step()

    def _top(self, data: bytes, at: int) -> int:
        if self._in_scalar:
            return self._scalar(data, at)
        at = _end(_SPACE_OR_COMMA, data, at)
        match data[at : at + 1]:
            case b"":
                return at
            case b"{" if self._depth == 0:
                self._depth = 1
            case _ if self._depth == 0:
                self._given_up = True
            case b'"':
                self._begin_string(top=True)
            case b":" if self._name is not None and not self._value_next:
                self._begin_value(self._name)
            case b"}" if not self._value_next:
                self.is_complete = self._given_up = True  # nothing after it counts
            case b"{" | b"[" if self._value_next:
                self._depth = 2
            case _ if self._value_next:
                self._in_scalar, self._kept = True, bytearray()
                return at
            case _:
                self._given_up = True
        return at + 1

    def _scalar(self, data: bytes, at: int) -> int:
        end = _end(_SCALAR, data, at)
        self._keep(data[at : min(end, at + _MAX_KEPT_BYTES)])
        if end < len(data):
            self._in_scalar = False
            self._take(b"", b"")
        return end

    def _nested(self, data: bytes, at: int) -> int:
        if self._pending:
            at = _end(_SPACE, data, at)
            if at == len(data):
                return at
            if data[at : at + 1] != b":":
                self._add(self._pending)
            self._pending = 0
        for token in _TOKEN.finditer(data, at):
            self._step()
            text = token[1]
            if text is not None:
                if self._counts and not token[2]:
                    self._count(text, last=token.end() == len(data))
            elif token[0] == b'"':
                self._begin_string(top=False)
                return token.end()
            elif token[0] in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 1:
                    self._name, self._value_next = None, False
                    return token.end()
            if self._given_up:
                break
        return len(data)

    def _count(self, text: bytes, last: bool) -> None:
        """Count a whole string within a value; what follows the last one of a piece says if it is a name."""
        characters = _characters(text) if is_prose(text[:OPAQUE_CHARACTERS], len(text)) else 0
        if last:
            self._pending = characters
        else:
            self._add(characters)

    def _step(self) -> None:
        self._steps -= 1
        self._given_up = self._given_up or self._steps < 0

    def _begin_value(self, name: str) -> None:
        self._value_next, self._counts = True, name in self._texts
        if self._counts:
            self.characters[name] = 0
        self.values.pop(name, None)  # of a name that comes twice the last value counts

    def _begin_string(self, top: bool) -> None:
        self._in_string, self._string_bytes, self._string_characters, self._prose = True, 0, 0, False
        keeps = top and (not self._value_next or self._name in self._wanted)
        self._kept = bytearray() if keeps else None

    def _string(self, data: bytes, at: int) -> int:
        end = data.find(b'"', at)
        if end < 0 and not data.endswith(b"\\"):
            end = len(data)
        elif end < 0 or data.find(b"\\", at, end) >= 0:
            end = _end(_IN_STRING, data, at)
        if end == len(data) or data[end : end + 1] == b"\\":
            end = _before_cut_escape(data, at, end)
            self._carry = data[end:]
            self._pass_text(data[at:end])
            return len(data)
        self._pass_text(data[at:end])
        self._end_string()
        return end + 1

    def _pass_text(self, text: bytes) -> None:
        self._keep(text)
        if self._counts and self._value_next:
            if not self._prose and (left := OPAQUE_CHARACTERS - self._string_bytes) > 0:
                self._prose = is_prose(text[:left], OPAQUE_CHARACTERS)
            self._string_characters += _characters(text)
        self._string_bytes += len(text)

    def _end_string(self) -> None:
        self._in_string = False
        counted = self._prose or self._string_bytes < OPAQUE_CHARACTERS
        characters = self._string_characters if counted else 0
        if self._depth > 1:
            self._pending = characters
        elif self._value_next:
            self._add(characters)
            self._take(b'"', b'"')
        else:
            name = _decoded(b'"' + bytes(self._kept or b"") + b'"')
            self._name = name if isinstance(name, str) else None
            self._given_up = self._name is None

    def _take(self, before: bytes, after: bytes) -> None:
        if self._name in self._wanted and self._kept is not None and len(self._kept) <= _MAX_KEPT_BYTES:
            self.values[self._name or ""] = _decoded(before + bytes(self._kept) + after)
        self._name, self._value_next, self._kept = None, False, None

    def _keep(self, piece: bytes) -> None:
        if self._kept is not None and len(self._kept) <= _MAX_KEPT_BYTES:
            self._kept += piece[: _MAX_KEPT_BYTES + 1]

    def _add(self, characters: int) -> None:
        if self._counts and self._name is not None:
            self.characters[self._name] += characters


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return found.end() if found else at


def _before_cut_escape(data: bytes, at: int, end: int) -> int:
    """Give where an escape begins that the end of a piece cuts, or that end."""
    if data[end : end + 1] == b"\\":
        return end
    slash = data.rfind(b"\\", max(at, end - _LONGEST_ESCAPE + 1), end)
    if slash < 0:
        return end
    run = slash
    while run > at and data[run - 1 : run] == b"\\":
        run -= 1
    begins = (slash - run) % 2 == 0
    return slash if begins and data[slash + 1 : slash + 2] == b"u" else end


def _characters(text: bytes) -> int:
    """Weigh a piece of a JSON string as `estimates.weighed` does; it may cut a character, but no escape."""
    fine = text.count(b'"')
    if not text.isascii():
        fine += len(text) - len(text.translate(None, _WIDE_LEADS))
        text = text.translate(None, _CONTINUATION)
    count = len(text)
    if b"\\" in text:
        plain, escapes = _ESCAPE.subn(b"", text)
        count = len(plain) + escapes
    if b"\\u" in text:
        units = [one[2:4].lower() for one in _ESCAPE.findall(text)]
        count -= sum(unit in _LOW_SURROGATE for unit in units)
        fine += sum(unit >= _WIDE_FROM and unit not in _NOT_WIDE for unit in units)
    return count + (FINE_WEIGHT - 1) * fine


def _decoded(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
