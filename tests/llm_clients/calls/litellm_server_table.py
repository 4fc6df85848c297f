"""The calls that are made to LiteLLM's own proxy; needs nothing but our own table type."""

from typing import Any

from tests.llm_clients.calls.making import Made

SAID = [{"role": "user", "content": "Hi"}]
WITH_USAGE: Any = {"stream": True, "stream_options": {"include_usage": True}}
TRIES = 4
"""Of a limit of one in a minute: a minute that ends in between lets two pass, not four."""


def chat(name: str, model: str, **given: Any) -> Made:
    """Name a chat."""
    return Made(name, "chat.completions.create", {"model": model, "messages": SAID, **given})


CALLS = [
    Made("list of models", "models.list", {}),
    chat("chat", "open"),
    chat("chat, streamed", "open", **WITH_USAGE),
    chat("unknown model", "nobody-has-this"),
    *(chat(f"few requests {number}", "few-requests") for number in range(TRIES)),
    *(chat(f"few tokens {number}", "few-tokens") for number in range(TRIES)),
]
