"""BaseAgent: subclass it, write `process_task`, and call `run()`.

    class Greeter(BaseAgent):
        agent_name = "Greeter"

        def process_task(self, task: dict) -> dict:
            return {"greeting": f"Hello {task['data']['name']}"}

    Greeter().run()

It takes tasks from the topic `<deployment>-tasks`, tells what happens on `oracle.events`, answers to the
task's `reply_to`, retries what fails, beats, and stops gracefully. A task is committed after it is done:
after a crash it comes again.
"""

import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NoReturn

from msgspec import UNSET

from agents.base.errors import category_of, text_of
from agents.base.identity import Identity, identity_of, slug, tasks_topic
from agents.base.kafka_client import Outlet, Received
from agents.base.llm import Answer, ChatClient
from agents.base.retry import Backoff
from agents.base.settings import AgentSettings
from agents.base.tasks import Task, completed, failed, task_of
from agents.base.telemetry import LIFECYCLE, TaskContext, context_of, event_of
from runtime import settings as runtime_settings
from schema.errors import InvalidMessage
from schema.wire import encode

_CONTEXT: ContextVar[TaskContext | None] = ContextVar("task", default=None)
_SUMMARY_CHARACTERS = 500


class BaseAgent:
    """An agent. The class attributes say who it is; a subclass needs no `__init__`."""

    agent_name: str = ""
    """What people call it; default: the class's name."""
    deployment: str = ""
    """Its deployment, which is also its consumer group; default: the name as a slug."""
    description: str = ""
    models: tuple[str, ...] = ()
    """The language models that it uses."""
    max_parallel_invocations: int = 1
    settings_kind: type[AgentSettings] = AgentSettings
    """The settings that it reads; an agent with more of them subclasses AgentSettings."""

    # --- what a subclass writes -------------------------------------------------------------------------

    def process_task(self, task: dict[str, Any]) -> dict[str, Any]:
        """Do one task (SPEC §12) and give its result. What it raises is retried, and in the end told."""
        raise NotImplementedError(f"{type(self).__name__} has no process_task")

    def models_used(self) -> list[str]:
        """Give the models for the heartbeat, where they depend on the settings."""
        return list(self.models)

    def inbox_topic(self) -> str:
        """Give the topic that the agent listens to."""
        return self.identity.tasks_topic

    def turn(self) -> None:
        """Called several times a second between messages, for what an agent does of its own accord."""

    # --- what a subclass uses ---------------------------------------------------------------------------

    def emit_telemetry(
        self, event_type: str, internal_state: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """Tell an event; the current task, trace and span are filled in.

        A lifecycle event that BaseAgent emits itself is not told a second time: its internal_state is.
        """
        context = fields.pop("context", _CONTEXT.get())
        own = context is not None and fields.get("task_id", context.task_id) == context.task_id
        if event_type in LIFECYCLE and context is not None and own:
            self._final_states.setdefault(context.task_id, {}).update(internal_state or {})
            event_type = "task_progress"
        self._tell(event_type, internal_state, context, **fields)

    def ask_model(self, messages: list[dict[str, Any]], **options: Any) -> Answer:
        """Ask the language model (see ChatClient.ask for `model`, `stream` and the rest)."""
        return self.chat.ask(messages, context=_CONTEXT.get(), **options)

    @contextmanager
    def tool(self, name: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Use a tool: tells tool_called, and tool_returned with what is put into the dict it gives."""
        self.emit_telemetry("tool_called", {"arguments": arguments}, tool=name)
        returned: dict[str, Any] = {}
        try:
            yield returned
        except TimeoutError as error:
            self.emit_telemetry(
                "tool_timed_out", tool=name, error_type="TimeoutError", message=text_of(error)
            )
            raise
        except Exception as error:
            self.emit_telemetry(
                "error",
                tool=name,
                error_type=type(error).__name__,
                error_category="tool",
                message=text_of(error),
            )
            raise
        self.emit_telemetry("tool_returned", returned, tool=name)

    def hand_off(
        self,
        to_agent: str,
        task_id: str,
        data: dict[str, Any],
        *,
        deployment: str = "",
        priority: str = "medium",
        reply_to: str | None = None,
        context: TaskContext | None = None,
    ) -> None:
        """Hand a task to another agent over Kafka: tells task_queued and handoff."""
        topic = tasks_topic(deployment or slug(to_agent))
        document = {
            "task_id": task_id, "agent": to_agent, "data": data, "priority": priority,
            "invoked_by": self.identity.agent_name,
        }  # fmt: skip
        if reply_to:
            document["reply_to"] = reply_to
        context = context or _CONTEXT.get()
        told: dict[str, Any] = {"task_id": task_id, "context": None}
        if context is not None:
            told |= {"trace_id": context.trace_id, "span_id": context.span_id}
        self.emit_telemetry(
            "task_queued", queue=topic, priority=priority, invoked_by=self.identity.agent_name, **told
        )
        trace = context.traceparent if context else None
        self.outlet.message(topic, task_id, encode(document), trace, self.stop)
        self.emit_telemetry("handoff", to_agent=to_agent, message=f"{task_id} to {to_agent}", **told)

    def run(self) -> NoReturn:
        """Run until SIGTERM, then exit."""
        from agents.base.life import live  # noqa: PLC0415 - it knows BaseAgent

        live(self, self.settings_kind)

    # --- what is put together at first use --------------------------------------------------------------

    @cached_property
    def settings(self) -> AgentSettings:
        """The settings, from the environment."""
        return runtime_settings.load(self.settings_kind)

    @cached_property
    def identity(self) -> Identity:
        """Who this process is."""
        name = self.agent_name or type(self).__name__
        return identity_of(self.settings, name, self.deployment, os.getpid())

    @cached_property
    def outlet(self) -> Outlet:
        """Where events and messages go."""
        return Outlet(self.settings, self.identity.agent_id)

    @cached_property
    def chat(self) -> ChatClient:
        """The language model's client."""

        def waits(seconds: float, reason: str) -> None:
            self.emit_telemetry(
                "warning", {"wait_seconds": round(seconds, 3)}, message=f"the model asks to wait: {reason}"
            )

        return ChatClient(self.settings, self.identity, self.stop, waits)

    @cached_property
    def stop(self) -> threading.Event:
        """Set when the agent is asked to stop."""
        return threading.Event()

    @cached_property
    def _final_states(self) -> dict[str, dict[str, Any]]:
        """What an agent put into lifecycle events of its own, by task."""
        return {}

    # --- one message ------------------------------------------------------------------------------------

    def receive(self, received: Received) -> None:
        """Do the task of one message; a message that is no task is told and skipped."""
        try:
            task, document = task_of(received.value)
        except InvalidMessage as error:
            topic, number = received.partition
            self._tell(
                "error",
                {"topic": topic, "partition": number, "offset": received.offset},
                None,
                error_type="InvalidTask",
                error_category="parsing",
                message=f"not a task, skipped: {error.detail}",
            )
            return
        context = context_of(task.task_id, received.traceparent)
        token = _CONTEXT.set(context)
        try:
            self._perform(task, document, context)
        finally:
            _CONTEXT.reset(token)
            self._final_states.pop(task.task_id, None)

    def heartbeat(self) -> None:
        """Tell that the agent lives, and what it is."""
        self._tell(
            "heartbeat",
            None,
            None,
            interval_seconds=self.settings.oracle_heartbeat_seconds,
            models=self.models_used(),
            description=self.description or None,
            max_parallel_invocations=self.max_parallel_invocations,
        )

    def _perform(self, task: Task, document: dict[str, Any], context: TaskContext) -> None:
        told = {"invoked_by": task.invoked_by, "priority": task.priority}
        self._tell("task_started", None, context, **{k: v for k, v in told.items() if v is not UNSET})
        backoff = Backoff(self.settings.agent_attempts, self.settings.agent_backoff_seconds)
        for attempt in backoff:
            try:
                result = self.process_task(document)
                if not isinstance(result, dict):
                    raise TypeError(f"process_task gave {type(result).__name__}, not a dict")
                # Here, because a result that cannot be sent is a failure like any other.
                reply = completed(task, self.identity.agent_name, result)
            except Exception as error:
                if backoff.last:
                    self._failed(task, error, attempt, context)
                    return
                self._retried(error, attempt, context)
                if self.stop.wait(backoff.wait_seconds()):
                    raise InterruptedError("stopped between attempts: the task comes again") from error
                continue
            self._reply(task, reply, context)
            self._completed(task, result, context)
            return

    def _retried(self, error: Exception, attempt: int, context: TaskContext) -> None:
        self._tell(
            "task_retried",
            {"attempt": attempt},
            context,
            error_type=type(error).__name__,
            error_category=category_of(error),
            message=text_of(error),
        )

    def _failed(self, task: Task, error: Exception, attempts: int, context: TaskContext) -> None:
        state = {**self._final_states.get(task.task_id, {}), "attempts": attempts}
        self._reply(task, failed(task, self.identity.agent_name, error), context)
        self._tell(
            "task_failed",
            state,
            context,
            error_type=type(error).__name__,
            error_category=category_of(error),
            message=text_of(error),
            stack="".join(traceback.format_exception(error)),
        )

    def _completed(self, task: Task, result: dict[str, Any], context: TaskContext) -> None:
        state = dict(self._final_states.get(task.task_id, {}))
        if "summary" in result:
            state.setdefault("result_summary", str(result["summary"])[:_SUMMARY_CHARACTERS])
        self._tell("task_completed", state, context)

    def _reply(self, task: Task, reply: bytes | None, context: TaskContext) -> None:
        if reply is None or not isinstance(task.reply_to, str):
            return
        try:
            self.outlet.message(task.reply_to, task.task_id, reply, context.traceparent, self.stop)
        except InvalidMessage as error:
            self._tell("error", None, context, error_type="InvalidReplyTo", error_category="kafka",
                       message=f"not answered: {error.detail}")  # fmt: skip

    def _tell(
        self, event_type: str, state: dict[str, Any] | None, context: TaskContext | None, **fields: Any
    ) -> None:
        value = event_of(self.identity, datetime.now(UTC), event_type, state, context, **fields)
        self.outlet.event(self.identity.agent_id, value)
