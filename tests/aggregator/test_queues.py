"""What waits in a task queue, told from two places and so in any order."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aggregator.queues import MAX_LEFT, MAX_SHOWN, MAX_WAITING, ORDER_MS, Queues
from schema.messages import Event, LogRecord
from schema.models import Queue
from tests.aggregator.records import AT, START_MS, Log, event, live_fold, mark, observed, play


def told(kind: str, second: float, task: str = "t1", **more: Any) -> Event:
    """Give an event whose own time is so many seconds after the start."""
    at = AT + timedelta(seconds=second)
    return msgspec.structs.replace(event(kind, task_id=task, **more).event, timestamp=at)


def queued(second: float, task: str = "t1", queue: str = "q", **more: Any) -> Event:
    return told("task_queued", second, task, queue=queue, **more)


def after(*events: tuple[float, Event]) -> Queues:
    """Fold events at so many seconds of the log."""
    queues = Queues()
    for second, one in events:
        queues.take(one, START_MS + int(second * 1000))
    return queues


def shown(queues: Queues, second: float = 600) -> list[Queue]:
    return queues.at(lambda _: None, START_MS + int(second * 1000))


@pytest.mark.parametrize(
    ("case", "events", "waiting"),
    [
        ("queued", [(1, queued(1))], {"t1"}),
        ("started", [(1, queued(1)), (2, told("task_started", 2))], set()),
        ("failed before it began", [(1, queued(1)), (2, told("task_failed", 2))], set()),
        ("completed, its start was lost", [(1, queued(1)), (2, told("task_completed", 2))], set()),
        ("the start is told first", [(2, told("task_started", 2)), (3, queued(1))], set()),
        ("start and end are told first",
         [(2, told("task_started", 2)), (2, told("task_completed", 2.5)), (3, queued(1))], set()),
        ("queueing and start of one moment", [(2, told("task_started", 2)), (3, queued(2))], set()),
        ("queued again after its start",
         [(1, queued(1)), (2, told("task_started", 2)), (3, queued(3))], {"t1"}),
        ("queued again, and started again",
         [(1, queued(1)), (2, told("task_started", 2)), (3, queued(3)), (4, told("task_started", 4))], set()),
        ("the first queueing is told once more after the start",
         [(1, queued(1)), (2, told("task_started", 2)), (3, queued(1))], set()),
        ("a start of long ago is told after a second queueing",
         [(20, queued(20)), (21, told("task_started", 2))], {"t1"}),
        ("the starter's clock is behind", [(1, queued(1)), (2, told("task_started", -2))], set()),
        ("a retry where it runs",
         [(1, queued(1)), (2, told("task_started", 2)), (3, told("task_retried", 3))], set()),
        ("a retry that is queued",
         [(1, queued(1)), (2, told("task_started", 2)), (3, told("task_retried", 3)), (3, queued(3))],
         {"t1"}),
        ("queued, then told as a retry", [(2, told("task_started", 2)), (3, queued(3)),
         (3, told("task_retried", 3.1))], {"t1"}),
        ("a start of another task", [(1, queued(1)), (2, told("task_started", 2, "t2"))], {"t1"}),
        ("no queue is named", [(1, told("task_queued", 1))], set()),
    ],
)  # fmt: skip
def test_a_task_waits_from_its_queueing_to_its_start(
    case: str, events: list[tuple[float, Event]], waiting: set[str]
) -> None:
    assert {task.id for one in shown(after(*events)) for task in one.tasks} == waiting, case


def test_a_start_is_remembered_for_a_while_only() -> None:
    late = (3 + ORDER_MS / 1000, queued(1, "t1"))
    tick = (2.5 + ORDER_MS / 1000, told("task_started", 9, "t2"))
    assert [one.depth for one in shown(after((2, told("task_started", 2)), tick, late))] == [1]
    many = [(2, told("task_started", 2, f"n{number}")) for number in range(MAX_LEFT)]
    queues = after((1, told("task_started", 1)), *many, (3, queued(0.5)))
    assert (len(queues.left), [one.depth for one in shown(queues)]) == (MAX_LEFT, [1])


def test_the_wait_counts_by_the_clock_of_the_log_from_the_first_queueing() -> None:
    ((one,),) = (
        one.tasks for one in shown(after((0, queued(-3600)), (60, queued(-3500, priority="high"))), 90)
    )
    assert (one.priority.waiting_since_mins, one.priority.level) == (1.5, "high")


def test_a_task_that_waits_again_or_in_another_queue_begins_to_wait_anew() -> None:
    again = after((0, queued(0)), (10, told("task_started", 10)), (60, queued(60)))
    moved = after((0, queued(0)), (60, queued(60, queue="other")))
    for queues in (again, moved):
        waits = [task.priority.waiting_since_mins for one in shown(queues, 90) for task in one.tasks]
        assert waits == [0.5]
    assert [(one.name, one.depth) for one in shown(moved)] == [("other", 1), ("q", 0)]


def test_what_was_told_of_a_task_last_counts_in_whatever_order_it_comes() -> None:
    queues = after((1, queued(5, priority="critical", invoked_by="B")), (2, queued(1, priority="low")))
    ((task,),) = (one.tasks for one in shown(queues))
    assert (task.priority.level, task.invoked_by) == ("critical", "B")


def test_a_task_without_a_priority_is_of_medium_urgency() -> None:
    assert shown(after((1, queued(1))))[0].tasks[0].priority.level == "medium"


def test_the_most_urgent_and_oldest_tasks_are_listed_and_the_depth_counts_all() -> None:
    usual = [(number, queued(number, f"n{number:05d}")) for number in range(MAX_SHOWN)]
    urgent = [(2000, queued(2000, "urgent", priority="critical")), (2000, queued(2000, "later"))]
    (queue,) = shown(after(*usual, *urgent), 3000)
    listed = [task.id for task in queue.tasks]
    assert (queue.depth, len(listed), listed == sorted(listed)) == (MAX_SHOWN + 2, MAX_SHOWN, True)
    assert "urgent" in listed
    assert not {"later", f"n{MAX_SHOWN - 1:05d}"} & set(listed)


def test_beyond_what_can_be_known_the_oldest_are_dropped() -> None:
    queues = after(*((1, queued(1, f"n{number}")) for number in range(MAX_WAITING + 5)))
    assert (len(queues.waiting), next(iter(queues.waiting))) == (MAX_WAITING, "n5")


def document(*records: LogRecord | bytes) -> dict[str, Any]:
    log = Log()
    for record in records:
        log.add(100, record)
    log.add(2_500, mark())
    (found,) = play(live_fold(), log.messages).documents()
    return found


WAITS = event("task_queued", task_id="t1", queue="tasks")


@pytest.mark.parametrize(
    ("topic", "depth"),
    [
        ({"topic": "tasks", "partitions": 1, "depth": 40}, 40),
        ({"topic": "tasks", "partitions": 1, "depth": 0}, 0),
        ({"topic": "tasks", "partitions": 1}, 1),
        ({"topic": "other", "partitions": 1, "depth": 40}, 1),
    ],
)
def test_the_depth_of_a_queue_is_the_lag_of_its_topic_else_the_tasks_that_are_known(
    topic: dict[str, Any], depth: int
) -> None:
    (queue,) = document(WAITS, observed("topic", topic["topic"], topic, source="kafka@k"))["queues"]
    assert (queue["depth"], [one["id"] for one in queue["tasks"]]) == (depth, ["t1"])


def test_a_priority_that_there_is_not_is_refused_with_its_event() -> None:
    wrong = b'{"type":"event","event":{"event_id":"e","agent_id":"a","agent_name":"a","task_id":"t2",'
    wrong += (
        b'"event_type":"task_queued","queue":"tasks","priority":"urgent","timestamp":"2026-01-01T00:00:00Z"}}'
    )
    (queue,) = document(WAITS, wrong)["queues"]
    assert [one["id"] for one in queue["tasks"]] == ["t1"]
