"""The script of test_lag_truth.py: groups that fare in every way; one topic flows, another idles."""

import uuid
from collections.abc import Iterable

from tests.kafka.workload import Reader, Workload

_PULSE_SECONDS = 0.05


class Script:
    """The groups by what they do; `begin` sets them going, `rewind` sends one of them back."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self._tag = uuid.uuid4().hex[:8]
        self.flowing, self.idle = f"flowing-{self._tag}", f"idle-{self._tag}"
        self._rewinding: Reader | None = None
        self._rewinds = False
        self._count = 1000
        # Every partition that a group has committed in: topic and number.
        self.places: dict[str, list[tuple[str, int]]] = {}

    @property
    def groups(self) -> Iterable[str]:
        """Give the names of the groups."""
        return self.places.keys()

    def named(self, does: str) -> str:
        """Give the name of the group that does this."""
        return f"{does}-{self._tag}"

    def begin(self) -> None:
        """Produce what there is before anybody looks; then let the groups move, each in its own way."""
        workload = self.workload
        workload.create_topic(self.flowing, partitions=2)
        workload.create_topic(self.idle)
        workload.produce(self.idle, 10)
        workload.produce(self.flowing, 5)
        self._add(self._joins("idle_read", self.idle)).read_all()
        self._add(self._joins("idle_behind", self.idle)).read(4)
        self._add(self._joins("stalled", self.flowing)).read(3)
        stopped = self._add(self._joins("stopped", self.flowing))
        stopped.read(2)
        stopped.close()
        workload.repeat(lambda: workload.produce(self.flowing, 1), _PULSE_SECONDS)
        for does, count, every_seconds in (("steady", 1000, 0.2), ("slow", 2, 0.5)):
            self._keep_reading(self._joins(does, self.flowing), count, every_seconds)
        modern = workload.reader(self.named("modern"), self.flowing, "consumer")
        self._keep_reading(modern, 1000, 0.3)
        self._keep_reading(workload.lone_reader(self.named("lone"), self.flowing), 3, 0.25)
        self._rewinding = self._add(self._joins("rewound", self.flowing))
        self._rewinding.read_all()
        workload.repeat(self._follow_or_go_back, 0.2)

    def rewind(self) -> None:
        """Send one group back, from here on to read on slowly."""
        self._rewinds = True

    def _follow_or_go_back(self) -> None:
        assert self._rewinding is not None
        if self._rewinds:
            for number in (0, 1):
                self._rewinding.rewind(number, 1 + number)
            self._rewinds, self._count = False, 1
        self._rewinding.read(self._count)

    def _joins(self, does: str, topic: str) -> Reader:
        return self.workload.reader(self.named(does), topic)

    def _keep_reading(self, reader: Reader, count: int, every_seconds: float) -> None:
        self._add(reader).read(1)
        self.workload.repeat(lambda: reader.read(count), every_seconds)

    def _add(self, reader: Reader) -> Reader:
        numbers = (0, 1) if reader.topic == self.flowing else (0,)
        self.places[reader.group] = [(reader.topic, number) for number in numbers]
        return reader
