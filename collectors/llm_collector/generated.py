"""Where generated text stands in a piece of an answer (pure).

A piece is a body, an event, a choice, a message or a delta: `reading.py` finds them. Reasoning, refusals and
the names and arguments of tools are generated text too.
"""

from collections.abc import Iterator
from typing import Any

from collectors.llm_collector.estimates import texts_of

MAX_PARTS = 1000
"""Choices, blocks or calls that are read of one document."""

_TEXTS = frozenset({"text", "content", "delta", "partial_json", "refusal", "response"})
_PLACES = _TEXTS | {"output", "tool_calls", "function_call", "audio"}
_REASONING = ("reasoning_content", "reasoning", "thinking")
"""Some tell their reasoning under two of these names at once."""
_TOOLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_CALL_TEXTS = ("name", "arguments", "input")
_NO_TEXT_KINDS = (".done", ".audio.delta", "_content.delta")
"""Events that repeat what was said, or bring sound or what a tool said."""
_BLOCK_TEXTS = ("text", "thinking", "content", "arguments", "refusal")


def generated(piece: dict[str, Any], whole: bool) -> Iterator[str]:
    """Give the generated texts of a piece.

    The `output` of a `whole` answer only: the last event of a stream repeats it.
    """
    kind = piece.get("type")
    if isinstance(kind, str):
        if kind.endswith(_NO_TEXT_KINDS):
            return
        if kind in _TOOLS and isinstance(name := piece.get("name"), str):
            yield name
    for field, value in piece.items():
        if not value or field not in _PLACES:
            continue
        if isinstance(value, str):
            if field in _TEXTS:
                yield value
        elif field == "content" or (field == "output" and whole):
            yield from _of_blocks(value)
        elif field in {"tool_calls", "function_call"}:
            yield from _of_calls(value)
        elif field == "audio" and isinstance(value, dict):
            yield from texts_of(value.get("transcript"))
    for field in _REASONING:
        if isinstance(value := piece.get(field), str) and value:
            yield value
            return


def brings_audio(piece: dict[str, Any]) -> bool:
    """Say whether a piece brings generated sound."""
    audio = piece.get("audio")
    return piece.get("type") == "response.audio.delta" or (
        isinstance(audio, dict) and bool(audio.get("data"))
    )


def _of_calls(value: Any) -> Iterator[str]:
    for call in value[:MAX_PARTS] if isinstance(value, list) else [value]:
        if isinstance(call, dict):
            for place in (call.get("function"), call.get("custom"), call):
                if isinstance(place, dict):
                    for name in _CALL_TEXTS:
                        yield from texts_of(place.get(name))


def _of_blocks(value: Any) -> Iterator[str]:
    """Give the texts of content blocks, or of the items of a response."""
    for block in value[:MAX_PARTS] if isinstance(value, list) else ():
        for name in _BLOCK_TEXTS if isinstance(block, dict) else ():
            inner = block.get(name)
            if isinstance(inner, str):
                yield inner
            elif isinstance(inner, list):
                texts = (one.get("text") for one in inner[:MAX_PARTS] if isinstance(one, dict))
                yield from (text for text in texts if isinstance(text, str))
