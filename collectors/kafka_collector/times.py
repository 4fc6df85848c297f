"""Seconds since the epoch, as the samples have them, into instants as the snapshot has them."""

from datetime import UTC, datetime

_FIRST = 0.0
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def moment(at: float) -> datetime:
    """Give an instant in UTC, to the millisecond; one that no calendar holds is the nearest that one does.

    A record's timestamp is whatever its producer wrote: the year may be 292,000,000.
    """
    return datetime.fromtimestamp(round(min(max(at, _FIRST), _LAST), 3), UTC)
