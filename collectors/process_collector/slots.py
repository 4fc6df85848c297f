"""Which process took whose place: a workload's slots, and how often each was restarted; pure.

Nobody tells a collector that one process replaces another. A new process of a workload that has lost one
takes the place of the one that was lost last (a crash loop stays in its own place, also when another place
was given up); without a lost one, the workload has grown.
"""

from dataclasses import dataclass, field

from collectors.process_collector.readings import End, Process

FORGOTTEN_AFTER_SECONDS = 600.0
"""A place that stays empty for so long was given up, not restarted."""
LOOP_RESTARTS = 3
LOOP_SECONDS = 600.0
"""So many restarts within so many seconds are a loop."""


@dataclass(frozen=True, slots=True)
class Place:
    """A process's place: how often it was refilled, when lately, and how the one before it ended."""

    restarts: int = 0
    restarted_at: tuple[float, ...] = ()
    last: End | None = None

    def looping(self, at_seconds: float) -> bool:
        """Say whether this place is refilled again and again."""
        return len(self.restarted_at) == LOOP_RESTARTS and at_seconds - self.restarted_at[0] < LOOP_SECONDS

    def refilled(self, at_seconds: float) -> "Place":
        """Give the place with its next process."""
        lately = (*self.restarted_at, at_seconds)[-LOOP_RESTARTS:]
        return Place(self.restarts + 1, lately, self.last)


@dataclass(frozen=True, slots=True)
class Lost:
    """A place that an ended process has left."""

    place: Place
    at_seconds: float


@dataclass
class Slots:
    """The places of all workloads; `at_seconds` is a monotonic time."""

    _places: dict[Process, Place] = field(default_factory=dict)
    _lost: dict[str, list[Lost]] = field(default_factory=dict)

    def of(self, process: Process) -> Place:
        """Give the place of a process that has entered one."""
        return self._places[process]

    def enter(self, process: Process, at_seconds: float) -> None:
        """Give a process a lost place, or a new one; one that has its place keeps it."""
        if process in self._places:
            return
        lost = self._lost.get(process.workload)
        self._places[process] = lost.pop().place.refilled(at_seconds) if lost else Place()

    def leave(self, process: Process, end: End, at_seconds: float) -> Place:
        """Take a process out of its place, and give that place."""
        place = self._places.pop(process)
        left = Place(place.restarts, place.restarted_at, end)
        self._lost.setdefault(process.workload, []).append(Lost(left, at_seconds))
        return place

    def forget(self, at_seconds: float) -> None:
        """Give up the places that have been empty for long."""
        for workload, places in list(self._lost.items()):
            kept = [place for place in places if at_seconds - place.at_seconds < FORGOTTEN_AFTER_SECONDS]
            if kept:
                self._lost[workload] = kept
            else:
                del self._lost[workload]

    def waiting(self) -> set[str]:
        """Give the workloads that have an empty place: they exist even without any process."""
        return {workload for workload, places in self._lost.items() if places}
