"""Which agent consumes which topic: client ids, hosts and group names → agents. Pure.

`views.py` tells it of the agents and pods that the snapshot shows, and has each group named by it. A member
belongs to an agent

1. by its client id, where that is, or extends, an instance, a pod or the deployment of the agent;
2. else by its host, where that is the address of exactly one pod (a pod that has ended has none);
3. else, where no member of its group is known by either, by the group's name, which is, or extends, the id,
   the deployment or the name of the agent.

The longest name wins, of one length an id before a name; what stands for two agents names nobody. What
extends a name goes on behind it with a sign that is no letter and no digit: `writer-agent-1` and
`writer-agent.dlq` extend `writer-agent`.

A group is named anew only when its members changed, or something that its own words or its members' hosts
may find.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from aggregator.addresses import plain_address
from aggregator.observations import Key
from schema.agent_names import id_of
from schema.models import Agent, Pod
from schema.part_models import Group, Member

K = TypeVar("K")
Word = tuple[str, str]
"""By what an agent is found (`client`, `host`, `id` or `name`), and the text."""
_CLIENTS = ("client",)
_NAMES = ("id", "name")
_SEAM = re.compile(r"[^A-Za-z0-9]")
MAX_SEAMS = 32
"""So many of a text's beginnings are looked up, and the text as a whole."""


class _Named(NamedTuple):
    """The members of a group as they were told, the same with their agents, and the group's agents."""

    told: list[Member]
    members: list[Member]
    agent_ids: list[str]


class Consumers:
    """The agents by their words, and the groups by the words that may find their agents."""

    def __init__(self) -> None:
        self._holders: dict[Word, Counter[str]] = {}
        self._words_of: dict[tuple[str, Key], tuple[str, frozenset[Word]]] = {}
        self._seekers: dict[Word, set[Key]] = {}
        self._sought: dict[Key, frozenset[Word]] = {}
        self._named: dict[Key, _Named] = {}
        self._reads: dict[Key, dict[str, frozenset[str]]] = {}
        self._readers: dict[str, Counter[str]] = {}
        self._touched_groups: set[Key] = set()
        self._touched_topics: set[Key] = set()

    def put_agent(self, agent_id: str, agent: Agent | None) -> None:
        """Note an agent as the snapshot shows it, or that it shows it no more."""
        self._put(("agent", (agent_id,)), agent_id, frozenset(_agent_words(agent)) if agent else frozenset())

    def put_pod(self, key: Key, pod: Pod | None) -> None:
        """Note a pod that runs, with its agent and its address, or that it does no more."""
        agent_id = pod.agent_id if pod and isinstance(pod.agent_id, str) else ""
        self._put(("pod", key), agent_id, frozenset(_pod_words(pod)) if pod else frozenset())

    def take_touched(self) -> set[Key]:
        """Give the groups whose agents may be others since the last call."""
        touched, self._touched_groups = self._touched_groups, set()
        for key in touched:
            self._named.pop(key, None)
        return touched

    def take_topics(self) -> set[Key]:
        """Give the topics whose agents are others since the last call."""
        touched, self._touched_topics = self._touched_topics, set()
        return touched

    def agents_of(self, topic: str) -> list[str]:
        """Give the agents that consume a topic, in order."""
        return sorted(self._readers.get(topic, ()))

    def put_group(self, key: Key, group: Group | None) -> Group | None:
        """Give a group with its agents named, and remember what it reads; None when it is gone."""
        if group is None:
            self._named.pop(key, None)
            self._seek(key, frozenset())
            self._read(key, {})
            return None
        known = self._named.get(key)
        if known is None or known.told != group.members:
            self._seek(key, frozenset(_sought_words(group)))
            known = self._named[key] = self._name(group)
        named = msgspec.structs.replace(group, members=known.members, agent_ids=known.agent_ids or UNSET)
        self._read(key, _topics_of(named))
        return named

    def _name(self, group: Group) -> _Named:
        members = [self._member(one) for one in group.members]
        found = {one.agent_id for one in members if isinstance(one.agent_id, str)}
        by_name = None if found else self._find(_NAMES, id_of(group.group))
        if by_name:
            found = {by_name}
            members = [msgspec.structs.replace(one, agent_id=by_name) for one in members]
        return _Named(group.members, members, sorted(found))

    def _member(self, member: Member) -> Member:
        agent_id = self._find(_CLIENTS, member.client_id) or self._at(member.host)
        return msgspec.structs.replace(member, agent_id=agent_id or UNSET)

    def _find(self, kinds: tuple[str, ...], text: str) -> str | None:
        """Give the agent whose word is the longest beginning of a text."""
        for beginning in _beginnings(text):
            for kind in kinds:
                holders = self._holders.get((kind, beginning))
                if holders:
                    return next(iter(holders)) if len(holders) == 1 else None
        return None

    def _at(self, host: str) -> str | None:
        """Give the agent of the only pod at an address."""
        holders = self._holders.get(("host", plain_address(host)))
        return next(iter(holders)) or None if holders and holders.total() == 1 else None

    def _put(self, who: tuple[str, Key], agent_id: str, words: frozenset[Word]) -> None:
        before_id, before = self._words_of.get(who, ("", frozenset[Word]()))
        if (before_id, before) == (agent_id, words):
            return
        changed = before ^ words if before_id == agent_id else before | words
        for word in changed & before:
            _count(self._holders, word, before_id, -1)
        for word in changed & words:
            _count(self._holders, word, agent_id, 1)
        for word in changed:
            self._touched_groups |= self._seekers.get(word, set())
        if words:
            self._words_of[who] = (agent_id, words)
        else:
            self._words_of.pop(who, None)

    def _seek(self, key: Key, words: frozenset[Word]) -> None:
        before = self._sought.pop(key, frozenset())
        for word in before - words:
            seekers = self._seekers[word]
            seekers.discard(key)
            if not seekers:
                del self._seekers[word]
        for word in words - before:
            self._seekers.setdefault(word, set()).add(key)
        if words:
            self._sought[key] = words

    def _read(self, key: Key, topics: dict[str, frozenset[str]]) -> None:
        before = self._reads.pop(key, {})
        for topic in before.keys() | topics.keys():
            was, now = before.get(topic, frozenset()), topics.get(topic, frozenset())
            if was == now:
                continue
            for agent_id in was - now:
                _count(self._readers, topic, agent_id, -1)
            for agent_id in now - was:
                _count(self._readers, topic, agent_id, 1)
            self._touched_topics.add((topic,))
        if topics:
            self._reads[key] = topics


