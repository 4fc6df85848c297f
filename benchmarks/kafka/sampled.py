"""Our sampler alone: `python -m benchmarks.kafka.sampled SERVERS WAY` says what a full sample takes.

Nothing is translated or published, for the loop of admin calls beside it does neither. Imports do not count.
"""

import asyncio
import sys
import time

import msgspec

from benchmarks.kafka.readings import LATER, Sampled, uss
from benchmarks.orphan import ends_with_parent
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.collector import collect_garbage_seldom
from collectors.kafka_collector.sampler import Sampler
from collectors.kafka_collector.settings import CommitsChoice, KafkaSettings, watched


async def sampled(settings: KafkaSettings, choice: CommitsChoice) -> Sampled:
    """Sample until everything is known, and a few times more."""
    uss_before = uss()
    began, began_cpu = time.perf_counter(), time.process_time()
    sampler = Sampler(KafkaClient(watched(settings)), choice, settings.watched_kafka_include_own)
    sample, samples = await sampler.sample(), 1
    while not sample.groups.whole:
        sample, samples = await sampler.sample(), samples + 1
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    after = uss()
    began, began_cpu = time.perf_counter(), time.process_time()
    for _ in range(LATER):
        await sampler.sample()
    return Sampled(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        samples=samples,
        later_seconds=(time.perf_counter() - began) / LATER,
        later_cpu_seconds=(time.process_time() - began_cpu) / LATER,
        uss_before=uss_before,
        uss=after,
        groups=len(sample.groups.groups),
        commits=sum(len(one.commits) for one in sample.groups.groups.values()),
        partitions=len(sample.end),
        commits_from=sample.commits_from,
        errors=list(sample.errors),
    )


def main() -> None:
    """Sample, and say what it took."""
    ends_with_parent()
    collect_garbage_seldom()
    bootstrap_servers, choice = sys.argv[1:]
    settings = msgspec.convert(
        {"watched_kafka_bootstrap_servers": bootstrap_servers, "watched_kafka_commits_from": choice},
        KafkaSettings,
    )
    told = asyncio.run(sampled(settings, settings.watched_kafka_commits_from))
    print(msgspec.json.encode(told).decode(), flush=True)


if __name__ == "__main__":
    main()
