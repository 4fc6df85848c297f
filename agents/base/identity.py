"""Who an agent is: one logical agent, its deployment, and this process as one of its instances (pure)."""

import re
from dataclasses import dataclass

from agents.base.settings import AgentSettings


@dataclass(frozen=True)
class Identity:
    """`agent_id` names this instance; `deployment` is the consumer group, shared by all instances."""

    agent_id: str
    agent_name: str
    deployment: str

    @property
    def tasks_topic(self) -> str:
        """Give the topic that the agent's tasks arrive on."""
        return tasks_topic(self.deployment)


def tasks_topic(deployment: str) -> str:
    """Give the topic that a deployment's tasks arrive on."""
    return f"{deployment}-tasks"


def identity_of(settings: AgentSettings, agent_name: str, deployment: str, pid: int) -> Identity:
    """Say who an agent is, from its settings and its class; in Kubernetes the pod's name is the instance."""
    name = settings.oracle_agent_name or agent_name
    workload = settings.oracle_workload or deployment or slug(name)
    # The first process of a container has the same number in every replica.
    contained = settings.hostname and (settings.kubernetes_service_host or pid == 1)
    instance = settings.oracle_agent_id or (settings.hostname if contained else f"{workload}-{pid}")
    return Identity(agent_id=instance[:256], agent_name=name[:256], deployment=workload[:200])


def slug(name: str) -> str:
    """Write a name as Kubernetes would allow it."""
    return (
        re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-") or "agent"
    )
