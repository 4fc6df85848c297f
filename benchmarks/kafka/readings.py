"""What the measured processes of this part tell of themselves, a line of JSON each, and how ours is asked."""

import gc

import msgspec
import psutil

from schema.observed import KafkaClusterObserved

READ, COLLECT, WRITE = "read", "collect", "write"
LATER = 5
"""Samples after the first."""


class Looped(msgspec.Struct, frozen=True, kw_only=True):
    """What the loop took: time and CPU for all of it, bytes before and after.

    Where fewer were asked than there are, time and CPU are scaled.
    """

    seconds: float
    cpu_seconds: float
    uss_before: int
    uss: int
    groups: int
    partitions: int
    asked_groups: int
    asked_partitions: int


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """What it took until everything was known, connecting included, and each later sample; bytes.

    `samples` is how many samples it took until everything was known.
    """

    seconds: float
    cpu_seconds: float
    samples: int
    later_seconds: float
    later_cpu_seconds: float
    uss_before: int
    uss: int
    groups: int
    commits: int
    partitions: int
    commits_from: str
    errors: list[str]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The process at one moment: CPU seconds and seconds since it began to work, bytes, and what it has done.

    `cluster` is what the newest sample says of itself; `uss` is None unless it was asked for.
    """

    cpu_seconds: float
    seconds: float
    uss_before: int
    uss: int | None
    samples: int
    records: int
    cluster: KafkaClusterObserved


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """How many commits were sent, and how many of them the broker answered with an error."""

    commits: int
    refused: int
    seconds: float


def uss() -> int:
    """Give what this process has for itself, in bytes, after a collection of garbage."""
    gc.collect()
    return int(psutil.Process().memory_full_info().uss)
