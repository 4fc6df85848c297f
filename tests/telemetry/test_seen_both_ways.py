"""One call as the proxy, a span and Claude Code's log tell it: each part's own record, folded together."""

from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collectors.llm_collector.calls import Arrival, Outcome, arrival_of, call_of
from collectors.llm_collector.reading import Reading
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Target
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.spans import SpanReader
from schema.messages import Call, CallRecord
from tests.aggregator.records import AT, Log, live_fold, mark, play
from tests.telemetry.requests import AT_MS, TRACE, batch, calls, chat, logs, record, source, span

BODY = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}'
CLAUDE_BODY = b'{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}'
RESPONSE = "chatcmpl-AdWkbLSz8Y8R0dSn"
POST = {"http.request.method": "POST"}
REQUEST = "req_011CSHoEeqs5C35K2UUqR7Fy"


def proxied(headers: dict[str, str], body: bytes = BODY, provider: str = "openai", **told: Any) -> Call:
    """What the proxy records of a call that was answered."""
    target = Target(provider, "http://upstream/v1/chat/completions", "chat", None)
    arrival = arrival_of("call-of-the-proxy", AT, target, headers, asked_of(body))
    assert isinstance(arrival, Arrival)
    return call_of(arrival, Outcome(1200.0, 200, None, REQUEST), Reading(completion_tokens=100, **told))


def traceparent(number: int) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}-{number:016x}-01"}


def folded(*records: Call) -> dict[str, Any]:
    log = Log()
    for number, one in enumerate(records):
        log.add(100 + number, CallRecord(call=one))
    log.add(2_500, mark())
    (document,) = play(live_fold(), log.messages).documents()
    usage: dict[str, Any] = document["llm_usage"]
    return usage


@pytest.mark.parametrize(
    ("proxy", "spans"),
    [
        (proxied({}, response_id=RESPONSE, input_tokens=1000), [chat(2, gen_ai__response__id=RESPONSE)]),
        (proxied(traceparent(2), input_tokens=1000), [chat(2)]),
        (proxied(traceparent(3), input_tokens=1000), [span(3, POST, parent=2), chat(2)]),
        (
            proxied({}, response_id=RESPONSE, input_tokens=1000, provider="together"),
            [chat(2, parent=1, gen_ai__response__id=RESPONSE), chat(1, gen_ai__provider__name="langchain")],
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("span_first", [False, True])
def test_a_call_through_the_proxy_with_a_span_counts_once(
    proxy: Call, spans: list[Any], span_first: bool
) -> None:
    told = [proxy, *calls(batch(*spans))]
    usage = folded(*(told[::-1] if span_first else told))
    assert (usage["calls"], usage["prompt_tokens"], usage["completion_tokens"]) == (1, 1000, 100)
    # 1000 × 2.50 + 100 × 10.00 dollars a million, whoever told it.
    assert usage["cost_usd"] == pytest.approx(0.0035, abs=0)
    ((agent, calls_of_agent),) = [(one["agent_id"], one["calls"]) for one in usage["by_agent"]]
    assert (agent, calls_of_agent) == ("research-agent", 1)


def read_apart(*batches: ExportTraceServiceRequest) -> list[Call]:
    """The calls of batches that one collector reads after another."""
    reader = SpanReader(Environments("default", 3))
    found = [reader.read(source(one.SerializeToString())) for one in batches]
    return [one.record.call for read in found for one in read.taken if isinstance(one.record, CallRecord)]


def test_a_streamed_call_counts_once_though_its_request_ended_and_was_exported_seconds_before() -> None:
    # Ollama's own API tells no id: the trace alone says that it is one call.
    proxy = proxied(traceparent(3), provider="ollama", input_tokens=1000)
    told = read_apart(batch(span(3, POST, parent=2)), batch(chat(2, gen_ai__provider__name="ollama")))
    for records in ((proxy, *told), (*told, proxy)):
        assert folded(*records)["calls"] == 1


def test_claude_code_through_the_proxy_counts_once_with_its_spans_and_its_log() -> None:
    told = {
        "model": "claude-sonnet-4-5", "input_tokens": 12, "output_tokens": 100, "cache_read_tokens": 20000,
        "cache_creation_tokens": 0, "request_id": REQUEST, "duration_ms": 1200, "prompt.id": "p-1",
    }  # fmt: skip
    (log_told,) = calls(logs(record("api_request", told, at_ms=AT_MS)))
    (span_told,) = calls(batch(span(7, {**told, "span.type": "llm_request", "gen_ai.system": "anthropic"})))
    proxy = proxied({}, CLAUDE_BODY, "anthropic", input_tokens=20012, cached_tokens=20000)
    for records in ((proxy, log_told, span_told), (span_told, log_told, proxy), (log_told, proxy, span_told)):
        usage = folded(*records)
        assert (usage["calls"], usage["prompt_tokens"], usage["unpriced_calls"]) == (1, 20012, 0)
        # 12 × 3 + 20000 × 0.30 + 100 × 15 dollars a million.
        assert Decimal(str(usage["cost_usd"])) == Decimal("0.007536")
