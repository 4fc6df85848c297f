"""Times of telemetry, in nanoseconds since 1970, into moments that can be true. Pure."""

from datetime import UTC, datetime, timedelta

from schema.errors import InvalidMessage

EARLIEST_MS = 946_684_800_000
"""2000-01-01."""
LATEST_MS = 32_503_680_000_000
"""The year 3000, for brokers that do not tell when they took a record in."""
AHEAD_MS = 86_400_000
"""A clock may be ahead of the broker's by so much."""
LONGEST_MS = 86_400_000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(nanoseconds: int, at_ms: int) -> datetime:
    """Give the moment, to the microsecond; `at_ms` is when the broker took it in.

    Raises InvalidMessage `wrong_time` for one before 2000, or a day after the broker had it.
    """
    latest_ms = at_ms + AHEAD_MS if at_ms > 0 else LATEST_MS
    if not EARLIEST_MS <= nanoseconds / 1e6 <= min(latest_ms, LATEST_MS):
        raise InvalidMessage("wrong_time", "a time is before 2000 or after the broker had the record")
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def duration_ms(start_nanoseconds: int, end_nanoseconds: int) -> float:
    """Give a duration. Raises InvalidMessage `wrong_time` when it ends before it starts, or takes a day."""
    found = (end_nanoseconds - start_nanoseconds) / 1e6
    if not 0 <= found <= LONGEST_MS:
        raise InvalidMessage("wrong_time", "it ends before it starts, or takes longer than a day")
    return round(found, 3)
