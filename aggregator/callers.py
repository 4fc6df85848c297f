"""Who made a call of a model that names nobody: by its trace, else by the address it came from. Pure.

A call belongs to an agent

1. by what it tells itself (headers at the proxy, attributes of a span, or the label of its key);
2. else by its trace: an event or another call of the same span names the agent, or those of the same trace
   name one agent alone, within the last hour;
3. else by the address that it came from, where that is the address of exactly one pod that runs, and that
   pod was there when the call began, is not excluded and is no server of models, which calls for others.

Its task is found in the same way. What a trace told is part of the checkpoint, and the addresses follow each
record, so that a second fold gives the same names.
"""

from functools import lru_cache
from itertools import islice

import msgspec
from msgspec import UNSET

from aggregator.addresses import Addresses
from aggregator.fleet import Fleet
from aggregator.identity import Directory
from aggregator.observations import Key
from schema.agent_names import id_of, workload_name
from schema.messages import Call, Event
from schema.models import Pod
from schema.observed import InFlightObserved

REMEMBERED_MS = 3_600_000
MAX_REMEMBERED = 10_000
"""So many traces, and so many spans, are remembered at most: the newest."""
LET_GO = 1_000
"""So many of the oldest go at once: finding the first of a dict costs a step for each that went before it."""
_OF_ANOTHER_TASK = frozenset({"task_queued", "handoff"})
"""Events that name a task which the agent that tells of it gives to another."""


class Who(msgspec.Struct, array_like=True):
    """Who told of a trace or a span: an empty text is not told, or told in two ways.

    `agent` tells agents apart; it is empty where there are several.
    """

    at_ms: int
    agent: str
    agent_id: str
    agent_name: str
    task_id: str
    several_tasks: bool = False


class Traces(msgspec.Struct):
    """Who told of which trace, and of which span in it; the one told last stands last."""

    traces: dict[str, Who] = {}
    spans: dict[str, Who] = {}

    def take(self, trace_id: str, span_id: str, told: Who) -> None:
        """Remember who told of a trace, and of a span where one is named."""
        _merge(self.traces, trace_id, told)
        if span_id:
            _merge(self.spans, f"{trace_id} {span_id}", told)

    def of(self, trace_id: str, span_id: str, at_ms: int) -> Who | None:
        """Give who is meant by a span, else by its trace."""
        for who in (self.spans.get(f"{trace_id} {span_id}"), self.traces.get(trace_id)):
            if who and who.agent and at_ms - who.at_ms <= REMEMBERED_MS:
                return who
        return None


class Callers:
    """Names the callers of an environment, from what its tables know."""

    def __init__(self, traces: Traces, fleet: Fleet, places: Directory) -> None:
        self.addresses = Addresses()
        self._traces = traces
        self._fleet = fleet
        self._places = places

    def learn_event(self, event: Event, at_ms: int) -> None:
        """Remember who works under a trace."""
        if isinstance(event.trace_id, str) and event.event_type not in _OF_ANOTHER_TASK:
            told = (event.agent_id, event.agent_name, _text(event.task_id))
            who = Who(at_ms, self._agent(event.agent_id, event.agent_name), *told)
            self._traces.take(event.trace_id, _text(event.span_id), who)

    def name(self, call: Call, at_ms: int) -> Call:
        """Give a call with the agent and the task that are known of it, and remember what it tells itself."""
        agent_id, agent_name, task_id = self.caller(call, at_ms)
        if isinstance(call.trace_id, str) and (call.agent_id, call.agent_name) != (UNSET, UNSET):
            who = Who(at_ms, self._agent(agent_id, agent_name), agent_id, agent_name, task_id)
            self._traces.take(call.trace_id, _text(call.parent_span_id), who)
        return msgspec.structs.replace(
            call, agent_id=agent_id or UNSET, agent_name=agent_name or UNSET, task_id=task_id or UNSET
        )

    def caller(self, call: Call | InFlightObserved, at_ms: int) -> tuple[str, str, str]:
        """Give the id and the name of a call's agent, and its task; an empty text is not known."""
        agent_id, agent_name, task_id = (_text(x) for x in (call.agent_id, call.agent_name, call.task_id))
        trace_id, span_id = _text(call.trace_id), _text(call.parent_span_id)
        who = self._traces.of(trace_id, span_id, at_ms) if trace_id else None
        if agent_id or agent_name:
            same = who is not None and who.agent == self._agent(agent_id, agent_name)
            return agent_id, agent_name, task_id or (who.task_id if who and same else "")
        if who:
            return who.agent_id, who.agent_name, task_id or who.task_id
        pod = self._pod_of(_text(call.client_address), call)
        return (pod.name, self._name_of(pod.name), task_id) if pod else ("", "", task_id)

    def agent_name(self, call: Call) -> str:
        """Give the name that a call's sums stand under: its instance's, else as told; empty: unknown."""
        agent_id = _text(call.agent_id)
        return self._name_of(agent_id) or _text(call.agent_name) or agent_id

    def prompt_owner(self, call: Call) -> str:
        """Give what an agent's prompts are remembered under; empty: nobody's."""
        agent_id, agent_name = _text(call.agent_id), _text(call.agent_name)
        return self._agent(agent_id, agent_name) if agent_id or agent_name else ""

    def _agent(self, agent_id: str, agent_name: str) -> str:
        """Tell agents apart by what outlives their instances: their deployment, else their name."""
        deployment = self._places.deployment_of(agent_id) if agent_id else None
        return deployment or _slug(self._name_of(agent_id) or agent_name or workload_name(agent_id))

    def _name_of(self, instance_id: str) -> str:
        instance = self._fleet.instances.get(instance_id)
        return instance.agent_name if instance else ""

    def _pod_of(self, address: str, call: Call | InFlightObserved) -> Pod | None:
        found = self.addresses.pod_at(address) if address else None
        if found is None:
            return None
        key, pod = found
        # An address is given to another pod once its pod is gone.
        born_later = not isinstance(pod.created_at, msgspec.UnsetType) and pod.created_at > call.started_at
        return None if born_later or self._calls_for_others(key) else pod

    def _calls_for_others(self, pod: Key) -> bool:
        """Say whether a pod is excluded, or serves models: then its calls are others'."""
        told = self._places.declared.get(pod[1], {}).get(pod[0])
        return told is not None and (told.excluded or told.role == "llm_server")


@lru_cache(1000)
def _slug(agent_name: str) -> str:
    return id_of(agent_name)


def _merge(known: dict[str, Who], key: str, told: Who) -> None:
    before = known.pop(key, None)
    known[key] = _merged(before, told) if before else told
    if len(known) > MAX_REMEMBERED:
        for oldest in list(islice(known, LET_GO)):
            del known[oldest]


def _merged(before: Who, told: Who) -> Who:
    if told.at_ms - before.at_ms > REMEMBERED_MS:
        return told
    if before.agent != told.agent:
        return Who(told.at_ms, "", "", "", "", several_tasks=True)
    several = before.several_tasks or bool(before.task_id and told.task_id and before.task_id != told.task_id)
    task_id = "" if several else told.task_id or before.task_id
    return Who(
        told.at_ms,
        told.agent,
        told.agent_id or before.agent_id,
        told.agent_name or before.agent_name,
        task_id,
        several,
    )


def _text(value: str | msgspec.UnsetType) -> str:
    return value if isinstance(value, str) else ""
