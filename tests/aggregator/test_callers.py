"""Whose a call is that names nobody: by its trace, or by the address that it came from."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aggregator import checkpoint
from aggregator.addresses import Addresses
from aggregator.callers import LET_GO, MAX_REMEMBERED, Traces, Who
from aggregator.partition import PartitionFold
from aggregator.ticks import from_ms
from schema.messages import CallRecord, LogRecord
from schema.models import Pod
from tests.aggregator.records import (
    AT,
    SETTINGS,
    Log,
    agent,
    call,
    event,
    gone,
    heartbeat,
    live_fold,
    mark,
    observed,
    play,
    pod,
    workload,
)

WRITER, ADDRESS = "writer-agent", "10.0.0.7"
TRACE, SPAN, OTHER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
X1, HERE = "writer-agent-x1", {"client_address": ADDRESS}
POD = pod(WRITER, X1, ip=ADDRESS)
STARTED = event("task_started", task_id="t1", trace_id=TRACE, span_id=SPAN)


def nameless(number: int = 1, **more: Any) -> CallRecord:
    one = call(number, **more)
    return CallRecord(call=msgspec.structs.replace(one.call, agent_id=msgspec.UNSET))


def told(*records: LogRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fold the records; give the stored call of the last one, and the LLM use of the next tick."""
    log = Log()
    for number, record in enumerate((workload(WRITER), *records)):
        log.add(100 + number, record)
    log.add(2_500, mark())
    outcome = play(live_fold(), log.messages)
    assert not outcome.invalid
    return msgspec.json.decode(outcome.frozen[0].calls[-1].body), outcome.documents()[0]["llm_usage"]


def who(one: dict[str, Any]) -> tuple[Any, ...]:
    return one.get("agent_id"), one.get("agent_name"), one.get("task_id")


@pytest.mark.parametrize(
    ("before", "more", "expected"),
    [
        ([POD], HERE, X1),
        ([POD], {"client_address": f"::ffff:{ADDRESS}"}, X1),
        ([POD], {"client_address": "10.0.0.8"}, None),
        ([POD], {}, None),
        ([POD, pod("other", "other-1", ip=ADDRESS)], HERE, None),
        ([POD, pod("other", "other-1", "Completed", ip=ADDRESS)], HERE, X1),
        ([POD, gone("pod", "uid-writer-agent-x1")], HERE, None),
        ([POD, pod(WRITER, X1, "Completed", ip=ADDRESS)], HERE, None),
        ([POD, pod(WRITER, X1, ip="10.0.0.9")], HERE, None),
        ([POD, pod(WRITER, X1, ip="10.0.0.9")], {"client_address": "10.0.0.9"}, X1),
        ([pod(WRITER, "w-2", ip=ADDRESS, created_at="2026-01-01T00:00:01Z")], HERE, None),
        ([pod(WRITER, "w-2", ip=ADDRESS, created_at="2025-12-31T00:00:00Z")], HERE, "w-2"),
        ([POD, agent(WRITER, excluded=True)], HERE, None),
        ([POD, agent(WRITER, role="llm_server")], HERE, None),
        ([POD, agent(WRITER, labeled=True)], HERE, X1),
    ],
    ids=[
        "its address is a pod's", "written as IPv6", "another address", "no address", "two pods have it",
        "of two one has ended", "the pod is gone", "the pod has ended", "the pod has another now",
        "the other address", "the pod is younger than the call", "an older pod", "excluded",
        "a server of models", "a labelled agent",
    ],
)  # fmt: skip
def test_a_call_is_that_of_the_only_pod_at_its_address(
    before: list[LogRecord], more: dict[str, Any], expected: str | None
) -> None:
    one, usage = told(*before, nameless(**more))
    assert who(one) == (expected, None, None)
    agents = {row["agent_id"] for row in usage["by_agent"]}
    assert agents == ({WRITER} if expected else set())


