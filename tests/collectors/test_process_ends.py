"""Ends of real processes whose parent is another process than ours, and what the kernel tells of them."""

import gc
import os
import resource
import select
import signal
import subprocess
import sys
import time

import pytest

from collectors.process_collector.client import ProcessTable
from collectors.process_collector.pidfds import Pidfds, end_of, zombie_status
from collectors.process_collector.readings import End
from collectors.process_collector.settings import PATTERNS, compiled
from tests.collectors.process_supervisor import WAIT, Supervisor, supervisor, wait_for

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="pidfds are Linux's own")
SIGKILLED, SEGFAULTED, EXITED_3 = 9, 11, 3 << 8


@pytest.mark.parametrize(
    ("wait_status", "code", "name"),
    [
        (0, 0, None),
        (EXITED_3, 3, None),
        (255 << 8, 255, None),
        (SIGKILLED, None, "SIGKILL"),
        (15, None, "SIGTERM"),
        (SEGFAULTED | 0x80, None, "SIGSEGV"),
        (6, None, "SIGABRT"),
        (35, None, "SIGRTMIN+1"),
        (None, None, None),
    ],
)
def test_a_wait_status_is_a_code_or_a_signal(
    wait_status: int | None, code: int | None, name: str | None
) -> None:
    assert end_of(wait_status, 5.0) == End(5.0, code, name)


def table(pidfds: Pidfds | None = None) -> ProcessTable:
    return ProcessTable(compiled(PATTERNS), pidfds=pidfds)


def pids(watched: ProcessTable, workload: str) -> list[int]:
    return [one.process.pid for one in watched.read().samples if one.process.workload == workload]


def ends(watched: ProcessTable) -> dict[int, End]:
    return {process.pid: end for process, end in watched.read().ended.items()}


def started(agents: Supervisor, watched: ProcessTable, workload: str, code: str = WAIT) -> int:
    pid = agents.start(code)
    wait_for(lambda: pid in pids(watched, workload), "the agent is found")
    return pid


@LINUX
@pytest.mark.parametrize(
    ("code", "sent", "expected"),
    [
        ("import sys; sys.stdin.close()", None, (0, None)),
        ("import sys, time; time.sleep(0.5); sys.exit(3)", None, (3, None)),
        (WAIT, signal.SIGKILL, (None, "SIGKILL")),
        (WAIT, signal.SIGTERM, (None, "SIGTERM")),
        ("import os, time; time.sleep(0.5); os.abort()", None, (None, "SIGABRT")),
    ],
)
def test_the_code_or_the_signal_of_a_stranger_is_known_after_its_parent_has_reaped_it(
    code: str, sent: signal.Signals | None, expected: tuple[int | None, str | None]
) -> None:
    if not sent:
        code = "import time; time.sleep(0.5); " + code
    with supervisor("demo-strange") as agents:
        watched = table()
        pid = started(agents, watched, "demo-strange", code)
        if sent:
            os.kill(pid, sent)
        agents.reap(pid)
        before = time.time()
        end = ends(watched)[pid]
        assert (end.code, end.signal, end.out_of_memory) == (*expected, False)
        assert before - 20 < end.at_seconds <= time.time()
        assert pid not in pids(watched, "demo-strange")
        watched.close()


@LINUX
def test_a_zombie_that_nobody_reaps_has_ended_with_its_code() -> None:
    with supervisor("demo-zombie") as agents:
        watched = table()
        pid = started(agents, watched, "demo-zombie", "import sys, time; time.sleep(0.5); sys.exit(7)")
        found = wait_for(lambda: ends(watched), "the zombie's end")
        assert zombie_status(pid) == 7 << 8
        assert found[pid].code == 7
        # It is told once, though it still has its number.
        assert pid not in ends(watched)
        assert pid not in pids(watched, "demo-zombie")
        agents.reap(pid)
        watched.close()


@LINUX
def test_without_pidfds_a_zombie_tells_its_code_and_a_reaped_process_nothing() -> None:
    with supervisor("demo-old") as agents:
        watched = table(pidfds=Pidfds(most=0))
        reaped, left = (started(agents, watched, "demo-old") for _ in range(2))
        os.kill(reaped, signal.SIGKILL)
        agents.reap(reaped)
        assert ends(watched)[reaped].reason == "Exited"
        os.kill(left, signal.SIGTERM)
        assert wait_for(lambda: ends(watched), "the zombie's end")[left].signal == "SIGTERM"
        agents.reap(left)
        watched.close()


def test_a_living_process_is_no_zombie_and_a_missing_one_tells_nothing() -> None:
    assert zombie_status(os.getpid()) is None
    assert zombie_status(2**22 + 1) is None


