"""Freezing a tick: the views of one environment → the validated document and its sha256. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import UNSET

from aggregator.observations import Key
from aggregator.ticks import from_ms
from aggregator.views import Views
from schema import models
from schema.observed import KafkaClusterObserved
from schema.types import Part
from schema.wire import canonical


@dataclass(frozen=True)
class Document:
    """A frozen snapshot: its id (derived, so that a second fold gives the same), canonical JSON and hash."""

    snapshot_id: UUID
    body: bytes
    sha256: str


def snapshot_id(environment: str, tick_ms: int) -> UUID:
    """Derive the id of an environment's snapshot at a tick."""
    return uuid5(NAMESPACE_URL, f"oracle-monitor:{environment}:{tick_ms}")


def freeze(environment: str, views: Views, tick_ms: int) -> Document:
    """Give the document of a tick; every entity in it was validated when it arrived.

    Agents, workloads, groups and topics stand in the Struct as their encoded bytes.
    """
    snapshot = models.Snapshot(
        id=snapshot_id(environment, tick_ms),
        timestamp=from_ms(tick_ms),
        environment=environment,
        schema_version=models.SCHEMA_VERSION,
        agents=_all(views, "agent"),
        workload=_workload(views),
        queues=cast(list[models.Queue], views.of("queue")),
        litellm=cast(list[models.ModelLimits], views.of("litellm")),
        kubernetes=_kubernetes(views),
        kafka=_kafka(views),
        llm_usage=_llm_usage(views),
        alerts=cast(list[models.Alert], views.of("alert")),
        incidents=[],
        sources=cast(list[models.Source], views.of("source")),
    )
    body = canonical(snapshot)
    return Document(snapshot.id, body, hashlib.sha256(body).hexdigest())


def _all(views: Views, kind: str) -> Any:
    """Give the encoded entities of a kind that stand alone."""
    bodies = views.bodies
    return bodies.whole(kind, lambda: views.items(kind), lambda key, part: bodies.keep(kind, key, part))


def _workload(views: Views) -> Any:
    bodies = views.bodies

    def encode(key: Key, workload: Part) -> None:
        pods = views.pods_in(key)
        for name, pod in pods:
            if not bodies.has("pod", name):
                bodies.keep("pod", name, pod)
        array = bodies.array("pod", (name for name, _ in pods))
        bodies.keep("workload", key, msgspec.structs.replace(cast(models.Workload, workload), pods=array))

    return bodies.whole("workload", lambda: views.items("workload"), encode)


def _kubernetes(views: Views) -> models.Kubernetes | msgspec.UnsetType:
    deployments, nodes, events = (views.of(kind) for kind in ("deployment", "node", "k8s_event"))
    if not (deployments or nodes or events):
        return UNSET
    return models.Kubernetes(
        deployments=cast(list[models.Deployment], deployments),
        nodes=cast(list[models.Node], nodes),
        events=cast(list[models.KubernetesEvent], events),
    )


def _kafka(views: Views) -> models.Kafka | msgspec.UnsetType:
    cluster: Sequence[Part] = views.of("kafka")
    if not cluster:
        return UNSET
    (sample,) = cluster
    assert isinstance(sample, KafkaClusterObserved)
    told = {name: getattr(sample, name) for name in sample.__struct_fields__}
    return models.Kafka(**told, groups=_all(views, "group"), topics=_all(views, "topic"))


def _llm_usage(views: Views) -> models.LlmUsage | msgspec.UnsetType:
    totals = views.of("llm_usage")
    if not totals:
        return UNSET
    return msgspec.structs.replace(
        cast(models.LlmUsage, totals[0]),
        in_flight=cast(list[models.InFlight], views.of("in_flight")),
        by_agent=cast(list[models.AgentUsage], views.of("by_agent")),
        by_model=cast(list[models.ModelUsage], views.of("by_model")),
    )
