"""A system prompt that an agent has never used before → the event `prompt_changed`. Pure.

It is watched here and not at the proxy, for here the agent is known, and one memory serves all proxies. An
agent may have several system prompts and use them in turn: only one that it has not used within what is
remembered is a change, and the first one never is. Where prompts change with nearly every call (they name
the hour, or the user), the changes of an hour are told up to a bound.
"""

import hashlib
from itertools import islice

import msgspec
from msgspec import UNSET

from schema.agent_names import id_of, name_of
from schema.messages import Call, Event

MAX_PROMPTS = 20
MAX_OWNERS = 1000
LET_GO = 100
MAX_CHANGES = 10
"""So many changes are told of one agent and model within an hour."""
HOUR_MS = 3_600_000
_DIGITS = 16
"""So much of a hash tells the few prompts of one agent apart."""


class Known(msgspec.Struct, array_like=True):
    """The prompts of one agent and model: beginnings of their hashes, the one used last stands last."""

    hashes: list[str]
    last_hash: str
    last_tokens: int
    changes_ms: list[int] = []


class Prompts(msgspec.Struct):
    """The prompts by agent and model; what was used last stands last."""

    known: dict[tuple[str, str], Known] = {}

    def take(self, call: Call, owner: str, agent_name: str, at_ms: int) -> Event | None:
        """Fold a call of an agent (`owner` outlives its instances); give the event when its prompt is new."""
        if not owner or not isinstance(call.prompt_hash, str):
            return None
        before = self.known.pop((owner, call.model), None)
        if before and before.last_hash == call.prompt_hash:
            self.known[owner, call.model] = before
            return None
        tokens = call.system_prompt_tokens if isinstance(call.system_prompt_tokens, int) else 0
        short = call.prompt_hash[:_DIGITS]
        now = Known([short], call.prompt_hash, tokens)
        event = None
        if before:
            now.hashes = [*(one for one in before.hashes if one != short), short][-MAX_PROMPTS:]
            now.changes_ms = [one for one in before.changes_ms if at_ms - one < HOUR_MS]
            if short not in before.hashes and len(now.changes_ms) < MAX_CHANGES:
                now.changes_ms.append(at_ms)
                event = _event(call, agent_name or owner, before)
        self.known[owner, call.model] = now
        if len(self.known) > MAX_OWNERS:
            for oldest in list(islice(self.known, LET_GO)):
                del self.known[oldest]
        return event


def _event(call: Call, agent: str, before: Known) -> Event:
    told = agent if isinstance(call.agent_name, msgspec.UnsetType) else call.agent_name
    agent_name = told if told != call.agent_id else name_of(told)
    tokens = call.system_prompt_tokens
    sizes = f": {before.last_tokens} → {tokens} tokens" if isinstance(tokens, int) else ""
    return Event(
        event_id=hashlib.sha256(f"prompt_changed {call.call_id}".encode()).hexdigest()[:32],
        event_type="prompt_changed",
        timestamp=call.started_at,
        agent_id=call.agent_id if isinstance(call.agent_id, str) else id_of(agent_name),
        agent_name=agent_name,
        message=f"The system prompt for {call.model} changed{sizes} (estimated)",
        task_id=call.task_id,
        trace_id=call.trace_id,
        span_id=UNSET,
        prompt_name=call.model,
        prompt_hash=call.prompt_hash,
        prompt_tokens=tokens,
        previous_prompt_hash=before.last_hash,
        previous_prompt_tokens=before.last_tokens,
    )
