"""OTLP over HTTP: what is taken, what is refused and how, and that it reaches the intake unchanged."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from litestar.testing import TestClient
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from api.app import create_app
from api.live import Live
from api.otlp_body import MAX_BODY_BYTES
from api.otlp_intake import OtlpIntake
from api.settings import ApiSettings
from runtime.kafka import Headers
from schema.errors import QueueFull
from tests.api.fakes import FakeStore, snapshot
from tests.telemetry.requests import batch, chat, logs, record

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}
SPAN = {"traceId": "5B8EFFF798038103D269B633813FC60C", "kind": 2}
TRACES = batch(chat()).SerializeToString()


class FakeBroker:
    """A producer that keeps what is published, and acknowledges it from a thread of its own, or not."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, Headers]] = []
        self.keys: list[str | None] = []
        self.away = self.full = self.silent = False

    def publish(
        self,
        topic: str,
        value: bytes,
        *,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        if self.full:
            raise QueueFull("full")
        self.published.append((topic, value, headers or []))
        self.keys.append(key)
        if delivered and not self.silent:
            threading.Thread(target=delivered).start()

    def undelivered_since(self) -> datetime | None:
        return datetime(2026, 2, 6, tzinfo=UTC) if self.away else None


def serve(broker: FakeBroker, *keys: str) -> TestClient[Any]:
    settings = ApiSettings(oracle_api_keys=keys)
    store = FakeStore(snapshot())
    app = create_app(settings, store, Live(store, "default"), intake=OtlpIntake(broker))
    return TestClient(app, base_url="http://localhost:8080")


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def client(broker: FakeBroker) -> Iterator[TestClient[Any]]:
    with serve(broker) as client:
        yield client


def message_of(status: bytes) -> str:
    """Read a `google.rpc.Status` that has field 2 only, by hand."""
    assert status[0] == 0x12
    length, place, shift = 0, 1, 0
    while True:
        length |= (status[place] & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if not status[place - 1] & 0x80:
            break
    assert len(status) == place + length
    return status[place:].decode()


@pytest.mark.parametrize(
    ("path", "topic", "body"),
    [
        ("/v1/traces", "otlp_spans", TRACES),
        ("/v1/logs", "otlp_logs", logs(record("api_request")).SerializeToString()),
        ("/v1/metrics", "otlp_metrics", b"\x0a\x02\x1a\x00"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_sent_is_published_unchanged(
    client: TestClient[Any], broker: FakeBroker, path: str, topic: str, body: bytes, packed: bool
) -> None:
    encoding = {"content-encoding": "gzip"} if packed else {}
    sent = gzip.compress(body) if packed else body
    answer = client.post(path, content=sent, headers=PROTOBUF | encoding)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert broker.published == [(topic, body, [])]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/traces", ExportTraceServiceRequest),
        ("/v1/logs", ExportLogsServiceRequest),
        ("/v1/metrics", ExportMetricsServiceRequest),
    ],
)
def test_json_is_published_as_protobuf(
    client: TestClient[Any], broker: FakeBroker, path: str, kind: type[Any]
) -> None:
    fields: dict[type, dict[str, Any]] = {
        ExportTraceServiceRequest: {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]},
        ExportLogsServiceRequest: {
            "resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1544712660300000000"}]}]}]
        },
        ExportMetricsServiceRequest: {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m"}]}]}]},
    }  # fmt: skip
    answer = client.post(path, content=json.dumps(fields[kind]), headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    ((_, value, _),) = broker.published
    made = kind.FromString(value)
    told = json_format.MessageToDict(made)
    if kind is ExportTraceServiceRequest:
        (one,) = told["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert one == {"traceId": "W47/95gDgQPSabYzgT/GDA==", "kind": "SPAN_KIND_SERVER"}
    else:
        assert told == fields[kind]


def test_the_environment_is_that_of_the_key(broker: FakeBroker) -> None:
    with serve(broker, "all-key", "staging=one-key", "a=two-key", "b=two-key") as client:

        def sent(key: str, path: str = "/v1/traces") -> tuple[int, Headers]:
            broker.published.clear()
            answer = client.post(path, content=TRACES, headers=PROTOBUF | {"authorization": f"Bearer {key}"})
            return answer.status_code, broker.published[0][2] if broker.published else []

        assert sent("one-key") == (200, [("environment", b"staging")])
        assert sent("all-key") == (200, [])
        assert sent("all-key", "/v1/traces?environment=prod") == (200, [("environment", b"prod")])
        assert sent("two-key", "/v1/traces?environment=b") == (200, [("environment", b"b")])
        assert sent("two-key") == (403, [])
        assert sent("one-key", "/v1/traces?environment=prod") == (403, [])
        assert sent("wrong") == (401, [])


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        (PROTOBUF, b"\xff\xff", 400, "no ExportTraceServiceRequest"),
        (PROTOBUF | {"content-encoding": "gzip"}, b"not gzip", 400, "not gzip"),
        (PROTOBUF | {"content-encoding": "gzip"}, gzip.compress(TRACES)[:-4], 400, "one whole gzip"),
        (PROTOBUF | {"content-encoding": "gzip"}, gzip.compress(b"\x00" * (17 << 20)), 413, "unpacked"),
        (PROTOBUF | {"content-encoding": "br"}, TRACES, 415, "gzip"),
        (PROTOBUF, b"\x0a" * (MAX_BODY_BYTES + 1), 413, ""),
        (JSON, b"{", 400, "not understood"),
        (JSON, b'{"resourceSpans": 1}', 400, "not understood"),
        (JSON, b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"secret"}]}]}]}', 400, "understood"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_as_a_status_in_the_requests_own_kind(
    client: TestClient[Any], broker: FakeBroker, headers: dict[str, str], body: bytes, status: int, words: str
) -> None:
    answer = client.post("/v1/traces", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == headers["content-type"].partition(";")[0]
    told = answer.json()["message"] if headers == JSON else message_of(answer.content)
    assert words in told
    assert "secret" not in told
    assert broker.published == []


def test_another_content_type_is_refused_as_a_problem(client: TestClient[Any], broker: FakeBroker) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": ""}):
        answer = client.post("/v1/traces", content=TRACES, headers=headers)
        assert answer.status_code == 415
        assert answer.json()["errors"][0]["field"] == "content-type"
    assert broker.published == []
    assert client.get("/v1/traces").status_code == 405


def test_a_wrong_key_is_told_as_a_status(broker: FakeBroker) -> None:
    with serve(broker, "a-key") as client:
        answer = client.post("/v1/logs", content=b"", headers=PROTOBUF)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "key is needed" in message_of(answer.content)


@pytest.mark.parametrize("trouble", ["away", "full", "silent"])
def test_without_the_broker_the_client_is_told_to_send_again(
    client: TestClient[Any], broker: FakeBroker, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.otlp_intake.WAIT_SECONDS", 0.05)
    setattr(broker, trouble, True)
    answer = client.post("/v1/traces", content=TRACES, headers=PROTOBUF)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "send it again" in message_of(answer.content)
    setattr(broker, trouble, False)
    assert client.post("/v1/traces", content=TRACES, headers=PROTOBUF).status_code == 200


def test_a_large_batch_is_cut_at_its_resources_and_nothing_is_lost(
    client: TestClient[Any], broker: FakeBroker
) -> None:
    request = ExportTraceServiceRequest()
    for number in range(1, 6):
        request.MergeFrom(
            batch(chat(number, {"text": "x" * 400_000}), resource={"service.name": f"s{number}"})
        )
    packed = gzip.compress(request.SerializeToString())
    answer = client.post("/v1/traces", content=packed, headers=PROTOBUF | {"content-encoding": "gzip"})
    assert (answer.status_code, answer.content) == (200, b"")
    merged = ExportTraceServiceRequest()
    for _, value, _ in broker.published:
        assert len(value) <= 2**20
        merged.MergeFromString(value)
    assert merged == request
    assert len(broker.published) == 3


def test_of_a_large_resource_each_item_takes_the_resource_with_it_and_one_too_large_is_told(
    client: TestClient[Any], broker: FakeBroker
) -> None:
    spans = [
        chat(number, {"text": "x" * size}) for number, size in enumerate((400_000, 700_000, 1_100_000, 9), 1)
    ]
    answer = client.post("/v1/traces", content=batch(*spans).SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert told.rejected_spans == 1
    assert "1048576" in told.error_message
    found = []
    for _, value, _ in broker.published:
        for one in ExportTraceServiceRequest.FromString(value).resource_spans:
            assert one.resource == batch().resource_spans[0].resource
            found += [span for scope in one.scope_spans for span in scope.spans]
    assert found == [spans[0], spans[1], spans[3]]


def test_nothing_is_published_of_an_empty_request(client: TestClient[Any], broker: FakeBroker) -> None:
    broker.away = True
    assert client.post("/v1/traces", content=b"", headers=PROTOBUF).status_code == 200
    assert client.post("/v1/traces", content=b"{}", headers=JSON).json() == {}
    assert broker.published == []


def test_batches_of_one_sender_stay_in_order_in_one_partition(broker: FakeBroker) -> None:
    # A request's span is read before its call's, and by the same replica of the telemetry collector.
    other = {"service.name": "research-agent", "k8s.pod.name": "research-agent-2"}
    with serve(broker) as client:
        for request in (batch(chat(1)), batch(chat(2), chat(3)), batch(chat(4), resource=other)):
            assert client.post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF).is_success
        told = json_format.MessageToDict(batch(chat()))
        told["resourceSpans"][0]["scopeSpans"] = []
        assert client.post("/v1/traces", content=json.dumps(told), headers=JSON).is_success
    one, same, another, as_json = broker.keys
    assert one == same == as_json
    assert one not in (None, another)
