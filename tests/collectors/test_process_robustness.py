"""What goes wrong on a real host: reused numbers, other accounts, storms of forks, processes that vanish."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from collectors.process_collector import client
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.meter import Meter
from collectors.process_collector.readings import Process, Sample
from collectors.process_collector.settings import PATTERNS, compiled
from tests.collectors.process_supervisor import WAIT, supervisor, wait_for

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the host's own ways of Linux")


def table() -> ProcessTable:
    return ProcessTable(compiled(PATTERNS))


def of(watched: ProcessTable, workload: str) -> list[Sample]:
    return [one for one in watched.read().samples if one.process.workload == workload]


def reborn(pid: int) -> subprocess.Popen[bytes] | None:
    """Start an agent that has this number, which must be free; None when others took their turns."""
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT],
        stdin=subprocess.PIPE,
        env={**os.environ, "ORACLE_WORKLOAD": "demo-reused"},
    )
    if process.pid == pid:
        return process
    process.kill()
    process.wait()
    return None


@LINUX
def test_a_number_that_is_used_anew_is_another_process_whose_forerunner_has_ended() -> None:
    if os.geteuid() != 0 or not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
        pytest.skip("only root says which number is next")
    with supervisor("demo-reused") as agents:
        watched = table()
        pid = agents.start()
        (before,) = wait_for(lambda: of(watched, "demo-reused"), "the agent is found")
        os.kill(pid, signal.SIGKILL)
        agents.reap(pid)
        process = next((found for _ in range(50) if (found := reborn(pid))), None)
        if process is None:
            pytest.skip("other processes took the number")
        reading = watched.read()
        assert [(one.pid, end.signal) for one, end in reading.ended.items()] == [(pid, "SIGKILL")]
        (after,) = wait_for(lambda: of(watched, "demo-reused"), "the new agent is found")
        assert after.process.pid == before.process.pid
        assert after.process != before.process
        process.kill()
        process.wait()
        watched.close()


AS_ANOTHER_ACCOUNT = """
import json, os, sys, time
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.settings import PATTERNS, compiled
os.setgroups([]); os.setgid(65534); os.setuid(65534)
watched = ProcessTable(compiled(PATTERNS))
def told(reading):
    return [
        [s.process.pid, s.rss_bytes is not None, s.cpu_seconds is not None, s.read_bytes]
        for s in reading.samples if s.process.workload == "demo-foreign"
    ]
print(json.dumps(told(watched.read())), flush=True)
sys.stdin.readline()
ended = {}
while not ended:
    ended = {one.pid: [end.code, end.signal, end.reason] for one, end in watched.read().ended.items()}
    time.sleep(0.05)
print(json.dumps(ended), flush=True)
"""


@LINUX
def test_another_accounts_agent_is_found_by_its_command_and_its_signal_is_known() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root becomes somebody else")
    with (
        subprocess.Popen(
            [sys.executable, "-c", WAIT, "-m", "agents.demo_foreign.agent"], stdin=subprocess.PIPE
        ) as agent,
        subprocess.Popen(
            [sys.executable, "-c", AS_ANOTHER_ACCOUNT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as stranger,
    ):
        assert stranger.stdout
        assert stranger.stdin
        assert json.loads(stranger.stdout.readline()) == [[agent.pid, True, True, None]]
        stranger.stdin.write("\n")
        stranger.stdin.flush()
        agent.send_signal(signal.SIGTERM)
        agent.wait()
        assert json.loads(stranger.stdout.readline()) == {str(agent.pid): [None, "SIGTERM", "Error"]}


class Vanishing(Meter):
    """Measures processes that are gone when they are looked at."""

    def root(self, process: psutil.Process, facts: Process, cgroup: object) -> Sample | None:
        return None


def test_a_process_that_vanishes_in_the_middle_of_a_read_is_named_again_until_its_end_is_known() -> None:
    with supervisor("demo-vanishing") as agents:
        watched = table()
        pid = agents.start()
        (before,) = wait_for(lambda: of(watched, "demo-vanishing"), "the agent is found")
        watched._meter = Vanishing()
        assert of(watched, "demo-vanishing") == [before]
        os.kill(pid, signal.SIGKILL)
        agents.reap(pid)
        assert [one.pid for one in watched.read().ended] == [pid]
        watched.close()


def test_a_process_of_which_nothing_may_be_read_is_shown_without_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: object) -> None:
        raise psutil.AccessDenied

    with supervisor("demo-denied") as agents:
        watched = table()
        pid = agents.start()
        wait_for(lambda: of(watched, "demo-denied"), "the agent is found")
        monkeypatch.setattr(psutil.Process, "status", denied)
        (found,) = of(watched, "demo-denied")
        assert (found.process.pid, found.cpu_seconds, found.rss_bytes) == (pid, None, None)
        watched.close()


STORM = """
import subprocess, sys
while True:
    for one in [subprocess.Popen(["true"]) for _ in range(50)]:
        one.wait()
"""


@LINUX
def test_a_storm_of_forks_hides_no_agent_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FORGET_SECONDS", 0.1)
    with supervisor("demo-storm") as agents, subprocess.Popen([sys.executable, "-c", STORM]) as storm:
        watched = table()
        pid = agents.start()
        wait_for(lambda: of(watched, "demo-storm"), "the agent is found")
        descriptors = len(os.listdir("/proc/self/fd"))
        for measure in (True, False) * 15:
            reading = watched.read(measure=measure)
            assert pid in {one.process.pid for one in reading.samples}
            assert reading.ended == {}
        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert watched._others.keys() | watched._young <= set(range(2**22))
        storm.kill()
        storm.wait()
        wait_for(lambda: watched.read() and len(watched._young) < 100, "what is gone is forgotten")
        watched.close()
