"""The whole local stack, as a person runs it: live, killed part by part, stopped, and started again.

One stack serves all tests of this file, in their order: each leaves it running.
"""

import base64
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from playwright.sync_api import expect, sync_playwright

from cli.stack import jars
from cli.stack.orphans import find_orphans
from cli.stack.postgres import Postgres
from cli.stack.server import free_port
from runtime.kafka import partition_of
from schema.topics import CHANGES, EVENTS, LOG, REJECTED
from tests.stacks import Oracle, eventually, free_port_range

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(jars.missing() is not None, reason=str(jars.missing())),
]
TWO_SECONDS = timedelta(seconds=2)
EVENT = {"agent_id": "a-1", "event_type": "warning", "timestamp": "2026-01-01T00:00:00Z"}


class Live(Oracle):
    """A whole stack on ports of its own, and what it shows."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        for name in ("API_PORT", "LLM_PROXY_PORT", "DEMO_MODEL_PORT"):
            self.environment[name] = str(free_port())
        self.environment["HEALTH_PORT_BASE"] = str(free_port_range(12))
        self.environment["OPENAI_API_KEY"] = self.environment["OLLAMA_BASE_URL"] = ""
        self.url = f"http://127.0.0.1:{self.environment['API_PORT']}"
        self.bootstrap = f"127.0.0.1:{self.environment['KAFKA_PORT']}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.get("/api/v1/oracle/state")
        return state

    def ticks(self) -> list[datetime]:
        url = Postgres(self.home, int(self.environment["POSTGRES_PORT"])).url
        with psycopg.connect(url) as connection:
            return [
                row[0] for row in connection.execute('select "timestamp" from system_snapshots order by 1')
            ]

    def event(self, event_id: str) -> dict[str, Any] | None:
        url = Postgres(self.home, int(self.environment["POSTGRES_PORT"])).url
        with psycopg.connect(url) as connection:
            row = connection.execute("select body from oracle_events where key = %s", (event_id,)).fetchone()
        return row[0] if row else None

    def goes_on(self, after: datetime) -> bool:
        try:
            return self.ticks()[-1] > after
        except psycopg.OperationalError:
            return False


@pytest.fixture(scope="module")
def stack(server_directory: Path) -> Iterator[Live]:
    live = Live(server_directory / "whole")
    status, output = live.run("up", "--detach")
    assert status == 0, output
    assert f"{live.url}/" in output
    yield live
    live.run("down", "--delete-data")


def assert_no_hole(ticks: list[datetime]) -> None:
    assert len(ticks) > 1
    assert {b - a for a, b in itertools.pairwise(ticks)} == {TWO_SECONDS}


def test_two_states_three_seconds_apart_are_valid_and_show_the_demo(stack: Live) -> None:
    assert stack.state()["environment"] == "default"
    assert eventually(lambda: bool(stack.state().get("llm_usage", {}).get("by_agent")), 30)
    first = stack.state()
    time.sleep(3)
    second = stack.state()
    assert datetime.fromisoformat(second["timestamp"]) > datetime.fromisoformat(first["timestamp"])
    assert stack.get("/api/v1/oracle/validate") == {"valid": True, "error_count": 0, "errors": []}
    agents = {one["agent_id"]: one for one in second["agents"]}
    assert {"orchestrator", "writer-agent"} <= agents.keys()
    assert all("telemetry" in one["discovered_by"] for one in agents.values())
    pods = {pod["pod_id"]: pod for one in second["workload"] for pod in one["pods"]}
    for agent in agents.values():
        pod = pods[agent["instances"][0]["pod_id"]]
        assert pod["memory"] > 10
        assert pod["cpu"] >= 0
    groups = {one["group"]: one for one in second["kafka"]["groups"]}
    assert groups["writer-agent"]["lag_messages"] >= 0
    assert groups["writer-agent"]["members"][0]["agent_id"] == "writer-agent"
    (usage,) = [one for one in second["llm_usage"]["by_agent"] if one["agent_id"] == "writer-agent"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 0
    assert usage["cost_usd"] > 0


def test_the_dashboard_is_live_in_a_browser(stack: Live, chromium_path: str) -> None:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=flags)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto(stack.url)
        cards = page.get_by_role("listitem")
        expect(cards.filter(has_text="Orchestrator").first).to_be_visible(timeout=20_000)
        expect(cards.filter(has_text="Writer").first).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="Live").first).to_be_visible()
        browser.close()
    assert problems == []


@pytest.mark.parametrize(
    "part",
    ["aggregator", "kafka-collector", "telemetry-collector", "llm-collector", "api", "kafka", "postgres"],
)
def test_a_killed_part_comes_back_and_the_history_has_no_hole(stack: Live, part: str) -> None:
    before = stack.ticks()[-1]
    killed = stack.pids()[part]
    psutil.Process(killed).kill()
    assert eventually(lambda: stack.pids().get(part, killed) != killed, 60)
    assert eventually(lambda: stack.goes_on(before + 3 * TWO_SECONDS), 60)
    assert_no_hole(stack.ticks())


def test_poison_is_rejected_with_its_reason_and_the_snapshots_go_on(stack: Live) -> None:
    before, pids = stack.ticks()[-1], stack.pids()
    unknown_key = {**EVENT, "__proto__": {}}
    no_such_day = {**EVENT, "timestamp": "0001-01-01T00:00:00+14:00"}
    poison = {
        b"not json": "not_json",
        b"[1]": "wrong_shape",
        b'{"timestamp":NaN}': "not_json",
        b'{"type":"' + b"x" * (2 << 20) + b'"}': "too_large",
        json.dumps(unknown_key).encode(): "wrong_shape",
        json.dumps(no_such_day).encode(): "wrong_shape",
        b'{"x":1e9999999999999999999}': "number_out_of_range",
    }
    producer = Producer({"bootstrap.servers": stack.bootstrap, "message.max.bytes": 4 << 20})
    partition = partition_of("default", 4)
    for body in poison:
        producer.produce(EVENTS, body)
        producer.produce(LOG, body, partition=partition, headers={"environment": "default"})
        producer.produce(CHANGES, body, partition=partition)
    state = {"__proto__": {"polluted": True}}
    kept = {**EVENT, "event_id": "kept", "message": "a\x00b", "internal_state": state}
    producer.produce(EVENTS, json.dumps(kept))
    assert producer.flush(20) == 0
    found = {(one["topic"], one["size_bytes"]): one for one in rejected(stack.bootstrap, 3 * len(poison))}
    for topic in (EVENTS, LOG, CHANGES):
        for body, reason in poison.items():
            one = found[topic, len(body)]
            assert base64.b64decode(one["value"]) == body[: 64 * 1024]
            # The log and the changes are typed: what comes first in the text is told first.
            assert one["reason"] in (reason, "wrong_shape"), (topic, one["reason"], one["detail"])
            assert one["detail"]
    assert eventually(lambda: stack.event("kept") is not None, 20)
    event = stack.event("kept")
    assert event is not None
    assert event["message"] == "a\ufffdb"
    assert event["internal_state"] == state
    assert eventually(lambda: stack.goes_on(before + 3 * TWO_SECONDS))
    assert_no_hole(stack.ticks())
    assert stack.pids() == pids


def rejected(bootstrap: str, wanted: int) -> list[dict[str, Any]]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "look", "auto.offset.reset": "earliest"})
    consumer.subscribe([REJECTED])
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 30
    while len(found) < wanted and time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found.append(json.loads(message.value() or b""))
    consumer.close()
    return found


def test_down_leaves_nothing_and_the_next_up_carries_on_with_the_same_history(stack: Live) -> None:
    before = stack.ticks()
    status, output = stack.run("down")
    assert status == 0, output
    assert find_orphans(stack.home) == []
    assert [path.name for path in stack.home.iterdir() if path.suffix in (".sock", ".pid", ".lock")] == []
    status, output = stack.run("up", "--detach")
    assert status == 0, output
    assert eventually(lambda: stack.goes_on(before[-1] + 3 * TWO_SECONDS))
    after = stack.ticks()
    assert after[: len(before)] == before
    assert_no_hole(after)
