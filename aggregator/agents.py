"""Instances, pods and workloads → the agents of a snapshot (SPEC §3, §4). Pure."""

from collections.abc import Iterable

from msgspec import UNSET

from aggregator.fleet import TROUBLE_MS, Fleet, InstanceState
from aggregator.identity import Directory, PodPlace
from aggregator.ticks import from_ms
from schema.models import ActiveTask, Activity, Agent, Instance
from schema.types import AgentStatus

FAILED_PODS = frozenset({"Failed", "OOMKilled", "CrashLoopBackOff", "Error", "Exited"})
_WORST_FIRST: tuple[AgentStatus, ...] = ("failed", "degraded", "healthy")


def agents_at(
    fleet: Fleet, places: Directory, pod_status: dict[str, str], models_used: dict[str, set[str]], now_ms: int
) -> list[Agent]:
    """Give every agent at a moment; `pod_status` is by pod id, `models_used` by agent name."""
    groups: dict[str, list[InstanceState]] = {}
    for instance in fleet.instances.values():
        groups.setdefault(places.agent_id(instance.agent_name), []).append(instance)
    return [
        _agent(
            agent_id,
            sorted(instances, key=lambda one: one.instance_id),
            places,
            pod_status,
            models_used,
            now_ms,
        )
        for agent_id, instances in sorted(groups.items())
    ]


def instance_status(
    instance: InstanceState, pod: PodPlace | None, pod_status: str | None, now_ms: int
) -> AgentStatus:
    """Say how an instance fares: its pod's failure first, then silence, then recent errors."""
    if pod_status in FAILED_PODS:
        return "failed"
    if instance.is_silent(now_ms):
        return "down"
    return "degraded" if instance.trouble_ms and now_ms - instance.trouble_ms <= TROUBLE_MS else "healthy"


def agent_status(instances: Iterable[AgentStatus]) -> AgentStatus:
    """An agent is down when all its instances are; else as bad as its worst living instance."""
    alive = [status for status in instances if status != "down"]
    return next((status for status in _WORST_FIRST if status in alive), "down")


def _agent(
    agent_id: str,
    instances: list[InstanceState],
    places: Directory,
    pod_status: dict[str, str],
    models_used: dict[str, set[str]],
    now_ms: int,
) -> Agent:
    shown = []
    for one in instances:
        pod = places.pods.get(one.instance_id)
        status = instance_status(one, pod, pod_status.get(pod.pod_id) if pod else None, now_ms)
        shown.append(
            Instance(
                instance_id=one.instance_id,
                pod_id=pod.pod_id if pod else UNSET,
                status=status,
                last_seen=from_ms(one.heard_ms),
            )
        )
    newest = max(instances, key=lambda one: (one.heard_ms, one.instance_id))
    names = {one.agent_name for one in instances}
    models = {model for one in instances for model in one.models}
    models |= {model for name in names for model in models_used.get(name, ())}
    parallel = [one.max_parallel_invocations for one in instances if one.max_parallel_invocations is not None]
    registered = any(one.registered for one in instances)
    return Agent(
        agent_id=agent_id,
        name=newest.agent_name,
        deployment_name=agent_id if agent_id in places.deployments else UNSET,
        models=sorted(models) or UNSET,
        max_parallel_invocations=sum(parallel) if parallel else UNSET,
        description=next((one.description for one in instances if one.description), UNSET),
        capabilities=sorted({item for one in instances for item in one.capabilities}) or UNSET,
        endpoint=next((one.endpoint for one in instances if one.endpoint), UNSET),
        discovered_by=["telemetry", "registered"] if registered else ["telemetry"],
        status=agent_status(one.status for one in shown),
        last_seen=from_ms(newest.heard_ms),
        instances=shown,
        activity=_activity(instances),
    )


def _activity(instances: list[InstanceState]) -> Activity:
    told = max(instances, key=lambda one: (one.told_ms, one.instance_id))
    tasks = {task_id: task for one in instances for task_id, task in one.tasks.items()}
    return Activity(
        active_task_ids=[
            ActiveTask(id=task_id, started_on=task.started_on, status=task.status)
            for task_id, task in sorted(tasks.items())
        ],
        reasoning=told.reasoning or UNSET,
        tools_planned=told.tools_planned or UNSET,
        updated_at=told.told_at or UNSET,
    )
