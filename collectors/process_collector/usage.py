"""What instances used between two passes: CPU, storage, network; pure.

Rounded, so that noise does not count as change: 5 millicores, 1 KiB/s.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.process_collector.readings import Process, Sample

CPU_STEP_MILLICORES = 5
RATE_STEP_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Instance:
    """An agent's process, and its children."""

    root: Sample
    members: tuple[Sample, ...]

    @property
    def name(self) -> str:
        """The name that the agent gives itself as its instance id."""
        return f"{self.root.process.workload}-{self.root.process.pid}"


@dataclass(frozen=True, slots=True)
class Use:
    """What an instance used between two passes, in millicores and bytes a second; None where unknown."""

    cpu: int | None = None
    io_read: float | None = None
    io_write: float | None = None
    network_rx: float | None = None
    network_tx: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What an instance has used since its beginning, at one pass."""

    cpu_seconds: dict[Process, float]
    read_bytes: int | None
    written_bytes: int | None
    namespace: int | None
    received_bytes: int | None
    sent_bytes: int | None


class Usage:
    """Remembers one pass, to compare the next with it; times are monotonic seconds."""

    def __init__(self) -> None:
        self._before: dict[Process, Totals] = {}
        self._at_seconds = 0.0
        self._uses: dict[Process, Use] = {}

    def of(self, process: Process) -> Use:
        """Give what an instance used between the last two passes, by its outermost process."""
        return self._uses.get(process, Use())

    def measure(self, instances: list[Instance], at_seconds: float) -> None:
        """Compare a pass with the one before."""
        elapsed = at_seconds - self._at_seconds
        crowded = _crowded(instances)
        totals = {one.root.process: totals_of(one, crowded) for one in instances}
        self._uses = {
            process: use_between(before, now, elapsed)
            for process, now in totals.items()
            if (before := self._before.get(process)) and elapsed > 0
        }
        self._before, self._at_seconds = totals, at_seconds


def totals_of(instance: Instance, crowded: frozenset[int] = frozenset()) -> Totals:
    """Add up what an instance has used; the traffic of a `crowded` namespace is no instance's own."""
    traffic = instance.root.traffic
    if traffic and traffic.namespace in crowded:
        traffic = None
    members = instance.members
    return Totals(
        {one.process: one.cpu_seconds for one in members if one.cpu_seconds is not None},
        _sum(one.read_bytes for one in members),
        _sum(one.written_bytes for one in members),
        traffic.namespace if traffic else None,
        traffic.received_bytes if traffic else None,
        traffic.sent_bytes if traffic else None,
    )


def use_between(before: Totals, now: Totals, elapsed_seconds: float) -> Use:
    """Give the rates between two passes."""
    # A child that was not there at the last pass has used all of its time since; an ended one is left out.
    used = sum(seconds - before.cpu_seconds.get(one, 0.0) for one, seconds in now.cpu_seconds.items())
    cpu = _stepped(max(0.0, used) / elapsed_seconds * 1000, CPU_STEP_MILLICORES)
    same = before.namespace == now.namespace
    return Use(
        int(cpu) if now.cpu_seconds else None,
        # Linux adds the bytes of a child to its parent's when that reaps it: only the sum of all is steady.
        _rate(before.read_bytes, now.read_bytes, elapsed_seconds),
        _rate(before.written_bytes, now.written_bytes, elapsed_seconds),
        _rate(before.received_bytes, now.received_bytes, elapsed_seconds) if same else None,
        _rate(before.sent_bytes, now.sent_bytes, elapsed_seconds) if same else None,
    )


def _crowded(instances: Iterable[Instance]) -> frozenset[int]:
    """Give the namespaces that several instances are in."""
    seen: set[int] = set()
    crowded: set[int] = set()
    for one in instances:
        if traffic := one.root.traffic:
            (crowded if traffic.namespace in seen else seen).add(traffic.namespace)
    return frozenset(crowded)


def _sum(parts: Iterable[int | None]) -> int | None:
    """Add up; what lacks a part has no sum."""
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _rate(before: int | None, now: int | None, elapsed_seconds: float) -> float | None:
    if before is None or now is None:
        return None
    return _stepped(max(0, now - before) / elapsed_seconds, RATE_STEP_BYTES)


def _stepped(value: float, step: int) -> float:
    return float(round(value / step) * step)
