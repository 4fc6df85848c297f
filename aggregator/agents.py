"""What is known of one agent → the agent in the snapshot, or none in this mode (SPEC §3, §4, §7). Pure.

An agent has contributions of its deployment's labels and annotations (`AgentObserved`), of its telemetry and
of its registration. Where they differ:

- `name`: of a labelled deployment; else of the instance heard last; else what was inferred.
- `description`: of a labelled deployment; else of the instance heard last that has one; else as inferred.
- `endpoint`: of the instance heard last that told one, for only instances tell it.
- `models`: what instances tell, what they were seen to use, and what the deployment tells, all of it.
- `capabilities`: what any instance tells. `max_parallel_invocations`: the sum over the instances.
- `role`: what the deployment's images say, else `agent`.

Its instances are those that telemetry or registration speak of, and the pods of its deployment beside them;
a pod that an instance speaks of is that instance's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET, UnsetType

from aggregator.fleet import TROUBLE_MS, InstanceState
from aggregator.ticks import from_ms
from schema.models import ActiveTask, Activity, Agent, Instance, Pod
from schema.observed import AgentObserved
from schema.pod_health import ENDED, health_of
from schema.types import AgentStatus, DiscoveryMode

Word = Literal["labeled", "deployment", "telemetry", "registered"]
_WORST_FIRST: tuple[AgentStatus, ...] = ("failed", "degraded", "healthy", "unknown")


@dataclass(frozen=True)
class Member:
    """An instance that telemetry or registration speak of, and its pod where one is known.

    `has_telemetry` is false where only its registration counts (SPEC §7).
    """

    instance: InstanceState
    pod: Pod | None
    has_telemetry: bool


@dataclass(frozen=True)
class Silent:
    """A pod of the agent's deployment that no instance speaks of, and when it was told last."""

    pod: Pod
    told_ms: int


@dataclass(frozen=True)
class Facts:
    """What is known of one agent: `declared` is what its deployment tells, the labelled namespace first.

    `desired` is how many pods the deployment wants, None when nobody tells.
    """

    agent_id: str
    is_deployment: bool
    declared: list[AgentObserved]
    members: list[Member]
    silent: list[Silent]
    models_used: set[str]
    desired: int | None = None


def discovered_by(facts: Facts, mode: DiscoveryMode) -> list[Word]:
    """Say how a mode came to know an agent; nothing when it does not show it."""
    labeled = mode != "telemetry" and any(one.labeled for one in facts.declared)
    applies: dict[Word, bool] = {
        "labeled": labeled,
        "deployment": mode == "all" and bool(facts.declared) and not labeled,
        "telemetry": any(one.has_telemetry for one in facts.members),
        "registered": any(one.instance.registered for one in facts.members),
    }
    shows = {word for word, holds in applies.items() if holds}
    if mode == "labeled":
        shows.discard("telemetry")
    return [word for word, holds in applies.items() if holds] if shows else []


def agent_at(facts: Facts, mode: DiscoveryMode, now_ms: int) -> Agent | None:
    """Give an agent as it is at a moment, or None when this mode does not show it."""
    words = discovered_by(facts, mode)
    if not words:
        return None
    shown = sorted(_instances(facts, now_ms), key=lambda one: (one.instance_id, one.pod_id or ""))
    by_age = sorted((one.instance for one in facts.members), key=lambda one: (-one.heard_ms, one.instance_id))
    parallel = [one.max_parallel_invocations for one in by_age if one.max_parallel_invocations is not None]
    return Agent(
        agent_id=facts.agent_id,
        name=_name(facts, by_age),
        deployment_name=facts.agent_id if facts.is_deployment else UNSET,
        models=sorted(_models(facts)) or UNSET,
        max_parallel_invocations=sum(parallel) if parallel else UNSET,
        role=facts.declared[0].role if facts.declared else "agent",
        description=_description(facts, by_age),
        capabilities=sorted({item for one in by_age for item in one.capabilities}) or UNSET,
        endpoint=next((one.endpoint for one in by_age if one.endpoint), UNSET),
        discovered_by=words,
        status=agent_status((one.status for one in shown), facts.desired, is_heard=bool(facts.members)),
        last_seen=max((one.last_seen for one in shown), default=UNSET),
        instances=shown,
        activity=_activity(by_age),
    )


