"""Whatever fails while a record is read, it is put aside, the next is read, and nothing is read for ever."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import structlog

from collectors.base.publisher import LogPublisher
from collectors.telemetry_collector import batches, genai, spans
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.events import EventReader
from collectors.telemetry_collector.intake import Intake, Topic
from collectors.telemetry_collector.reading import Read, Reader, Source
from collectors.telemetry_collector.spans import SpanReader
from runtime.kafka import TopicPartition
from runtime.metrics import REJECTED as REJECTED_TOTAL
from runtime.rejects import Rejecter
from schema.messages import Rejected
from schema.topics import EVENTS, LOG, OTLP_LOGS, OTLP_SPANS, REJECTED
from tests.telemetry.requests import AT_MS, batch, chat, read, span

SECRET = "the prompt of somebody"


class Record:
    """A record of the intake as the client gives it."""

    def __init__(self, value: bytes, offset: int, topic: str, headers: Callable[[], Any]) -> None:
        self.value, self.offset, self.topic = (lambda: value), (lambda: offset), (lambda: topic)
        self.headers = headers

    def error(self) -> None: ...

    def partition(self) -> int:
        return 0

    def timestamp(self) -> tuple[int, int]:
        return 2, AT_MS


class Broker:
    """The intake's records to read one batch of, what was published, and what was committed."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.published: list[tuple[str, bytes]] = []
        self.committed = 0

    def send(self, value: bytes, topic: str = EVENTS, headers: Callable[[], Any] = list) -> None:
        self.records.append(Record(value, len(self.records), topic, headers))

    def poll(self, _seconds: float) -> Record | None:
        return self.records.pop(0) if self.records else None

    def consume(self, _count: int, _seconds: float) -> list[Record]:
        rest, self.records = self.records, []
        return rest

    def assignment(self) -> list[TopicPartition]:
        return []

    def resume(self, _partitions: object) -> None: ...

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.committed = offsets[0].offset

    def check(self) -> None: ...

    def publish(
        self, topic: str, value: bytes, *, delivered: Callable[[], None] | None = None, **_: Any
    ) -> None:
        self.published.append((topic, value))
        if delivered:
            delivered()

    def rejected(self) -> list[Rejected]:
        return [
            msgspec.json.decode(value, type=Rejected) for topic, value in self.published if topic == REJECTED
        ]

    def logged(self) -> int:
        return sum(topic == LOG for topic, _ in self.published)


class Stumbling:
    """A reader with a mistake: of some records it fails, and the error's text repeats them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, source: Source) -> Read:
        if SECRET.encode() in (source.value or b""):
            raise KeyError(source.value)
        return self._reader.read(source)


def taken(broker: Broker, topic: str, reader: Reader) -> None:
    """Let an intake read what was sent, and commit."""
    client: Any = broker
    seconds = iter(range(0, 1000, 10))
    publisher, rejecter = LogPublisher(client, "default", 1), Rejecter(client, "test")
    intake = Intake(
        client, client, publisher, rejecter, {topic: Topic("id", reader)}, lambda: float(next(seconds))
    )
    intake._on_assign(client, [TopicPartition(topic, 0)])
    intake.step()
    intake.step()


def event(number: int, text: str = "") -> bytes:
    told = {
        "agent_id": "a-1",
        "timestamp": "2026-02-06T14:32:11Z",
        "event_type": "x",
        "event_id": f"e{number}",
    }
    return msgspec.json.encode({**told, "message": text})


def events() -> EventReader:
    return EventReader(Environments("default", 3), strict=True)


def no_headers() -> Any:
    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a header's name is no text")


def test_a_reader_that_fails_puts_the_record_aside_and_the_next_is_read() -> None:
    broker, before = Broker(), REJECTED_TOTAL.labels("unreadable")._value.get()
    for number, text in enumerate(("", SECRET, "")):
        broker.send(event(number, text))
    with structlog.testing.capture_logs() as lines:
        taken(broker, EVENTS, Stumbling(events()))
    (rejected,) = broker.rejected()
    assert (rejected.reason, rejected.offset) == ("unreadable", 1)
    assert rejected.detail.startswith("KeyError in test_unreadable.py:")
    assert (broker.logged(), broker.committed) == (2, 3)
    assert REJECTED_TOTAL.labels("unreadable")._value.get() == before + 1
    assert [line["origin"] for line in lines if line["log_level"] == "error"] == ["id:0:1"]
    assert SECRET not in str(lines) + rejected.detail


def test_a_record_whose_headers_cannot_be_read_is_put_aside() -> None:
    broker = Broker()
    broker.send(event(0), headers=no_headers)
    broker.send(event(1))
    taken(broker, EVENTS, events())
    assert [rejected.reason for rejected in broker.rejected()] == ["unreadable"]
    assert (broker.logged(), broker.committed) == (1, 2)


def test_a_record_that_cannot_be_written_to_the_log_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, publish = Broker(), LogPublisher.publish

    def stumbling(self: LogPublisher, record: Any, **more: Any) -> None:
        if record.event.event_id == "e0":
            raise RecursionError(SECRET)
        publish(self, record, **more)

    monkeypatch.setattr(LogPublisher, "publish", stumbling)
    broker.send(event(0))
    broker.send(event(1))
    taken(broker, EVENTS, events())
    assert [(rejected.reason, rejected.offset) for rejected in broker.rejected()] == [("unreadable", 0)]
    assert (broker.logged(), broker.committed) == (1, 2)


def test_a_span_that_nobody_foresaw_is_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    make = genai.call_of

    def stumbling(span: Any, *more: Any) -> Any:
        if span.span_id[-1] == 2:
            raise ZeroDivisionError(SECRET)
        return make(span, *more)

    monkeypatch.setattr(spans, "call_of", stumbling)
    with structlog.testing.capture_logs() as lines:
        found = read(batch(chat(1), chat(2), chat(3)))
    assert ([one.index for one in found.taken], found.refused) == ([0, 2], None)
    assert SECRET not in str(lines)
    assert len(lines) == 1
    alone = read(batch(chat(2)))
    assert alone.refused is not None
    assert alone.refused.reason == "unreadable"


def test_a_batch_that_fails_before_its_first_span_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_kind: object, _value: bytes) -> Any:
        raise OverflowError(SECRET)

    broker = Broker()
    monkeypatch.setattr(batches, "read_protobuf", failing)
    broker.send(batch(chat(1)).SerializeToString(), OTLP_SPANS)
    taken(broker, OTLP_SPANS, SpanReader(Environments("default", 3)))
    assert [rejected.reason for rejected in broker.rejected()] == ["unreadable"]
    assert broker.committed == 1


@pytest.mark.parametrize(("topic", "kept"), [(EVENTS, True), (OTLP_SPANS, False), (OTLP_LOGS, False)])
def test_nothing_of_telemetry_that_is_put_aside_is_kept_but_its_size_and_digest(
    topic: str, kept: bool
) -> None:
    # Its span has no model, so the whole batch goes; the prompt in it was never to be stored.
    told = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": SECRET}
    value = batch(span(1, told)).SerializeToString()
    broker = Broker()
    broker.send(value, topic)
    taken(broker, topic, SpanReader(Environments("default", 3)))
    (rejected,) = broker.rejected()
    assert (rejected.reason, rejected.size_bytes) == ("wrong_shape", len(value))
    assert rejected.sha256 == hashlib.sha256(value).hexdigest()
    assert (SECRET.encode() in rejected.value, SECRET in rejected.detail) == (kept, False)
