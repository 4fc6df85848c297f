"""A path leads to a configured provider, or nowhere."""

from typing import Any

import pytest

from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from schema.errors import SettingError

OWN = '[{"name": "together", "url": "https://api.together.xyz", "models": ["llama-70b"]}]'


def routes() -> Routes:
    return Routes(LlmSettings(litellm_providers=OWN, azure_api_base="https://x.openai.azure.com"))


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://api.openai.com", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1", "/v1/models", "https://api.openai.com/v1/models"),
        ("https://api.openai.com/v1/", "/models", "https://api.openai.com/v1/models"),
        ("https://api.openai.com/v1", "/v1", "https://api.openai.com/v1/v1"),
        ("http://127.0.0.1:8091", "", "http://127.0.0.1:8091"),
        ("http://v1", "/v1/models", "http://v1/v1/models"),
        ("http://gate/a/b", "/v1/%2Fx", "http://gate/a/b/v1/%2Fx"),
        (
            "https://x.openai.azure.com",
            "/openai/v1/responses",
            "https://x.openai.azure.com/openai/v1/responses",
        ),
        ("https://x.azure.com/openai", "/openai/v1/responses", "https://x.azure.com/openai/v1/responses"),
        ("https://x.azure.com/openai/v1", "/openai/v1/responses", "https://x.azure.com/openai/v1/responses"),
        ("https://x.azure.com/openai/v1/", "/v1/responses", "https://x.azure.com/openai/v1/responses"),
        ("https://x.azure.com/openai/v1", "/responses", "https://x.azure.com/openai/v1/responses"),
        ("https://gate/anthropic", "/v1/messages", "https://gate/anthropic/v1/messages"),
        ("https://gate/anthropic/v1", "/v1/messages", "https://gate/anthropic/v1/messages"),
        ("https://openrouter.ai/api/v1", "/api/v1/messages", "https://openrouter.ai/api/v1/messages"),
        ("https://openrouter.ai/api", "/v1/models", "https://openrouter.ai/api/v1/models"),
        ("http://ollama:11434/v1", "/v1/chat/completions", "http://ollama:11434/v1/chat/completions"),
        ("http://a/v1", "/v1beta/models", "http://a/v1/v1beta/models"),
    ],
)
def test_a_path_is_joined_to_its_base_without_doubling_segments(base: str, path: str, url: str) -> None:
    target = Routes(LlmSettings(openai_base_url=base)).resolve(f"/openai{path}")
    assert target is not None
    assert (target.provider, target.url) == ("openai", url)


@pytest.mark.parametrize(
    ("path", "operation", "deployment"),
    [
        ("/openai/v1/chat/completions", "chat", None),
        ("/openai/v1/responses", "chat", None),
        ("/openai/v1/responses/compact", "chat", None),
        ("/openai/v1/responses/input_tokens", "count_tokens", None),
        ("/openai/v1/completions", "text_completion", None),
        ("/openai/v1/chat/%63ompletions", "chat", None),
        ("/openai/v1//chat//completions", "chat", None),
        ("/openai/v1/chat/completions//", "chat", None),
        ("/openai/v1/models/a%2Fchat/completions", "text_completion", None),
        ("/openai/v1/embeddings", "embeddings", None),
        ("/openai/v1/embeddings/", "embeddings", None),
        ("/openai/v1/images/generations", "generate_content", None),
        ("/openai/v1/audio/transcriptions", "generate_content", None),
        ("/openai/v1/models", None, None),
        ("/openai/v1/files", None, None),
        ("/openai/v1/batches", None, None),
        ("/openai/v1/moderations", None, None),
        ("/openai/v1/fine_tuning/jobs", None, None),
        ("/openai/v1/responses/resp_1", None, None),
        ("/openai/v1/responses/resp_1/cancel", None, None),
        ("/openai/v1/chat/completions/chatcmpl-1", None, None),
        ("/openai/v1/threads/thread_1/messages", None, None),
        ("/openai/v1/conversations/conv_1/items", None, None),
        ("/anthropic/v1/messages", "chat", None),
        ("/anthropic/v1/messages/count_tokens", "count_tokens", None),
        ("/anthropic/v1/messages/batches", None, None),
        ("/anthropic/v1/messages/batches/msgbatch_1/cancel", None, None),
        ("/anthropic/v1/complete", "text_completion", None),
        ("/anthropic/api/event_logging/batch", None, None),
        ("/azure/openai/deployments/my-4o/chat/completions", "chat", "my-4o"),
        ("/azure/openai/deployments/my%204o/embeddings", "embeddings", "my 4o"),
        ("/azure/openai/v1/chat/completions", "chat", None),
        ("/azure/openai/v1/responses", "chat", None),
        ("/azure/anthropic/v1/messages", "chat", None),
        ("/ollama/api/chat", "chat", None),
        ("/ollama/api/generate", "text_completion", None),
        ("/ollama/api/embed", "embeddings", None),
        ("/ollama/api/embeddings", "embeddings", None),
        ("/ollama/v1/chat/completions", "chat", None),
        ("/ollama/v1/completions", "text_completion", None),
        ("/ollama/v1/embeddings", "embeddings", None),
        ("/ollama/api/show", None, None),
        ("/ollama/api/pull", None, None),
        ("/together/v1/chat/completions", "chat", None),
        ("/together/chat/completions", "chat", None),
        ("/together/anthropic/v1/messages", "chat", None),
        ("/together/v1/rerank", "rerank", None),
    ],
)
def test_a_path_names_provider_and_operation(
    path: str, operation: str | None, deployment: str | None
) -> None:
    target = routes().resolve(path)
    assert target is not None
    assert (target.provider, target.operation, target.deployment) == (
        path.split("/")[1],
        operation,
        deployment,
    )


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "PATCH"])
@pytest.mark.parametrize(
    "path", ["/openai/v1/chat/completions", "/anthropic/v1/messages", "/openai/v1/responses"]
)
def test_only_a_post_calls_a_model(path: str, method: str) -> None:
    target = routes().resolve(path, method)
    assert target is not None
    assert target.operation is None


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
        ("litellm_providers", '[{"name": "a", "url": "https://x"}, {"name": "a", "url": "https://y"}]'),
        ("litellm_providers", '[{"name": "openai", "url": "https://x"}]'),
        ("litellm_providers", '[{"name": "a", "url": "https://x", "key": "secret-key"}]'),
        ("litellm_providers", '[{"name": "a", "url": "https://x y"}]'),
        ("litellm_providers", '[{"name": "a", "url": "https://x/../y"}]'),
        ("litellm_providers", '[{"name": "a", "url": "https://x\\u0000"}]'),
        ("openai_base_url", "http://169.254.169.254./"),
        ("openai_base_url", "http://[64:ff9b::a9fe:a9fe]/"),
    ],
)
def test_a_wrong_address_is_told_in_one_line_without_its_value(field: str, value: str) -> None:
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(SettingError) as caught:
        Routes(LlmSettings(**wrong))
    assert "is wrong" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret-key" not in str(caught.value)
