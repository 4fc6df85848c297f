"""The system prompt of a request: its digest and its size (pure).

Of a body that was decoded whole: OpenAI's messages of role system or developer that stand first,
`instructions` of responses, `system` of Anthropic and Ollama as a text or as blocks. The digest is of the
texts alone, so that the same prompt has the same one in each of these shapes. Tokens are an estimate from its
length.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collectors.llm_collector.estimates import estimated_tokens, weighed

_ROLES = ("system", "developer")
_PER_CALL = "x-anthropic-billing-header:"
"""Claude Code begins its system prompt with a line of this name: a number that is another in every call."""


@dataclass(frozen=True)
class SystemPrompt:
    """What is recorded of a system prompt."""

    sha256: str
    tokens: int
    """Estimated."""


def system_prompt_of(system: Any, instructions: Any, messages: Any, items: Any) -> SystemPrompt | None:
    """Read a request's system prompt from its fields (`items` is its `input`); None when it has none."""
    texts = [*texts_of(system), *texts_of(instructions)]
    for listed in (messages, items):
        for message in listed if isinstance(listed, list) else ():
            if not isinstance(message, dict) or message.get("role") not in _ROLES:
                break
            texts += texts_of(message.get("content"))
    parts = [part for text in texts if (part := _lasting(text))]
    if not parts:
        return None
    text = "\n".join(parts)
    return SystemPrompt(hashlib.sha256(text.encode()).hexdigest(), estimated_tokens(weighed(text)))


def texts_of(content: Any) -> Iterator[str]:
    """Give the texts of a content: itself, or those of its blocks; images and other data are none."""
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else ():
        text = block.get("text") if isinstance(block, dict) else block
        if isinstance(text, str):
            yield text


def _lasting(text: str) -> str:
    return text.partition("\n")[2] if text.startswith(_PER_CALL) else text
