"""What a model's answer says of itself: id, model, tokens, finish reason, error (pure).

`tap.py` cuts an answer into JSON documents and hands each to `Reading.take`: a whole body, one event of a
stream, or one line. Whatever is not of the expected type is passed over: nothing here raises. The field
names are those of OpenAI (chat, completions, embeddings, responses), Anthropic and Ollama.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_NAME_CHARACTERS = 256
CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb for English text, used only where a provider tells no count."""

_MACHINE_WORD = re.compile(r"[\w.\-]{1,64}")

_PROMPT = ("prompt_tokens", "input_tokens", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "eval_count")
_CACHED = ("cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
_CACHE_WRITE = ("cache_creation_input_tokens",)
_REASONING = ("reasoning_tokens",)
_DETAILS = (
    "prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details",
)  # fmt: skip
_FINISH = ("finish_reason", "stop_reason", "done_reason")


@dataclass
class Reading:
    """The sum of what an answer's documents have told so far; None means it was not told."""

    response_id: str | None = None
    response_model: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    error_type: str | None = None
    error_code: str | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    text_characters: int = 0
    """The length of the generated text and tool arguments, for an estimate where no count is told."""
    input_tokens: int | None = None
    """As told; Anthropic leaves the cached tokens out."""
    cache_apart: bool = False
    """Whether `input_tokens` leaves the cached tokens out."""

    @property
    def prompt_tokens(self) -> int | None:
        """Give the tokens of the prompt with its cached ones, as OpenAI counts."""
        if self.input_tokens is None or not self.cache_apart:
            return self.input_tokens
        return self.input_tokens + (self.cached_tokens or 0) + (self.cache_write_tokens or 0)

    def take(self, document: Any) -> None:
        """Read one JSON document of an answer."""
        for part in _parts(document):
            self.response_id = self.response_id or name_of(part.get("id"))
            self.response_model = self.response_model or name_of(part.get("model"))
            self.service_tier = word_of(part.get("service_tier")) or self.service_tier
            self._take_tokens(part)
            if isinstance(usage := part.get("usage"), dict):
                self._take_tokens(usage)
            self._take_error(part.get("error"))
            for piece in _pieces(part):
                self.finish_reason = word_of(_first(piece, _FINISH)) or self.finish_reason
                self.text_characters += _generated(piece)

    def _take_tokens(self, usage: dict[str, Any]) -> None:
        details = [usage, *(usage[name] for name in _DETAILS if isinstance(usage.get(name), dict))]
        if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
            self.cache_apart = True
        self.input_tokens = _count(details, _PROMPT, self.input_tokens)
        self.completion_tokens = _count(details, _COMPLETION, self.completion_tokens)
        self.cached_tokens = _count(details, _CACHED, self.cached_tokens)
        self.cache_write_tokens = _count(details, _CACHE_WRITE, self.cache_write_tokens)
        self.reasoning_tokens = _count(details, _REASONING, self.reasoning_tokens)

    def _take_error(self, error: Any) -> None:
        if isinstance(error, dict):
            self.error_type = word_of(error.get("type")) or self.error_type
            self.error_code = word_of(error.get("code")) or self.error_code


def name_of(value: Any) -> str | None:
    """Give a text as a natural key may be: not empty, cut to 256 characters, without U+0000."""
    return value.replace("\x00", "\ufffd")[:MAX_NAME_CHARACTERS] if isinstance(value, str) and value else None


def word_of(value: Any) -> str | None:
    """Give a machine's short word; anything longer could quote a message, or a key."""
    return value if isinstance(value, str) and _MACHINE_WORD.fullmatch(value) else None


def characters_of(value: Any) -> int:
    """Count the characters of all texts inside a JSON value, such as a request's messages."""
    total, waiting = 0, [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                total += len(text)
            case list() as items:
                waiting.extend(items)
            case dict() as fields:
                waiting.extend(fields.values())
    return total


def estimated_tokens(characters: int) -> int:
    """Estimate the tokens of a text by its length, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Give a document, and what stream events of Anthropic and of OpenAI's responses wrap."""
    if isinstance(document, dict):
        yield document
        for name in ("message", "response"):
            if isinstance(inner := document.get(name), dict):
                yield inner


def _pieces(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every place of a part that may hold generated text or a reason to finish."""
    yield part
    if isinstance(delta := part.get("delta"), dict):
        yield delta
    choices = part.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            yield choice
            yield from (choice[name] for name in ("delta", "message") if isinstance(choice.get(name), dict))


def _generated(piece: dict[str, Any]) -> int:
    texts = [piece.get(name) for name in ("text", "content", "delta", "partial_json", "reasoning_content")]
    total = sum(len(text) for text in texts if isinstance(text, str))
    if isinstance(response := piece.get("response"), str):
        total += len(response)
    calls = piece.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        total += characters_of(call.get("function")) if isinstance(call, dict) else 0
    content = piece.get("content")
    for block in content if isinstance(content, list) else ():
        total += characters_of(block.get("text")) if isinstance(block, dict) else 0
    return total


def _first(piece: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((piece[name] for name in names if piece.get(name) is not None), None)


def _count(places: list[dict[str, Any]], names: tuple[str, ...], known: int | None) -> int | None:
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53:
                return value
    return known
