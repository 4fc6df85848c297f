"""What one reader of a body keeps of it, out of the room of all (`held.py`)."""

from collectors.llm_collector.held import Held

FREE_BYTES = 16 * 1024
"""So much every reader may keep: most bodies are no larger, and it need not be counted."""
_STEP_BYTES = 64 * 1024


class Room:
    """Room for one body; what was taken is given back at the latest when this is dropped."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._taken_bytes = 0

    def fits(self, size: int) -> bool:
        """Say whether so much may be kept in all, and take the room for it."""
        missing = size - FREE_BYTES - self._taken_bytes
        if missing <= 0:
            return True
        step = max(missing, _STEP_BYTES)
        if not self._held.take(step):
            return False
        self._taken_bytes += step
        return True

    def let_go(self) -> None:
        """Give back what was taken."""
        if self._taken_bytes:
            self._held.give_back(self._taken_bytes)
            self._taken_bytes = 0

    def __del__(self) -> None:
        self.let_go()
