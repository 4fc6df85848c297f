"""Who sells a model, where only the framework that asked it is known."""

import pytest
from msgspec import UNSET

from collectors.telemetry_collector.genai import provider_of
from tests.telemetry.requests import batch, calls, chat


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "openai"),
        ("claude-sonnet-4-5", "anthropic"),
        ("gemini-2.5-pro", "google"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "aws"),
        # Open weights may run anywhere: on a machine of one's own they cost what no maker says.
        ("mistral-7b", "langchain"),
        ("deepseek-r1", "langchain"),
        ("command-r", "langchain"),
        ("gpt-oss-20b", "langchain"),
    ],
)
def test_a_framework_s_closed_models_are_their_makers_and_open_weights_nobody_s(
    model: str, provider: str
) -> None:
    told = {"gen_ai.provider.name": "langchain", "gen_ai.request.model": model}
    assert provider_of(told) == provider
    (call,) = calls(batch(chat(gen_ai__provider__name="langchain", gen_ai__request__model=model)))
    assert (call.cost_usd is UNSET) == (provider == "langchain")
