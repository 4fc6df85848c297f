"""A full sample: time, CPU and memory of both ways to know commits, beside admin calls and the tool.

Every run is a process of its own. The sampler alone does what the peers do; the collector also translates,
validates, encodes and publishes, which the peers do not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.child import child, result_of
from benchmarks.figures import Row, Section, median_of
from benchmarks.kafka import tool
from benchmarks.kafka.cluster import Filled
from benchmarks.kafka.readings import LATER, Looped, Reading, Sampled
from benchmarks.kafka.tool import Described

T = TypeVar("T")
ROUNDS = 3
PART = 500
WHOLE_SECONDS = 60.0
PATIENCE_SECONDS = 300.0
MIB = 2**20
WAYS = {"internal_topic": "internal topic", "admin_api": "admin API"}
LOOP = "single admin calls, one by one; the ratio is how many times our cost they took"
TOOL = "Kafka's consumer-groups tool, --describe --all-groups; the ratio is how many times our cost it took"


@dataclass(frozen=True)
class Measured:
    """Everything that was run, by way where there are two."""

    sampled: Mapping[str, Sequence[Sampled]]
    collected: Mapping[str, Sequence[Reading]]
    looped: Looped
    described: Described


def measure(filled: Filled, say: Callable[[str], None]) -> Measured:
    """Run both ways in turns, so that noise meets them alike, and the peers between them."""
    sampled: dict[str, list[Sampled]] = {way: [] for way in WAYS}
    collected: dict[str, list[Reading]] = {way: [] for way in WAYS}
    servers = filled.bootstrap_servers
    say("kafka: single admin calls, one by one")
    limits = (str(PART), str(WHOLE_SECONDS))
    looped = result_of(Looped, PATIENCE_SECONDS, "kafka.loop", servers, *limits)
    for turn in range(1, ROUNDS + 1):
        say(f"kafka: full samples in both ways, round {turn} of {ROUNDS}")
        for way in WAYS:
            sampled[way].append(result_of(Sampled, PATIENCE_SECONDS, "kafka.sampled", servers, way))
            collected[way].append(collect(servers, way))
    say("kafka: Kafka's own tool describes all groups")
    return Measured(sampled, collected, looped, tool.describe(servers))


def collect(bootstrap_servers: str, way: str) -> Reading:
    """Give what the collector took until it had published everything. Raises RuntimeError when it did not."""
    with child("kafka.ours", bootstrap_servers, way) as one:
        reading = one.result(Reading, PATIENCE_SECONDS)
    if reading.cluster.commits_from != way:
        raise RuntimeError(f"asked for {way}, it took {reading.cluster.commits_from}")
    return reading


def sections(measured: Measured) -> list[Section]:
    """Compare the medians of the rounds with each peer."""
    looped, described = measured.looped, measured.described
    beside_loop = [
        *_time_and_cpu(measured, looped.seconds, looped.cpu_seconds),
        *_memory(measured, (looped.uss - looped.uss_before) / MIB),
    ]
    beside_tool = _time_and_cpu(measured, described.seconds, described.cpu_seconds)
    beside_tool += [
        Row(f"{name}: whole process", _middle(measured.collected[way], _uss),
            "MiB", peer=described.peak_rss / MIB)
        for way, name in WAYS.items()
    ]  # fmt: skip
    loop_title, tool_title = "Kafka: a full sample", "Kafka: a full sample, beside Kafka's own tool"
    return [
        Section("kafka_full_sample", loop_title, "", beside_loop, _notes(measured), peer=LOOP),
        Section("kafka_tool", tool_title, "", beside_tool, _tool_notes(described), peer=TOOL),
    ]


def _time_and_cpu(measured: Measured, seconds: float, cpu_seconds: float) -> list[Row]:
    rows = []
    for way, name in WAYS.items():
        alone, whole = measured.sampled[way], measured.collected[way]
        for what, unit, value, peer in (
            ("CPU", "s", lambda one: one.cpu_seconds, cpu_seconds),
            ("time", "s", lambda one: one.seconds, seconds),
        ):
            rows.append(Row(f"{name}: {what} of the first sample", _middle(alone, value), unit, peer=peer))
            rows.append(Row(f"  … translated and published, {what}", _middle(whole, value), unit, peer=peer))
        later = _middle(alone, lambda one: one.later_cpu_seconds)
        rows.append(Row("  … CPU of a later sample", later, "s", peer=cpu_seconds))
        later = _middle(alone, lambda one: one.later_seconds)
        rows.append(Row("  … time of a later sample", later, "s", peer=seconds))
    return rows


def _memory(measured: Measured, peer: float) -> list[Row]:
    rows = []
    for way, name in WAYS.items():
        grown = _middle(measured.sampled[way], lambda one: (one.uss - one.uss_before) / MIB)
        rows.append(Row(f"{name}: memory for a sample (USS grown)", grown, "MiB", peer=peer))
        grown = _middle(measured.collected[way], lambda one: _uss(one) - one.uss_before / MIB)
        rows.append(Row("  … translated and published (USS grown)", grown, "MiB", peer=peer))
    return rows


def _notes(measured: Measured) -> tuple[str, ...]:
    looped, one = measured.looped, measured.sampled["internal_topic"][0]
    whole = looped.asked_groups == looped.groups and looped.asked_partitions == looped.partitions
    how = "all were asked" if whole else (
        f"{looped.asked_groups:,} groups and {looped.asked_partitions:,} partitions were asked, and scaled"
    )  # fmt: skip
    return (
        f"{one.groups:,} groups, {one.commits:,} commits, {one.partitions:,} partitions; the loop lists the "
        "groups, asks each for its description and its commits, and each partition for its end offset, "
        f"one call after the other: {how}",
        f"medians of {ROUNDS} rounds, each a process of its own, from connecting on, without imports; "
        f"a later sample is the mean of {LATER}, nothing having been committed in between",
        "the loop, the tool and the sampler alone neither translate nor publish; memory is after a "
        "collection of garbage, less the same process before its first sample",
    )


def _tool_notes(described: Described) -> tuple[str, ...]:
    return (
        f"it printed {len(described.rows):,} rows; its start is in its time and CPU; of the "
        "processes ours is told as USS when everything is known, the tool's as its largest resident size",
    )


def _middle(of: Sequence[T], value: Callable[[T], float]) -> float:
    return median_of([value(one) for one in of])


def _uss(one: Reading) -> float:
    return (one.uss or 0) / MIB
