"""What is wrong now, as plain sentences, from one snapshot. Pure.

What a pod's status means is read from `schema/pod_health.py`, as the aggregator reads it: an agent and its
pods are never judged by two tables; what a model's limits and an agent's budget mean is read from
`runtime/spend_health.py`, as the alerts are, so that an alert and its issue are one sentence.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import UnsetType

from api.findings import Finding, because, many
from api.kafka_issues import kafka_issues
from runtime.spend_health import budget_trouble, model_name, model_trouble, near_limits
from schema.models import Agent, AgentUsage, ModelLimits, Pod, Snapshot, Source, Workload
from schema.part_models import Deployment, Node
from schema.pod_health import LOST, health_of, is_failed

OLD_SECONDS = 15.0
"""From this age on the newest snapshot says little about the present."""
MAX_ISSUES = 50
"""So many sentences are listed; how many more there are stands behind them."""

SystemStatus = Literal["healthy", "degraded", "critical"]


class Issues(msgspec.Struct, frozen=True):
    """The system's status, and a sentence for each reason; agents of role `agent` are counted only.

    The status follows from all reasons, also from those that are not listed (`MAX_ISSUES`).
    """

    status: SystemStatus
    issues: list[str]
    agent_count: int
    active_tasks: int


def issues(snapshot: Snapshot, age_seconds: float = 0) -> Issues:
    """Say what is wrong in a snapshot: what is critical comes first, then causes before what they hit.

    `age_seconds` is how long ago the snapshot was made, where it is to stand for the present: an old one
    means that the recorder itself is in trouble, whatever it last saw.
    """
    findings = sorted([*_of_age(age_seconds), *_findings(snapshot)], key=lambda one: not one[0])
    status: SystemStatus = "healthy"
    if findings:
        status = "critical" if findings[0][0] else "degraded"
    return Issues(
        status,
        _bounded(list(dict.fromkeys(sentence for _, sentence in findings))),
        agent_count=sum(agent.role == "agent" for agent in snapshot.agents),
        active_tasks=sum(len(agent.activity.active_task_ids) for agent in snapshot.agents),
    )


def _bounded(sentences: list[str]) -> list[str]:
    more = len(sentences) - MAX_ISSUES
    return sentences if more <= 0 else [*sentences[:MAX_ISSUES], f"… and {more} more"]


def _findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Give what is wrong, part by part; pods stand last, for one broken node may break thousands."""
    for incident in snapshot.incidents:
        if incident.status == "open":
            yield incident.severity == "critical", f"Incident: {incident.title}"
    for alert in snapshot.alerts:
        yield alert.severity == "critical", alert.title
    for source in snapshot.sources:
        yield from _of_source(source)
    if not isinstance(snapshot.kafka, UnsetType):
        yield from kafka_issues(snapshot.kafka, snapshot.timestamp)
    if not isinstance(snapshot.kubernetes, UnsetType):
        for node in snapshot.kubernetes.nodes:
            yield from _of_node(node)
        for deployment in snapshot.kubernetes.deployments:
            yield from _of_deployment(deployment)
    yield from _of_llm(snapshot)
    for agent in snapshot.agents:
        yield from _of_agent(agent)
    for workload in snapshot.workload:
        for pod in workload.pods:
            yield from _of_pod(workload, pod)


def _of_llm(snapshot: Snapshot) -> Iterator[Finding]:
    for model in snapshot.litellm:
        yield from _of_model(model)
    if isinstance(snapshot.llm_usage, UnsetType):
        return
    names = {agent.agent_id: agent.name for agent in snapshot.agents}
    for spender in snapshot.llm_usage.by_agent:
        yield from _of_budget(spender, names)


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


def _of_node(node: Node) -> Iterator[Finding]:
    if not node.ready:
        yield False, f"Node {node.name} is not ready{because(node.reason)}"
    if node.pressures:
        yield False, f"Node {node.name} reports {', '.join(node.pressures)}"


def _of_deployment(deployment: Deployment) -> Iterator[Finding]:
    name = f"Deployment {deployment.namespace}/{deployment.name}"
    if deployment.ready < deployment.desired:
        yield False, f"{name} has {deployment.ready} of {many(deployment.desired, 'replica')} ready"
    if deployment.rollout == "stalled":
        yield False, f"{name} rollout stalled{because(deployment.rollout_message)}"


def _of_pod(workload: Workload, pod: Pod) -> Iterator[Finding]:
    if not isinstance(pod.deleted_at, UnsetType):
        return  # It stands in the snapshot for the record: what runs in its place speaks for itself.
    mock = " (mock)" if workload.runtime == "mock" else ""
    name = f"Pod {workload.namespace}/{pod.name}{mock}"
    trouble = _trouble(pod)
    if trouble:
        yield False, f"{name} {trouble}"
    # What was over before the tick is told too: an OOM kill often lasts less than a second.
    for change in [] if isinstance(pod.transitions, UnsetType) else pod.transitions:
        if is_failed(change.status) and change.status != pod.status:
            yield False, f"{name} was {change.status} at {change.at:%H:%M:%S}"


def _trouble(pod: Pod) -> str:
    """Say what is wrong with a pod now, or nothing; one that has yet to start is well."""
    restarts = many(pod.restarts, "restart") if pod.restarts else ""
    if is_failed(pod.status):
        return f"is {pod.status}" + (f" after {restarts}" if restarts else "")
    if pod.status in LOST:
        return f"is {pod.status}{because(pod.status_message)}"
    if pod.status == "Unschedulable" or (pod.status == "Created" and pod.status_message):
        return f"cannot be scheduled{because(pod.status_message)}"
    if pod.restart_loop is True and pod.status != "Terminating":
        return "restarts again and again" + (f": {restarts}" if restarts else "")
    return _unready(pod)


def _unready(pod: Pod) -> str:
    """Say that a pod is not ready, where nothing but its readiness keeps it from being healthy."""
    if pod.ready is not False or health_of(msgspec.structs.replace(pod, ready=True)) != "healthy":
        return ""
    return f"is {pod.status}" if pod.status == "NotReady" else f"is {pod.status} but not ready"


def _of_model(model: ModelLimits) -> Iterator[Finding]:
    if trouble := model_trouble(model):
        yield trouble.severity == "critical", trouble.sentence
    elif model.status == "unavailable":
        yield False, f"{model_name(model)} is unavailable{because(model.reason)}"
    for sentence in near_limits(model):
        yield False, sentence


def _of_budget(spender: AgentUsage, names: dict[str, str]) -> Iterator[Finding]:
    if trouble := budget_trouble(spender, names.get(spender.agent_id, spender.agent_id)):
        yield False, trouble.sentence


def _of_source(source: Source) -> Iterator[Finding]:
    name = f"Source {source.name}@{source.instance}"
    if source.status == "down":
        yield False, f"{name} is down{because(source.reason)}"
    elif source.status == "stale":
        yield False, f"{name} is stale: nothing for {source.age_seconds:.0f} s"
