"""Who is one agent (SPEC §3, §7): instances, names, deployments and their pods → agents. Pure.

Instances belong to one agent when they share the agent's name, or when their id is, or extends, the name of
a deployment or of one of its pods. A labelled deployment keeps its own instances, whatever they call
themselves, and takes those that share its name and run nowhere else. Deployments of one name in two
namespaces are one agent, whose id is that name: what they say is merged, the labelled first, then in the
order of the namespaces.

An excluded deployment is no agent: its instances have no home, but for registered ones, which stand by
their name alone. Of two namespaces one may be excluded and the other not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from aggregator.fleet import InstanceState
from aggregator.observations import Key
from schema.agent_names import id_of
from schema.observed import AgentObserved
from schema.types import DiscoveryMode

K = TypeVar("K")
V = TypeVar("V")


class PodPlace(NamedTuple):
    """Where a pod stands: its natural key."""

    namespace: str
    deployment: str
    pod_id: str


Located = tuple[str | None, PodPlace | None]
"""The deployment and the pod that an instance's id names or extends."""


@dataclass(frozen=True)
class Learned:
    """What came out different: agents by their id, and pods whose instances now belong to another agent."""

    agents: set[str]
    pods: set[PodPlace]


class Directory:
    """The deployments and pods that are known now, and which agent each instance belongs to.

    The first three tables follow each record; `learn` makes the others anew from them:
    `names` (agent name → agent id), `members` (agent id → instance id → its pod), `covered` (pod → agent id
    of the instance that speaks for it), and `by_name` (agent name → agent ids).
    """

    def __init__(self) -> None:
        self.pods: dict[str, PodPlace] = {}
        self.deployments: dict[str, set[tuple[str, str]]] = {}
        self.declared: dict[str, dict[str, AgentObserved]] = {}
        self.pods_of: dict[str, set[PodPlace]] = {}
        self.names: dict[str, str] = {}
        self.members: dict[str, dict[str, PodPlace | None]] = {}
        self.covered: dict[PodPlace, str] = {}
        self.by_name: dict[str, set[str]] = {}
        self._pod_names: dict[PodPlace, str] = {}
        self._namesakes: dict[str, set[PodPlace]] = {}
        self._labelled: dict[str, str] = {}
        self._shut: set[str] = set()

    def put_pod(self, key: Key, name: str | None) -> bool:
        """Place a pod, or with None take it away; true when it appeared, vanished or changed its name."""
        place = PodPlace(*key)
        before = self._pod_names.get(place)
        if before == name:
            return False
        if before is not None:
            self._pod_names.pop(place)
            _discard(self._namesakes, before, place)
            _discard(self.pods_of, place.deployment, place)
            self._choose(before)
        if name is not None:
            self._pod_names[place] = name
            self._namesakes.setdefault(name, set()).add(place)
            self.pods_of.setdefault(place.deployment, set()).add(place)
            self._choose(name)
        return True

    def put_deployment(self, kind: str, key: Key, *, known: bool) -> bool:
        """Note that a workload, or what a deployment says of its agent, is there or not; true on a change."""
        namespace, name = key
        is_known = (kind, namespace) in self.deployments.get(name, ())
        if known and not is_known:
            self.deployments.setdefault(name, set()).add((kind, namespace))
        elif is_known and not known:
            _discard(self.deployments, name, (kind, namespace))
        return known != is_known

    def declare(self, key: Key, value: AgentObserved | None) -> bool:
        """Take what a deployment says of its agent, or None; true when it may change who is one agent."""
        namespace, name = key
        before = self.declared.get(name, {}).pop(namespace, None)
        if value is not None:
            self.declared.setdefault(name, {})[namespace] = value
        if not self.declared.get(name):
            self.declared.pop(name, None)
        self.put_deployment("agent", key, known=value is not None)
        return _identity(before) != _identity(value)

    def declarations(self, deployment: str) -> list[AgentObserved]:
        """Give what a deployment's namespaces say of the agent, the excluded left out, the labelled first."""
        told = [one for one in self.declared.get(deployment, {}).values() if not one.excluded]
        return sorted(told, key=lambda one: (not one.labeled, one.namespace))

    def is_excluded(self, deployment: str, namespace: str | None = None) -> bool:
        """Say whether a deployment is excluded; without a namespace, whether it is wherever it is told of."""
        told = self.declared.get(deployment, {})
        if namespace is not None:
            return namespace in told and told[namespace].excluded
        spaces = {space for _, space in self.deployments.get(deployment, ())}
        return bool(told) and all(space in told and told[space].excluded for space in spaces)

    def namespaces(self, deployment: str) -> list[str]:
        """Give the namespaces of a deployment that are not excluded."""
        spaces = {space for _, space in self.deployments.get(deployment, ())}
        return sorted(space for space in spaces if not self.is_excluded(deployment, space))

    def places_of(self, deployment: str) -> list[PodPlace]:
        """Give the pods of a deployment that is an agent, in order."""
        told = self.declared.get(deployment, {})
        excluded = {namespace for namespace, one in told.items() if one.excluded}
        return sorted(one for one in self.pods_of.get(deployment, ()) if one.namespace not in excluded)

    def locate(self, instance_id: str) -> Located:
        """Give the deployment and the pod that an instance's id names or extends; the longest name wins."""
        pod = self.pods.get(instance_id)
        if pod:
            return pod.deployment, pod
        name = instance_id
        while name:
            if name in self.deployments:
                return name, None
            if name in self.pods:
                return self.pods[name].deployment, self.pods[name]
            name = name.rpartition("-")[0]
        return None, None

    def deployment_of(self, instance_id: str) -> str | None:
        """Give the deployment that an instance's id names or extends."""
        return self.locate(instance_id)[0]

    def agent_id(self, agent_name: str) -> str:
        """Give the agent's id in the snapshot: its deployment's name, or else its name as a slug."""
        return self.names.get(agent_name) or id_of(agent_name)

    def home(self, instance: InstanceState, mode: DiscoveryMode) -> str | None:
        """Give the id of the agent that an instance belongs to; None when its deployment is excluded."""
        return self._home(instance, self.locate(instance.instance_id), mode)

    def _home(self, instance: InstanceState, located: Located, mode: DiscoveryMode) -> str | None:
        deployment, pod = located
        name = instance.agent_name
        if deployment is not None:
            if self._excludes(deployment, pod):
                return id_of(name) if instance.registered else None
            if self.stands_alone(deployment, mode):
                return deployment
        elif name in self._shut and name not in self.names and not instance.registered:
            return None
        return self.agent_id(name)

    def is_shut(self, instance_id: str) -> bool:
        """Say whether an instance runs in an excluded deployment."""
        deployment, pod = self.locate(instance_id)
        return deployment is not None and self._excludes(deployment, pod)

    def stands_alone(self, deployment: str, mode: DiscoveryMode) -> bool:
        """Say whether a mode shows a deployment as an agent for what it says itself (SPEC §7)."""
        if mode == "telemetry":
            return False
        return any(mode == "all" or one.labeled for one in self.declarations(deployment))

    def learn(self, instances: Iterable[InstanceState], mode: DiscoveryMode) -> Learned:
        """Work out anew which agent each instance belongs to."""
        located = [(one, self.locate(one.instance_id)) for one in instances]
        self._learn_names(located)
        members, covered = self.members, self.covered
        self.members, self.covered, self.by_name = {}, {}, {}
        for name in self._labelled:
            self.by_name.setdefault(name, set()).add(self._labelled[name])
        for one, (deployment, pod) in located:
            agent_id = self._home(one, (deployment, pod), mode)
            if agent_id is None:
                continue
            self.members.setdefault(agent_id, {})[one.instance_id] = pod
            self.by_name.setdefault(one.agent_name, set()).add(agent_id)
            if pod:
                self.covered[pod] = min(agent_id, self.covered.get(pod, agent_id))
        return Learned(_different(members, self.members), _different(covered, self.covered))

    def _learn_names(self, located: list[tuple[InstanceState, Located]]) -> None:
        found: dict[str, set[str]] = {}
        self._shut = set()
        for one, (deployment, pod) in located:
            if deployment is None:
                continue
            if self._excludes(deployment, pod):
                self._shut.add(one.agent_name)
            else:
                found.setdefault(one.agent_name, set()).add(deployment)
        self._labelled = {}
        for deployment in sorted(self.declared, reverse=True):
            told = self.declarations(deployment)
            if told and told[0].labeled:
                self._labelled[told[0].name] = deployment
        self.names = self._labelled | {name: min(deployments) for name, deployments in found.items()}

    def _excludes(self, deployment: str, pod: PodPlace | None) -> bool:
        return self.is_excluded(deployment, pod.namespace if pod else None)

    def _choose(self, name: str) -> None:
        """Of two pods with one name take the same at every fold."""
        places = self._namesakes.get(name)
        if places:
            self.pods[name] = max(places)
        else:
            self.pods.pop(name, None)


def _identity(value: AgentObserved | None) -> tuple[bool, bool, str] | None:
    return (value.labeled, value.excluded, value.name) if value else None


def _discard(sets: dict[K, set[V]], key: K, value: V) -> None:
    sets[key].discard(value)
    if not sets[key]:
        del sets[key]


def _different(before: dict[K, V], after: dict[K, V]) -> set[K]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