@pytest.mark.parametrize(
    ("before", "more", "expected"),
    [
        ([STARTED], {"trace_id": TRACE, "parent_span_id": SPAN}, ("writer-agent-1", "Writer", "t1")),
        ([STARTED], {"trace_id": TRACE, "parent_span_id": OTHER}, ("writer-agent-1", "Writer", "t1")),
        ([STARTED], {"trace_id": TRACE}, ("writer-agent-1", "Writer", "t1")),
        ([STARTED], {"trace_id": TRACE, "task_id": "mine"}, ("writer-agent-1", "Writer", "mine")),
        ([STARTED], {"trace_id": "f" * 32}, (None, None, None)),
        ([STARTED, POD], {"trace_id": TRACE, "client_address": ADDRESS}, ("writer-agent-1", "Writer", "t1")),
        ([STARTED, POD], {"trace_id": "f" * 32, "client_address": ADDRESS}, ("writer-agent-x1", None, None)),
        (
            [STARTED, event("task_started", "coder-1", "Coder", task_id="t2", trace_id=TRACE, span_id=OTHER)],
            {"trace_id": TRACE, "parent_span_id": OTHER}, ("coder-1", "Coder", "t2"),
        ),
        (
            [STARTED, event("task_started", "coder-1", "Coder", task_id="t2", trace_id=TRACE, span_id=OTHER)],
            {"trace_id": TRACE, "parent_span_id": "0" * 16}, (None, None, None),
        ),
        (
            [STARTED, event("task_started", number=2, task_id="t2", trace_id=TRACE, span_id=OTHER)],
            {"trace_id": TRACE}, ("writer-agent-1", "Writer", None),
        ),
        (
            [event("handoff", task_id="t9", trace_id=TRACE, span_id=SPAN), STARTED],
            {"trace_id": TRACE, "parent_span_id": SPAN}, ("writer-agent-1", "Writer", "t1"),
        ),
        (
            [call(7, trace_id=TRACE, parent_span_id=SPAN, agent_name="Writer", task_id="t7")],
            {"trace_id": TRACE, "parent_span_id": SPAN}, ("writer-agent-1", "Writer", "t7"),
        ),
    ],
    ids=[
        "its span", "another span of the trace", "the trace alone", "it tells its task", "another trace",
        "a trace before an address", "an address where the trace is not known", "each span its agent",
        "a trace of two agents", "a trace of two tasks", "a handed over task is another's", "told by a call",
    ],
)  # fmt: skip
def test_a_call_is_that_of_who_told_of_its_span_or_trace(
    before: list[LogRecord], more: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert who(told(*before, nameless(**more))[0]) == expected


def test_what_a_call_tells_of_itself_stands_and_its_trace_adds_the_task() -> None:
    coder = {"agent": "coder-1", "agent_name": "Coder", "trace_id": TRACE, "client_address": ADDRESS}
    assert who(told(STARTED, POD, call(1, **coder))[0]) == ("coder-1", "Coder", None)
    assert who(told(STARTED, POD, call(1, trace_id=TRACE))[0]) == ("writer-agent-1", None, "t1")


def test_a_trace_is_forgotten_after_an_hour() -> None:
    log = Log()
    log.add(100, STARTED)
    log.add(3_600_000, nameless(1, trace_id=TRACE))
    log.add(3_600_101, nameless(2, trace_id=TRACE))
    log.add(3_602_500, mark())
    calls = [row for one in play(live_fold(), log.messages).frozen for row in one.calls]
    assert [who(msgspec.json.decode(row.body))[0] for row in calls] == ["writer-agent-1", None]


@pytest.mark.parametrize(
    ("more", "agent_id", "task_id"),
    [
        ({"client_address": ADDRESS}, WRITER, None),
        ({"trace_id": TRACE}, WRITER, "t1"),
        ({"agent_name": "Coder", "client_address": ADDRESS}, "coder", None),
        ({"agent_name": "Writer"}, WRITER, None),
        ({"agent_id": X1, "trace_id": TRACE}, WRITER, "t1"),
        ({"agent_id": "laptop"}, "laptop", None),
        ({}, None, None),
    ],
)
def test_a_call_that_runs_is_named_in_the_same_way(
    more: dict[str, str], agent_id: str | None, task_id: str | None
) -> None:
    value = {"call_id": "c", "provider": "openai", "model": "m", "started_at": "2026-01-01T00:00:00Z",
             "streaming": True, **more}  # fmt: skip
    log = Log()
    for record in (workload(WRITER), POD, STARTED, observed("in_flight", "c", value, source="llm@p")):
        log.add(100, record)
    log.add(2_500, mark())
    outcome = play(live_fold(), log.messages)
    assert not outcome.invalid
    (shown,) = outcome.documents()[0]["llm_usage"]["in_flight"]
    assert (shown.get("agent_id"), shown.get("task_id")) == (agent_id, task_id)
    assert not {"client_address", "trace_id", "agent_name"} & shown.keys()


def test_memory_is_bounded_and_the_newest_stay() -> None:
    traces = Traces()
    for number in range(MAX_REMEMBERED + 1):
        traces.take(f"t{number}", "s", Who(number, "w", "w-1", "Writer", ""))
    assert len(traces.traces) == len(traces.spans) == MAX_REMEMBERED + 1 - LET_GO
    assert traces.of(f"t{LET_GO - 1}", "s", 0) is None
    assert traces.of(f"t{LET_GO}", "s", 0) is not None


def test_addresses_leave_nothing_behind() -> None:
    addresses, told = Addresses(), Pod(pod_id="p", name="p", status="Running", ip=ADDRESS)
    addresses.put(("n", "d", "p"), told)
    assert addresses.pod_at(ADDRESS) == (("n", "d", "p"), told)
    addresses.put(("n", "d", "p"), msgspec.structs.replace(told, status="Completed"))
    addresses.put(("n", "d", "p"), None)
    assert vars(addresses) == vars(Addresses())


def a_busy_log() -> Log:
    log = Log()
    records: list[LogRecord] = [
        workload(WRITER), POD, STARTED, pod("coder", "coder-1", ip="fd00::12"),
        event("task_started", "coder-1", "Coder", task_id="t2", trace_id=TRACE, span_id=OTHER),
        nameless(1, client_address=ADDRESS, prompt_hash="a" * 64, system_prompt_tokens=10),
    ]  # fmt: skip
    for number, record in enumerate(records):
        log.add(100 + number, record)
    log.add(2_500, heartbeat("pod"))
    later: list[dict[str, Any]] = [
        {"client_address": ADDRESS}, {"trace_id": TRACE}, {"trace_id": TRACE, "parent_span_id": SPAN},
        {"trace_id": TRACE, "parent_span_id": OTHER}, {"client_address": "fd00:0::12"},
        {"client_address": ADDRESS, "prompt_hash": "b" * 64, "system_prompt_tokens": 12},
    ]  # fmt: skip
    for number, more in enumerate(later):
        log.add(3_000 + number, nameless(10 + number, started_at=AT + timedelta(seconds=3), **more))
    log.add(4_500, mark())
    return log


def test_a_second_fold_from_a_checkpoint_gives_the_same_names_events_and_snapshots() -> None:
    log = a_busy_log()
    whole = play(live_fold(), log.messages).frozen
    saved = whole[0]
    assert saved.state is not None
    fold = PartitionFold(0, SETTINGS)
    fold.restore(saved.environment, saved.offset, saved.state, from_ms(saved.tick_ms))
    assert fold.start is not None
    (again,) = play(fold, log.messages[fold.start.offset :]).frozen
    assert (again.document.sha256, again.calls, again.events) == (
        whole[1].document.sha256, whole[1].calls, whole[1].events,
    )  # fmt: skip
    names = [who(msgspec.json.decode(row.body))[0] for row in again.calls]
    assert names == ["writer-agent-x1", None, "writer-agent-1", "coder-1", "coder-1", "writer-agent-x1"]
    assert [msgspec.json.decode(row.body)["event_type"] for row in again.events] == ["prompt_changed"]


def test_a_checkpoint_of_before_traces_and_prompts_were_kept_is_read() -> None:
    log = a_busy_log()
    saved = play(live_fold(), log.messages).frozen[0]
    assert saved.state is not None
    kept = msgspec.to_builtins(checkpoint.decode(saved.state))
    del kept["state"]["traces"], kept["state"]["prompts"]
    assert msgspec.convert(kept, checkpoint.Saved).state.traces == Traces()
