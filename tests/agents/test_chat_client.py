"""The chat client against the demo server and upstreams that misbehave."""

import threading
from typing import Any

import pytest

from agents.base.errors import ModelRefused, ModelUnavailable, QuotaExhausted, RateLimited
from agents.base.identity import Identity
from agents.base.llm import ChatClient
from agents.base.settings import AgentSettings
from agents.base.telemetry import context_of
from cli.demo.model_server import DemoServer
from cli.stack.server import free_port
from tests.llm.servers import answering, serving

WHO = Identity("writer-agent-1", "Writer ä", "writer-agent")
CHAT: list[dict[str, Any]] = [{"role": "user", "content": "Say something."}]
JSON = [("content-type", "application/json")]


def client(url: str, waits: list[float] | None = None, **settings: Any) -> ChatClient:
    kept = [] if waits is None else waits
    options = AgentSettings(llm_base_url=f"{url}/v1", openai_api_key="sk-test", **settings)
    return ChatClient(options, WHO, threading.Event(), lambda seconds, _reason: kept.append(seconds))


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_has_text_and_tokens(stream: bool) -> None:
    with serving(DemoServer(60, 30_000, 0)) as demo:
        answer = client(demo).ask(CHAT, model="gpt-4o", stream=stream, context=context_of("t-1"))
    assert answer.text.endswith(".")
    assert (answer.model, answer.finish_reason) == ("gpt-4o", "stop")
    assert answer.prompt_tokens
    assert answer.completion_tokens


def test_a_call_carries_key_labels_and_trace() -> None:
    seen: list[dict[str, Any]] = []
    context = context_of("t-1\x1b\x00\r\n")
    with serving(answering(200, JSON, [b'{"choices": []}'], seen)) as upstream:
        client(upstream).ask(CHAT, context=context)
    headers = {name.decode(): value.decode() for name, value in seen[0]["headers"]}
    assert headers["authorization"] == "Bearer sk-test"
    assert headers["x-oracle-agent"] == "writer-agent-1"
    assert headers["x-oracle-agent-name"] == "Writer ?"
    assert headers["x-oracle-task"] == "t-1????"
    assert headers["traceparent"] == context.traceparent


def test_a_rate_limit_is_waited_out_as_the_provider_says() -> None:
    waits: list[float] = []
    app = answering(429, [*JSON, ("retry-after", "0.01")], [b'{"error": {"code": "rate_limit_exceeded"}}'])
    with serving(app) as upstream, pytest.raises(RateLimited):
        client(upstream, waits).ask(CHAT)
    assert len(waits) == 3
    assert all(wait >= 0.01 for wait in waits)


def test_a_wait_that_is_too_long_is_not_waited() -> None:
    waits: list[float] = []
    with (
        serving(answering(429, [*JSON, ("retry-after", "3600")], [b"{}"])) as one,
        pytest.raises(RateLimited),
    ):
        client(one, waits).ask(CHAT)
    assert waits == []


@pytest.mark.parametrize(
    ("status", "body", "error", "category"),
    [
        (429, b'{"error": {"code": "insufficient_quota"}}', QuotaExhausted, "quota"),
        (
            401,
            b'{"error": {"message": "sk-test is wrong", "code": "invalid_api_key"}}',
            ModelRefused,
            "authentication",
        ),
        (400, b'{"error": {"code": "context_length_exceeded"}}', ModelRefused, "context_length"),
        (404, b"<html>", ModelRefused, "unknown"),
    ],
)
def test_a_refusal_is_told_by_its_category_and_not_retried(
    status: int, body: bytes, error: type[Exception], category: str
) -> None:
    seen: list[dict[str, Any]] = []
    with serving(answering(status, JSON, [body], seen)) as upstream, pytest.raises(error) as caught:
        client(upstream).ask(CHAT)
    assert len(seen) == 1
    assert caught.value.category == category  # type: ignore[attr-defined] # each of the table's errors has it
    assert "sk-test" not in str(caught.value)


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: nope\n\n"],
        [b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'],
        [b'data: {"error": {}}\n\n'],
        [],
    ],
)
def test_a_stream_that_breaks_off_is_no_answer(chunks: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.base.llm.ATTEMPTS", 1)
    app = answering(200, [("content-type", "text/event-stream")], chunks)
    with serving(app) as upstream, pytest.raises(ModelUnavailable):
        client(upstream).ask(CHAT, stream=True)


def test_nobody_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.base.llm.ATTEMPTS", 1)
    with pytest.raises(ModelUnavailable):
        client(f"http://127.0.0.1:{free_port()}").ask(CHAT)