def changes_at(facts: Facts, now_ms: int) -> int | None:
    """Give the moment at which time alone will change an agent's status, or None."""
    moments = []
    for one in facts.members:
        moments.append(one.instance.silent_from_ms)
        if one.instance.trouble_ms:
            moments.append(one.instance.trouble_ms + TROUBLE_MS + 1)
    return min((moment for moment in moments if moment > now_ms), default=None)


def instance_status(instance: InstanceState, pod: Pod | None, now_ms: int) -> AgentStatus:
    """Say how an instance fares: its pod's failure first, then silence, then other trouble."""
    health = health_of(pod) if pod else "unknown"
    if health == "failed":
        return "failed"
    if instance.is_silent(now_ms) or (pod and pod.status in ENDED):
        return "down"
    if health == "degraded" or (instance.trouble_ms and now_ms - instance.trouble_ms <= TROUBLE_MS):
        return "degraded"
    return "healthy"


def agent_status(instances: Iterable[AgentStatus], desired: int | None, *, is_heard: bool) -> AgentStatus:
    """As bad as its worst instance that is not down; down when all are, or when wanted pods are not there.

    A deployment that wants no pods and that no telemetry speaks of is unknown: it was put to rest.
    """
    known = list(instances)
    status = next((status for status in _WORST_FIRST if status in known), None)
    if status is not None:
        return status
    if is_heard:
        return "down"
    if desired is None:
        return "down" if known else "unknown"
    return "down" if desired > 0 else "unknown"


def _instances(facts: Facts, now_ms: int) -> Iterator[Instance]:
    for member in facts.members:
        yield Instance(
            instance_id=member.instance.instance_id,
            pod_id=member.pod.pod_id if member.pod else UNSET,
            status=instance_status(member.instance, member.pod, now_ms),
            last_seen=from_ms(member.instance.heard_ms),
        )
    for silent in facts.silent:
        yield Instance(
            instance_id=silent.pod.name,
            pod_id=silent.pod.pod_id,
            status=health_of(silent.pod),
            last_seen=from_ms(silent.told_ms),
        )


def _name(facts: Facts, by_age: list[InstanceState]) -> str:
    if by_age and not (facts.declared and facts.declared[0].labeled):
        return by_age[0].agent_name
    return facts.declared[0].name


def _description(facts: Facts, by_age: list[InstanceState]) -> str | UnsetType:
    labelled = [one.description for one in facts.declared if one.labeled]
    told = [one.description for one in by_age if one.description]
    inferred = [one.description for one in facts.declared if not one.labeled]
    return next((text for text in [*labelled, *told, *inferred] if isinstance(text, str)), UNSET)


def _models(facts: Facts) -> set[str]:
    declared = [one.models for one in facts.declared if isinstance(one.models, list)]
    told = [member.instance.models for member in facts.members]
    return facts.models_used.union(*declared, *told)


def _activity(by_age: list[InstanceState]) -> Activity:
    tasks = {
        task_id: task
        for one in sorted(by_age, key=lambda one: one.instance_id)
        for task_id, task in one.tasks.items()
    }
    told = max(by_age, key=lambda one: (one.told_ms, one.instance_id), default=None)
    return Activity(
        active_task_ids=[
            ActiveTask(id=task_id, started_on=task.started_on, status=task.status)
            for task_id, task in sorted(tasks.items())
        ],
        reasoning=(told.reasoning if told else "") or UNSET,
        tools_planned=(told.tools_planned if told else []) or UNSET,
        updated_at=(told.told_at if told else None) or UNSET,
    )
