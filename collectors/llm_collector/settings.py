"""What the LLM proxy can be told (SPEC §8, §9)."""

from typing import Annotated

from msgspec import Meta

from collectors.base.settings import CollectorSettings
from runtime.settings import Port
from schema.types import Id

MAX_SECONDS = 86_400
"""A day; beyond it a time is no limit, and clocks of the system overflow."""


class LlmSettings(CollectorSettings, frozen=True, kw_only=True):
    """Where the proxy listens, and where it sends what; only these addresses are ever called."""

    llm_proxy_host: str = "127.0.0.1"
    llm_proxy_port: Port = 8090
    llm_proxy_max_request_bytes: Annotated[int, Meta(ge=1024, le=1024**3)] = 32 * 1024 * 1024
    llm_proxy_connect_seconds: Annotated[float, Meta(gt=0, le=MAX_SECONDS)] = 10.0
    llm_proxy_silence_seconds: Annotated[float, Meta(gt=0, le=MAX_SECONDS)] = 600.0
    """How long an upstream may say nothing before the call counts as broken."""
    llm_proxy_stop_seconds: Annotated[int, Meta(ge=0, le=MAX_SECONDS)] = 10
    """How long running calls may go on after SIGTERM."""
    llm_proxy_max_calls: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """Calls beyond so many at a time are answered with 503."""
    llm_proxy_max_headers: Annotated[int, Meta(ge=1, le=10_000)] = 100

    openai_base_url: str = "https://api.openai.com"
    anthropic_base_url: str = "https://api.anthropic.com"
    azure_api_base: str = ""
    ollama_base_url: str = "http://ollama:11434"
    litellm_providers: str = "[]"
    """A JSON list of `{"name", "url", "models"}`: each becomes the route `/<name>`."""
    openai_api_key: str = ""
    anthropic_api_key: str = ""
    azure_api_key: str = ""
    """A key that is set adds its provider's models to the tracked ones; no key is ever sent from here."""
    openai_models: tuple[Id, ...] = ()
    anthropic_models: tuple[Id, ...] = ()
    azure_models: tuple[Id, ...] = ()

    llm_key_labels: str = "[]"
    """A JSON list of `{"label", "sha256", "agent"}`: who uses which key; `agent` may be absent."""
    llm_prices_file: str = ""
    """A JSON file with prices of private models, in the form of `runtime/pricing.py`."""
    llm_store_text: bool = False
    """Whether the texts of prompts and answers are kept, redacted."""
    llm_redact_patterns: str = "[]"
    """A JSON list of regular expressions: what they match is redacted too."""
