"""The agents as their telemetry tells them: instances, what they work on, and how they fare. Pure.

Times are the log's, in milliseconds; what an agent's clock says is kept only for display.
"""

from collections.abc import Container
from datetime import datetime
from typing import Literal

import msgspec

from schema.messages import Event

DOWN_AFTER_BEATS = 3
TROUBLE_MS = 60_000
"""How long an error makes an instance degraded."""
FORGOTTEN_MS = 3_600_000
"""An agent that is silent for an hour and has no pod is dropped."""
MAX_TASKS = 1000
DEFAULT_BEAT_SECONDS = 30.0

_ENDS = frozenset({"task_completed", "task_failed"})
_TROUBLE = frozenset({"error", "task_failed", "tool_timed_out"})


class TaskState(msgspec.Struct):
    """A task that an instance works on."""

    started_on: datetime
    status: Literal["queued", "running", "retrying", "waiting"]


class InstanceState(msgspec.Struct):
    """One process or pod of an agent."""

    instance_id: str
    agent_name: str
    heard_ms: int
    beat_seconds: float = DEFAULT_BEAT_SECONDS
    trouble_ms: int = 0
    registered: bool = False
    has_telemetry: bool = False
    had_pod: bool = False
    models: list[str] = []
    description: str = ""
    endpoint: str = ""
    capabilities: list[str] = []
    max_parallel_invocations: int | None = None
    reasoning: str = ""
    tools_planned: list[str] = []
    told_ms: int = 0
    told_at: datetime | None = None
    tasks: dict[str, TaskState] = {}

    @property
    def silent_from_ms(self) -> int:
        """The first moment at which three heartbeats were missed."""
        return int(self.heard_ms + DOWN_AFTER_BEATS * self.beat_seconds * 1000) + 1

    def is_silent(self, now_ms: int) -> bool:
        """Say whether three heartbeats were missed."""
        return now_ms >= self.silent_from_ms


class Fleet(msgspec.Struct):
    """Every instance by its id."""

    instances: dict[str, InstanceState] = {}

    def take(self, event: Event, at_ms: int) -> bool:
        """Fold an event; true when an instance appeared, vanished, registered or changed its name."""
        if event.event_type == "agent_removed":
            return self.instances.pop(event.agent_id, None) is not None
        instance = self.instances.get(event.agent_id)
        before = (instance.agent_name, instance.registered) if instance else None
        if instance is None:
            instance = self.instances[event.agent_id] = InstanceState(event.agent_id, event.agent_name, at_ms)
        instance.agent_name = event.agent_name
        instance.heard_ms = at_ms
        _describe(instance, event)
        _activity(instance, event, at_ms)
        if event.event_type in _TROUBLE or event.severity in ("error", "critical"):
            instance.trouble_ms = at_ms
        self._task(instance, event)
        return before != (instance.agent_name, instance.registered)

    def _task(self, instance: InstanceState, event: Event) -> None:
        task_id = event.task_id
        if isinstance(task_id, msgspec.UnsetType):
            return
        if event.event_type in _ENDS:
            for other in self.instances.values():
                if other.agent_name == instance.agent_name:
                    other.tasks.pop(task_id, None)
        elif event.event_type in ("task_started", "task_progress", "task_retried"):
            known = instance.tasks.get(task_id)
            status: Literal["running", "retrying"] = (
                "retrying" if event.event_type == "task_retried" else "running"
            )
            instance.tasks[task_id] = TaskState(known.started_on if known else event.timestamp, status)
            if len(instance.tasks) > MAX_TASKS:
                del instance.tasks[next(iter(instance.tasks))]

    def forget(self, now_ms: int, pod_names: Container[str]) -> bool:
        """Drop the instances that are no more; true when any was dropped.

        One that had a pod and has none is replaced when another instance of its agent lives; else, like one
        that never had a pod, it is shown as down until it has been silent for an hour.
        """
        alive = {
            one.agent_name
            for name, one in self.instances.items()
            if name in pod_names or (not one.had_pod and not one.is_silent(now_ms))
        }
        dropped = []
        for name, instance in self.instances.items():
            replaced = instance.had_pod and instance.agent_name in alive
            if name in pod_names:
                instance.had_pod = True
            elif replaced or now_ms - instance.heard_ms > FORGOTTEN_MS:
                dropped.append(name)
        for name in dropped:
            del self.instances[name]
        return bool(dropped)


def _describe(instance: InstanceState, event: Event) -> None:
    if isinstance(event.interval_seconds, float | int) and event.interval_seconds > 0:
        instance.beat_seconds = float(event.interval_seconds)
    if event.event_type == "agent_registered":
        instance.registered = True
    elif not (event.event_type == "heartbeat" and instance.registered):
        # Who registered beats through the API; that alone is no telemetry of its own.
        instance.has_telemetry = True
    if isinstance(event.models, list):
        instance.models = event.models
    if isinstance(event.capabilities, list):
        instance.capabilities = event.capabilities
    if isinstance(event.description, str):
        instance.description = event.description
    if isinstance(event.endpoint, str):
        instance.endpoint = event.endpoint
    if isinstance(event.max_parallel_invocations, int):
        instance.max_parallel_invocations = event.max_parallel_invocations


def _activity(instance: InstanceState, event: Event, at_ms: int) -> None:
    state = event.internal_state
    if isinstance(state, msgspec.UnsetType):
        return
    reasoning, tools = state.get("reasoning"), state.get("tools_planned")
    if isinstance(reasoning, str):
        instance.reasoning = reasoning[:65_536]
    if isinstance(tools, list):
        instance.tools_planned = [tool[:256] for tool in tools if isinstance(tool, str) and tool][:100]
    if isinstance(reasoning, str) or isinstance(tools, list):
        instance.told_ms, instance.told_at = at_ms, event.timestamp
