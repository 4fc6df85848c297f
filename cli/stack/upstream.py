"""Which models the demo's agents use: a provider whose key is set, a reachable Ollama, or the demo server."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from cli.stack.settings import Stack

_OLLAMA_URL = "http://127.0.0.1:11434"
_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True)
class Upstream:
    """What stands behind the proxy, what the proxy and the agents are told of it, and a line for the user."""

    told: str
    demo: bool
    agent_environment: Mapping[str, str]
    proxy_environment: Mapping[str, str] = field(default_factory=dict)


def choose_upstream(stack: Stack) -> Upstream:
    """Choose by the environment: OPENAI_API_KEY, then an Ollama that has a model, then the demo."""
    proxy = f"http://127.0.0.1:{stack.settings.llm_proxy_port}"
    if stack.environ.get("OPENAI_API_KEY"):
        return Upstream(
            "the agents use OpenAI (OPENAI_API_KEY is set)", False, {"LLM_BASE_URL": f"{proxy}/openai/v1"}
        )
    ollama = (stack.environ.get("OLLAMA_BASE_URL") or _OLLAMA_URL).rstrip("/")
    models = _ollama_models(ollama)
    if models:
        agents = {"LLM_BASE_URL": f"{proxy}/ollama/v1", "LLM_MODEL": models[0]}
        return Upstream(f"the agents use Ollama's {models[0]}", False, agents, {"OLLAMA_BASE_URL": ollama})
    demo = f"http://127.0.0.1:{stack.settings.demo_model_port}/v1"
    return Upstream(
        "the agents use the demo model server: set OPENAI_API_KEY or start Ollama for a real model",
        True,
        {"LLM_BASE_URL": f"{proxy}/openai/v1"},
        {"OPENAI_BASE_URL": demo},
    )


def _ollama_models(url: str) -> list[str]:
    try:
        with urllib.request.urlopen(f"{url}/api/tags", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the user's URL
            return [str(model["name"]) for model in json.load(answer)["models"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # no Ollama there, or something else: the demo server it is
