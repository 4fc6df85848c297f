"""The system prompt of a request: its digest and its size (pure).

Of a body of up to 1 MiB: OpenAI's messages of role system or developer that stand first, `instructions` of
responses, `system` of Anthropic and Ollama as a text or as blocks. The digest is of the texts alone, so that
the same prompt has the same one in each of these shapes. Tokens are an estimate from its length.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from collectors.llm_collector.reading import estimated_tokens

MAX_BODY_BYTES = 1024 * 1024
_ROLES = frozenset({"system", "developer"})
_PER_CALL = "x-anthropic-billing-header:"
"""Claude Code begins its system prompt with a line of this name: a number that is another in every call."""


@dataclass(frozen=True)
class SystemPrompt:
    """What is recorded of a system prompt."""

    sha256: str
    tokens: int
    """Estimated."""


class _Message(msgspec.Struct):
    role: Any = None
    content: msgspec.Raw = msgspec.Raw()


class _Body(msgspec.Struct):
    system: Any = None
    instructions: Any = None
    messages: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()


_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BODY = msgspec.json.Decoder(_Body)
_MESSAGES = msgspec.json.Decoder(list[_Message])


def system_prompt_of(body: bytes) -> SystemPrompt | None:
    """Read a request's system prompt; None when it has none, or cannot be read."""
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        parts = [part for text in _texts(_BODY.decode(body)) if (part := _lasting(text))]
    except _BROKEN:
        return None
    if not parts:
        return None
    text = "\n".join(parts)
    return SystemPrompt(hashlib.sha256(text.encode()).hexdigest(), estimated_tokens(len(text)))


def _lasting(text: str) -> str:
    return text.partition("\n")[2] if text.startswith(_PER_CALL) else text


def _texts(body: _Body) -> Iterator[str]:
    yield from _blocks(body.system)
    yield from _blocks(body.instructions)
    for raw in (body.messages, body.input):
        for message in _messages(raw):
            if not (isinstance(message.role, str) and message.role in _ROLES):
                break
            yield from _blocks(msgspec.json.decode(message.content) if bytes(message.content) else None)


def _messages(raw: msgspec.Raw) -> list[_Message]:
    """Give a list of messages; responses take a plain text as their input too, or items of other shapes."""
    try:
        return _MESSAGES.decode(raw) if bytes(raw) else []
    except msgspec.ValidationError:
        return []


def _blocks(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for block in value if isinstance(value, list) else ():
        text = block.get("text") if isinstance(block, dict) else block
        if isinstance(text, str):
            yield text
