"""What an agent says and decides, without a broker: identity, events, offsets, retries, outlines."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agents.base.agent import BaseAgent
from agents.base.errors import (
    ModelRefused,
    ModelUnavailable,
    QuotaExhausted,
    RateLimited,
    ToolFailed,
    category_of,
)
from agents.base.identity import Identity, identity_of, slug
from agents.base.offsets import Offsets
from agents.base.retry import Backoff
from agents.base.run import agent_of
from agents.base.settings import AgentSettings
from agents.base.tasks import reply_of, task_of
from agents.base.telemetry import context_of, event_of
from agents.writer_agent.templates import outline_of
from schema.errors import InvalidMessage
from schema.messages import EVENT_TYPES, RawEvent
from schema.wire import decode

AT = datetime(2026, 2, 6, 14, 32, 11, tzinfo=UTC)
WHO = Identity("writer-agent-7f8d9", "Writer", "writer-agent")
RAW = msgspec.json.Decoder(RawEvent)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ("writer-agent-42", "Writer", "writer-agent")),
        ({"oracle_agent_id": "w1"}, ("w1", "Writer", "writer-agent")),
        ({"oracle_workload": "w"}, ("w-42", "Writer", "w")),
        ({"hostname": "laptop"}, ("writer-agent-42", "Writer", "writer-agent")),
        ({"hostname": "writer-agent-7f8d9", "kubernetes_service_host": "10.0.0.1"},
         ("writer-agent-7f8d9", "Writer", "writer-agent")),
        ({"oracle_agent_name": "Author"}, ("writer-agent-42", "Author", "writer-agent")),
    ],
)  # fmt: skip
def test_an_instance_knows_its_id_name_and_deployment(
    settings: dict[str, Any], expected: tuple[str, ...]
) -> None:
    one = identity_of(AgentSettings(**settings), "Writer", "writer-agent", 42)
    assert (one.agent_id, one.agent_name, one.deployment) == expected


def test_the_first_process_of_a_container_is_named_after_it() -> None:
    settings = AgentSettings(hostname="a1b2c3")
    assert identity_of(settings, "Writer", "writer-agent", 1).agent_id == "a1b2c3"
    assert identity_of(settings, "Writer", "writer-agent", 42).agent_id == "writer-agent-42"


@pytest.mark.parametrize(
    ("name", "written"),
    [("Researcher", "researcher"), ("MyAgent", "my-agent"), ("A b_C!", "a-b-c"), ("ä", "agent")],
)
def test_a_name_becomes_what_kubernetes_allows(name: str, written: str) -> None:
    assert slug(name) == written


@pytest.mark.parametrize("event_type", [*EVENT_TYPES, "something_new"])
def test_every_event_is_valid_raw_telemetry(event_type: str) -> None:
    event = decode(event_of(WHO, AT, event_type, {"reasoning": "x"}, context_of("t-1")), RAW)
    assert (event.event_type, event.agent_id, event.task_id) == (event_type, WHO.agent_id, "t-1")
    assert isinstance(event.event_id, str)


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ({"a": AT, "b": float("nan")}, {"a": "2026-02-06T14:32:11Z", "b": None}),
        ({"a": object}, {"a": "<class 'object'>"}),
        ({7: "x"}, {"7": "x"}),
        ({"text": "x" * 2_000_000}, {"left_out": "2000011 bytes"}),
        ({"a": "\x00"}, {"a": "\ufffd"}),
        ({"__proto__": {"x": 1}}, {"__proto__": {"x": 1}}),
    ],
)
def test_an_internal_state_is_kept_as_far_as_json_can(state: dict[Any, Any], kept: dict[str, Any]) -> None:
    assert decode(event_of(WHO, AT, "task_progress", state), RAW).internal_state == kept


def test_a_state_that_contains_itself_is_left_out_with_a_word() -> None:
    state: dict[str, Any] = {}
    state["self"] = state
    kept = decode(event_of(WHO, AT, "task_progress", state), RAW).internal_state
    assert kept == {"left_out": "not JSON: RecursionError"}


def test_fields_without_a_meaning_move_into_the_internal_state_and_long_ones_are_cut() -> None:
    raw = event_of(
        WHO, AT, "error", {"a": 1}, color="red", error_type="E" * 999, message="m" * 99_999, tool=None
    )
    event = decode(raw, RAW)
    assert event.internal_state == {"color": "red", "a": 1}
    assert (len(str(event.error_type)), len(str(event.message)), event.severity) == (256, 16_384, "error")


def test_a_trace_goes_on_where_its_sender_was() -> None:
    first = context_of("t-1")
    second = context_of("t-1", first.traceparent)
    assert second.trace_id == first.trace_id
    assert second.span_id != first.span_id
    assert context_of("t-1", "garbage").trace_id != first.trace_id


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (RateLimited("x"), "rate_limit"), (QuotaExhausted("x"), "quota"), (ModelUnavailable("x"), "network"),
        (ModelRefused("x", "context_length"), "context_length"), (TimeoutError(), "timeout"),
        (ToolFailed("x"), "tool"),
        (json.JSONDecodeError("x", "", 0), "parsing"), (InvalidMessage("r", "d"), "parsing"),
        (ConnectionResetError(), "network"), (MemoryError(), "resource"), (KeyError("x"), "unknown"),
    ],
)  # fmt: skip
def test_an_error_has_a_category(error: BaseException, category: str) -> None:
    assert category_of(error) == category


def test_an_offset_is_committed_only_when_all_before_it_are_done() -> None:
    offsets, one = Offsets(), ("tasks", 0)
    for offset in (5, 6, 7):
        offsets.begin(one, offset)
    assert [offsets.done(one, 6), offsets.done(one, 5), offsets.done(one, 7)] == [5, 7, 8]
    assert len(offsets) == 0


def test_what_runs_on_a_lost_partition_is_not_committed() -> None:
    offsets = Offsets()
    offsets.begin(("tasks", 0), 5)
    offsets.begin(("tasks", 1), 9)
    offsets.lost(("tasks", 0))
    assert (offsets.done(("tasks", 0), 5), offsets.done(("tasks", 1), 9)) == (None, 10)


def test_attempts_are_counted_and_waits_double_up_to_a_limit() -> None:
    backoff, waits = Backoff(8, 1.0), []
    for _ in backoff:
        waits.append(backoff.wait_seconds())
    assert len(waits) == 8
    assert all(
        longest / 2 <= wait <= longest
        for wait, longest in zip(waits, (1, 2, 4, 8, 16, 30, 30, 30), strict=True)
    )


@pytest.mark.parametrize(
    "value",
    [None, b"", b"nope", b"[]", b'{"task_id": 7}', b'{"task_id": ""}', b'{"task_id": "t", "data": []}'],
)
def test_what_is_no_task_is_refused(value: bytes | None) -> None:
    with pytest.raises(InvalidMessage):
        task_of(value)


def test_a_task_keeps_fields_that_nobody_knows() -> None:
    task, document = task_of(b'{"task_id": "t", "data": {"topic": "x"}, "own": [1]}')
    assert (task.task_id, document["own"]) == ("t", [1])


def test_a_reply_is_read() -> None:
    assert reply_of(b'{"task_id": "t", "agent": "Writer", "status": "completed"}').result == {}


@pytest.mark.parametrize(
    "target",
    ["", "x", "no.such.module:A", "agents.base.agent:Nope", "agents.base.identity:Identity", "json:loads"],
)
def test_a_start_command_that_names_no_agent_is_told_in_one_line(target: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        agent_of(target)


def test_a_start_command_names_an_agent() -> None:
    assert type(agent_of("agents.writer_agent.agent:Writer")).__name__ == "Writer"


def test_a_subclass_without_init_works() -> None:
    class MyAgent(BaseAgent):
        pass

    assert MyAgent().identity.agent_name == "MyAgent"
    assert MyAgent().inbox_topic() == "my-agent-tasks"


def test_an_outline_fits_its_topic() -> None:
    assert outline_of("a summary of last night's incident")[0] == "What happened"
    assert len(outline_of("anything")) == 3