def _count(counters: dict[K, Counter[str]], name: K, agent_id: str, by: int) -> None:
    counter = counters.setdefault(name, Counter())
    counter[agent_id] += by
    if not counter[agent_id]:
        del counter[agent_id]
        if not counter:
            del counters[name]


def _agent_words(agent: Agent) -> Iterator[Word]:
    for instance in agent.instances:
        yield "client", instance.instance_id
    for name in (agent.agent_id, agent.deployment_name):
        if isinstance(name, str):
            yield "id", id_of(name)
    yield "name", id_of(agent.name)
    if isinstance(agent.deployment_name, str):
        yield "client", agent.deployment_name


def _pod_words(pod: Pod) -> Iterator[Word]:
    """Give a pod's words; its address counts also where its agent is not known."""
    if isinstance(pod.agent_id, str):
        yield "client", pod.name
    if isinstance(pod.ip, str):
        yield "host", plain_address(pod.ip)


def _sought_words(group: Group) -> Iterator[Word]:
    for beginning in _beginnings(id_of(group.group)):
        yield from ((kind, beginning) for kind in _NAMES)
    for member in group.members:
        for beginning in _beginnings(member.client_id):
            yield from ((kind, beginning) for kind in _CLIENTS)
        yield "host", plain_address(member.host)


def _topics_of(group: Group) -> dict[str, frozenset[str]]:
    """Give the topics that a group reads with the agents that read them.

    Members that were given partitions say which; where none says so, it is the group as a whole. Where
    nobody is in it, nobody reads: its name, though it be an agent's, is what is left of an old consumer.
    """
    if isinstance(group.agent_ids, UnsetType) or not group.members:
        return {}
    if all(isinstance(member.topics, UnsetType) for member in group.members):
        return dict.fromkeys((one.topic for one in group.partitions), frozenset(group.agent_ids))
    found: dict[str, set[str]] = {}
    for member in group.members:
        if isinstance(member.agent_id, str) and not isinstance(member.topics, UnsetType):
            for topic in member.topics:
                found.setdefault(topic, set()).add(member.agent_id)
    return {topic: frozenset(agents) for topic, agents in found.items()}


def _beginnings(text: str) -> Iterable[str]:
    """Give a text, then what it may extend, the longest first."""
    seams = [seam.start() for seam in _SEAM.finditer(text)][:MAX_SEAMS]
    return [text, *(text[:seam] for seam in reversed(seams) if seam)]
