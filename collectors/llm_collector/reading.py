"""What a model's answer says of itself: id, model, tokens, finish reason, error (pure).

`tap.py` cuts an answer into JSON documents and hands each to `Reading.take`: a whole body, one event of a
stream, or one line. Whatever is not of the expected type is passed over: nothing here raises. The field
names are those of OpenAI (chat, completions, embeddings, responses), Anthropic and Ollama, and of the
providers and gateways that speak like one of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collectors.llm_collector.counts import NAMES, Counts
from collectors.llm_collector.estimates import estimated_tokens, weighed
from collectors.llm_collector.generated import MAX_PARTS, brings_audio, generated
from collectors.llm_collector.refusals import Limited, refusal_of
from collectors.llm_collector.tool_uses import SIGNS, searches_of, unpriced_in
from runtime.price_terms import BASE_TIERS

MAX_NAME_CHARACTERS = 256
MAX_CHOICES = 128
"""As many as OpenAI gives."""
UNNAMED_ERROR = "unnamed_error"
"""Told by a text only, as Ollama does."""

_MACHINE_WORD = re.compile(r"[\w.\-]{1,64}")
_DEARER = (("speed", "fast"), ("inference_geo", "us"))
_TIERS = frozenset({"service_tier", "speed", "inference_geo"})
_FINISH = ("finish_reason", "stop_reason", "done_reason")
_ENDS = frozenset({"completed", "failed", "incomplete", "cancelled"})


@dataclass
class Reading(Counts):
    """The sum of what an answer's documents have told so far; None means it was not told."""

    response_id: str | None = None
    response_model: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    """Of the first choice, where there are several."""
    error_type: str | None = None
    error_code: str | None = None
    told_limit: tuple[Limited, int] | None = None
    """A limit of requests or tokens a minute that a refusal told in its body."""
    retry_after_seconds: float | None = None
    """How long a refusal's body says to wait."""
    text_characters: int = 0
    """The weighed length of the generated text and tool arguments: see `estimates.py`."""
    audio_seen: bool = False
    """Whether generated sound came, which has no characters."""
    ended: bool = field(default=False, compare=False)
    """Whether a stream has said that it is complete: many clients hang up then, before the last bytes."""
    streamed: bool = field(default=False, compare=False)
    """Whether the answer comes as a stream, whatever was asked for."""
    keep_characters: int = field(default=0, compare=False)
    """So much of the generated text is kept; nothing unless asked for."""
    text: str = ""

    def take(self, document: Any) -> None:
        """Read one JSON document of an answer."""
        if not isinstance(document, dict):
            return
        begins = document.get("type") == "message_start"
        if document.get("type") == "message_stop" or document.get("done_reason") is not None:
            self.ended = True
        for part in _parts(document):
            self.response_id = self.response_id or name_of(part.get("id"))
            self.response_model = self.response_model or name_of(part.get("model"))
            self._take_told(part, begins)
            choices = _objects(part.get("choices"))[:MAX_CHOICES]
            places = [part, *choices]
            if isinstance(groq := part.get("x_groq"), dict):
                places.append(groq)
            for place in places:
                if isinstance(usage := place.get("usage"), dict):
                    self._take_told(usage, begins)
            self._take_end(part)
            if "output" in part or "item" in part:
                self._take_tools(part)
            self._take_piece(part, whole=part is document)
            for piece in _pieces(part, choices):
                self._take_piece(piece)
        if begins is False and document.get("type") == "error" and "error" not in document:
            self._take_error(document)

    def tokens(self, prompt_characters: int | None, streamed: bool) -> tuple[int | None, int | None, bool]:
        """Give the tokens of prompt and completion, and whether one of them is estimated.

        Only what was streamed is estimated, and only when text came: a stream that was broken off, or that
        does not report its usage. Whatever was told stands, and
        of a prompt that could not be read nothing is known.
        """
        told = None if self.completion_partial else self.completion_tokens
        if self.input_tokens is not None and (told is not None or not self.text_characters):
            return self.prompt_tokens, self.completion_tokens, self.completion_partial
        if not (streamed and self.text_characters):
            return self.prompt_tokens, told, False
        prompt = self.prompt_tokens
        if prompt is None and prompt_characters is not None:
            prompt = estimated_tokens(prompt_characters)
        if told is None:
            told = max(estimated_tokens(self.text_characters), self.completion_tokens or 0)
        return prompt, told, True

    def _take_told(self, place: dict[str, Any], begins: bool) -> None:
        if not _TIERS.isdisjoint(place):
            self._take_tier(place)
        if not NAMES.isdisjoint(place):
            self.take_counts(place, begins)

    def _take_tier(self, place: dict[str, Any]) -> None:
        """Read the tier that was served.

        What Anthropic charges differently is a tier too: fast mode, and staying in one country. Whatever is
        not the plain price is joined: `fast`, `us`, `batch-us`.
        """
        told = word_of(place.get("service_tier"))
        dearer = [value for name, value in _DEARER if place.get(name) == value]
        if dearer:
            self.service_tier = "-".join([told, *dearer] if told and told not in BASE_TIERS else dearer)
        elif told:
            self.service_tier = told

    def _take_end(self, part: dict[str, Any]) -> None:
        """Read how a response of OpenAI's newer interface ended."""
        if part.get("object") == "response" and word_of(part.get("status")) in _ENDS:
            details = part.get("incomplete_details")
            reason = details.get("reason") if isinstance(details, dict) else None
            self.finish_reason = word_of(reason) or part["status"]
            self.ended = True

    def _take_tools(self, part: dict[str, Any]) -> None:
        """Read what else than tokens is charged; the end of a stream repeats what its events have told."""
        self.unpriced_tools += unpriced_in(part)
        if searches := searches_of(part):
            if part.get("type") == "response.output_item.done":
                self.web_searches = (self.web_searches or 0) + searches
            else:
                self.web_searches = max(self.web_searches or 0, searches)

    def _take_error(self, error: Any) -> None:
        if not error or not isinstance(error, dict | str):
            return
        told = refusal_of(error)
        self.told_limit = told.limit or self.told_limit
        self.retry_after_seconds = told.retry_after_seconds or self.retry_after_seconds
        code, kind = None, None
        if isinstance(error, dict):
            code, kind = error.get("code"), error.get("type")
            if kind in (None, "None", "error"):
                kind = error.get("status")
        named = word_of(code) if code != "None" and not _status_word(code) else None
        self.error_code = named or told.reason or self.error_code
        self.error_type = word_of(kind) or self.error_type or _status_word(code)
        if self.streamed and self.error_type is None and self.error_code is None:
            self.error_type = UNNAMED_ERROR  # of a body, the HTTP status says more

    def _take_piece(self, piece: dict[str, Any], whole: bool = False) -> None:
        for name in _FINISH:
            if (reason := piece.get(name)) is not None and (
                self.finish_reason is None or piece.get("index") in (None, 0)
            ):
                self.finish_reason = word_of(reason) or self.finish_reason
        if not SIGNS.isdisjoint(piece) and any(piece.get(name) for name in SIGNS):
            self.unpriced_tools += 1
        if "error" in piece:
            self._take_error(piece["error"])
        for text in generated(piece, whole):
            self.text_characters += weighed(text)
            if self.keep_characters > len(self.text):
                self.text += text[: self.keep_characters - len(self.text)]
        if not self.audio_seen:
            self.audio_seen = brings_audio(piece)


