"""Pods that went since the last tick: the next one shows them once more, with their last value.

What lives and dies between two ticks is so in exactly one snapshot, and a pod that nobody saw end has its
last word there. A checkpoint is taken with a tick, when nothing stands here, so nothing of it is kept. Pure.
"""

import msgspec
from msgspec import UNSET, UnsetType

from aggregator.observations import Key
from aggregator.ticks import from_ms
from schema.models import Transition
from schema.observed import PodObserved
from schema.types import Part

GONE = "Gone"
"""The status of a pod that nobody saw end: no collector tells it."""
UNSEEN = "no longer reported: it ended, or is no longer watched, while nobody looked"


def unseen_end(value: Part, at_ms: int) -> Part | None:
    """Give the last word on a pod that its source misses since `at_ms`; None when its end was told."""
    assert isinstance(value, PodObserved)
    if not isinstance(value.pod.deleted_at, UnsetType):
        return None
    pod = msgspec.structs.replace(
        value.pod,
        status=GONE,
        ready=False,
        deleted_at=from_ms(at_ms),
        status_message=UNSEEN,
        transitions=UNSET,
    )
    return msgspec.structs.replace(value, pod=pod)


class Departed:
    """The last values of the pods that went, in the order of going; a pod may move between workloads."""

    def __init__(self) -> None:
        self._gone: dict[str, tuple[int, Key, Part]] = {}
        self._under: dict[str, set[Key]] = {}

    def add(self, key: Key, value: Part, at_ms: int) -> Key | None:
        """Keep a pod until the next tick; give the key that it went under before, if any."""
        before = self.back(key)
        self._gone[key[-1]] = (at_ms, key, value)
        self._under.setdefault(key[1], set()).add(key)
        return before

    def back(self, key: Key) -> Key | None:
        """Let go of a pod that is there again; give the key that it went under, if any."""
        gone = self._gone.pop(key[-1], None)
        if gone is None:
            return None
        self._leave(gone[1])
        return gone[1]

    def get(self, key: Key) -> Part | None:
        """Give the last value of a pod that went since the last tick."""
        gone = self._gone.get(key[-1])
        return gone[2] if gone and gone[1] == key else None

    def transitions(self, key: Key) -> list[Transition]:
        """Give the change that an unseen end is; it stands here alone, so a pod that is back never had it."""
        value = self.get(key)
        if not isinstance(value, PodObserved) or value.pod.status_message != UNSEEN:
            return []
        assert not isinstance(value.pod.deleted_at, UnsetType)
        return [Transition(status=value.pod.status, at=value.pod.deleted_at)]

    def pods_of(self, deployment: str) -> set[Key]:
        """Give those of a deployment's name, in whichever namespace."""
        return self._under.get(deployment, set())

    def holds(self, workload: Key) -> bool:
        """Say whether a pod of this workload is among them."""
        return any(key[:2] == workload for key in self.pods_of(workload[1]))

    def take(self, until_ms: int | None = None) -> list[Key]:
        """Let go of all, or of what went until a moment; give their keys."""
        keys = []
        for pod_id, (at_ms, key, _) in list(self._gone.items()):
            if until_ms is not None and at_ms > until_ms:
                break
            del self._gone[pod_id]
            self._leave(key)
            keys.append(key)
        return keys

    def _leave(self, key: Key) -> None:
        pods = self._under[key[1]]
        pods.discard(key)
        if not pods:
            del self._under[key[1]]
