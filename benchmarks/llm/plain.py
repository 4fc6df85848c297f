"""Plain calls: what a proxy adds to one call at a time, and how many it takes at 64 connections.

Straight and through each proxy in turns, in several rounds; the medians of the rounds are told. The CPU is
that of the proxy's process; our broker works beside our proxy, the others publish nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.figures import Row, Section
from benchmarks.llm.load import run
from benchmarks.llm.requests import body, lua
from benchmarks.llm.servers import Field, Target

ROUNDS = 3
CONNECTIONS = 64
WARM_SECONDS = 2


@dataclass
class Measured:
    """One way's measurements, one of each per round: microseconds, calls a second, MiB."""

    p50_us: list[float] = field(default_factory=list)
    p99_us: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    uss_mib: float = 0.0


def measure(all_of: Field, folder: Path, seconds: int, say: Callable[[str], None]) -> dict[str, Measured]:
    """Measure every way; raises RuntimeError when a call is not answered."""
    script = folder / "request.lua"
    script.write_text(lua(body()))
    ways = (all_of.direct, *all_of.proxies)
    found = {way.name: Measured() for way in ways}
    for way in ways:
        run(way.url, script, CONNECTIONS, WARM_SECONDS)
    for number in range(1, ROUNDS + 1):
        say(f"llm: plain calls, round {number} of {ROUNDS}")
        for way in ways:
            _once(way, script, seconds, found[way.name])
    for way in all_of.proxies:
        found[way.name].uss_mib = way.uss_mib()
    if dropped := all_of.ours.dropped():
        raise RuntimeError(f"{dropped} records were dropped: what was not recorded was not measured")
    return found


def _once(way: Target, script: Path, seconds: int, into: Measured) -> None:
    alone = run(way.url, script, 1, seconds)
    before = way.cpu_seconds()
    many = run(way.url, script, CONNECTIONS, seconds)
    into.cpu_us.append((way.cpu_seconds() - before) / many.requests * 1e6)
    into.p50_us.append(alone.p50_us)
    into.p99_us.append(alone.p99_us)
    into.per_second.append(many.per_second)


def sections(all_of: Field, found: dict[str, Measured], seconds: int) -> list[Section]:
    """Tell our figures beside those of each peer."""
    ours, direct = found[all_of.ours.name], found[all_of.direct.name]
    told = [
        _section(peer, ours, found[peer.name], direct) for peer in (all_of.litellm, all_of.bare, all_of.nginx)
    ]
    p50_ms, p99_ms = median(direct.p50_us) / 1000, median(direct.p99_us) / 1000
    notes = (
        f"straight to the upstream: p50 {p50_ms:.3f} ms, p99 {p99_ms:.3f} ms,"
        f" {median(direct.per_second):,.0f} calls a second",
        f"medians of {ROUNDS} rounds of {seconds} s for each number of connections; calls of 1 KiB, answers"
        " of half a KiB; upstream (nginx), load generator (wrk), broker and proxy share the machine",
    )
    last = told[-1]
    return [
        *told[:-1],
        Section(last.name, last.title, last.floor, last.rows, (*last.notes, *notes), last.peer),
    ]


def _section(peer: Target, ours: Measured, theirs: Measured, direct: Measured) -> Section:
    rows = [
        Row("added latency, one connection, p50", added_ms(ours.p50_us, direct.p50_us), "ms",
            peer=added_ms(theirs.p50_us, direct.p50_us)),
        Row("added latency, one connection, p99", added_ms(ours.p99_us, direct.p99_us), "ms",
            peer=added_ms(theirs.p99_us, direct.p99_us)),
        Row(f"calls a second, {CONNECTIONS} connections", median(ours.per_second), "1/s", more_is_better=True,
            peer=median(theirs.per_second)),
        Row("CPU of a call", median(ours.cpu_us), "µs", peer=median(theirs.cpu_us)),
        Row("memory after it (USS)", ours.uss_mib, "MiB", peer=theirs.uss_mib),
    ]  # fmt: skip
    return Section(
        f"llm_beside_{peer.name.split()[0].lower().removesuffix('’s')}",
        f"LLM proxy: plain calls, beside {peer.name}",
        "",
        rows,
        peer=f"{peer.name}; the ratio is how many times our cost it took, or our rate over its",
    )


def added_ms(values: list[float], straight: list[float]) -> float:
    """Give what a way adds to a call, in milliseconds: the median of the rounds' differences."""
    return median(one - other for one, other in zip(values, straight, strict=True)) / 1000
