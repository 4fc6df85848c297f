"""A node's conditions → whether it is ready, and what presses it; pure."""

from msgspec import UNSET

from collectors.k8s_collector.objects import Node
from collectors.k8s_collector.statuses import condition
from schema import models

MAX_TEXT = 1000
MAX_PRESSURES = 20


def node_of(node: Node) -> models.Node:
    """Give a node as the snapshot shows it; every condition but Ready is one that should not be true."""
    ready = condition(node.status.conditions, "Ready")
    is_ready = ready is not None and ready.status == "True"
    pressures = sorted(
        one.type[:256]
        for one in node.status.conditions or ()
        if one.type and one.type != "Ready" and one.status == "True"
    )
    return models.Node(
        name=node.metadata.name,
        ready=is_ready,
        reason=UNSET if is_ready or ready is None else _reason(ready.reason, ready.message) or UNSET,
        pressures=pressures[:MAX_PRESSURES] or UNSET,
        unschedulable=bool(node.spec.unschedulable),
    )


def _reason(reason: str | None, message: str | None) -> str:
    return ": ".join(part for part in (reason, message) if part)[:MAX_TEXT]