@LINUX
def test_the_kernel_wakes_whoever_waits_for_an_end() -> None:
    with supervisor("demo-wakes") as agents:
        watched = table()
        pid = started(agents, watched, "demo-wakes")
        descriptor = watched.wakes()
        assert descriptor is not None
        assert select.select([descriptor], [], [], 0)[0] == []
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 20)[0] == [descriptor]
        assert watched.woken()
        noticed_at = time.time()
        assert select.select([descriptor], [], [], 0)[0] == []
        assert not watched.woken()
        agents.reap(pid)
        assert ends(watched)[pid].at_seconds <= noticed_at
        watched.close()


@LINUX
def test_a_zombie_whose_code_is_not_for_us_is_left_to_its_parent_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.process_collector.client.zombie_status", lambda pid: None)
    with supervisor("demo-hidden") as agents:
        watched = table()
        first, second = (started(agents, watched, "demo-hidden") for _ in range(2))
        os.kill(first, signal.SIGKILL)
        wait_for(watched.woken, "its end")
        assert ends(watched) == {}
        assert first in pids(watched, "demo-hidden")
        agents.reap(first)
        assert ends(watched)[first].signal == "SIGKILL"
        monkeypatch.setattr("collectors.process_collector.client.REAPED_WITHIN_SECONDS", 0.05)
        os.kill(second, signal.SIGKILL)
        assert wait_for(lambda: ends(watched), "its end without a code")[second].reason == "Exited"
        agents.reap(second)
        watched.close()


@LINUX
def test_a_stopped_agent_has_not_ended() -> None:
    with supervisor("demo-stopped") as agents:
        watched = table()
        pid = started(agents, watched, "demo-stopped")
        os.kill(pid, signal.SIGSTOP)
        wait_for(
            lambda: [s for s in watched.read().samples if s.process.pid == pid and s.status == "stopped"],
            "it is stopped",
        )
        assert ends(watched) == {}
        os.kill(pid, signal.SIGKILL)
        agents.reap(pid)
        watched.close()


@LINUX
def test_a_child_that_outlives_its_agent_is_watched_from_then_on() -> None:
    code = (
        "import subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], stdin=subprocess.PIPE); sys.stdin.read()"
    )
    with supervisor("demo-heir") as agents:
        watched = table()
        pid = agents.start(code)
        wait_for(lambda: len(pids(watched, "demo-heir")) == 2, "agent and child")
        (child,) = set(pids(watched, "demo-heir")) - {pid}
        os.kill(pid, signal.SIGSTOP)
        os.kill(child, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        agents.reap(pid)
        assert list(ends(watched)) == [pid]
        assert pids(watched, "demo-heir") == [child]
        os.kill(child, signal.SIGKILL)
        assert wait_for(lambda: ends(watched), "the child's end")[child].signal == "SIGKILL"
        watched.close()


def descriptors() -> int:
    gc.collect()  # Those of earlier tests' tables.
    return len(os.listdir("/proc/self/fd"))


@LINUX
def test_no_descriptor_is_left_by_agents_that_have_ended() -> None:
    with supervisor("demo-leak") as agents:
        watched = table()
        watched.read()
        before = descriptors()
        for _ in range(20):
            pid = agents.start()
            wait_for(lambda pid=pid: pid in pids(watched, "demo-leak"), "the agent is found")  # type: ignore[misc]
            assert descriptors() <= before + 1
            os.kill(pid, signal.SIGKILL)
            agents.reap(pid)
            assert ends(watched)[pid].signal == "SIGKILL"
        # Others of before may have been closed meanwhile: of tests that ran in this process.
        assert descriptors() <= before
        watched.close()


@LINUX
def test_ten_thousand_watches_leave_no_descriptor_and_no_memory() -> None:
    watch = Pidfds()
    before = descriptors()
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE) as process:
        for _ in range(10_000):
            watch.watch(process.pid)
            watch.forget(process.pid)
        assert process.stdin
        process.stdin.close()
    assert descriptors() == before
    assert (watch.count, watch.ended()) == (0, {})
    watch.close()


@LINUX
def test_no_more_processes_are_watched_than_allowed() -> None:
    with supervisor("demo-bounded") as agents:
        watch = Pidfds(most=2)
        started_pids = [agents.start() for _ in range(4)]
        for pid in started_pids:
            watch.watch(pid)
        assert [watch.watches(pid) for pid in started_pids] == [True, True, False, False]
        watch.forget(started_pids[0])
        watch.watch(started_pids[2])
        assert watch.watches(started_pids[2])
        watch.close()


@LINUX
def test_half_of_the_descriptors_are_left_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (6, 6))
    with supervisor("demo-few") as agents:
        watch = Pidfds()
        for pid in [agents.start() for _ in range(4)]:
            watch.watch(pid)
        assert watch.count == 3
        watch.close()


def test_a_system_without_pidfds_watches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    watch = Pidfds()
    watch.watch(os.getpid())
    assert watch.fileno() is None
    assert not watch.watches(os.getpid())
    assert not watch.drain(0.0)
    watch.close()
