"""Which models are tracked before anybody calls them: those of the providers that are set up (SPEC §8).

The names come from `model_list.json`, which says when they were looked up, or from OPENAI_MODELS and so on.
Azure's models are deployments with names of one's own, so only AZURE_MODELS can name them.
"""

from functools import cache
from pathlib import Path

import msgspec

from collectors.llm_collector.settings import LlmSettings
from schema.observed import ModelObserved


class ModelList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file: current chat models by provider, when they were looked up, and where."""

    listed_on: str
    source: str
    models: dict[str, list[str]]


@cache
def model_list() -> ModelList:
    """Read the data file that lies beside this one."""
    path = Path(__file__).with_name("model_list.json")
    return msgspec.json.decode(path.read_bytes(), type=ModelList)


def tracked_models(settings: LlmSettings) -> dict[str, list[ModelObserved]]:
    """Give the models of every provider that is set up by its key, or by a list of models."""
    keys = {
        "openai": settings.openai_api_key,
        "anthropic": settings.anthropic_api_key,
        "azure": settings.azure_api_key if settings.azure_api_base else "",
    }
    own = {
        "openai": settings.openai_models,
        "anthropic": settings.anthropic_models,
        "azure": settings.azure_models,
    }
    names = {
        provider: own[provider] or (model_list().models.get(provider, ()) if key else ())
        for provider, key in keys.items()
    }
    return {
        provider: [ModelObserved(provider=provider, model=name) for name in dict.fromkeys(found)]
        for provider, found in names.items()
        if found
    }
