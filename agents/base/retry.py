"""How often to try a task, and how long to wait in between (pure but for the dice)."""

import random
from collections.abc import Iterator

LONGEST_WAIT_SECONDS = 30.0


class Backoff:
    """Iterates over the attempts, from 1; the wait doubles with each, with jitter."""

    def __init__(self, attempts: int, first_wait_seconds: float) -> None:
        self._attempts = attempts
        self._first_wait_seconds = first_wait_seconds
        self._attempt = 0

    @property
    def last(self) -> bool:
        """Say whether the present attempt is the last one."""
        return self._attempt >= self._attempts

    def wait_seconds(self) -> float:
        """Give the wait after the present attempt: half of it fixed, half of it diced."""
        longest: float = min(LONGEST_WAIT_SECONDS, self._first_wait_seconds * 2 ** (self._attempt - 1))
        return random.uniform(0.5, 1.0) * longest  # noqa: S311 - jitter needs no secrecy

    def __iter__(self) -> Iterator[int]:
        while not self.last:
            self._attempt += 1
            yield self._attempt
