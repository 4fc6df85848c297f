"""The API server's clock: what has no time of its own is dated by it, not by this host's clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TOLERATED = timedelta(seconds=5)
"""The server tells whole seconds, and an answer takes a while: less than this is no difference."""

STEADY = timedelta(seconds=2)
"""Whole seconds make every answer differ a little: less than this is the same difference as before."""


class ServerClock:
    """Now, as the API server has it; set by the `Date` of each of its answers."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._ahead = timedelta(0)

    def learn(self, told: datetime | None) -> None:
        """Compare with an answer's date."""
        if told is None or told.tzinfo is None:
            return
        ahead = told - self._here()
        ahead = ahead if abs(ahead) > TOLERATED else timedelta(0)
        if abs(ahead - self._ahead) > STEADY or not ahead:
            self._ahead = ahead

    def now(self) -> datetime:
        """Give the time now, in UTC."""
        return self._here() + self._ahead

    @property
    def skew(self) -> str:
        """Say how wrong this host's clock is; empty when it is not."""
        seconds = round(self._ahead.total_seconds())
        if not seconds:
            return ""
        word = "behind" if seconds > 0 else "ahead of"
        return f"this host's clock is {abs(seconds)} s {word} the API server's; its times are used"

    def _here(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)
