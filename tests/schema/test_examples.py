"""Each example of a message passes through the code that consumes it, and says the same when sent again."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agents.base.tasks import reply_of, task_of
from schema import messages, models
from schema.messages import Event, LogRecord, Observed, RawEvent
from schema.observed import OBSERVATION_KINDS
from schema.validate import report
from schema.wire import decode, encode

FOLDER = Path(__file__).parents[2] / "schema" / "examples"

_LOG_RECORD: msgspec.json.Decoder[LogRecord] = msgspec.json.Decoder(LogRecord)
_SNAPSHOT = msgspec.json.Decoder(models.Snapshot)
_RAW_EVENT = msgspec.json.Decoder(RawEvent)


def raw_event(value: bytes) -> object:
    return decode(value, _RAW_EVENT)


def log_record(value: bytes) -> object:
    """Decode a record of the log, and of an observation the value too, as the aggregator does."""
    record = decode(value, _LOG_RECORD)
    if isinstance(record, Observed):
        kind = OBSERVATION_KINDS[record.kind]
        return msgspec.structs.replace(
            record, value=msgspec.Raw(encode(decode(bytes(record.value), msgspec.json.Decoder(kind))))
        )
    return record


def snapshot(value: bytes) -> object:
    """Decode a snapshot, once its JSON Schema found nothing wrong with it."""
    assert report(msgspec.json.decode(value)) == []
    return decode(value, _SNAPSHOT)


def task(value: bytes) -> object:
    return task_of(value)[0]


CONSUMERS: dict[str, Callable[[bytes], object]] = {
    "call.json": log_record,
    "call_rate_limited.json": log_record,
    "event.json": raw_event,
    "event_record.json": log_record,
    "event_record_prompt_changed.json": log_record,
    "gone.json": log_record,
    "heartbeat.json": log_record,
    "heartbeat_down.json": log_record,
    "observed_agent.json": log_record,
    "observed_deployment.json": log_record,
    "observed_group.json": log_record,
    "observed_group_refused.json": log_record,
    "observed_group_stopped.json": log_record,
    "observed_in_flight.json": log_record,
    "observed_k8s_event.json": log_record,
    "observed_kafka_cluster.json": log_record,
    "observed_kafka_cluster_denied.json": log_record,
    "observed_model.json": log_record,
    "observed_node.json": log_record,
    "observed_pod.json": log_record,
    "observed_pod_kubernetes.json": log_record,
    "observed_settings.json": log_record,
    "observed_topic.json": log_record,
    "observed_topic_dead_letters.json": log_record,
    "observed_workload.json": log_record,
    "reply.json": reply_of,
    "snapshot.json": snapshot,
    "task.json": task,
}
"""Each example and the code that reads such a message."""


@pytest.mark.parametrize("name", sorted(CONSUMERS))
def test_an_example_passes_its_consumer_and_keeps_what_it_says(name: str) -> None:
    consume = CONSUMERS[name]
    message = consume((FOLDER / name).read_bytes())
    assert consume(encode(message)) == message


def test_every_example_has_a_consumer() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == CONSUMERS.keys()


def test_the_example_of_an_event_is_the_specifications() -> None:
    event = raw_event((FOLDER / "event.json").read_bytes())
    assert isinstance(event, RawEvent)
    assert event.event_type in messages.EVENT_TYPES
    assert not isinstance(event, Event)
