"""The text of a request, as it waits to be redacted and kept where LLM_STORE_TEXT is on (pure).

One paragraph a message, its role before it. Images and other data are left out, and so is what only machines
read: definitions of tools, and settings.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from collectors.llm_collector.redaction import Excerpt, excerpt_of
from collectors.llm_collector.system_prompt import texts_of

_INNER = ("content", "output", "arguments", "input")
"""Where tools' calls and answers have their texts."""


def prompt_text_of(system: Any, instructions: Any, messages: Any, items: Any, prompt: Any) -> Excerpt | None:
    """Give the text of a request from its fields (`items` is its `input`); None when it has none."""
    paragraphs = [f"system: {text}" for field in (system, instructions) for text in texts_of(field)]
    for listed in (messages, items):
        for message in listed if isinstance(listed, list) else (listed,):
            paragraphs += _paragraphs(message)
    paragraphs += texts_of(prompt)
    return excerpt_of("\n\n".join(paragraphs)) if paragraphs else None


def _paragraphs(message: Any) -> Iterator[str]:
    if isinstance(message, str):
        yield message
    if not isinstance(message, dict):
        return
    role = message.get("role") or message.get("type")
    texts = list(_texts(message))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        texts += _texts(call.get("function") if isinstance(call, dict) else None)
    if texts:
        yield f"{role}: " + "\n".join(texts) if isinstance(role, str) else "\n".join(texts)


def _texts(part: Any) -> Iterator[str]:
    """Give the texts of a message or a block, those of the blocks inside it among them."""
    if not isinstance(part, dict):
        return
    if isinstance(text := part.get("text"), str):
        yield text
    if isinstance(name := part.get("name"), str):
        yield name
    for field in _INNER:
        match part.get(field):
            case str() as text:
                yield text
            case list() as blocks:
                for block in blocks:
                    yield from (block,) if isinstance(block, str) else _texts(block)
            case dict() as arguments:
                yield msgspec.json.encode(arguments).decode()
