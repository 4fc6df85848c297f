"""What a request to a model says, read while it passes (pure).

The proxy forwards a request's body untouched and shows a copy to a `RequestTap`, piece by piece. A body of up
to a MiB is decoded whole, of a larger one only the top level is scanned. Nothing of a prompt leaves the
process with it but counts, a digest, and what is made of the system prompt.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from collectors.llm_collector.estimates import weighed
from collectors.llm_collector.held import HELD, Held
from collectors.llm_collector.prompt_text import prompt_text_of
from collectors.llm_collector.reading import name_of
from collectors.llm_collector.redaction import Excerpt
from collectors.llm_collector.room import Room
from collectors.llm_collector.scan import MAX_STEPS, OPAQUE_CHARACTERS, Scan, builds_little, is_prose
from collectors.llm_collector.system_prompt import SystemPrompt, system_prompt_of
from collectors.llm_collector.unpacking import Unpacking, Unreadable

MAX_WHOLE_BYTES = 1024 * 1024
"""A body up to this size is decoded at once: some milliseconds."""
MAX_DECODED_BYTES = 64 * 1024 * 1024
_VALUES = frozenset({"model", "stream"})
_TEXTS = frozenset({"messages", "prompt", "input", "system", "instructions", "tools"})


@dataclass(frozen=True)
class Asked:
    """What was read of one request; everything is absent of a body that cannot be read."""

    model: str | None = None
    streaming: bool | None = None
    """None where it is not said."""
    prompt_characters: int | None = None
    """None where no text was read: nothing is known then of what it costs."""
    digest: str = ""
    """SHA-256 of the body, in hex: the same request sent again has the same one."""
    system_prompt: SystemPrompt | None = None
    text: Excerpt | None = None
    """Only where texts are kept; it waits to be redacted."""


class Body(msgspec.Struct):
    """The fields of a body that was decoded whole; the rest is skipped without being built."""

    model: Any = None
    stream: Any = None
    messages: Any = None
    prompt: Any = None
    input: Any = None
    system: Any = None
    instructions: Any = None
    tools: Any = None


_FORM_BYTES = 32 * 1024
_FORM_MODEL = re.compile(
    rb'; name="?model"?[ \t]*+\r\n(?:[^\r\n]{1,256}+\r\n){0,4}+\r\n([^\r\n]{1,1024})\r\n--', re.IGNORECASE
)
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DECODER = msgspec.json.Decoder(Body)


class RequestTap:
    """Reads one request's body. `feed` takes its pieces, cut anywhere; `close` gives what was read.

    `length` is that of the whole body where it is known: of a large one nothing is kept from the beginning.
    """

    def __init__(
        self,
        content_encoding: str = "",
        length: int | None = None,
        keep_text: bool = False,
        held: Held = HELD,
    ) -> None:
        self._keep_text = keep_text
        self._digest = hashlib.sha256()
        self._room = Room(held)
        self._unpacking = Unpacking(content_encoding, MAX_DECODED_BYTES)
        self._blind = not self._unpacking.knows_codings
        self._whole: bytearray | None = None if (length or 0) > MAX_WHOLE_BYTES else bytearray()
        self._bytes_left = MAX_DECODED_BYTES

    @property
    def behind(self) -> bool:
        """Whether there is more to read: let the other calls by, and feed an empty piece."""
        return self._unpacking.behind and not self._blind

    def feed(self, piece: bytes) -> None:
        """Read one piece, for a turn at most."""
        self._digest.update(piece)
        if self._blind:
            return
        try:
            self._unpacking.read(piece, self._take)
        except Unreadable:
            self._go_blind()

    def close(self) -> Asked:
        """Give what was read; never raises."""
        digest = self._digest.hexdigest()
        if self.behind:
            self.feed(b"")
        if self.behind:
            self._go_blind()
        if self._whole is not None:
            whole, self._whole = bytes(self._whole), None
            self._room.let_go()
            if whole.startswith(b"--"):
                return Asked(model=_model_of_form(whole), digest=digest)
            if builds_little(whole):
                return _asked(_decoded(whole), digest, self._keep_text)
            self._scan.feed(whole, MAX_STEPS)
        return Asked(
            model=name_of(self._scan.values.get("model")),
            streaming=_flag(self._scan.values.get("stream")),
            prompt_characters=(self._scan.is_complete and sum(self._scan.characters.values())) or None,
            digest=digest,
        )

    @cached_property
    def _scan(self) -> Scan:
        return Scan(_VALUES, _TEXTS)

    def _take(self, part: bytes) -> None:
        self._bytes_left -= len(part)
        if self._bytes_left < 0:
            raise Unreadable
        if self._whole is None:
            self._scan.feed(part)
        elif len(self._whole) + len(part) <= MAX_WHOLE_BYTES and self._room.fits(
            len(self._whole) + len(part)
        ):
            self._whole += part
        else:
            begun, self._whole = bytes(self._whole), None
            self._room.let_go()
            self._scan.feed(begun)
            self._scan.feed(part)

    def _go_blind(self) -> None:
        """Read no further: what swells like that is no prompt."""
        self._blind, self._whole = True, None
        self._room.let_go()


def asked_of(body: bytes) -> Asked:
    """Read a whole body at once."""
    tap = RequestTap()
    tap.feed(body)
    while tap.behind:
        tap.feed(b"")
    return tap.close()


def _asked(body: Body, digest: str, keep_text: bool) -> Asked:
    fields = (body.system, body.instructions, body.messages, body.input)
    return Asked(
        model=name_of(body.model),
        streaming=_flag(body.stream),
        prompt_characters=sum(_characters(part) for part in (*fields, body.prompt, body.tools)) or None,
        digest=digest,
        system_prompt=system_prompt_of(*fields),
        text=prompt_text_of(*fields, body.prompt) if keep_text else None,
    )


def _model_of_form(raw: bytes) -> str | None:
    """Give the model that a form names, as files are sent with one; what else it holds is not read."""
    # Files stand between the other fields' ends.
    found = _FORM_MODEL.search(raw[:_FORM_BYTES]) or _FORM_MODEL.search(raw[-_FORM_BYTES:])
    return name_of(found[1].decode("utf-8", "replace")) if found else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _decoded(raw: bytes) -> Body:
    try:
        return _DECODER.decode(raw) if raw else Body()
    except _BROKEN:
        return Body()


def _characters(value: Any) -> int:
    """Count the characters of all texts inside a value; images and other data are none."""
    total, waiting = 0, [value]
    while waiting:
        match waiting.pop():
            case str() as text if is_prose(text[:OPAQUE_CHARACTERS], len(text)):
                total += weighed(text)
            case list() as items:
                waiting.extend(items)
            case dict() as fields:
                waiting.extend(fields.values())
    return total
