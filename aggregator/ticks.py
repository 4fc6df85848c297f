"""Which tick a record belongs to (DESIGN §4.1); pure, in integer milliseconds since 1970 UTC.

A record belongs to the first tick at or after its time; ticks are multiples of the interval. The first
record later than a tick closes it.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tick_of(time_ms: int, interval_ms: int) -> int:
    """Give the tick that a record of this time belongs to."""
    return -(-time_ms // interval_ms) * interval_ms


def from_ms(time_ms: int) -> datetime:
    """Give an instant as a datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def to_ms(moment: datetime) -> int:
    """Give a datetime as whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
