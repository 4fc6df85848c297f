"""The orchestrator: makes a job every few seconds, hands its writing to the Writer, and waits for the reply.

Everything goes over Kafka: tasks to `writer-agent-tasks`, replies on `orchestrator-replies`. A job's id is
part of its task's id, so a reply that comes after a restart still ends the job that it belongs to.
"""

import itertools
import time
import uuid
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from agents.base.agent import BaseAgent
from agents.base.kafka_client import Received
from agents.base.settings import AgentSettings
from agents.base.tasks import Reply, reply_of
from agents.base.telemetry import TaskContext, context_of
from runtime.settings import Positive
from schema.errors import InvalidMessage

REPLIES = "orchestrator-replies"
_SUFFIX = ".write"

TOPICS = (
    ("release notes for a queue that stopped dropping messages", "medium"),
    ("a summary of last night's incident for the team", "high"),
    ("an invitation to review the retry policy", "low"),
    ("what the token budget was spent on this week", "medium"),
    ("a short guide to reading consumer lag", "low"),
    ("an answer to a customer whose task was late", "critical"),
)


class OrchestratorSettings(AgentSettings, frozen=True, kw_only=True):
    """How often jobs are made, and how many may be open."""

    demo_task_seconds: Annotated[float, Meta(gt=0, le=3600)] = 3.0
    demo_tasks_in_flight: Positive = 8
    demo_task_limit_seconds: Annotated[float, Meta(gt=0)] = 180.0
    """A job without a reply for so long has failed."""


@dataclass(frozen=True)
class _Job:
    context: TaskContext
    began: float


class Orchestrator(BaseAgent):
    """Hands tasks out."""

    agent_name = "Orchestrator"
    deployment = "orchestrator"
    description = "Plans jobs and hands their tasks to the other agents."
    max_parallel_invocations = 1
    settings_kind = OrchestratorSettings

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._numbers = itertools.count()
        self._next_at = 0.0

    @property
    def _options(self) -> OrchestratorSettings:
        assert isinstance(self.settings, OrchestratorSettings)
        return self.settings

    def inbox_topic(self) -> str:
        """Listen to replies."""
        return REPLIES

    def turn(self) -> None:
        """Make a job when one is due and not too many are open; give up those that nobody answered."""
        now, options = time.monotonic(), self._options
        for job_id, job in list(self._jobs.items()):
            if now - job.began > options.demo_task_limit_seconds:
                self._end_failed(job_id, job.context, "TimeoutError", "timeout", "no reply came in time")
        if now >= self._next_at and len(self._jobs) < options.demo_tasks_in_flight:
            self._next_at = now + options.demo_task_seconds
            self._begin(now)

    def receive(self, received: Received) -> None:
        """Take a reply."""
        try:
            reply = reply_of(received.value)
        except InvalidMessage as error:
            self.emit_telemetry(
                "error",
                error_type="InvalidReply",
                error_category="parsing",
                message=f"not a reply, skipped: {error.detail}",
            )
            return
        self._replied(reply, received.traceparent)

    def _begin(self, now: float) -> None:
        text, priority = TOPICS[next(self._numbers) % len(TOPICS)]
        job_id = f"job-{uuid.uuid4().hex[:12]}"
        context = context_of(job_id)
        self._jobs[job_id] = _Job(context, now)
        self._tell(
            "task_started",
            {
                "reasoning": f"Planning {text}: one task for the Writer, then a check of what comes back.",
                "tools_planned": ["handoff"],
            },
            context,
        )
        self.hand_off(
            "Writer",
            f"{job_id}{_SUFFIX}",
            {"topic": text},
            deployment="writer-agent",
            priority=priority,
            reply_to=REPLIES,
            context=context,
        )

    def _replied(self, reply: Reply, traceparent: str | None) -> None:
        job_id = reply.task_id.removesuffix(_SUFFIX)
        job = self._jobs.pop(job_id, None)
        context = job.context if job else context_of(job_id, traceparent)
        if reply.status == "completed":
            summary = str(reply.result.get("summary", "done"))
            self._tell("task_completed", {"result_summary": f"{reply.agent}: {summary}"}, context)
            return
        kind = reply.error_type if isinstance(reply.error_type, str) else "Unknown"
        self._end_failed(job_id, context, kind, "unknown", f"{reply.agent} failed: {kind}")

    def _end_failed(self, job_id: str, context: TaskContext, kind: str, category: str, message: str) -> None:
        self._jobs.pop(job_id, None)
        self._tell("task_failed", None, context, error_type=kind, error_category=category, message=message)


if __name__ == "__main__":
    Orchestrator().run()
