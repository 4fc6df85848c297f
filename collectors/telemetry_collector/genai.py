"""One span of a model call → a call, by OpenTelemetry's semantic conventions v1.41.1 for GenAI. Pure.

Older names of the conventions are read too, and those of OpenInference (`llm.*`), Traceloop's OpenLLMetry and
Claude Code's own spans. Prompts and answers among the attributes are not looked at.
"""

import hashlib
import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collectors.telemetry_collector import openinference
from collectors.telemetry_collector.attributes import Attributes, amount, name
from collectors.telemetry_collector.counts import Counts, counts_of
from collectors.telemetry_collector.ends import end_of
from collectors.telemetry_collector.ids import ids_of, span_id_of
from collectors.telemetry_collector.resources import Agent
from collectors.telemetry_collector.times import duration_ms, moment
from runtime.price_sellers import seller_of
from runtime.pricing import Priced, price_call
from schema.errors import InvalidMessage
from schema.messages import Call

OPERATIONS = {
    "chat": "chat", "text_completion": "text_completion", "embeddings": "embeddings",
    "generate_content": "generate_content",
    # Names before v1.37, and those of others:
    "completion": "text_completion", "embedding": "embeddings", "message": "chat", "messages": "chat",
    "response": "chat", "responses": "chat", "llm": "chat", "llm_request": "chat",
}  # fmt: skip
"""Operations that ask a model; agents, tools and workflows are no calls, though they repeat the sums."""
_OPERATION = ("gen_ai.operation.name", "llm.request.type", "openinference.span.kind", "span.type")
_MODEL = ("gen_ai.request.model", "llm.request.model", "llm.model_name", "embedding.model_name", "model")
_ANSWERED = ("gen_ai.response.model", "llm.response.model", "llm.model_name")
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor")
_FINISH = (
    "gen_ai.response.finish_reasons", "gen_ai.completion.0.finish_reason", "llm.finish_reason",
    "anthropic.message.stop_reason", "stop_reason",
)  # fmt: skip
_STREAMING = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
_TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")

_HOSTS = {
    ".openai.azure.com": "azure", ".cognitiveservices.azure.com": "azure", "api.groq.com": "groq",
    "openrouter.ai": "openrouter", "api.together.xyz": "together", "api.together.ai": "together",
    "api.deepseek.com": "deepseek", "api.mistral.ai": "mistral", "api.x.ai": "x-ai",
    "api.perplexity.ai": "perplexity", "api.fireworks.ai": "fireworks", "api.cerebras.ai": "cerebras",
}  # fmt: skip
"""Providers that speak OpenAI's API, so that an instrumentation of OpenAI's library takes them for it."""
_OLLAMA_PORT = 11434
_BASE = re.compile(r"https?://([^/:@]+)(?::([0-9]{1,5}))?(?:/|$)", re.IGNORECASE | re.ASCII)
_FRAMEWORKS = frozenset(
    {"unknown", "langchain", "llamaindex", "llama_index", "crewai", "haystack", "strands-agents"}
)
"""What stands for the provider where only a framework is known: the model's name may tell its maker."""
_MAKERS = {
    "gpt-": "openai", "o1": "openai", "o3": "openai", "o4": "openai", "text-embedding-": "openai",
    "claude-": "anthropic", "gemini-": "google", "anthropic.": "aws", "us.anthropic.": "aws",
    "eu.anthropic.": "aws", "amazon.nova-": "aws", "us.amazon.nova-": "aws",
}  # fmt: skip
"""Of closed models alone: open weights (`mistral-7b`, `deepseek-r1`, `gpt-oss-20b`) may run anywhere."""
_OPEN_WEIGHTS = "gpt-oss"


def operation_of(attributes: Attributes, kind: int) -> str | None:
    """Give the operation of a span that asks a model, or None for any other span."""
    told = name(attributes, *_OPERATION)
    if told is not None:
        return OPERATIONS.get(told.lower())
    # Before v1.26 no operation was told: a client's span that names system and model is a call.
    known = name(attributes, "gen_ai.request.model") and name(attributes, *_PROVIDER)
    return "chat" if kind == Span.SPAN_KIND_CLIENT and known else None


def model_of(attributes: Attributes) -> str | None:
    """Give the model that was asked for, or where only that is told, the one that answered."""
    asked = name(attributes, *_MODEL[:2]) or openinference.asked_model(attributes)
    return asked or name(attributes, *_MODEL) or name(attributes, *_ANSWERED)


def provider_of(attributes: Attributes) -> str:
    """Give the provider as price lists and the proxy name it."""
    told = seller_of(name(attributes, *_PROVIDER) or "unknown")
    if told in _FRAMEWORKS:
        model = model_of(attributes) or ""
        if not model.startswith(_OPEN_WEIGHTS):
            told = next((maker for start, maker in _MAKERS.items() if model.startswith(start)), told)
    if told != "openai":
        return told
    base = _BASE.match(name(attributes, "gen_ai.openai.api_base") or "")
    host, port = base.groups() if base else ("", "")
    address = (name(attributes, "server.address", "net.peer.name") or host).lower()
    for known, provider in _HOSTS.items():
        if address.endswith(known):
            return provider
    return "ollama" if _OLLAMA_PORT in (attributes.get("server.port"), int(port or 0)) else told


def call_of(
    span: Span, attributes: Attributes, agent: Agent, operation: str, request: bytes | None, at_ms: int
) -> Call:
    """Make the record of a span's call, priced when its price is known; `request` is its HTTP request's span.

    Raises InvalidMessage.
    """
    trace_id, span_id = ids_of(span)
    started_at = moment(span.start_time_unix_nano, at_ms)
    model, answered = model_of(attributes), name(attributes, *_ANSWERED)
    if model is None:
        raise InvalidMessage("wrong_shape", "the span names no model")
    provider, counts, end = provider_of(attributes), counts_of(attributes), end_of(span, attributes)
    tier = name(attributes, *_TIER)
    priced = price_of(provider, (model, answered), started_at, counts, tier) if end.status == "ok" else None
    return call(
        call_id=hashlib.sha256(f"{trace_id} {span_id}".encode()).hexdigest()[:32],
        provider=provider,
        model=model,
        started_at=started_at,
        seen_by="span",
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=span_id_of(span.parent_span_id),
        request_span_id=span_id_of(request) if request else None,
        operation=operation,
        response_model=answered,
        response_id=name(attributes, "gen_ai.response.id") or openinference.response_id(attributes),
        request_id=name(attributes, "request_id"),
        finish_reason=name(attributes, *_FINISH),
        service_tier=tier,
        streaming=any(attributes.get(one) is True for one in _STREAMING),
        latency_ms=duration_ms(span.start_time_unix_nano, span.end_time_unix_nano),
        time_to_first_token_ms=_first_token_ms(attributes),
        **asdict(agent),
        **asdict(end),
        **counts._asdict(),
        **(priced._asdict() if priced else {}),
    )


def call(**fields: Any) -> Call:
    """Make a call of the fields that are known."""
    return Call(**{field: value for field, value in fields.items() if value is not None})


def price_of(
    provider: str, models: tuple[str, str | None], at: datetime, counts: Counts, tier: str | None
) -> Priced | None:
    """Price a call by the model that was asked for and the one that answered, where it tells its tokens."""
    return price_call(provider, models, at, counts.priced(), tier)


def _first_token_ms(attributes: Attributes) -> float | None:
    seconds = amount(attributes, "gen_ai.response.time_to_first_chunk")
    return round(seconds * 1000, 3) if seconds is not None else amount(attributes, "ttft_ms")
