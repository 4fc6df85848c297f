"""Which offsets of the intake may be committed: those whose outcome the broker has acknowledged, in order."""

from collections import deque


class Slot:
    """One record that was read, and how much of what came of it has not reached the broker."""

    __slots__ = ("missing", "offset")

    def __init__(self, offset: int, outcomes: int = 1) -> None:
        self.offset = offset
        self.missing = outcomes

    @property
    def acknowledged(self) -> bool:
        """Say whether the broker has all that came of it; also true where nothing did."""
        return self.missing == 0

    def acknowledge(self) -> None:
        """Note that the broker has one more; called from the producer's one thread alone."""
        self.missing -= 1


class Window:
    """The records of one partition that were read and not committed, in the order of their offsets."""

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque()
        self.last_read = -1
        self.position: int | None = None

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, slot: Slot) -> None:
        """Note a record whose outcome was handed to the producer."""
        self._slots.append(slot)
        self.last_read = slot.offset

    def advance(self) -> int | None:
        """Give the offset to commit: that behind the last record before the first unacknowledged one."""
        while self._slots and self._slots[0].acknowledged:
            self.position = self._slots.popleft().offset + 1
        return self.position