def name_of(value: Any) -> str | None:
    """Give a text as a natural key may be: not empty, cut to 256 characters, without U+0000."""
    return value.replace("\x00", "\ufffd")[:MAX_NAME_CHARACTERS] if isinstance(value, str) and value else None


def word_of(value: Any) -> str | None:
    """Give a machine's short word; anything longer could quote a message, or a key."""
    return value if isinstance(value, str) and _MACHINE_WORD.fullmatch(value) else None


def _status_word(code: Any) -> str | None:
    """Give a word for an HTTP status that stands where a code is expected."""
    number = int(code) if isinstance(code, str) and re.fullmatch("[1-5][0-9]{2}", code) else code
    return f"http_{number}" if type(number) is int and 100 <= number <= 599 else None


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Give a document, and what stream events of Anthropic and of OpenAI's responses wrap."""
    if isinstance(document, dict):
        yield document
        for name in ("message", "response"):
            if isinstance(inner := document.get(name), dict):
                yield inner


def _pieces(part: dict[str, Any], choices: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the other places of a part that may hold generated text or a reason to finish."""
    for name in ("delta", "content_block"):
        if isinstance(inner := part.get(name), dict):
            yield inner
    for choice in choices:
        yield choice
        for name in ("delta", "message"):
            if isinstance(inner := choice.get(name), dict):
                yield inner


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value[:MAX_PARTS] if isinstance(one, dict)] if isinstance(value, list) else []
