"""Agents as processes of their own on the real broker: tasks, retries, poison, kills, and the demo's pair."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.demo.model_server import DemoServer
from cli.stack.server import KafkaServer
from tests.agents.wire import Wire
from tests.llm.servers import serving

pytestmark = pytest.mark.broker


AGENT = """
import time
from agents.base.agent import BaseAgent


class Tester(BaseAgent):
    agent_name = "Tester"
    tries = 0

    def process_task(self, task):
        data = task["data"]
        self.emit_telemetry("task_started", {"reasoning": "said again"})
        if data.get("fail_times", 0) > self.tries:
            self.tries += 1
            raise TimeoutError("too slow")
        if data.get("not_a_dict"):
            return "text"
        if data.get("bad_text"):
            raise ValueError(chr(0xDCFF))
        if data.get("not_json"):
            return {"object": object()}
        if data.get("bytes"):
            return {"text": "x" * data["bytes"]}
        with self.tool("sleep", seconds=data.get("seconds", 0)) as returned:
            time.sleep(data.get("seconds", 0))
            returned["woke"] = True
        self.emit_telemetry("task_completed", {"checked": True})
        return {"summary": "done", "echo": data}
"""


@pytest.fixture
def wire(broker: KafkaServer) -> Iterator[Wire]:
    one = Wire(broker)
    yield one
    one.close()


@pytest.fixture
def module_path(tmp_path: Path) -> Path:
    (tmp_path / "tester.py").write_text(AGENT)
    return tmp_path


@contextmanager
def running(
    wire: Wire, command: tuple[str, ...], cwd: Path | None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an agent as a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": wire.settings.kafka_bootstrap_servers,
            "AGENT_BACKOFF_SECONDS": "0.05",
            **environment,
        },
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def started(wire: Wire, module_path: Path, **environment: str) -> Any:
    command = ("agents.base.run", "tester:Tester")
    return running(wire, command, module_path, ORACLE_WORKLOAD=wire.workload, **environment)


def test_a_task_is_done_answered_and_told_once(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path) as process:
        task_id = wire.send(data={"n": 1}, priority="high")
        wire.until(lambda: len(wire.replies) == 1 and "task_completed" in wire.of(task_id))
        instance = f"{wire.workload}-{process.pid}"
    assert wire.replies[0] == {
        "task_id": task_id, "agent": "Tester", "status": "completed",
        "result": {"summary": "done", "echo": {"n": 1}},
    }  # fmt: skip
    told = [event for event in wire.mine() if event.get("task_id") == task_id]
    assert [event["event_type"] for event in told] == [
        "task_started", "task_progress", "tool_called", "tool_returned", "task_progress", "task_completed",
    ]  # fmt: skip
    assert told[1]["internal_state"] == {"reasoning": "said again"}
    assert told[-1]["internal_state"] == {
        "reasoning": "said again",
        "checked": True,
        "result_summary": "done",
    }
    assert {event["agent_id"] for event in told} == {instance}
    assert len({event["trace_id"] for event in told}) == 1
    assert told[0]["invoked_by"] == "a test"


def test_a_heartbeat_says_who_and_how_often(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path, ORACLE_HEARTBEAT_SECONDS="1"):
        wire.until(lambda: wire.types().count("heartbeat") >= 2)
    beat = wire.mine()[0]
    assert (beat["interval_seconds"], beat["agent_name"], beat["max_parallel_invocations"]) == (
        1,
        "Tester",
        1,
    )


def test_a_failure_is_retried_and_in_the_end_told(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path):
        healed = wire.send(data={"fail_times": 2})
        wire.until(lambda: "task_completed" in wire.of(healed))
        lost = wire.send(data={"not_a_dict": True})
        wire.until(lambda: "task_failed" in wire.of(lost) and len(wire.replies) == 2)
    assert wire.of(healed).count("task_retried") == 2
    assert wire.of(lost).count("task_retried") == 2
    failed = next(
        event for event in wire.events if event["event_type"] == "task_failed" and event["task_id"] == lost
    )
    assert (failed["error_type"], failed["severity"], failed["internal_state"]["attempts"]) == (
        "TypeError",
        "error",
        3,
    )
    assert "process_task gave str" in failed["stack"]
    assert (wire.replies[1]["status"], wire.replies[1]["error_type"]) == ("failed", "TypeError")


def test_poison_is_told_and_the_next_task_is_done(wire: Wire, module_path: Path) -> None:
    poison = [b"nope", b"[]", b'{"task_id": 7}', b'{"task_id": "x", "data": {"n": NaN}}', b"\x00"]
    with started(wire, module_path):
        for value in poison:
            wire.raw(value)
        task_id = wire.send(data={})
        wire.until(
            lambda: "task_completed" in wire.of(task_id) and wire.types().count("error") == len(poison)
        )
    errors = [event for event in wire.mine() if event["event_type"] == "error"]
    assert {event["error_type"] for event in errors} == {"InvalidTask"}
    assert {event["error_category"] for event in errors} == {"parsing"}
    assert [event["internal_state"]["offset"] for event in errors] == list(range(len(poison)))


def test_neither_a_result_nor_a_reply_address_can_end_an_agent(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path) as process:
        bad = [wire.send(data=data) for data in ({"bad_text": 1}, {"not_json": 1}, {"bytes": 5_000_000})]
        lost = [wire.send(data={}, reply_to=topic) for topic in ("no topic!", "oracle.log", "..")]
        unheard = wire.send(data={}, reply_to=f"{wire.workload}-nobody")
        last = wire.send(data={})
        wire.until(lambda: len(wire.replies) == len(bad) + 1 and "task_completed" in wire.of(last))
        assert process.poll() is None
    assert [reply["status"] for reply in wire.replies] == ["failed"] * 3 + ["completed"]
    assert wire.replies[0]["error"] == "?"
    assert [wire.of(task_id).count("task_started") for task_id in (*bad, *lost, unheard)] == [1] * 7
    assert all({"error", "task_completed"} <= set(wire.of(task_id)) for task_id in lost)
    assert "error" not in wire.of(unheard)


def test_a_stop_lets_the_running_task_finish(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path) as process:
        task_id = wire.send(data={"seconds": 2})
        wire.until(lambda: "tool_called" in wire.of(task_id))
        process.send_signal(signal.SIGTERM)
        wire.until(lambda: "task_completed" in wire.of(task_id) and len(wire.replies) == 1)
        assert process.wait(30) == 0
    with started(wire, module_path):
        after = wire.send(data={})
        wire.until(lambda: "task_completed" in wire.of(after))
    assert wire.of(task_id).count("task_started") == 1


def test_a_task_of_a_killed_agent_comes_again(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path) as process:
        task_id = wire.send(data={"seconds": 3})
        wire.until(lambda: "tool_called" in wire.of(task_id))
        process.kill()
        process.wait()
    with started(wire, module_path):
        wire.until(lambda: "task_completed" in wire.of(task_id))
    assert wire.of(task_id).count("task_started") == 2


def test_a_task_that_outlives_the_stop_comes_again(wire: Wire, module_path: Path) -> None:
    with started(wire, module_path, AGENT_STOP_SECONDS="0.2") as process:
        task_id = wire.send(data={"seconds": 4})
        wire.until(lambda: "tool_called" in wire.of(task_id))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with started(wire, module_path):
        wire.until(lambda: "task_completed" in wire.of(task_id))
    assert wire.of(task_id).count("task_started") == 2


def test_tasks_sent_while_the_broker_was_away_are_done(
    wire: Wire, module_path: Path, broker: KafkaServer
) -> None:
    with started(wire, module_path):
        first = wire.send(data={})
        wire.until(lambda: "task_completed" in wire.of(first))
        broker.kill()
        task_id = wire.send(data={})
        broker.start()
        wire.until(lambda: "task_completed" in wire.of(task_id))


def test_the_orchestrator_and_the_writer_work_together(wire: Wire) -> None:
    with serving(DemoServer(600, 300_000, 0.1)) as demo:
        environment = {"LLM_BASE_URL": f"{demo}/v1", "DEMO_TASK_SECONDS": "0.3"}
        with (
            running(wire, ("agents.writer_agent.agent",), None, **environment),
            running(wire, ("agents.orchestrator.agent",), None, **environment),
        ):
            wire.until(lambda: len(jobs(wire, "task_completed")) >= 3)
    job_id = jobs(wire, "task_completed")[0]
    assert wire.of(job_id) == ["task_started", "task_completed"]
    told = [event for event in wire.events if event.get("task_id") == f"{job_id}.write"]
    types = [event["event_type"] for event in told]
    assert {
        "task_queued",
        "handoff",
        "task_started",
        "tool_called",
        "tool_returned",
        "task_completed",
    } <= set(types)
    queued = next(event for event in told if event["event_type"] == "task_queued")
    assert (queued["queue"], queued["invoked_by"], queued["agent_name"]) == (
        "writer-agent-tasks", "Orchestrator", "Orchestrator",
    )  # fmt: skip
    job_trace = {event["trace_id"] for event in wire.events if event.get("task_id") == job_id}
    assert {event["trace_id"] for event in told} == job_trace
    assert any("reasoning" in event.get("internal_state", {}) for event in told)


def jobs(wire: Wire, event_type: str) -> list[str]:
    return [
        event["task_id"]
        for event in wire.events
        if event["event_type"] == event_type and event["agent_name"] == "Orchestrator"
    ]


def test_the_stand_alone_sample_is_valid_telemetry(wire: Wire) -> None:
    sample = Path(__file__).parents[2] / "docs/examples/emit_telemetry.py"
    subprocess.run(
        [sys.executable, str(sample)],
        check=True,
        timeout=60,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": wire.settings.kafka_bootstrap_servers},
    )
    wire.until(
        lambda: any(e["event_type"] == "task_completed" and e["agent_name"] == "Sample" for e in wire.events)
    )
    types = [event["event_type"] for event in wire.events if event["agent_name"] == "Sample"]
    assert types == ["heartbeat", "task_started", *["task_progress"] * 3, "task_completed"]
