"""OpenTelemetry's own SDK over HTTP to the API, and through Kafka to the log; and the way past the API."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from cli.stack.server import KafkaServer
from runtime.kafka import TopicPartition, headers_of, open_consumer
from schema.messages import CallRecord, LogRecord
from schema.topics import OTLP_LOGS, OTLP_METRICS, OTLP_SPANS
from tests.collectors.telemetry_bench import Bench, Running, end_of
from tests.telemetry.requests import batch, chat, logs, record

pytestmark = pytest.mark.broker
SECONDS = 40
KEY = "a-key-of-the-test"


def calls_in_log(bench: Bench, count: int) -> list[tuple[str, CallRecord]]:
    """Give the next calls of the bench's environment in the log, each with its origin."""
    found: list[tuple[str, CallRecord]] = []
    deadline = time.monotonic() + SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} calls"
        for message in bench.log.consume(100, 0.1):
            headers = dict(headers_of(message))
            if headers.get("environment") == bench.environment.encode():
                told = msgspec.json.decode(message.value() or b"", type=LogRecord)
                found += [(headers["origin"].decode(), told)] if isinstance(told, CallRecord) else []
    return found


@pytest.fixture
def bench(broker: KafkaServer) -> Iterator[Bench]:
    bench = Bench(broker)
    skipping = open_consumer(bench.settings, bench.group)
    places = [
        TopicPartition(topic, number, end_of(skipping, topic, number))
        for topic in (OTLP_SPANS, OTLP_LOGS)
        for number in range(bench.topics.log_partitions)
    ]
    skipping.commit(offsets=places, asynchronous=False)
    skipping.close()
    yield bench
    bench.close()


@pytest.fixture
def api(bench: Bench) -> Iterator[str]:
    """The API as a process of its own, with a key of the bench's environment; it needs no store for this."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": bench.settings.kafka_bootstrap_servers,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "API_PORT": str(port),
        "ORACLE_API_KEYS": f"{bench.environment}={KEY}",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "api.main"], env={**os.environ, **settings}, cwd=tempfile.gettempdir()
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + SECONDS
        while not answers(address):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        assert process.wait(20) == 0


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1):
            return True
    except OSError:
        return False


RESOURCE = Resource.create({"service.name": "research-agent", "k8s.pod.name": "research-agent-7f8d9"})
TOLD: dict[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.id": "chatcmpl-AdWkbLSz8Y8R0dSn", "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 80, "gen_ai.usage.cache_read.input_tokens": 1024,
    "gen_ai.response.finish_reasons": ["stop"], "task.id": "task-1",
}  # fmt: skip


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_a_span_of_the_sdk_is_a_call_in_the_log(bench: Bench, api: str, compression: Compression) -> None:
    exporter = OTLPSpanExporter(
        f"{api}/v1/traces", headers={"authorization": f"Bearer {KEY}"}, compression=compression
    )
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with Running(bench):
        with tracer.start_as_current_span(
            "invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent"}
        ):
            with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=TOLD) as span:
                context = span.get_span_context()
            with tracer.start_as_current_span("tool", attributes={"gen_ai.operation.name": "execute_tool"}):
                pass
        assert provider.force_flush()
        ((origin, told),) = calls_in_log(bench, 1)
    provider.shutdown()
    assert (told.call.trace_id, told.call.span_id) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert (told.call.seen_by, told.call.provider, told.call.model) == ("span", "openai", "gpt-4o")
    assert (told.call.agent_id, told.call.agent_name) == ("research-agent-7f8d9", "research-agent")
    assert (told.call.task_id, told.call.prompt_tokens) == ("task-1", 1200)
    assert told.call.cost_usd == Decimal("0.00252")
    assert origin.split(":")[0] == bench.topics.ids[OTLP_SPANS]
    assert origin.split(":")[3] == "0", "the inner span ends first"


def test_logs_and_metrics_of_the_sdk_are_taken(bench: Bench, api: str) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    provider = LoggerProvider(resource=Resource.create({"service.name": "claude-code"}))
    provider.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(f"{api}/v1/logs", headers=headers))
    )
    told: dict[str, Any] = {
        "event.name": "api_request", "session.id": "f81d4fae", "event.sequence": 1, "input_tokens": 12,
        "output_tokens": 340, "cache_read_tokens": 20000, "cache_creation_tokens": 1500, "duration_ms": 2500,
        "model": "claude-sonnet-4-5-20250929", "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
    }  # fmt: skip
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{api}/v1/metrics", headers=headers))
    meters = MeterProvider([reader], resource=RESOURCE)
    with Running(bench):
        provider.get_logger("com.anthropic.claude_code.events").emit(
            timestamp=time.time_ns(), body="claude_code.api_request", attributes=told
        )
        assert provider.force_flush()
        ((origin, record),) = calls_in_log(bench, 1)
        meters.get_meter("test").create_counter("calls").add(1)
        assert meters.force_flush()
    provider.shutdown()
    meters.shutdown()
    assert (record.call.seen_by, record.call.prompt_tokens) == ("log", 21512)
    assert origin.split(":")[0] == bench.topics.ids[OTLP_LOGS]
    consumer = open_consumer(bench.settings, f"oracle-test-{bench.environment}")
    ends = [end_of(consumer, OTLP_METRICS, number) for number in range(bench.topics.log_partitions)]
    consumer.close()
    assert sum(ends) > 0


def test_what_the_collectors_kafka_exporter_writes_is_read_in_order_and_poison_is_put_aside(
    bench: Bench,
) -> None:
    header = [("environment", bench.environment.encode())]
    first = batch(chat(1), chat(2), chat(3, gen_ai__usage__input_tokens=-1), chat(4))
    claude = record("api_request", {"model": "claude-sonnet-4-5", "input_tokens": 1, "output_tokens": 1})
    claude.time_unix_nano = time.time_ns()
    with Running(bench):
        for value in (first.SerializeToString(), b"\x0a\xff\xff", batch(chat(5)).SerializeToString()):
            bench.producer.publish(OTLP_SPANS, value, partition=1, headers=header)  # type: ignore[arg-type]
        bench.producer.publish(OTLP_LOGS, logs(claude).SerializeToString(), partition=1, headers=header)  # type: ignore[arg-type]
        assert bench.producer.flush() == 0
        found = calls_in_log(bench, 5)
        (rejected,) = bench.rejects(1)
    by_topic = [origin.split(":") for origin, _ in found]
    spans = [
        (int(offset), int(index))
        for topic, _, offset, index in by_topic
        if topic == bench.topics.ids[OTLP_SPANS]
    ]
    start = spans[0][0]
    assert spans == [(start, 0), (start, 1), (start, 3), (start + 2, 0)]
    assert (rejected.reason, rejected.topic, rejected.offset) == ("not_protobuf", OTLP_SPANS, start + 1)


def test_after_a_stop_nothing_of_the_intake_is_read_again(bench: Bench) -> None:
    header = [("environment", bench.environment.encode())]
    for number in (1, 2):
        with Running(bench):
            bench.producer.publish(
                OTLP_SPANS,
                batch(chat(number)).SerializeToString(),
                partition=0,
                headers=header,  # type: ignore[arg-type]
            )
            ((_, told),) = calls_in_log(bench, 1)
        assert told.call.span_id == f"{number:016x}"
