"""What is wrong now, as plain sentences, from one snapshot. Pure."""

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import UnsetType

from schema.models import Agent, ModelLimits, Pod, Snapshot, Source

NEAR_LIMIT = 0.9
"""The share of a model's limit from which it is an issue."""
OLD_SECONDS = 15.0
"""From this age on the newest snapshot says little about the present."""
FAILED_POD_STATUSES = frozenset(
    {
        "CrashLoopBackOff", "OOMKilled", "Failed", "Error", "Evicted", "ImagePullBackOff", "ErrImagePull",
        "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    }
)  # fmt: skip

SystemStatus = Literal["healthy", "degraded", "critical"]
Finding = tuple[bool, str]
"""Whether it is critical, and the sentence."""


class Issues(msgspec.Struct, frozen=True):
    """The system's status, and a sentence for each reason; agents of role `agent` are counted only."""

    status: SystemStatus
    issues: list[str]
    agent_count: int
    active_tasks: int


def issues(snapshot: Snapshot, age_seconds: float = 0) -> Issues:
    """Say what is wrong in a snapshot: what is critical comes first, else the order is the snapshot's.

    `age_seconds` is how long ago the snapshot was made, where it is to stand for the present: an old one
    means that the recorder itself is in trouble, whatever it last saw.
    """
    findings = sorted([*_of_age(age_seconds), *_findings(snapshot)], key=lambda one: not one[0])
    status: SystemStatus = "healthy"
    if findings:
        status = "critical" if findings[0][0] else "degraded"
    return Issues(
        status,
        list(dict.fromkeys(sentence for _, sentence in findings)),
        agent_count=sum(agent.role == "agent" for agent in snapshot.agents),
        active_tasks=sum(len(agent.activity.active_task_ids) for agent in snapshot.agents),
    )


def _findings(snapshot: Snapshot) -> Iterator[Finding]:
    for incident in snapshot.incidents:
        if incident.status == "open":
            yield incident.severity == "critical", f"Incident: {incident.title}"
    for alert in snapshot.alerts:
        yield alert.severity == "critical", alert.title
    for agent in snapshot.agents:
        yield from _of_agent(agent)
    for workload in snapshot.workload:
        for pod in workload.pods:
            yield from _of_pod(pod)
    for model in snapshot.litellm:
        yield from _of_model(model)
    for source in snapshot.sources:
        yield from _of_source(source)


def _of_age(age_seconds: float) -> Iterator[Finding]:
    if age_seconds > OLD_SECONDS:
        yield (
            True,
            f"The newest snapshot is {age_seconds:.0f} s old: see the aggregator, the broker and the store",
        )


def _of_agent(agent: Agent) -> Iterator[Finding]:
    match agent.status:
        case "failed":
            yield True, f"Agent {agent.name} has failed"
        case "down":
            yield True, f"Agent {agent.name} is down"
        case "degraded":
            yield False, f"Agent {agent.name} is degraded"


def _of_pod(pod: Pod) -> Iterator[Finding]:
    if pod.status in FAILED_POD_STATUSES:
        restarts = "" if isinstance(pod.restarts, UnsetType) else f" after {pod.restarts} restarts"
        yield False, f"Pod {pod.name} is {pod.status}{restarts}"
    # What was over before the tick is told too: an OOM kill often lasts less than a second.
    for change in [] if isinstance(pod.transitions, UnsetType) else pod.transitions:
        if change.status in FAILED_POD_STATUSES and change.status != pod.status:
            yield False, f"Pod {pod.name} was {change.status} at {change.at:%H:%M:%S}"


def _of_model(model: ModelLimits) -> Iterator[Finding]:
    name = f"Model {model.model}"
    until = "" if isinstance(model.resets_at, UnsetType) else f" until {model.resets_at:%Y-%m-%dT%H:%M:%SZ}"
    if model.quota_exhausted:
        yield False, f"{name} has used up its quota{until}"
    elif model.status == "rate_limited":
        yield False, f"{name} is rate limited{until}"
    elif model.status == "unavailable":
        yield False, f"{name} is unavailable"
    for used, limit, unit in ((model.tpm, model.tpm_max, "TPM"), (model.rpm, model.rpm_max, "RPM")):
        if not isinstance(limit, UnsetType) and limit and used >= NEAR_LIMIT * limit:
            yield False, f"{name} at {used * 100 // limit}% {unit} limit"


def _of_source(source: Source) -> Iterator[Finding]:
    name = f"Source {source.name}@{source.instance}"
    if source.status == "down":
        reason = "" if isinstance(source.reason, UnsetType) else f": {source.reason}"
        yield False, f"{name} is down{reason}"
    elif source.status == "stale":
        yield False, f"{name} is stale: nothing for {source.age_seconds:.0f} s"
