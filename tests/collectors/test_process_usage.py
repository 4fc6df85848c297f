"""Rates between two passes, as tables."""

from dataclasses import replace

import pytest

from collectors.process_collector.readings import Sample, Traffic
from collectors.process_collector.translate import instances_of
from collectors.process_collector.usage import Usage, Use, totals_of, use_between
from tests.collectors.process_samples import process, sample

KIB = 1024


def use(before: list[Sample], after: list[Sample], elapsed_seconds: float = 2.0) -> Use:
    usage = Usage()
    usage.measure(instances_of(before), 100.0)
    usage.measure(instances_of(after), 100.0 + elapsed_seconds)
    return usage.of(process(10))


@pytest.mark.parametrize(
    ("before", "after", "elapsed", "millicores"),
    [
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.3)], 2.0, 150),
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.004)], 2.0, 0),
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.0), sample(11, parent=10, cpu=0.5)], 2.0, 250),
        (
            [sample(10, cpu=1.0), sample(11, parent=10, cpu=9.0)],
            [sample(10, cpu=1.2), sample(11, parent=10, cpu=9.2)],
            2.0,
            200,
        ),
        ([sample(10, cpu=1.0), sample(11, parent=10, cpu=9.0)], [sample(10, cpu=1.2)], 2.0, 100),
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.2)], 0.0, None),
        ([], [sample(10, cpu=1.2)], 2.0, None),
    ],
)
def test_cpu_is_what_the_instance_used_since_the_last_pass(
    before: list[Sample], after: list[Sample], elapsed: float, millicores: int | None
) -> None:
    assert use(before, after, elapsed).cpu == millicores


def stored(pid: int, read: int | None, written: int | None, parent: int = 1) -> Sample:
    return replace(sample(pid, parent), read_bytes=read, written_bytes=written)


@pytest.mark.parametrize(
    ("before", "after", "rates"),
    [
        ([stored(10, 0, 0)], [stored(10, 4 * KIB, 10 * KIB)], (2.0 * KIB, 5.0 * KIB)),
        ([stored(10, 0, 0)], [stored(10, 900, 1100)], (0.0, 1.0 * KIB)),
        # A child's bytes are added to those of the parent that reaps it, and must not count twice.
        ([stored(10, 0, 0), stored(11, 8 * KIB, 0, parent=10)], [stored(10, 8 * KIB, 0)], (0.0, 0.0)),
        ([stored(10, 0, 0), stored(11, 8 * KIB, 0, parent=10)], [stored(10, 0, 0)], (0.0, 0.0)),
        ([stored(10, 0, 0)], [stored(10, 0, 0), stored(11, 8 * KIB, 0, parent=10)], (4.0 * KIB, 0.0)),
        ([stored(10, None, None)], [stored(10, None, None)], (None, None)),
        # The account of one child does not tell: the sum would be too small.
        ([stored(10, 0, 0)], [stored(10, 8 * KIB, 0), stored(11, None, None, parent=10)], (None, None)),
        ([], [stored(10, 8 * KIB, 0)], (None, None)),
    ],
)
def test_storage_is_the_sum_of_the_members_in_whole_kibibytes(
    before: list[Sample], after: list[Sample], rates: tuple[float | None, float | None]
) -> None:
    found = use(before, after)
    assert (found.io_read, found.io_write) == rates


def heard(pid: int, namespace: int, received: int, sent: int) -> Sample:
    return replace(sample(pid), traffic=Traffic(namespace, received, sent))


@pytest.mark.parametrize(
    ("before", "after", "rates"),
    [
        ([heard(10, 7, 0, 0)], [heard(10, 7, 8 * KIB, 4 * KIB)], (4.0 * KIB, 2.0 * KIB)),
        ([sample(10)], [sample(10)], (None, None)),
        ([sample(10)], [heard(10, 7, 8 * KIB, 4 * KIB)], (None, None)),
        ([heard(10, 7, 0, 0)], [heard(10, 8, 8 * KIB, 4 * KIB)], (None, None)),
        # Two agents in one namespace: nobody counts what is whose.
        (
            [heard(10, 7, 0, 0), heard(20, 7, 0, 0)],
            [heard(10, 7, 8 * KIB, 0), heard(20, 7, 8 * KIB, 0)],
            (None, None),
        ),
        (
            [heard(10, 7, 0, 0), heard(20, 8, 0, 0)],
            [heard(10, 7, 8 * KIB, 0), heard(20, 8, 0, 0)],
            (4.0 * KIB, 0.0),
        ),
    ],
)
def test_traffic_is_told_for_a_namespace_of_ones_own(
    before: list[Sample], after: list[Sample], rates: tuple[float | None, float | None]
) -> None:
    found = use(before, after)
    assert (found.network_rx, found.network_tx) == rates


def test_an_instance_of_which_nothing_is_told_has_no_rates() -> None:
    (instance,) = instances_of([replace(sample(10, cpu=None), rss_bytes=None)])
    totals = totals_of(instance)
    assert use_between(totals, totals, 2.0) == Use()
