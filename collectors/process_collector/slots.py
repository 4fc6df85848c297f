"""Which process took whose place: a workload's slots, and how often each was restarted; pure.

Nobody tells a collector that one process replaces another. A new process of a workload that has lost one
takes the place of the lost one; without a lost one, the workload has grown.
"""

from dataclasses import dataclass, field

from collectors.process_collector.translate import Process

FORGOTTEN_AFTER_SECONDS = 600.0
"""A place that stays empty for so long was given up, not restarted."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A place that a vanished process has left."""

    restarts: int
    at_seconds: float


@dataclass
class Slots:
    """The places of all workloads; `at_seconds` is a monotonic time."""

    _restarts: dict[Process, int] = field(default_factory=dict)
    _lost: dict[str, list[Lost]] = field(default_factory=dict)

    def update(self, roots: list[Process], at_seconds: float) -> dict[Process, int]:
        """Give each process's number of restarts, as far as this collector has seen them."""
        for gone in self._restarts.keys() - set(roots):
            lost = Lost(self._restarts.pop(gone), at_seconds)
            self._lost.setdefault(gone.workload, []).append(lost)
        self._forget(at_seconds)
        for process in roots:
            if process not in self._restarts:
                places = self._lost.get(process.workload)
                self._restarts[process] = places.pop(0).restarts + 1 if places else 0
        return dict(self._restarts)

    def waiting(self) -> set[str]:
        """Give the workloads that have an empty place: they exist even without any process."""
        return {workload for workload, places in self._lost.items() if places}

    def _forget(self, at_seconds: float) -> None:
        for workload, places in list(self._lost.items()):
            kept = [place for place in places if at_seconds - place.at_seconds < FORGOTTEN_AFTER_SECONDS]
            if kept:
                self._lost[workload] = kept
            else:
                del self._lost[workload]
