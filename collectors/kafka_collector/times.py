"""Seconds since the epoch, as the samples have them, into instants as the snapshot has them."""

from datetime import UTC, datetime


def moment(at: float) -> datetime:
    """Give an instant in UTC, to the millisecond."""
    return datetime.fromtimestamp(round(at, 3), UTC)
