"""Which agents have changed, made anew from the tables: only what was touched, or is due by time. Pure."""

from collections.abc import Collection

from aggregator.agents import Facts, Member, Silent, agent_at, changes_at
from aggregator.fleet import InstanceState
from aggregator.identity import Learned, PodPlace
from aggregator.observations import Key
from aggregator.tables import Tables
from schema.models import Agent, Deployment
from schema.observed import PodObserved


class Roster:
    """The agents as they were made last: which are shown, and when time alone changes one."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._shown: set[str] = set()
        self._due: dict[str, int] = {}

    def refresh(
        self, dirty: Collection[tuple[str, Key]], now_ms: int
    ) -> tuple[dict[str, Agent | None], set[Key]]:
        """Make the touched agents anew; give them (None: not shown), and the pods whose agent is another."""
        learned = self._learn() if ("places", ()) in dirty else Learned(set(), set())
        touched = self._all() if ("agents", ()) in dirty else self._touched(dirty) | learned.agents
        agents = {agent_id: self._make(agent_id, now_ms) for agent_id in sorted(touched)}
        pods: set[Key] = set(learned.pods)
        for agent_id, agent in agents.items():
            if (agent is None) == (agent_id in self._shown):
                self._shown ^= {agent_id}
                pods |= self._tables.pods_of(agent_id)
                pods |= {pod for pod in self._tables.places.members.get(agent_id, {}).values() if pod}
        return agents, pods

    def due(self, now_ms: int) -> set[tuple[str, Key]]:
        """Give the agents whose status time alone has changed by now."""
        return {("agent", (agent_id,)) for agent_id, moment in self._due.items() if moment <= now_ms}

    def agent_of(self, place: PodPlace) -> str | None:
        """Give the shown agent that a pod belongs to: its deployment's, or its instance's."""
        directory = self._tables.places
        for agent_id in (place.deployment, directory.covered.get(place)):
            if agent_id in self._shown and not directory.is_excluded(place.deployment, place.namespace):
                return agent_id
        return None

    def _learn(self) -> Learned:
        state = self._tables.state
        return self._tables.places.learn(state.fleet.instances.values(), state.discovery_mode)

    def _all(self) -> set[str]:
        directory = self._tables.places
        return self._shown | directory.members.keys() | directory.declared.keys()

    def _touched(self, dirty: Collection[tuple[str, Key]]) -> set[str]:
        directory, found = self._tables.places, set[str | None]()
        for kind, key in dirty:
            if kind == "agent":
                found.add(key[0])
            elif kind == "agent_name":
                found |= directory.by_name.get(key[0], set())
                found.add(directory.deployment_of(key[0]))
            elif kind == "pod":
                found |= {key[1], directory.covered.get(PodPlace(*key))}
            elif kind in ("workload", "deployment"):
                found.add(key[1])
        return {one for one in found if one is not None}

    def _make(self, agent_id: str, now_ms: int) -> Agent | None:
        self._due.pop(agent_id, None)
        directory, mode = self._tables.places, self._tables.state.discovery_mode
        if agent_id not in directory.members and not directory.stands_alone(agent_id, mode):
            return None
        facts = self._facts(agent_id)
        agent = agent_at(facts, mode, now_ms)
        moment = changes_at(facts, now_ms) if agent else None
        if moment is not None:
            self._due[agent_id] = moment
        return agent

    def _facts(self, agent_id: str) -> Facts:
        directory, state = self._tables.places, self._tables.state
        is_deployment = agent_id in directory.deployments and not directory.is_excluded(agent_id)
        declared = directory.declarations(agent_id)
        members = [
            self._member(state.fleet.instances[name], place)
            for name, place in directory.members.get(agent_id, {}).items()
        ]
        silent = [
            self._silent(place)
            for place in (directory.places_of(agent_id) if is_deployment else ())
            if place not in directory.covered
        ]
        names = {one.instance.agent_name for one in members} | {one.pod.name for one in silent}
        names |= {one.name for one in declared if directory.names.get(one.name) == agent_id}
        used = {model for name in names for model in state.models_used.of(name)}
        desired = self._desired(agent_id) if is_deployment else None
        return Facts(agent_id, is_deployment, declared, members, silent, used, desired)

    def _member(self, instance: InstanceState, place: PodPlace | None) -> Member:
        told = self._tables.observations.told("pod", place) if place else None
        pod = told[1].pod if told and isinstance(told[1], PodObserved) else None
        # What is told from an excluded deployment makes no agent; there its registration alone counts.
        counts = instance.has_telemetry and not (
            instance.registered and self._tables.places.is_shut(instance.instance_id)
        )
        return Member(instance, pod, counts)

    def _silent(self, place: PodPlace) -> Silent:
        told = self._tables.observations.told("pod", place)
        assert told is not None
        told_ms, value = told
        assert isinstance(value, PodObserved)
        return Silent(value.pod, told_ms)

    def _desired(self, agent_id: str) -> int | None:
        told = [
            self._tables.observations.get("deployment", (namespace, agent_id))
            for namespace in self._tables.places.namespaces(agent_id)
        ]
        wanted = [one.desired for one in told if isinstance(one, Deployment)]
        return sum(wanted) if wanted else None
