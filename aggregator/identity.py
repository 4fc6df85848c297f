"""Who is one agent (SPEC §3): instances, names and deployments → agents. Pure.

Instances belong to one agent when they share the agent's name, or when their id is, or extends, the name of
a deployment or of one of its pods.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schema.agent_names import id_of


@dataclass(frozen=True)
class PodPlace:
    """Where a pod stands."""

    deployment: str
    pod_id: str


@dataclass
class Directory:
    """The deployments and pods that are known now, and which deployment each agent name belongs to."""

    deployments: set[str] = field(default_factory=set)
    pods: dict[str, PodPlace] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def deployment_of(self, instance_id: str) -> str | None:
        """Give the deployment that an instance's id names or extends; the longest name wins."""
        pod = self.pods.get(instance_id)
        if pod:
            return pod.deployment
        parts = instance_id.split("-")
        for length in range(len(parts), 0, -1):
            name = "-".join(parts[:length])
            if name in self.deployments:
                return name
            if name in self.pods:
                return self.pods[name].deployment
        return None

    def learn_names(self, instances: Iterable[tuple[str, str]]) -> None:
        """Work out names → deployments from (instance id, agent name) pairs; the first name wins."""
        found: dict[str, set[str]] = {}
        for instance_id, name in instances:
            deployment = self.deployment_of(instance_id)
            if deployment:
                found.setdefault(name, set()).add(deployment)
        self.names = {name: min(deployments) for name, deployments in found.items()}

    def agent_id(self, agent_name: str) -> str:
        """Give the agent's id in the snapshot: its deployment's name, or else its name as a slug."""
        return self.names.get(agent_name) or id_of(agent_name)


def directory(workloads: Iterable[str], pods: Mapping[str, PodPlace]) -> Directory:
    """Make a directory without names."""
    return Directory(set(workloads), dict(pods))
