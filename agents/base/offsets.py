"""Which offsets may be committed while several tasks run at once (pure).

A task is committed when it and every earlier one of its partition are done: after a crash a task may run
twice, and never not at all. Task ids make the repetition harmless.
"""

from collections import defaultdict

Partition = tuple[str, int]


class Offsets:
    """The tasks that are running, by partition."""

    def __init__(self) -> None:
        self._running: dict[Partition, set[int]] = defaultdict(set)
        self._next: dict[Partition, int] = {}

    def __len__(self) -> int:
        return sum(len(offsets) for offsets in self._running.values())

    def begin(self, partition: Partition, offset: int) -> None:
        """Note that a task runs."""
        self._running[partition].add(offset)
        self._next[partition] = max(self._next.get(partition, 0), offset + 1)

    def done(self, partition: Partition, offset: int) -> int | None:
        """Note that a task is done; give the offset to commit, None when the partition was lost."""
        if offset not in self._running.get(partition, ()):
            return None
        self._running[partition].discard(offset)
        return min(self._running[partition], default=self._next[partition])

    def lost(self, partition: Partition) -> None:
        """Forget a partition that another instance has now: what runs on it is not ours to commit."""
        self._running.pop(partition, None)
        self._next.pop(partition, None)
