"""How often to sample: as asked, or less often, so that sampling takes at most a tenth of a core. Pure."""

from collections import deque
from math import ceil
from statistics import median

MAX_SHARE = 0.1
"""Of one core."""
LONGEST_SECONDS = 60.0
COSTS = 3
"""The middle one of so many costs counts: a first read, or a page of lookups, is no reason to slow down."""


class Pace:
    """The interval between samples, from what the process has spent on the last ones."""

    def __init__(self, asked_seconds: float) -> None:
        self._asked = asked_seconds
        self._spent: float | None = None
        self._costs: deque[float] = deque(maxlen=COSTS)
        self.interval_seconds = asked_seconds
        self.reason = ""
        self.cost_seconds = 0.0

    def begin(self, spent_seconds: float) -> None:
        """Begin a sample; `spent_seconds` is the CPU time that the process has used so far.

        What it used since the last sample began is that sample's cost: reading commits goes on in between.
        """
        if self._spent is not None:
            self._costs.append(spent_seconds - self._spent)
        self._spent = spent_seconds
        self.cost_seconds = cost = median(self._costs) if len(self._costs) == COSTS else 0.0
        needed = cost / MAX_SHARE
        if needed <= self._asked:
            self.interval_seconds, self.reason = self._asked, ""
            return
        # In steps of the interval asked for, so that it does not change with every sample.
        steps = ceil(needed / self._asked)
        self.interval_seconds = max(self._asked, min(LONGEST_SECONDS, steps * self._asked))
        self.reason = (
            f"a sample takes {cost:.2g} s of CPU: every {self._asked:g} s would be "
            f"{cost / self._asked:.0%} of a core, and at most {MAX_SHARE:.0%} is spent"
        )
