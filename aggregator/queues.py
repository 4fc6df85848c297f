"""What waits in the task queues: `task_queued` puts a task in, its start or end takes it out. Pure."""

from typing import Literal

import msgspec
from msgspec import UNSET

from schema.messages import Event
from schema.models import Queue, QueuedTask, TaskPriority

MAX_WAITING = 1000
MAX_QUEUES = 200
_LEAVES = frozenset({"task_started", "task_completed", "task_failed"})
Level = Literal["low", "medium", "high", "critical"]


class WaitingTask(msgspec.Struct):
    """A queued task; `since_ms` is the log's time."""

    queue: str
    since_ms: int
    level: Level
    invoked_by: str


class Queues(msgspec.Struct):
    """The waiting tasks by id, oldest first, and the queues that tasks were put in, newest last."""

    waiting: dict[str, WaitingTask] = {}
    known: list[str] = []

    def take(self, event: Event, at_ms: int) -> bool:
        """Fold an event; true when a queue changed."""
        if not isinstance(event.task_id, str):
            return False
        if event.event_type in _LEAVES:
            return self.waiting.pop(event.task_id, None) is not None
        if event.event_type != "task_queued" or not isinstance(event.queue, str):
            return False
        level: Level = "medium" if isinstance(event.priority, msgspec.UnsetType) else event.priority
        by = event.invoked_by if isinstance(event.invoked_by, str) else ""
        if event.queue not in self.known:
            self.known = [*self.known, event.queue][-MAX_QUEUES:]
        self.waiting[event.task_id] = WaitingTask(event.queue, at_ms, level, by)
        if len(self.waiting) > MAX_WAITING:
            del self.waiting[next(iter(self.waiting))]
        return True

    def at(self, depths: dict[str, int], now_ms: int) -> list[Queue]:
        """Give the queues at a moment; `depths` is the lag of the topics that carry them, in messages."""
        tasks: dict[str, list[QueuedTask]] = {name: [] for name in self.known}
        for task_id, task in sorted(self.waiting.items()):
            tasks.setdefault(task.queue, []).append(
                QueuedTask(
                    id=task_id,
                    priority=TaskPriority(
                        level=task.level,
                        waiting_since_mins=round(max(0, now_ms - task.since_ms) / 60_000, 2),
                    ),
                    invoked_by=task.invoked_by or UNSET,
                )
            )
        return [
            Queue(name=name, depth=depths.get(name, len(waiting)), tasks=waiting)
            for name, waiting in sorted(tasks.items())
        ]
