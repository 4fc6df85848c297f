"""The models that are tracked before anybody calls them: current ones, whose names and prices are known."""

from datetime import UTC, date, datetime

import pytest

from collectors.llm_collector.model_list import model_list, tracked_models
from collectors.llm_collector.settings import LlmSettings
from runtime.pricing import Tokens, price
from schema.observed import ModelObserved

KEY = "sk-a-key-that-nobody-may-see"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_every_listed_model_has_a_price_and_the_list_has_a_date(provider: str) -> None:
    names = model_list().models[provider]
    assert 0 < len(names) <= 10
    assert len(set(names)) == len(names)
    listed_on = date.fromisoformat(model_list().listed_on)
    at = datetime.combine(listed_on, datetime.min.time(), UTC)
    assert [name for name in names if price(provider, name, at, Tokens(1, 1)) is None] == []


def test_every_listed_model_is_one_of_its_own_and_not_on_its_way_out() -> None:
    from genai_prices.data import providers

    known = {model.id: model for one in providers if one.id in model_list().models for model in one.models}
    names = [name for listed in model_list().models.values() for name in listed]
    assert [name for name in names if name not in known or known[name].deprecated] == []


@pytest.mark.parametrize(
    ("settings", "providers"),
    [
        (LlmSettings(), []),
        (LlmSettings(openai_api_key=KEY), ["openai"]),
        (LlmSettings(openai_api_key=KEY, anthropic_api_key=KEY), ["openai", "anthropic"]),
        # Azure's models are deployments: a key says nothing of their names.
        (LlmSettings(azure_api_key=KEY, azure_api_base="https://x.openai.azure.com"), []),
    ],
)
def test_a_key_that_is_set_adds_its_provider_s_models(settings: LlmSettings, providers: list[str]) -> None:
    tracked = tracked_models(settings)
    assert list(tracked) == providers
    for provider, models in tracked.items():
        assert models == [
            ModelObserved(provider=provider, model=one) for one in model_list().models[provider]
        ]
    assert KEY not in str(tracked)


def test_a_list_of_one_s_own_stands_in_place_of_the_known_one() -> None:
    tracked = tracked_models(
        LlmSettings(
            openai_api_key=KEY,
            openai_models=("mine", "mine", "other"),
            azure_api_key=KEY,
            azure_api_base="https://x.openai.azure.com",
            azure_models=("my-deployment",),
        )
    )
    assert {provider: [one.model for one in models] for provider, models in tracked.items()} == {
        "openai": ["mine", "other"],
        "azure": ["my-deployment"],
    }
