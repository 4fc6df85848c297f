"""A deployment and its replica sets → replica counts and how far the rollout is; pure."""

from collections.abc import Iterable
from typing import Literal

from msgspec import UNSET

from collectors.k8s_collector.objects import AnnotatedMetadata, Deployment, ReplicaSet
from collectors.k8s_collector.statuses import condition
from schema import models

REVISION = "deployment.kubernetes.io/revision"
MAX_TEXT = 1000
MAX_IMAGES = 20
MAX_REPLICA_SETS = 10

Rollout = Literal["complete", "progressing", "stalled", "paused"]


def deployment_of(deployment: Deployment, replica_sets: Iterable[models.ReplicaSet]) -> models.Deployment:
    """Give a deployment as the snapshot shows it."""
    status = deployment.status
    rollout = rollout_of(deployment)
    progress = condition(status.conditions, "Progressing")
    message = (progress.message or "") if progress and rollout != "complete" else ""
    images = [one.image[:MAX_TEXT] for one in deployment.spec.template.spec.containers if one.image]
    return models.Deployment(
        namespace=deployment.metadata.namespace,
        name=deployment.metadata.name,
        desired=desired_of(deployment),
        ready=max(0, status.ready_replicas),
        available=max(0, status.available_replicas),
        updated=max(0, status.updated_replicas),
        revision=revision_of(deployment.metadata),
        rollout=rollout,
        rollout_message=message[:MAX_TEXT] or UNSET,
        images=images[:MAX_IMAGES] or UNSET,
        replica_sets=shown_sets(replica_sets) or UNSET,
    )


def shown_sets(replica_sets: Iterable[models.ReplicaSet]) -> list[models.ReplicaSet]:
    """Give a deployment's newest replica sets, ordered by revision."""
    return sorted(replica_sets, key=lambda one: (one.revision, one.name))[-MAX_REPLICA_SETS:]


def desired_of(deployment: Deployment) -> int:
    """Give the number of replicas that are asked for; Kubernetes' default is one."""
    replicas = deployment.spec.replicas
    return 1 if replicas is None else max(0, replicas)


def rollout_of(deployment: Deployment) -> Rollout:
    """Say how far the newest rollout is, as `kubectl rollout status` judges it.

    A pod that fails or is replaced after its rollout was complete makes no rollout: then the deployment still
    says that its new replica set is available.
    """
    status, desired = deployment.status, desired_of(deployment)
    if deployment.spec.paused:
        return "paused"
    progress = condition(status.conditions, "Progressing")
    if status.observed_generation < deployment.metadata.generation:
        return "progressing"
    if progress is not None and progress.reason == "ProgressDeadlineExceeded":
        return "stalled"
    done = progress is not None and progress.reason == "NewReplicaSetAvailable"
    enough = status.updated_replicas >= desired and status.available_replicas >= desired
    replaced = status.replicas <= status.updated_replicas
    return "complete" if replaced and (done or enough) else "progressing"


def replica_set_of(replica_set: ReplicaSet) -> models.ReplicaSet | None:
    """Give a replica set as its deployment shows it; None for one that is history."""
    desired = replica_set.spec.replicas or 0
    if desired <= 0 and replica_set.status.replicas <= 0:
        return None
    return models.ReplicaSet(
        name=replica_set.metadata.name,
        revision=revision_of(replica_set.metadata),
        desired=max(0, desired),
        ready=max(0, replica_set.status.ready_replicas),
    )


def revision_of(metadata: AnnotatedMetadata) -> int:
    """Give the number of a rollout; 0 while the controller has not numbered it."""
    told = (metadata.annotations or {}).get(REVISION, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0
