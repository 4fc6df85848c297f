"""An agent's name from its id, and its id from its name, where only one of them is known (SPEC §3, §7)."""

import re

MAX_ID = 256

_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""The letters that Kubernetes makes names of: no vowels, so that no word comes out by chance."""
_SUFFIX = re.compile(
    rf"(-(?=[a-z]*\d)[a-z0-9]{{8,10}}|-{_RANDOM}{{8,10}})?-({_RANDOM}{{5}}|(?=[a-z]*\d)[a-z0-9]{{5}})$|-\d+$"
)
"""What a pod's, a StatefulSet's or a process's name has behind the name of its workload."""
_WORD = re.compile(r"[^-_.\s]+")


def workload_name(instance_id: str) -> str:
    """Give what an instance's id extends: "research-agent-7f8d9" → "research-agent"."""
    return _SUFFIX.sub("", instance_id) or instance_id


def name_of(agent_id: str) -> str:
    """Infer an agent's name: "agent-researcher" and "researcher-agent" → "Researcher"."""
    words = _WORD.findall(workload_name(agent_id))
    telling = [word for word in words if word.lower() != "agent"] or words
    return " ".join(word[0].upper() + word[1:] for word in telling)[:MAX_ID] or agent_id


def id_of(agent_name: str) -> str:
    """Write a name as an id: "Research Agent" → "research-agent"; what leaves nothing stays as it is."""
    return re.sub(r"[^a-z0-9]+", "-", agent_name.lower()).strip("-")[:MAX_ID] or agent_name
