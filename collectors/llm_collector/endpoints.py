"""The endpoints that are asked for their models, and what their answers say (pure).

Ollama is asked as its API documents it (`/api/tags`, `/api/ps`), those of LITELLM_PROVIDERS as OpenAI's API
does (`/v1/models`). What is not of the documented shape is passed over: names come from outside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from schema.observed import ModelObserved

MAX_MODELS = 500
MAX_NAME_CHARACTERS = 256
Status = Literal["available", "unavailable", "unknown"]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: `listing` and, for Ollama, `running` are the addresses that are asked."""

    provider: str
    listing: str
    running: str | None = None
    configured: tuple[str, ...] = ()
    """Models that the configuration names, whether the endpoint lists them or not."""
    assumed: bool = False
    """Whether it is a default address that nobody has set."""


@dataclass(frozen=True)
class Listing:
    """What an endpoint said: the names of its models, each with whether it is loaded (None: not told)."""

    models: Mapping[str, bool | None]
    more: int = 0
    """Models beyond the first 500, which are left out."""


class _Configured(msgspec.Struct):
    name: str
    models: list[str] = msgspec.field(default_factory=list)


def endpoints_of(settings: LlmSettings, routes: Routes) -> list[Endpoint]:
    """Give the endpoints of the settings, which `routes` has checked."""
    found = []
    if settings.ollama_base_url:
        listing, running = routes.resolve("/ollama/api/tags"), routes.resolve("/ollama/api/ps")
        assumed = settings.ollama_base_url == LlmSettings().ollama_base_url
        if listing and running:
            found.append(Endpoint("ollama", listing.url, running.url, assumed=assumed))
    for own in msgspec.json.decode(settings.litellm_providers, type=list[_Configured]):
        if target := routes.resolve(f"/{own.name}/v1/models"):
            found = [one for one in found if one.provider != own.name]
            found.append(Endpoint(own.name, target.url, None, tuple(_names(own.models))))
    return found


def ollama_listing(tags: Any, running: Any) -> Listing | None:
    """Read Ollama's `/api/tags` and `/api/ps` (None: not told); None when the first is no such list."""
    names = _named(tags, "models", ("name", "model"))
    if names is None:
        return None
    loaded = _named(running, "models", ("name", "model"))
    return _listing({name: None if loaded is None else name in loaded for name in names})


def openai_listing(models: Any) -> Listing | None:
    """Read an OpenAI-style `/v1/models`; None when it is no such list. A gateway's patterns are no models."""
    names = _named(models, "data", ("id",))
    return None if names is None else _listing({name: None for name in names if "*" not in name})


def seen(endpoint: Endpoint, listing: Listing) -> list[ModelObserved]:
    """Give the models of an endpoint that answered."""
    found = {name: _model(endpoint, name, "available", "", loaded) for name, loaded in listing.models.items()}
    for name in endpoint.configured:
        reason = f"{endpoint.provider} does not list it"
        found.setdefault(name, _model(endpoint, name, "unknown", reason, None))
    return list(found.values())[:MAX_MODELS]


def unseen(endpoint: Endpoint, known: Iterable[str], status: Status, reason: str) -> list[ModelObserved]:
    """Give the models of an endpoint that does not tell them: of the settings, and those known before."""
    names = dict.fromkeys((*endpoint.configured, *known))
    return [_model(endpoint, name, status, reason, None) for name in names][:MAX_MODELS]


def _model(endpoint: Endpoint, name: str, status: Status, reason: str, loaded: bool | None) -> ModelObserved:
    known: bool | UnsetType = UNSET if loaded is None else loaded
    return ModelObserved(
        provider=endpoint.provider, model=name, status=status, reason=reason or UNSET, loaded=known
    )


def _listing(models: dict[str, bool | None]) -> Listing:
    first = dict(list(models.items())[:MAX_MODELS])
    return Listing(first, len(models) - len(first))


def _named(document: Any, field: str, keys: tuple[str, ...]) -> dict[str, None] | None:
    # Together gives the bare list, and Ollama null where there is none.
    entries = (document[field] or []) if isinstance(document, dict) and field in document else document
    if not isinstance(entries, list):
        return None
    values = (
        next((entry[key] for key in keys if entry.get(key)), None)
        for entry in entries
        if isinstance(entry, dict)
    )
    return dict.fromkeys(_names(values))


def _names(values: Iterable[Any]) -> Iterable[str]:
    """Give what can be a model's name: a text of 1 to 256 characters, none of which is a control."""
    return (
        one
        for one in values
        if isinstance(one, str) and 0 < len(one) <= MAX_NAME_CHARACTERS and one.isprintable()
    )
