"""The entities that a snapshot is made of: where each kind lies, and its natural key (SPEC §4).

Changes (`oracle.changes`, `/api/v1/live`) speak of these kinds. Two kinds are nested or split: a `workload`
travels without its pods, a `pod` under its workload; `kafka` and `llm_usage` carry the scalar fields of
their part, and their lists are kinds of their own. `event` and `call` are no part of a snapshot.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of entity: `path` of its list (or part) in the snapshot, `key` fields in order."""

    name: str
    path: tuple[str, ...]
    key: tuple[str, ...]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("agent", ("agents",), ("agent_id",)),
        Kind("workload", ("workload",), ("namespace", "deployment_name")),
        Kind("pod", ("workload", "pods"), ("namespace", "deployment_name", "pod_id")),
        Kind("queue", ("queues",), ("name",)),
        Kind("litellm", ("litellm",), ("provider", "model", "key_label")),
        Kind("deployment", ("kubernetes", "deployments"), ("namespace", "name")),
        Kind("node", ("kubernetes", "nodes"), ("name",)),
        Kind("k8s_event", ("kubernetes", "events"), ("namespace", "object", "reason")),
        Kind("kafka", ("kafka",), ()),
        Kind("group", ("kafka", "groups"), ("group",)),
        Kind("topic", ("kafka", "topics"), ("topic",)),
        Kind("llm_usage", ("llm_usage",), ()),
        Kind("by_agent", ("llm_usage", "by_agent"), ("agent_id",)),
        Kind("by_model", ("llm_usage", "by_model"), ("provider", "model")),
        Kind("in_flight", ("llm_usage", "in_flight"), ("call_id",)),
        Kind("alert", ("alerts",), ("id",)),
        Kind("incident", ("incidents",), ("id",)),
        Kind("source", ("sources",), ("name", "instance")),
    )
}

ACTIVITY_KINDS = ("event", "call")
"""Kinds of a change that are shown as they pass, and are no part of a snapshot."""
