"""CPU time that the aggregator takes at the demo's rate, beside a consumer that only decodes the same log."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.figures import Row, Section
from benchmarks.memory import pids
from cli.stack.programs import TABLE, health_port
from cli.stack.settings import Stack
from schema.topics import LOG

STEP_SECONDS = 5.0
COUNTED = ("oracle_folded_total", "oracle_ticks_total", "oracle_changes_total")


class BareConsumer:
    """The floor, as a process of its own."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bare_consumer", bootstrap_servers, LOG],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            start_new_session=True,  # Ctrl-C at the terminal is for us, who then end it
        )  # fmt: skip
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self.pid = self._process.pid
        if self._output.readline().strip() != "ready":
            raise RuntimeError("the bare consumer did not start")

    def stop(self) -> int:
        """End it; give the number of records that it decoded since its start."""
        self._process.terminate()
        told = self._output.read()
        self._process.wait()
        return int(told or 0)

    def kill(self) -> None:
        """End it, whatever it does; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        self._output.close()


@contextmanager
def bare_consumer(bootstrap_servers: str) -> Iterator[BareConsumer]:
    """Run the floor while the block runs."""
    consumer = BareConsumer(bootstrap_servers)
    try:
        yield consumer
    finally:
        consumer.kill()


def counters(text: str) -> Mapping[str, float]:
    """Add up each counter that we use over its labels."""
    sums = dict.fromkeys(COUNTED, 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in sums:
                sums[sample.name] += sample.value
    return sums


def cpu_seconds(pid: int) -> float:
    """Give what a process has used so far, user and system. Raises psutil.Error when it is gone."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _metrics(stack: Stack) -> Mapping[str, float]:
    (program,) = (one for one in TABLE if one.name == "aggregator")
    with urllib.request.urlopen(
        f"http://127.0.0.1:{health_port(stack, program)}/metrics", timeout=5
    ) as answer:
        return counters(answer.read().decode())


def measure(stack: Stack, seconds: float, say: Callable[[str], None]) -> Section:
    """Watch the aggregator and the floor over the same seconds."""
    aggregator = pids(stack)["aggregator"]
    with bare_consumer(stack.broker.bootstrap_servers) as floor:
        began, counted = time.monotonic(), _metrics(stack)
        used, floor_used = cpu_seconds(aggregator), cpu_seconds(floor.pid)
        while (passed := time.monotonic() - began) < seconds:
            say(f"aggregator CPU: {passed:.0f} of {seconds:.0f} s")
            time.sleep(min(STEP_SECONDS, seconds - passed))
        used, floor_used = cpu_seconds(aggregator) - used, cpu_seconds(floor.pid) - floor_used
        passed = time.monotonic() - began
        after = _metrics(stack)
        decoded = floor.stop()
    records, ticks, changes = (after[name] - counted[name] for name in COUNTED)
    rows = [
        Row("CPU, share of one core", 100 * used / passed, "%", 100 * floor_used / passed),
        Row(
            "CPU per record of the log",
            1e6 * used / max(decoded, 1),
            "µs",
            1e6 * floor_used / max(decoded, 1),
        ),
        Row("CPU per tick", 1e3 * used / max(ticks, 1), "ms", 1e3 * floor_used / max(ticks, 1)),
    ]
    notes = (
        f"over {passed:.0f} s: {decoded / passed:.1f} records a second lie in the log; besides its own marks "
        f"the aggregator folded {records / passed:.1f}, announced {changes / passed:.1f} changes, and stored "
        f"{ticks / passed:.2f} snapshots a second",
        "each row shares out all of the aggregator's CPU: polling, marks, folding, freezing, storing",
    )
    return Section("aggregator_cpu", "Aggregator CPU at the demo's rate", _FLOOR, rows, notes)


_FLOOR = "a process that polls the same log and decodes each record with msgspec"
