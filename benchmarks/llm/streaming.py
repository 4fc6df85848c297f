"""Streams: how much later the first token comes when 64 streams are open at once."""

import asyncio
from collections.abc import Callable

from benchmarks.figures import Row, Section, percentile
from benchmarks.llm.servers import Field, Target
from benchmarks.llm.speaker import FIRST_SECONDS, PACE_SECONDS, TOKENS
from benchmarks.llm.streams import first_tokens

STREAMS = 64
ROUNDS = 5


def measure(all_of: Field, say: Callable[[str], None]) -> Section:
    """Measure every way; raises RuntimeError when a stream breaks off."""
    found = {way.name: list[float]() for way in (all_of.direct, *all_of.proxies)}
    for number in range(ROUNDS + 1):
        if number:
            say(f"llm: {STREAMS} streams at once, round {number} of {ROUNDS}")
        for way in (all_of.direct, *all_of.proxies):
            seconds = asyncio.run(first_tokens(way.url, STREAMS))
            if number:  # the one before the first is for warming up
                found[way.name] += seconds
    straight = found[all_of.direct.name]
    rows = [row for peer in (all_of.litellm, all_of.bare, all_of.nginx) for row in _rows(all_of, peer, found)]
    rows += [
        Row(f"memory after it (USS), beside {peer.name}", all_of.ours.uss_mib(), "MiB", peer=peer.uss_mib())
        for peer in (all_of.litellm, all_of.bare, all_of.nginx)
    ]
    p50_ms, p99_ms = percentile(straight, 50) * 1000, percentile(straight, 99) * 1000
    notes = (
        f"straight to the upstream: p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms, of which"
        f" {FIRST_SECONDS * 1000:.0f} ms are the upstream's",
        f"{ROUNDS} rounds of {STREAMS} streams of {TOKENS} tokens, one every {PACE_SECONDS * 1000:.0f} ms",
    )
    return Section(
        "llm_streams", "LLM proxy: time to the first token", "", rows, notes, peer="each peer in turn"
    )


def _rows(all_of: Field, peer: Target, found: dict[str, list[float]]) -> list[Row]:
    straight = found[all_of.direct.name]
    return [
        Row(
            f"added, p{percent:.0f}, beside {peer.name}",
            (percentile(found[all_of.ours.name], percent) - percentile(straight, percent)) * 1000,
            "ms",
            peer=(percentile(found[peer.name], percent) - percentile(straight, percent)) * 1000,
        )
        for percent in (50.0, 99.0)
    ]
