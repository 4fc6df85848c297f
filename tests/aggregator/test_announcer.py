"""Announcing: sequences without a silent loss, reloads instead of what is too large, whole entities."""

from typing import Any

import msgspec

from aggregator.announcer import Announcer
from aggregator.effects import Changes, Frozen
from aggregator.partition import PartitionFold
from api.patch import apply
from schema.errors import QueueFull
from schema.messages import Change, LiveMessage, Reload, TickMessage
from tests.aggregator.records import SETTINGS, Log, call, event, gone, heartbeat, mark, play, pod, workload


class Producer:
    """Keeps what is published; can be full."""

    def __init__(self) -> None:
        self.sent: list[LiveMessage] = []
        self.full = False

    def publish(self, _topic: str, value: bytes, **_: Any) -> None:
        if self.full:
            raise QueueFull("full")
        self.sent.append(msgspec.json.decode(value, type=LiveMessage))


def changes(log: Log) -> tuple[list[Changes], list[Frozen]]:
    fold = PartitionFold(0, SETTINGS)
    fold.caught_up()
    outcome = play(fold, log.messages)
    return outcome.changes, outcome.frozen


def announced(log: Log, *, owned: bool = True) -> Producer:
    producer = Producer()
    announcer = Announcer(producer, 1)  # type: ignore[arg-type] # what it needs of a producer
    if owned:
        announcer.owns("default", 1)
    for change in changes(log)[0]:
        announcer.announce(change)
    return producer


def few() -> Log:
    log = Log()
    for number in range(3):
        log.add(1_000 + number, workload(f"w{number}"))
    return log


def test_sequences_rise_by_one() -> None:
    assert [one.sequence for one in announced(few()).sent] == [1, 2, 3]


def test_what_could_not_be_sent_leaves_a_hole() -> None:
    producer = Producer()
    announcer = Announcer(producer, 1)  # type: ignore[arg-type] # what it needs of a producer
    announcer.owns("default", 7)
    first, second, third = changes(few())[0]
    announcer.announce(first)
    producer.full = True
    announcer.announce(second)
    producer.full = False
    announcer.announce(third)
    assert [(one.generation, one.sequence) for one in producer.sent] == [(7, 1), (7, 3)]


def test_what_came_before_the_environment_was_taken_over_leaves_a_hole_too() -> None:
    producer = Producer()
    announcer = Announcer(producer, 1)  # type: ignore[arg-type] # what it needs of a producer
    first, second, third = changes(few())[0]
    announcer.announce(first)
    before = announcer.sequence("default")
    announcer.announce(second)
    announcer.owns("default", 1)
    announcer.announce(third)
    assert before == 1
    assert [one.sequence for one in producer.sent] == [3]


def test_a_change_that_is_too_large_becomes_a_reload() -> None:
    log = Log()
    log.add(1_000, event("warning", message="x" * 60_000, internal_state={"more": "y" * 600_000}))
    (sent,) = announced(log).sent
    assert isinstance(sent, Reload)
    assert sent.sequence == 1


def test_a_workload_travels_without_its_pods_and_use_without_its_lists() -> None:
    log = Log()
    log.add(1_000, workload("w"))
    log.add(1_001, pod("w", "w-1"))
    log.add(1_002, call(1))
    values = {
        kind: msgspec.json.decode(value)
        for one in announced(log).sent
        if isinstance(one, Change)
        for kind, _, value in one.set
    }
    assert "pods" not in values["workload"]
    assert values["llm_usage"].keys().isdisjoint({"in_flight", "by_agent", "by_model"})
    assert values["pod"]["name"] == "w-1"


def test_a_snapshot_with_the_changes_after_it_applied_equals_the_next_snapshot() -> None:
    log = Log()
    log.add(100, workload("writer-agent"))
    log.add(200, pod("writer-agent", "writer-agent-1"))
    log.add(300, heartbeat("pod", "workload"))
    log.add(2_100, event("task_queued", task_id="t", queue="q"))
    log.add(2_200, event("task_started", task_id="t"))
    log.add(2_300, call(1))
    log.add(2_400, pod("writer-agent", "writer-agent-2"))
    log.add(4_100, gone("pod", "uid-writer-agent-1"))
    log.add(4_200, call(2, model="gpt-4o-mini"))
    log.add(6_100, mark())
    log.add(8_100, mark())
    fold, producer = PartitionFold(0, SETTINGS), Producer()
    fold.caught_up()
    announcer = Announcer(producer, 1)  # type: ignore[arg-type] # what it needs of a producer
    announcer.owns("default", 1)
    documents: list[dict[str, Any]] = []
    for message in log.messages:
        for effect in [*fold.advance(message), *(fold.fold(message), fold.changes())[1]]:
            if isinstance(effect, Frozen):
                announcer.ticked(effect, 1, announcer.sequence("default"))
                documents.append(msgspec.json.decode(effect.document.body))
            else:
                announcer.announce(effect)
    live: dict[str, Any] | None = None
    compared = 0
    for one in producer.sent:
        if isinstance(one, TickMessage):
            stored = documents.pop(0)
            if live is not None:
                compared += 1
                assert {**live, "id": stored["id"], "timestamp": stored["timestamp"]} == stored
            live = stored
        elif live is not None and isinstance(one, Change):
            entities = [(kind, key, msgspec.json.decode(value)) for kind, key, value in one.set]
            live = apply(live, entities, one.remove)
    assert compared == 3
