"""What waits in the task queues: `task_queued` puts a task in, its start or end takes it out. Pure.

Who queues a task and who starts it write to the log from two places, so a start may come before its queueing.
Then the events' own times decide: a start or end that is not earlier than a queueing wins. A task that is
queued again later waits again. `task_retried` says that whoever has the task tries once more, so it changes
no queue.
"""

from collections.abc import Callable, Mapping
from heapq import nsmallest
from typing import Literal

import msgspec
from msgspec import UNSET

from aggregator.ticks import to_ms
from runtime.metrics import DROPPED_RECORDS
from schema.messages import Event
from schema.models import Queue, QueuedTask, TaskPriority

MAX_WAITING = 10_000
"""So many tasks are known as waiting; beyond, the oldest are dropped, and counted in a metric."""
MAX_SHOWN = 1000
"""So many waiting tasks a snapshot lists, the most urgent first, then the longest waiting; the depth counts
all."""
MAX_QUEUES = 200
ORDER_MS = 60_000
"""How long a start is remembered for a queueing that comes after it."""
MAX_LEFT = 5000
"""So many starts and ends are remembered, the newest."""
SKEW_MS = 5000
"""A start that seems so much earlier than its queueing may still be told by another clock."""
_LEAVES = frozenset({"task_started", "task_completed", "task_failed"})
_URGENCY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
Level = Literal["low", "medium", "high", "critical"]


class WaitingTask(msgspec.Struct):
    """A queued task; `since_ms` is the log's time, `told_ms` the time of the event that told it last."""

    queue: str
    since_ms: int
    level: Level
    invoked_by: str
    told_ms: int = 0


class Left(msgspec.Struct):
    """A start or end of a task: the event's own time, and the log's."""

    told_ms: int
    at_ms: int


class Queues(msgspec.Struct):
    """The waiting tasks by id, oldest first; the queues that tasks were put in, and who left, newest last."""

    waiting: dict[str, WaitingTask] = {}
    known: list[str] = []
    left: dict[str, Left] = {}

    def take(self, event: Event, at_ms: int) -> bool:
        """Fold an event; true when a queue changed."""
        if not isinstance(event.task_id, str):
            return False
        if event.event_type in _LEAVES:
            return self._leave(event.task_id, to_ms(event.timestamp), at_ms)
        if event.event_type != "task_queued" or not isinstance(event.queue, str):
            return False
        return self._enter(event.task_id, event.queue, event, at_ms)

    def at(self, depth_of: Callable[[str], int | None], now_ms: int) -> list[Queue]:
        """Give the queues at a moment; `depth_of` tells the lag in messages of the topic that carries one."""
        counts = dict.fromkeys(self.known, 0)
        for task in self.waiting.values():
            counts[task.queue] = counts.get(task.queue, 0) + 1
        tasks: dict[str, list[QueuedTask]] = {name: [] for name in counts}
        for task_id, task in sorted(_shown(self.waiting)):
            tasks[task.queue].append(_queued(task_id, task, now_ms))
        depths = {name: depth_of(name) for name in counts}
        return [
            Queue(name=name, depth=count if depth is None else depth, tasks=tasks[name])
            for name, count, depth in sorted((name, counts[name], depths[name]) for name in counts)
        ]

    def _enter(self, task_id: str, queue: str, event: Event, at_ms: int) -> bool:
        told_ms, left, known = to_ms(event.timestamp), self.left.get(task_id), self.waiting.get(task_id)
        if (left and told_ms <= left.told_ms) or (known and told_ms < known.told_ms):
            return False
        if queue not in self.known:
            self.known = [*self.known, queue][-MAX_QUEUES:]
        since_ms = at_ms
        if known and known.queue == queue:
            since_ms = known.since_ms  # It is told again, and never left.
        elif known:
            del self.waiting[task_id]  # The oldest stands first.
        level: Level = "medium" if isinstance(event.priority, msgspec.UnsetType) else event.priority
        by = event.invoked_by if isinstance(event.invoked_by, str) else ""
        self.waiting[task_id] = WaitingTask(queue, since_ms, level, by, told_ms)
        if len(self.waiting) > MAX_WAITING:
            del self.waiting[next(iter(self.waiting))]
            DROPPED_RECORDS.labels("waiting_task").inc()
        return True

    def _leave(self, task_id: str, told_ms: int, at_ms: int) -> bool:
        before = self.left.pop(task_id, None)
        self.left[task_id] = Left(max(told_ms, before.told_ms if before else told_ms), at_ms)
        while len(self.left) > MAX_LEFT or at_ms - self._first_left().at_ms > ORDER_MS:
            del self.left[next(iter(self.left))]
        known = self.waiting.get(task_id)
        if known is None or told_ms < known.told_ms - SKEW_MS:
            return False
        del self.waiting[task_id]
        return True

    def _first_left(self) -> Left:
        return next(iter(self.left.values()))


def _shown(waiting: Mapping[str, WaitingTask]) -> list[tuple[str, WaitingTask]]:
    if len(waiting) <= MAX_SHOWN:
        return list(waiting.items())
    return nsmallest(
        MAX_SHOWN, waiting.items(), key=lambda row: (_URGENCY[row[1].level], row[1].since_ms, row[0])
    )


def _queued(task_id: str, task: WaitingTask, now_ms: int) -> QueuedTask:
    minutes = round(max(0, now_ms - task.since_ms) / 60_000, 2)
    return QueuedTask(
        id=task_id,
        priority=TaskPriority(level=task.level, waiting_since_mins=minutes),
        invoked_by=task.invoked_by or UNSET,
    )
