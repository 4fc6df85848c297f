"""Who sent telemetry: environment, agent and instance, as its attributes and the resource's tell. Pure."""

from dataclasses import dataclass

from collectors.telemetry_collector.attributes import Attributes, name

TASK = ("oracle.task_id", "oracle.task.id", "task.id", "task_id")
_NAMES = ("gen_ai.agent.name", "gen_ai.agent.id", "agent.name")


@dataclass(frozen=True, slots=True)
class Agent:
    """Whose call it is; each part is None where nobody tells it."""

    agent_id: str | None
    agent_name: str | None
    task_id: str | None


def environment_of(resource: Attributes) -> str:
    """Give the environment that a resource names, or an empty text."""
    return name(resource, "deployment.environment.name", "deployment.environment") or ""


def agent_of(resource: Attributes, own: Attributes) -> Agent:
    """Say whose call it is, from its own attributes before those of the resource.

    A call that names its agent is that agent's, whatever else its process runs; otherwise it is the
    service's, and the instance (the pod's name, where there is one) says which.
    """
    task = name(own, *TASK) or name(resource, *TASK)
    if named := name(own, *_NAMES) or name(resource, *_NAMES):
        return Agent(None, named, task)
    instance = name(resource, "k8s.pod.name", "service.instance.id")
    service = name(resource, "service.name")
    # What SDKs write where nobody has set a name.
    known = service if service and not service.startswith("unknown_service") else None
    return Agent(instance, known, task)
