"""How much of bodies may be held in memory at a time, by all calls together.

Each call has bounds of its own, but a thousand calls at those bounds would be more memory than the process
has. Whoever wants to keep a piece of a body takes room for it first, and goes on without keeping it when
there is none: a request is forwarded while it comes, and is scanned instead of being decoded whole.
"""

MAX_HELD_BYTES = 64 * 1024 * 1024


class Held:
    """Room for so many bytes; belongs to the event loop's thread."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._left_bytes = max_bytes

    def take(self, count_bytes: int) -> bool:
        """Take room; False, and nothing taken, when there is not so much."""
        if count_bytes > self._left_bytes:
            return False
        self._left_bytes -= count_bytes
        return True

    def give_back(self, count_bytes: int) -> None:
        """Give room back that was taken."""
        self._left_bytes += count_bytes


HELD = Held()
"""The room of this process."""
