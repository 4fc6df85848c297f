"""Changes of pods' statuses: each stands in one snapshot, however often it is told (SPEC §4). Pure.

Collectors repeat a pod's transitions, and a fresh one tells old ones too. So what is not later than
`REMEMBERED_MS` before the previous tick is not shown, and what was shown is remembered for as long, also when
its pod is gone meanwhile: a repeat is either too old or known.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import UnsetType

from aggregator.observations import Key
from aggregator.ticks import to_ms
from schema.models import Pod, Transition

REMEMBERED_MS = 7_500_000
"""Two hours and five minutes: what a node whose clock is an hour slow dates may be told an hour late."""
MAX_TRANSITIONS = 100
"""Of one pod: so many are remembered, and so many stand in one snapshot."""

Row = tuple[str, datetime]


class Transitions:
    """The transitions that the next tick shows, and those that were told before.

    `seen` (by pod id) and `gone` (pod id → when it went, in the order of going) belong to the checkpoint.
    """

    def __init__(self, seen: dict[str, list[Row]], gone: dict[str, int]) -> None:
        self._seen = seen
        self._gone = gone
        self._fresh: dict[str, list[Row]] = {}
        self._shown_under: dict[Key, int] = {}

    def tell(self, key: Key, pod: Pod, at_ms: int, reference_ms: int) -> None:
        """Take over what a source tells of a pod; what is too old beside the reference is no news."""
        self._gone.pop(pod.pod_id, None)
        told = [] if isinstance(pod.transitions, UnsetType) else pod.transitions[-MAX_TRANSITIONS:]
        if told:
            self._take(pod.pod_id, told, reference_ms - REMEMBERED_MS)
        if pod.pod_id in self._fresh:
            self._shown_under.pop(key, None)
            self._shown_under[key] = at_ms

    def of(self, pod_id: str) -> list[Transition]:
        """Give what the next tick shows of a pod."""
        return [Transition(status=status, at=at) for status, at in self._fresh.get(pod_id, ())]

    def forget_pod(self, pod_id: str, at_ms: int) -> None:
        """Note that a pod is gone."""
        if pod_id in self._seen:
            self._gone.pop(pod_id, None)
            self._gone[pod_id] = at_ms

    def expire(self, now_ms: int) -> None:
        """Forget what was told of pods that went too long ago to be repeated."""
        while self._gone:
            pod_id = next(iter(self._gone))
            if now_ms - self._gone[pod_id] <= REMEMBERED_MS:
                return
            del self._gone[pod_id], self._seen[pod_id]

    def take(self, until_ms: int | None = None) -> list[Key]:
        """Forget what a tick has shown (all of it, or what was told until a moment); give the pods."""
        keys = []
        for key, told_ms in list(self._shown_under.items()):
            if until_ms is not None and told_ms > until_ms:
                break
            del self._shown_under[key]
            self._fresh.pop(key[-1], None)
            keys.append(key)
        return keys

    def _take(self, pod_id: str, told: Iterable[Transition], since_ms: int) -> None:
        seen = [row for row in self._seen.get(pod_id, ()) if to_ms(row[1]) > since_ms]
        news = []
        for one in told:
            row = (one.status, one.at)
            if to_ms(one.at) > since_ms and row not in seen:
                seen.append(row)
                news.append(row)
        self._seen[pod_id] = seen[-MAX_TRANSITIONS:]
        if news:
            self._fresh[pod_id] = [*self._fresh.get(pod_id, ()), *news][-MAX_TRANSITIONS:]
