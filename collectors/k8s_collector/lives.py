"""The chain of a pod's life: every status that it had, each at its own time; pure.

A pod's object tells more than its present: when it was created, when each container's present and last run
began and ended. What it tells is found again, with the same time, in every later object and by a collector
that starts anew; so whatever was missed between two objects, or two watches, is told afterwards. A status
without a time of its own (CrashLoopBackOff, ImagePullBackOff) counts from the moment it was seen.

Kubernetes' times are whole seconds. So that a container that starts, dies and starts again within a second
keeps its order, the n-th run begins 2n + 2 and ends 2n + 3 microseconds later, what was before the first run
is one microsecond late, and what follows all runs comes behind them; what is only seen is dated
by the second.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import msgspec

from collectors.k8s_collector.objects import ContainerStatus, Pod, Terminated
from collectors.k8s_collector.statuses import (
    CRASH_LOOP,
    CREATED,
    DELETED,
    RUNNING,
    Status,
    reason_of,
    restarts_of,
)
from schema.models import Transition

MAX_TRANSITIONS = 20
TOLD_WITHIN = timedelta(hours=2)
"""A pod that is first seen is told with its changes of the last hour only, by a clock an hour wrong."""
LOOP_RESTARTS = 3
LOOP_WITHIN = timedelta(minutes=10)

Moment = tuple[datetime, str]
_IN_GOOD_ORDER = (RUNNING, "Completed")


class Life(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a pod's life.

    `restarted_at` are the newest restarts that were seen. What lies at `told_from` or before it is not told
    any more: it was, and is not remembered, or it was too old when the pod was first seen.
    """

    status: str
    restarts: int
    transitions: tuple[Transition, ...]
    restarted_at: tuple[datetime, ...] = ()
    told_from: datetime = datetime.min.replace(tzinfo=UTC)

    def loops(self, now: datetime) -> bool:
        """Say whether the pod restarts again and again: it backs off, or restarted three times in 10 min."""
        recent = [at for at in self.restarted_at if now - at <= LOOP_WITHIN]
        return self.status.endswith(CRASH_LOOP) or len(recent) >= LOOP_RESTARTS


def lived(before: Life | None, pod: Pod, status: Status, now: datetime) -> Life:
    """Give the life with what a newer object of the pod tells."""
    moments = list(_moments(pod))
    restarts = restarts_of(pod)
    changed = before is None or before.status != status.name
    ran = any(name == RUNNING for _, name in moments)
    if changed and status.since is not None and all(name != status.name for _, name in moments):
        moments.append((_later(status.since, 2 * restarts + 4 if ran else 1), status.name))
    known = before.transitions if before else ()
    seen = {(one.at, one.status) for one in known}
    told_from = before.told_from if before else now - TOLD_WITHIN
    fresh = [
        one for one in dict.fromkeys(moments) if one[0] > told_from and (one[0], one[1][:256]) not in seen
    ]
    fresh.sort(key=itemgetter(0))
    if before is not None and changed and all(name != status.name for _, name in fresh):
        seen_at = _later(now.replace(microsecond=0), 2 * restarts + 3 if ran else 1)
        fresh.append((max([seen_at, *(at for at, _ in moments)]), status.name))
    transitions = (*known, *(Transition(status=name[:256], at=at) for at, name in fresh))
    told_from = max([told_from, *(one.at for one in transitions[:-MAX_TRANSITIONS])])
    restarted_at = _restarted(before, restarts, now)
    return Life(status.name, restarts, transitions[-MAX_TRANSITIONS:], restarted_at, told_from)


def ended(before: Life, now: datetime) -> Life:
    """Give the life of a pod that was deleted."""
    last = Transition(status=DELETED, at=max([now, *(one.at for one in before.transitions[-1:])]))
    transitions = (*before.transitions, last)[-MAX_TRANSITIONS:]
    return msgspec.structs.replace(before, status=DELETED, transitions=transitions)


def last_termination(pod: Pod) -> Terminated | None:
    """Give how the newest ended run of any container ended, init containers included."""
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    ends = [
        (ended.finished_at, ended)
        for one in statuses
        for ended in (one.last_state.terminated, one.state.terminated)
        if ended is not None and ended.finished_at is not None
    ]
    return max(ends, key=itemgetter(0))[1] if ends else None


def _moments(pod: Pod) -> Iterator[Moment]:
    if pod.metadata.creation_timestamp is not None:
        yield pod.metadata.creation_timestamp, CREATED
    for one in pod.status.init_container_statuses or ():
        # What they do in good order is no change of the pod; that one fails, or a sidecar dies, is.
        yield from (moment for moment in _runs(one) if moment[1] not in _IN_GOOD_ORDER)
    for one in pod.status.container_statuses or ():
        yield from _runs(one)


def _runs(one: ContainerStatus) -> Iterator[Moment]:
    """Give the beginnings and ends of a container's last and present run.

    While it waits for its next run, its last one is that which the restarts count; else the one before.
    """
    last, number = one.last_state.terminated, max(0, one.restart_count)
    if last is not None:
        waits = one.state.running is None and one.state.terminated is None
        yield from _run(last.started_at, last, number if waits else max(0, number - 1))
    if one.state.running is not None:
        yield from _run(one.state.running.started_at, None, number)
    elif one.state.terminated is not None:
        yield from _run(one.state.terminated.started_at, one.state.terminated, number)


def _run(started_at: datetime | None, end: Terminated | None, number: int) -> Iterator[Moment]:
    if started_at is not None:
        yield _later(started_at, 2 * number + 2), RUNNING
    if end is not None and end.finished_at is not None:
        yield _later(end.finished_at, 2 * number + 3), reason_of(end)


def _later(moment: datetime, microseconds: int) -> datetime:
    microseconds = min(microseconds, 999_999)
    try:
        return moment + timedelta(microseconds=microseconds)
    except OverflowError:
        return moment


def _restarted(before: Life | None, restarts: int, now: datetime) -> tuple[datetime, ...]:
    """Note a restart as it is seen. Of several at once, after an outage, only the last is known as new."""
    if before is None or restarts <= before.restarts:
        return before.restarted_at if before else ()
    return (*before.restarted_at, now)[-LOOP_RESTARTS:]
