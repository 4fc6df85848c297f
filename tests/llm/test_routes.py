"""A path leads to a configured provider, or nowhere."""

from typing import Any

import pytest

from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from schema.errors import SettingError

OWN = '[{"name": "together", "url": "https://api.together.xyz", "models": ["llama-70b"]}]'


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        (
            "https://api.openai.com",
            "/openai/v1/chat/completions",
            "https://api.openai.com/v1/chat/completions",
        ),
        ("https://api.openai.com/v1", "/openai/v1/models", "https://api.openai.com/v1/models"),
        ("https://api.openai.com/v1/", "/openai/models", "https://api.openai.com/v1/models"),
        ("http://127.0.0.1:8091", "/openai", "http://127.0.0.1:8091"),
        ("http://gate/a/b", "/openai/v1/%2Fx", "http://gate/a/b/v1/%2Fx"),
    ],
)
def test_a_path_is_joined_to_its_base(base: str, path: str, url: str) -> None:
    target = Routes(LlmSettings(openai_base_url=base)).resolve(path)
    assert target is not None
    assert (target.provider, target.url) == ("openai", url)


@pytest.mark.parametrize(
    ("path", "provider", "operation", "deployment"),
    [
        ("/openai/v1/chat/completions", "openai", "chat", None),
        ("/openai/v1/completions", "openai", "text_completion", None),
        ("/openai/v1/embeddings", "openai", "embeddings", None),
        ("/openai/v1/models", "openai", None, None),
        ("/ollama/api/chat", "ollama", "chat", None),
        ("/anthropic/v1/messages", "anthropic", "chat", None),
        ("/azure/openai/deployments/my-4o/chat/completions", "azure", "chat", "my-4o"),
        ("/together/v1/chat/completions", "together", "chat", None),
    ],
)
def test_a_path_names_provider_and_operation(
    path: str, provider: str, operation: str | None, deployment: str | None
) -> None:
    routes = Routes(LlmSettings(litellm_providers=OWN, azure_api_base="https://x.openai.azure.com"))
    target = routes.resolve(path)
    assert target is not None
    assert (target.provider, target.operation, target.deployment) == (provider, operation, deployment)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/nobody/v1",
        "/azure/x",
        "//openai/v1",
        "/openai/../admin",
        "/openai/%2e%2E/admin",
        "/openai/a/..",
        "/OPENAI/v1",
    ],
)
def test_other_paths_lead_nowhere(path: str) -> None:
    assert Routes(LlmSettings()).resolve(path) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("openai_base_url", "file:///etc"),
        ("openai_base_url", "api.openai.com"),
        ("anthropic_base_url", "https://user:secret-key@host"),
        ("ollama_base_url", "http://host/?key=secret-key"),
        ("litellm_providers", "nope"),
        ("litellm_providers", '[{"name": "a/b", "url": "https://x"}]'),
        ("litellm_providers", '[{"name": "a"}]'),
    ],
)
def test_a_wrong_address_is_told_in_one_line_without_its_value(field: str, value: str) -> None:
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(SettingError) as caught:
        Routes(LlmSettings(**wrong))
    assert "is wrong" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret-key" not in str(caught.value)
