"""`python -m benchmarks`: measure, tell, and leave nothing running (docs/BENCHMARKS.md)."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console

from benchmarks import aggregator_cpu, fold, latency, memory
from benchmarks.figures import Section
from benchmarks.kafka import suite as kafka
from benchmarks.kubernetes import suite as kubernetes
from benchmarks.llm import suite as llm
from benchmarks.own_stack import own_stack
from benchmarks.report import as_json, save, say, show
from cli.stack.claim import signals_interrupt
from cli.stack.settings import Stack
from schema.errors import OracleError

NAMES = ("fold", "aggregator_cpu", "latency", "memory", "kubernetes", "kafka", "llm")
WITHOUT_STACK = {"fold", "kubernetes", "kafka", "llm"}
SETTLE_SECONDS = 10.0
"""After readiness: the collectors' first passes and the agents' first tasks are over."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen benchmarks; 1 when one could not be run, 130 after Ctrl-C."""
    options = _options(arguments)
    began = time.monotonic()

    def progress(text: str) -> None:
        say(f"{time.monotonic() - began:4.0f} s  {text}")

    console = Console()
    sections: list[Section] = []
    failed = False
    try:
        with signals_interrupt():
            for section in _measure(options, progress):
                sections.append(section)
                if not options.json:
                    show([section], console)  # at once: the next one may take minutes, or fail
    except KeyboardInterrupt:
        say("interrupted: everything that was started is stopped")
        return 130
    except (OracleError, RuntimeError) as error:
        say(f"benchmarks: {error}")
        failed = True  # what was measured before is told all the same
    document = as_json(sections)
    if not options.only and not failed:
        save(document)
    if options.json:
        print(document.decode())
    return int(failed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Oracle Monitor.")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--only", action="append", choices=NAMES, help="run this one alone (repeatable)")
    parser.add_argument("names", nargs="*", metavar="name", help=f"the same: {', '.join(NAMES)}")
    parser.add_argument("--events", type=_positive, default=300, help="events whose latency is measured")
    parser.add_argument("--cpu-seconds", type=_positive, default=30, help="how long CPU use is watched")
    parser.add_argument("--records", type=_positive, default=8000, help="records of the fold's log")
    parser.add_argument("--pods", type=_positive, default=10_000, help="pods of the Kubernetes cluster")
    parser.add_argument("--changes", type=_positive, default=200, help="changes of pods that are followed")
    parser.add_argument("--kubernetes-seconds", type=_positive, default=20, help="how long rates are kept up")
    parser.add_argument("--groups", type=_positive, default=10_000, help="consumer groups on Kafka")
    parser.add_argument("--partitions", type=_positive, default=5000, help="partitions on Kafka")
    parser.add_argument("--kafka-seconds", type=_positive, default=20, help="how long Kafka is watched")
    parser.add_argument(
        "--llm-seconds", type=_positive, default=5, help="how long each load on a proxy lasts"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}, only {', '.join(NAMES)}")
    options.only = [*(options.only or ()), *options.names]
    return options


def _positive(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError("must be between 1 and 1000000")
    return value


def _measure(options: argparse.Namespace, progress: Callable[[str], None]) -> Iterator[Section]:
    chosen = options.only or NAMES
    if "fold" in chosen:
        yield fold.measure(options.records, progress)
    if not set(chosen) <= WITHOUT_STACK:
        progress("stack: starting one on free ports")
        with own_stack() as stack:
            yield from _measure_stack(stack, chosen, options, progress)
            progress("stack: stopping it")
    if "kubernetes" in chosen:
        if why := kubernetes.lacking():
            progress(f"kubernetes: skipped, for {why}")
        else:
            yield from kubernetes.measure(options.pods, options.kubernetes_seconds, options.changes, progress)
    if "kafka" in chosen:
        if why := kafka.lacking():
            progress(f"kafka: skipped, for {why}")
        else:
            yield from kafka.measure(options.groups, options.partitions, options.kafka_seconds, progress)
    if "llm" in chosen:
        if why := llm.lacking():
            progress(f"llm: skipped, for {why}")
        else:
            yield from llm.measure(options.llm_seconds, progress)


def _measure_stack(
    stack: Stack, chosen: Sequence[str], options: argparse.Namespace, progress: Callable[[str], None]
) -> Iterator[Section]:
    progress("stack: ready, letting it settle")
    time.sleep(SETTLE_SECONDS)
    if "aggregator_cpu" in chosen:
        yield aggregator_cpu.measure(stack, options.cpu_seconds, progress)
    if "latency" in chosen:
        yield asyncio.run(latency.measure(stack, options.events, progress))
    if "memory" in chosen:
        yield memory.measure(stack, progress)


if __name__ == "__main__":
    sys.exit(main())
