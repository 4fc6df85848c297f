"""Whether a topic is under backpressure: its lag grows while its throughput is flat (SPEC §2).

Fed with each sample by the collector, one for each topic that has lag. Pure; at most 32 samples are kept.
"""

from array import array
from collections.abc import Sequence

WINDOW_SECONDS = 60.0
LEAST_SAMPLES = 5
LEAST_GROWTH = 0.10
LEAST_MESSAGES = 10.0

_SPACING_SECONDS = 2.0
_MOST_SAMPLES = 32
_FIELDS = 3


class Backpressure:
    """The recent lag and consumption of one topic."""

    __slots__ = ("_samples", "_window_seconds")

    def __init__(self) -> None:
        self._samples = array("d")
        self._window_seconds = WINDOW_SECONDS

    def note(
        self, at: float, lag: int, consumed_per_second: float | None, interval_seconds: float = 0.0
    ) -> None:
        """Take in the largest lag of any group that reads the topic (messages), and what its groups consume.

        Owed at each sample while there is lag, and once when there is none any more. A rate that is not
        known yet cannot be judged and is left out. `interval_seconds` widens the window where samples are
        far apart.
        """
        if consumed_per_second is None:
            return
        samples = self._samples
        # Samples closer than the spacing replace the newest one, so that the window stays bounded.
        if len(samples) > _FIELDS and samples[-3] - samples[-6] < _SPACING_SECONDS:
            del samples[-_FIELDS:]
        samples.extend((at, lag, consumed_per_second))
        self._window_seconds = max(WINDOW_SECONDS, (LEAST_SAMPLES - 1) * interval_seconds)
        start = at - self._window_seconds - interval_seconds / 2  # Samples come a little late or early.
        old = 0
        while samples[old] < start or len(samples) - old > _MOST_SAMPLES * _FIELDS:
            old += _FIELDS
        del samples[:old]

    @property
    def pressed(self) -> bool:
        """Whether lag grew clearly from one half of the window to the other while consumption did not.

        False until the samples cover half a window: a burst is not a trend.
        """
        samples = self._samples
        count = len(samples) // _FIELDS
        if count < LEAST_SAMPLES or samples[-2] == 0:
            return False
        seconds = samples[-3] - samples[0]
        if seconds < self._window_seconds / 2:
            return False
        middle = count // 2
        lags, consumptions = samples[1::_FIELDS], samples[2::_FIELDS]
        # A single burst that is being worked off moves a mean, and no median.
        lag, lag_later = _median(lags[:middle]), _median(lags[middle:])
        consumed, consumed_later = _mean(consumptions[:middle]), _mean(consumptions[middle:])
        growth = lag_later - lag
        # Measured by what is consumed, not by the lag: overload that lasts would end where the lag is high.
        least = max(LEAST_MESSAGES, LEAST_GROWTH * consumed_later * seconds / 2)
        # On its way down it is no longer growing, however high it stands.
        if growth <= least or samples[-2] < (lag + lag_later) / 2:
            return False
        # A rise from next to nothing is flat where it is next to nothing of what would be needed.
        needed_per_second = growth / (seconds / 2)
        return consumed_later - consumed <= LEAST_GROWTH * max(consumed, needed_per_second)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
