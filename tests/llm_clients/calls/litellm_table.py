"""The calls that are made with the litellm client; needs nothing but our own table type."""

from typing import Any

from tests.llm_clients.calls.making import Made

SAID = [{"role": "user", "content": "Wie geht's, 世界?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
OPENAI, ANTHROPIC, AZURE, OLLAMA = (
    "openai/gpt-4o-mini",
    "anthropic/claude-sonnet-4-5",
    "azure/gpt-4o-mini",
    "ollama/llama3.2",
)
OPENAI_TEXT = "text-completion-openai/gpt-3.5-turbo-instruct"
OLLAMA_CHAT = "ollama_chat/llama3.2"


def chat(name: str, model: str, **given: Any) -> Made:
    """Name a chat."""
    return Made(name, "completion", {"model": model, "messages": SAID, **given})


TABLE = [
    chat("openai", OPENAI),
    chat("openai, streamed", OPENAI, **WITH_USAGE),
    chat("openai with tools", OPENAI, tools=TOOLS),
    chat("openai, compressed", "openai/compressed"),
    chat("openai, rate limited", "openai/busy", num_retries=0, max_retries=0),
    chat("openai, too long", "openai/too-long"),
    Made("openai embeddings", "embedding", {"model": "openai/text-embedding-3-small", "input": ["a"]}),
    Made("openai completion", "text_completion", {"model": OPENAI_TEXT, "prompt": "Hi"}),
    Made("openai response", "responses", {"model": OPENAI, "input": "Hi"}),
    Made("openai response, streamed", "responses", {"model": OPENAI, "input": "Hi", "stream": True}),
    chat("anthropic", ANTHROPIC),
    chat("anthropic, streamed", ANTHROPIC, **WITH_USAGE),
    chat("anthropic, ending late", "anthropic/ending-late", stream=True),
    chat("anthropic with tools, streamed", ANTHROPIC, tools=TOOLS, stream=True),
    chat("anthropic, rate limited", "anthropic/busy", num_retries=0, max_retries=0),
    chat("azure", AZURE),
    chat("azure, streamed", AZURE, **WITH_USAGE),
    chat("ollama generate", OLLAMA),
    chat("ollama generate, streamed", OLLAMA, stream=True),
    chat("ollama chat", OLLAMA_CHAT),
    chat("ollama chat, streamed", OLLAMA_CHAT, stream=True),
    Made("ollama embeddings", "embedding", {"model": OLLAMA, "input": ["a"]}),
]  # fmt: skip
_OPENAI_BASES = {"direct": "/v1", "proxied": "/openai/v1"}
_OLLAMA_BASES = {"direct": "", "proxied": "/ollama"}
BASES = {
    "openai": _OPENAI_BASES,
    "text-completion-openai": _OPENAI_BASES,
    "anthropic": {"direct": "", "proxied": "/anthropic"},
    "azure": {"direct": "", "proxied": "/azure"},
    "ollama": _OLLAMA_BASES,
    "ollama_chat": _OLLAMA_BASES,
}
"""Of each of LiteLLM's providers: the base URL's path, by the way."""
