"""The process table against real child processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from collectors.process_collector import client
from collectors.process_collector.client import TICK_SECONDS, ProcessTable
from collectors.process_collector.readings import Sample
from collectors.process_collector.settings import PATTERNS, compiled
from collectors.process_collector.translate import MIB, instances_of

WAIT = "import sys; sys.stdin.read()"
HOG = "import sys; block = bytearray(60 * 1024 * 1024); block[::4096] = b'x' * len(block[::4096]); " + WAIT
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOG!r}])"


@contextmanager
def running(code: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, env={**os.environ, **variables}
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def table() -> ProcessTable:
    return ProcessTable(compiled(PATTERNS))


def test_an_agent_of_another_local_stack_is_left_to_that_one() -> None:
    mine = ProcessTable(compiled(PATTERNS), stack="/here/.oracle")
    with (
        running(WAIT, ORACLE_WORKLOAD="demo-other", ORACLE_STACK="/there/.oracle"),
        running(WAIT, ORACLE_WORKLOAD="demo-mine", ORACLE_STACK="/here/.oracle"),
        running(WAIT, ORACLE_WORKLOAD="demo-alone"),
    ):
        wanted = {"demo-mine", "demo-alone"}
        found = until(mine, lambda samples: wanted <= {one.process.workload for one in samples})
        assert "demo-other" not in {one.process.workload for one in found}
        everything = wanted | {"demo-other"}
        until(table(), lambda samples: everything <= {one.process.workload for one in samples})


def until(table: ProcessTable, wanted: Any) -> list[Sample]:
    deadline = time.monotonic() + 20
    while not wanted(samples := table.read().samples):
        assert time.monotonic() < deadline, samples
        time.sleep(0.02)
    return samples


def test_a_marked_process_is_found_with_its_child_and_their_memory() -> None:
    with running(PARENT, ORACLE_WORKLOAD="demo-marked") as process:
        samples = until(
            table(),
            lambda found: any(
                (s.rss_bytes or 0) > 60 * MIB for s in found if s.process.workload == "demo-marked"
            ),
        )
        (instance,) = instances_of(s for s in samples if s.process.workload == "demo-marked")
        assert instance.root.process.pid == process.pid
        assert instance.name == f"demo-marked-{process.pid}"
        assert len(instance.members) == 2
        assert abs(instance.root.process.created_at - time.time()) < 60
        assert (instance.root.cpu_seconds or 0) > 0


def test_a_process_is_found_by_its_command_line() -> None:
    with running(WAIT, "-m", "agents.demo_found.agent") as process:
        samples = until(table(), lambda found: any(s.process.workload == "demo-found" for s in found))
        assert [s.process.pid for s in samples if s.process.workload == "demo-found"] == [process.pid]


def test_an_ended_process_is_in_no_further_sample() -> None:
    watched = table()
    with running(WAIT, ORACLE_WORKLOAD="demo-ended"):
        until(watched, lambda found: any(s.process.workload == "demo-ended" for s in found))
    assert not [s for s in watched.read().samples if s.process.workload == "demo-ended"]


def test_the_environment_of_a_process_that_is_no_agent_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    environ = psutil.Process.environ

    def counted(process: psutil.Process) -> dict[str, str]:
        read.append(process.pid)
        return environ(process)

    monkeypatch.setattr(psutil.Process, "environ", counted)
    monkeypatch.setattr(client, "YOUNG_SECONDS", 0.0)
    with running(WAIT) as process:
        watched = table()
        for _ in range(3):
            watched.read()
        assert read.count(process.pid) == 1


def test_a_process_that_replaced_its_program_when_young_is_found() -> None:
    code = "import os, sys; sys.stdin.readline(); os.environ['ORACLE_WORKLOAD'] = 'demo-exec'; "
    code += "os.execv(sys.executable, [sys.executable, '-c', 'import sys; sys.stdin.read()'])"
    watched = table()
    with running(code) as process:
        watched.read()
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
        until(watched, lambda found: any(s.process.workload == "demo-exec" for s in found))


def of(watched: ProcessTable, workload: str) -> Sample:
    samples = until(watched, lambda found: any(s.process.workload == workload for s in found))
    return next(s for s in samples if s.process.workload == workload)


def test_a_process_that_began_after_another_ended_is_told_so() -> None:
    watched = table()
    begun: list[float] = []
    ended: list[float] = []
    for number in range(3):
        workload = f"demo-order-{number}"
        with running(WAIT, ORACLE_WORKLOAD=workload):
            found = of(watched, workload)
            begun.append(found.process.began_at)
        ended.append(time.time())
    assert ended[0] < begun[1]
    assert ended[1] < begun[2]
    # A beginning is counted in ticks, so a life below one may seem to begin a tick late.
    assert all(began <= end + TICK_SECONDS for began, end in zip(begun, ended, strict=True))
