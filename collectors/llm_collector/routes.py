"""Where a request goes: the first segment of its path names the provider (pure).

`/<provider>` stands for the provider's base URL, whatever that is: `/openai/v1/chat/completions` goes to
OPENAI_BASE_URL + `/v1/chat/completions`. Where the base URL ends in the segments that the rest begins with
(as SDKs write it, `https://api.openai.com/v1`), they are joined without doubling them.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from collectors.llm_collector.addresses import check_literal
from collectors.llm_collector.settings import LlmSettings
from schema.errors import SettingError

_NAME = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,62}", re.IGNORECASE)
_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
# Some servers take an encoded slash, or a backslash, for one.
_DOT_SEGMENT = re.compile(r"(^|[/\\]|%2f|%5c)(\.|%2e){1,2}([/\\;]|%2f|%5c|$)", re.IGNORECASE)

_OPERATIONS = (
    ("/responses/input_tokens", "count_tokens"),
    ("/v1/messages/count_tokens", "count_tokens"),
    ("/chat/completions", "chat"),
    ("/agents/completions", "chat"),
    ("/completions", "text_completion"),
    ("/embeddings", "embeddings"),
    ("/responses", "chat"),
    ("/responses/compact", "chat"),
    ("/v1/messages", "chat"),
    ("/v1/complete", "text_completion"),
    ("/api/chat", "chat"),
    ("/api/generate", "text_completion"),
    ("/api/embed", "embeddings"),
    ("/rerank", "rerank"),
    ("/images/generations", "generate_content"),
    ("/images/edits", "generate_content"),
    ("/images/variations", "generate_content"),
    ("/audio/speech", "generate_content"),
    ("/audio/transcriptions", "generate_content"),
    ("/audio/translations", "generate_content"),
)
"""How the paths of model calls end, and what OpenTelemetry calls the operation where it has a word."""
_AZURE_DEPLOYMENT = re.compile(r"/deployments/([^/]{1,256})/")


class Target(NamedTuple):
    """An upstream request's address, without its query."""

    provider: str
    url: str
    operation: str | None
    """None for what is no model call, such as a list of models, or fetching an answer that was stored."""
    deployment: str | None
    """Azure names the model in the path."""


class _Provider(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    url: str
    models: list[str] = msgspec.field(default_factory=list)


class Routes:
    """The providers by name. Raises SettingError when an address is not one."""

    def __init__(self, settings: LlmSettings) -> None:
        self._bases: dict[str, str] = {}
        for provider, variable, url in (
            ("openai", "OPENAI_BASE_URL", settings.openai_base_url),
            ("anthropic", "ANTHROPIC_BASE_URL", settings.anthropic_base_url),
            ("azure", "AZURE_API_BASE", settings.azure_api_base),
            ("ollama", "OLLAMA_BASE_URL", settings.ollama_base_url),
        ):
            if url:
                self._bases[provider] = _base(url, variable)
        try:
            own = msgspec.json.decode(settings.litellm_providers, type=list[_Provider])
        except msgspec.DecodeError:
            raise SettingError(
                'LITELLM_PROVIDERS is wrong: a JSON list like [{"name": "x", "url": "https://…"}] is taken, '
                'with "models" where they are to be named'
            ) from None
        seen: set[str] = set()
        for entry in own:
            if not _NAME.fullmatch(entry.name):
                raise SettingError("LITELLM_PROVIDERS is wrong: a name has letters, digits, `-`, `_` and `.`")
            # An endpoint of one's own may take Ollama's name, but not that of a provider with an account.
            if entry.name in self._bases and (entry.name != "ollama" or entry.name in seen):
                raise SettingError(f"LITELLM_PROVIDERS is wrong: there are two providers {entry.name}")
            seen.add(entry.name)
            self._bases[entry.name] = _base(entry.url, "LITELLM_PROVIDERS")

    @property
    def providers(self) -> list[str]:
        """The names of the providers, in order."""
        return sorted(self._bases)

    def resolve(self, path: str, method: str = "POST") -> Target | None:
        """Give where a request of this (undecoded) path goes; None when no provider is meant."""
        provider, slash, rest = path.removeprefix("/").partition("/")
        base = self._bases.get(provider)
        rest = slash + rest
        if base is None or _DOT_SEGMENT.search(rest):
            return None
        url = _joined(base, rest)
        deployment = _AZURE_DEPLOYMENT.search(rest)
        operation = _operation(url) if method == "POST" else None
        return Target(provider, url, operation, unquote(deployment[1]) if deployment else None)


def _joined(base: str, rest: str) -> str:
    """Join a base URL and a path; the segments that end the one and begin the other stand once."""
    ends, begins = urlsplit(base).path.split("/")[1:], rest.split("/")[1:]
    for count in range(min(len(ends), len(begins) - 1), 0, -1):
        if ends[-count:] == begins[:count]:
            return base + rest.removeprefix("/" + "/".join(begins[:count]))
    return base + rest


def _operation(url: str) -> str | None:
    path = url.rstrip("/")
    if "%" in path or path.find("//", len("https://")) > 0:
        # As servers read it; an encoded slash stays one, for it separates nothing.
        path = re.sub("//+", "/", unquote(re.sub("%2f", "%252F", path, flags=re.IGNORECASE)))
    return next((name for ending, name in _OPERATIONS if path.endswith(ending)), None)


def _base(url: str, variable: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        right = None
    if not right or parts.query or parts.fragment or _NO_URL.search(url) or _DOT_SEGMENT.search(parts.path):
        raise SettingError(f"{variable} is wrong: an address like https://host/path is taken")
    check_literal(parts.hostname or "", variable)
    if parts.username or parts.password:
        raise SettingError(f"{variable} is wrong: the key belongs into the request, not into the address")
    return url.rstrip("/")
