"""Spans into calls: attribute sets as instrumentations write them, and what each comes to."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from runtime.metrics import TELEMETRY_SKIPPED
from schema.messages import Call
from schema.wire import encode
from tests.telemetry.instrumentations import (
    ANTHROPICS_OWN,
    BEDROCK_MODEL,
    CLAUDE_CODE_SPAN,
    GOOGLE,
    GROQ_BY_OPENAIS_LIBRARY,
    LANGCHAIN,
    OLLAMA_BY_OPENAIS_LIBRARY,
    OPENAI_OLD,
    OPENAI_V2,
    OPENINFERENCE,
    OPENINFERENCE_EMBEDDING,
    PYDANTIC_AI,
    STRANDS_BEDROCK,
    TRACELOOP_ANTHROPIC,
    TRACELOOP_NOW,
    TRACELOOP_OPENAI,
)
from tests.telemetry.requests import TRACE, batch, calls, chat, read, span

FIELDS = (
    "provider", "model", "response_model", "operation", "prompt_tokens", "completion_tokens",
    "cached_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (OPENAI_V2, ("openai", "gpt-4o", "gpt-4o-2024-08-06", "chat", 1200, 80, 1024, None, None)),
        (OPENAI_OLD, ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "chat", 9, 3, None, None, None)),
        (TRACELOOP_OPENAI, ("openai", "gpt-4o", "gpt-4o-2024-08-06", "chat", 20, 30, 0, None, None)),
        (
            TRACELOOP_ANTHROPIC,
            ("anthropic", "claude-sonnet-4-5-20250929", None, "text_completion", 1167, 220, 1163, 0, None),
        ),
        (OPENINFERENCE, ("azure", "gpt-4o", "gpt-4o-2024-08-06", "chat", 500, 60, 128, None, 40)),
        (
            OPENINFERENCE_EMBEDDING,
            ("openai", "text-embedding-3-small", None, "embeddings", 8, None, None, None, None),
        ),
        (
            STRANDS_BEDROCK,
            ("aws", BEDROCK_MODEL, None, "chat", 2010, 50, 1500, 500, None),
        ),
        (
            PYDANTIC_AI,
            ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "chat", 900, 70, 400, 100, None),
        ),
        (TRACELOOP_NOW, ("groq", "gpt-4o", None, "chat", 1200, 80, 1024, None, 20)),
        (ANTHROPICS_OWN, ("anthropic", "claude-sonnet-4-5", None, "chat", 21512, 340, 20000, 1500, None)),
        (GOOGLE, ("google", "gemini-2.5-flash", None, "generate_content", 100, 320, None, None, 300)),
        (CLAUDE_CODE_SPAN, ("anthropic", "claude-opus-4-5", None, "chat", 91660, 1200, 84562, 7096, None)),
        (OLLAMA_BY_OPENAIS_LIBRARY, ("ollama", "llama3.2", None, "chat", 5, 6, None, None, None)),
        (
            GROQ_BY_OPENAIS_LIBRARY,
            ("groq", "llama-3.3-70b", "gpt-4o-mini-2024-07-18", "chat", 9, 3, None, None, None),
        ),
        (LANGCHAIN, ("anthropic", "claude-sonnet-4-5", None, "chat", 12, 4, None, None, None)),
    ],
)  # fmt: skip
def test_each_instrumentations_span_is_one_call(
    attributes: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    (call,) = calls(batch(span(1, attributes)))
    assert tuple(getattr(call, name) for name in FIELDS) == tuple(
        UNSET if value is None else value for value in expected
    )
    assert (call.status, call.seen_by, call.latency_ms) == ("ok", "span", 1200.0)
    # What the collector makes must pass the aggregator's decoder, and hold no prompt.
    assert msgspec.json.decode(encode(call), type=Call) == call
    assert b"secret" not in encode(call)
    assert b"a prompt" not in encode(call)


def test_openinference_tells_ids_and_after_an_error_the_model_inside_of_texts() -> None:
    (call,) = calls(batch(span(1, OPENINFERENCE)))
    assert call.response_id == "chatcmpl-AdWkbLSz8Y8R0dSn"
    failed = {"openinference.span.kind": "LLM", "llm.system": "openai", "output.value": "{no json"}
    asked = {"llm.invocation_parameters": '{"model": "gpt-4o"}'}
    (call,) = calls(batch(span(1, {**failed, **asked}, failed=True, exception="openai.RateLimitError")))
    assert (call.model, call.status, call.response_id) == ("gpt-4o", "rate_limited", UNSET)


def test_a_call_is_told_whole() -> None:
    more = {"gen_ai.response.time_to_first_chunk": 0.25, "gen_ai.request.stream": True, "task.id": "task-1"}
    (call,) = calls(batch(span(2, {**OPENAI_V2, **more}, parent=1)))
    assert call.started_at == datetime(2026, 2, 6, 14, 32, 6, 482_000, tzinfo=UTC)
    assert (call.trace_id, call.span_id, call.parent_span_id) == (TRACE, f"{2:016x}", f"{1:016x}")
    assert (call.agent_id, call.agent_name, call.task_id) == (
        "research-agent-7f8d9", "research-agent", "task-1",
    )  # fmt: skip
    assert (call.response_id, call.finish_reason, call.streaming) == (
        "chatcmpl-AdWkbLSz8Y8R0dSn",
        "stop",
        True,
    )
    assert (call.time_to_first_token_ms, call.service_tier) == (250.0, "default")
    # 176 × 2.50 + 1024 × 1.25 + 80 × 10.00 dollars a million.
    assert call.cost_usd == Decimal("0.00252")
    assert str(call.price_source).startswith("genai-prices ")


@pytest.mark.parametrize(
    ("resource", "own", "agent_id", "agent_name"),
    [
        ({"service.name": "a", "service.instance.id": "i", "k8s.pod.name": "a-1"}, {}, "a-1", "a"),
        ({"service.name": "a", "service.instance.id": "i"}, {}, "i", "a"),
        ({"service.name": "unknown_service:python", "service.instance.id": "i"}, {}, "i", UNSET),
        ({"service.name": "a", "k8s.pod.name": "a-1"}, {"gen_ai.agent.name": "Planner"}, UNSET, "Planner"),
        ({"service.name": "a"}, {"gen_ai.agent.id": "asst_1"}, UNSET, "asst_1"),
        ({"telemetry.sdk.name": "opentelemetry"}, {}, UNSET, UNSET),
    ],
)
def test_a_call_belongs_to_the_agent_that_it_names_else_to_the_service(
    resource: dict[str, str], own: dict[str, str], agent_id: object, agent_name: object
) -> None:
    (call,) = calls(batch(chat(1, own), resource=resource))
    assert (call.agent_id, call.agent_name) == (agent_id, agent_name)


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "web_search"},
        {"gen_ai.operation.name": "invoke_workflow", "gen_ai.usage.input_tokens": 9},
        {"gen_ai.operation.name": "retrieval", "gen_ai.request.model": "m"},
        {"openinference.span.kind": "AGENT", "llm.token_count.prompt": 9, "llm.model_name": "m"},
        {"http.request.method": "POST", "server.address": "api.openai.com"},
        {},
    ],
)  # fmt: skip
def test_a_span_that_asks_no_model_is_no_call(attributes: dict[str, Any]) -> None:
    before = TELEMETRY_SKIPPED.labels("no_call")._value.get()
    assert calls(batch(span(1, attributes))) == []
    assert TELEMETRY_SKIPPED.labels("no_call")._value.get() == before + 1


def test_without_an_operation_a_clients_span_of_system_and_model_is_a_chat() -> None:
    told = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}
    assert [call.operation for call in calls(batch(span(1, told)))] == ["chat"]
    assert calls(batch(span(1, told, kind=Span.SPAN_KIND_INTERNAL))) == []


@pytest.mark.parametrize(
    ("made", "status", "http_status", "error_type"),
    [
        (chat(failed=True, error__type="RateLimitError"), "rate_limited", UNSET, "RateLimitError"),
        (chat(failed=True, error__type="429"), "rate_limited", 429, "429"),
        (chat(failed=True, error__type="500"), "error", 500, "500"),
        (chat(error__type="timeout"), "error", UNSET, "timeout"),
        (chat(failed=True, exception="openai.APITimeoutError"), "error", UNSET, "openai.APITimeoutError"),
        (chat(failed=True, exception="asyncio.CancelledError"), "cancelled", UNSET, "asyncio.CancelledError"),
        (chat(failed=True, http__response__status_code=529), "error", 529, "unknown"),
        (chat(http__response__status_code=200), "ok", 200, UNSET),
    ],
)
def test_how_a_call_ended(made: Span, status: str, http_status: object, error_type: object) -> None:
    (call,) = calls(batch(made))
    assert (call.status, call.http_status, call.error_type) == (status, http_status, error_type)
    assert (call.cost_usd is not UNSET) == (status == "ok")


def test_a_frameworks_span_around_the_librarys_counts_once_whatever_lies_between() -> None:
    request = batch(
        span(1, {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o"}),
        chat(2, parent=1, gen_ai__provider__name="langchain"),
        span(3, {"http.request.method": "POST"}, parent=2),
        chat(4, parent=3),
        chat(5, parent=1),
        chat(6, parent=5, gen_ai__request__model="gpt-4o-mini"),
    )
    found = read(request)
    assert [one.index for one in found.taken] == [3, 4, 5]
    assert found.refused is None


def test_the_last_request_in_a_call_is_told_for_the_proxy_knows_it_as_its_parent() -> None:
    post = {"http.request.method": "POST"}
    retried = batch(
        span(3, post, parent=2), span(4, post, parent=2), chat(2, parent=1), span(5, post, parent=1)
    )
    assert [call.request_span_id for call in calls(retried)] == [f"{4:016x}"]
    between = span(3, parent=2, kind=Span.SPAN_KIND_INTERNAL)
    assert [call.request_span_id for call in calls(batch(span(4, post, parent=3), between, chat(2)))] == [
        f"{4:016x}"
    ]
    in_a_tool = span(3, {"gen_ai.operation.name": "execute_tool"}, parent=2)
    assert [call.request_span_id for call in calls(batch(span(4, post, parent=3), in_a_tool, chat(2)))] == [
        UNSET
    ]


def test_a_call_inside_of_a_tool_is_another_call() -> None:
    tool = span(2, {"gen_ai.operation.name": "execute_tool"}, parent=1)
    assert len(calls(batch(chat(1), tool, chat(3, parent=2)))) == 2


def test_spans_that_are_each_others_parents_end() -> None:
    assert calls(batch(chat(1, parent=2), chat(2, parent=1))) == []
    http = {"http.request.method": "GET"}
    assert len(calls(batch(chat(3, parent=1), span(1, http, parent=2), span(2, http, parent=1)))) == 1
