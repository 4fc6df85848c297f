"""Samples of processes as tables need them, and a process table that gives readings by hand."""

from collectors.process_collector.readings import End, Process, Reading, Sample
from collectors.process_collector.translate import MIB

BORN = 1_770_388_331.25


def process(pid: int, parent: int = 1, workload: str = "research-agent", adopted: bool = False) -> Process:
    """Give a process that was born `pid` seconds after all began."""
    return Process(pid, parent, BORN + pid, workload, adopted)


def sample(
    pid: int,
    parent: int = 1,
    workload: str = "research-agent",
    cpu: float | None = 0.0,
    mib: float = 100,
    status: str = "sleeping",
    adopted: bool = False,
) -> Sample:
    """Give a sample of such a process."""
    return Sample(process(pid, parent, workload, adopted), status, cpu, int(mib * MIB))


class FakeTable:
    """Gives the readings that a test wrote, one at each look."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)
        self.measured: list[bool] = []

    def read(self, *, measure: bool = True) -> Reading:
        self.measured.append(measure)
        return self.readings.pop(0)

    def wakes(self) -> int | None:
        return None

    def woken(self) -> bool:
        return False


def reading(*samples: Sample, ended: dict[Process, End] | None = None, measured: bool = True) -> Reading:
    """Give one reading."""
    return Reading(list(samples), ended or {}, measured)
