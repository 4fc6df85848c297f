"""A raw event into an event of the log, as tables; and which offsets may be committed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.events import EventReader
from collectors.telemetry_collector.reading import Source
from collectors.telemetry_collector.window import Slot, Window
from runtime.metrics import DROPPED_FIELDS
from schema.errors import InvalidMessage
from schema.messages import Event, EventRecord

ORIGIN = "topic:0:7"
RAW: dict[str, Any] = {
    "agent_id": "research-agent-7f8d9",
    "agent_name": "Researcher",
    "timestamp": "2026-02-06T14:32:11.482Z",
    "event_type": "task_started",
}


def read(
    event: dict[str, Any] | bytes | None,
    header: bytes | None = None,
    *,
    strict: bool = True,
    reader: EventReader | None = None,
    origin: str = ORIGIN,
) -> Event:
    value = json.dumps(event).encode() if isinstance(event, dict) else event
    reader = reader or EventReader(Environments("default", 3), strict)
    found = reader.read(Source(value, header, None, origin, 0))
    if found.refused:
        raise found.refused
    ((environment, index, record),) = ((one.environment, one.index, one.record) for one in found.taken)
    assert isinstance(record, EventRecord)
    assert (environment, index) == (record.event.environment, 0)
    return record.event


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in RAW.items() if name not in names} | more


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"not json", "not_json"),
        (b"[1, 2]", "wrong_shape"),
        (b'"text"', "wrong_shape"),
        (without(agent_id=7), "wrong_shape"),
        (without("timestamp"), "wrong_shape"),
        (without("event_type"), "wrong_shape"),
        (without("agent_id", "agent_name"), "wrong_shape"),
        (without(timestamp="2026-02-06T14:32:11"), "wrong_shape"),
        (without(timestamp="yesterday"), "wrong_shape"),
        (without(severity="fatal"), "wrong_shape"),
        (without(surprise=1), "wrong_shape"),
        (without(**{"__proto__": {"admin": True}}), "wrong_shape"),
        (without(agent_id=""), "wrong_shape"),
        (without(internal_state={"n": 2**53 + 1}), "number_out_of_range"),
        (json.dumps(without(internal_state={"n": float("nan")})).encode(), "not_json"),
        (json.dumps(without(internal_state={"n": float("inf")})).encode(), "not_json"),
        (without(internal_state={"text": "x" * 1_100_000}), "too_large"),
        (b'{"internal_state":' + b'{"a":' * 100_000, "not_json"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_an_invalid_event_has_its_reason(value: Any, reason: str, strict: bool) -> None:
    if not strict and isinstance(value, dict) and value.keys() - RAW.keys() - {"severity", "internal_state"}:
        before = DROPPED_FIELDS._value.get()
        read(value, strict=False)
        assert DROPPED_FIELDS._value.get() - before == 1
        return
    with pytest.raises(InvalidMessage) as refused:
        read(value, strict=strict)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("raw", "agent_id", "agent_name"),
    [
        (RAW, "research-agent-7f8d9", "Researcher"),
        (without("agent_name"), "research-agent-7f8d9", "Research"),
        (without("agent_name", agent_id="agent-researcher"), "agent-researcher", "Researcher"),
        (without("agent_id"), "researcher", "Researcher"),
    ],
)
def test_the_agents_id_and_name_are_derived_from_each_other(
    raw: dict[str, Any], agent_id: str, agent_name: str
) -> None:
    event = read(raw)
    assert (event.agent_id, event.agent_name) == (agent_id, agent_name)


def test_an_event_keeps_its_id_and_without_one_gets_it_from_its_origin() -> None:
    assert read(without(event_id="mine")).event_id == "mine"
    first, again = read(RAW).event_id, read(RAW).event_id
    assert first == again != read(RAW, origin="topic:0:8").event_id


@pytest.mark.parametrize(
    ("header", "own", "environment"),
    [
        (b"prod", "staging", "prod"),
        (b"", "staging", "staging"),
        (None, "staging", "staging"),
        (None, None, "default"),
    ],
)
def test_the_environment_is_the_headers_else_the_events_else_the_default(
    header: bytes | None, own: str | None, environment: str
) -> None:
    assert read(without(environment=own) if own else RAW, header).environment == environment


@pytest.mark.parametrize("header", [b"\xff", b"x" * 257])
def test_a_header_that_is_no_environment_is_refused(header: bytes) -> None:
    with pytest.raises(InvalidMessage) as refused:
        read(RAW, header)
    assert refused.value.reason == "bad_environment"


def test_environments_beyond_the_limit_are_refused_and_known_ones_go_on() -> None:
    reader = EventReader(Environments("default", 3), strict=True)
    for name in (b"a", b"b", b"a", None):
        read(RAW, name, reader=reader)
    with pytest.raises(InvalidMessage) as refused:
        read(RAW, b"c", reader=reader)
    assert refused.value.reason == "too_many_environments"
    assert read(RAW, b"b", reader=reader).environment == "b"


def test_an_open_state_is_kept_whole_and_nul_becomes_the_replacement_character() -> None:
    state = {"__proto__": {"polluted": True}, "reasoning": "a\u0000b", "deep": [{"x": None}], "big": 2**53}
    event = read(without(internal_state=state, message="\u0000", event_type="invented"))
    assert event.internal_state == state | {"reasoning": "a\ufffdb"}
    assert (event.message, event.event_type, event.task_id) == ("\ufffd", "invented", UNSET)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1971-01-01T00:00:00Z", datetime(1971, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-02-06T16:32:11+02:00", datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)),
    ],
)
def test_a_timestamp_far_off_is_kept(sent: str, kept: datetime) -> None:
    assert read(without(timestamp=sent)).timestamp == kept


def test_a_moment_that_the_calendar_does_not_hold_in_utc_is_refused() -> None:
    assert read(without(timestamp="9999-12-31T23:59:59Z")).timestamp.year == 9999
    with pytest.raises(InvalidMessage) as refused:
        read(without(timestamp="9999-12-31T23:59:59-05:00"))
    assert refused.value.reason == "wrong_shape"


def test_only_what_is_acknowledged_without_a_hole_may_be_committed() -> None:
    window, slots = Window(), [Slot(offset) for offset in (4, 5, 9)]
    for slot in slots:
        window.add(slot)
    assert window.advance() is None
    slots[1].acknowledge()
    assert window.advance() is None
    slots[0].acknowledge()
    assert (window.advance(), len(window)) == (6, 1)
    slots[2].acknowledge()
    assert (window.advance(), len(window)) == (10, 0)
