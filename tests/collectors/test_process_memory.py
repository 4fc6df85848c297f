"""Memory limits and kills for want of memory: pure tables, and the real kernel where it lets us."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.process_collector.cgroups import Cgroup, Cgroups, Mount, find, mounts_of
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.memory_kills import (
    WINDOW_SECONDS,
    Counter,
    KernelLog,
    MemoryKills,
    victim_of,
)
from collectors.process_collector.readings import End
from collectors.process_collector.settings import PATTERNS, compiled
from collectors.process_collector.translate import MIB
from tests.collectors.process_supervisor import WAIT, Supervisor, supervisor, wait_for

V1 = Mount(1, "/", Path("/sys/fs/cgroup/memory"))
V2 = Mount(2, "/", Path("/sys/fs/cgroup"))
INSIDE_V1 = Mount(1, "/docker/ab", Path("/sys/fs/cgroup/memory"))


@pytest.mark.parametrize(
    ("mountinfo", "mounts"),
    [
        ("30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate", [V2]),
        (
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
            "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
            "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu",
            [V1, Mount(2, "/", Path("/sys/fs/cgroup/unified"))],
        ),
        ("35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory", [INSIDE_V1]),
        ("24 1 254:0 / / rw,relatime - ext4 /dev/root rw\n\nnonsense", []),
    ],
)
def test_the_trees_of_memory_are_found_among_the_mounts(mountinfo: str, mounts: list[Mount]) -> None:
    assert mounts_of(mountinfo.splitlines()) == mounts


@pytest.mark.parametrize(
    ("membership", "mounts", "directory"),
    [
        ("0::/user.slice/agent.scope", [V2], "/sys/fs/cgroup/user.slice/agent.scope"),
        ("4:memory:/agents/a\n0::/", [V1, V2], "/sys/fs/cgroup/memory/agents/a"),
        ("4:cpu,memory:/a", [V1], "/sys/fs/cgroup/memory/a"),
        ("4:memory:/docker/ab/c", [INSIDE_V1], "/sys/fs/cgroup/memory/c"),
        ("0::/", [V2], "/sys/fs/cgroup"),
        # Another container's, seen from inside of one.
        ("4:memory:/docker/cd", [INSIDE_V1], None),
        ("0::/../cd", [V2], None),
        ("4:memory:/agents/a\n0::/", [V2], None),
        ("1:cpu:/", [V1, V2], None),
        ("", [V2], None),
    ],
)
def test_a_processs_cgroup_is_found_where_it_is_shown(
    membership: str, mounts: list[Mount], directory: str | None
) -> None:
    found = find(membership.splitlines(), mounts)
    assert (str(found.directory) if found else None) == directory


@pytest.mark.parametrize(
    ("limits", "limit_bytes"),
    [
        (["max", "max", "52428800"], 52_428_800),
        (["max", "1000", "52428800"], 1000),
        (["max", "max", "max"], None),
        ([None, "max", "7"], 7),
        ([None, None, None], None),
        (["9223372036854771712", "nonsense", "9223372036854771712"], None),
    ],
)
def test_the_smallest_limit_up_to_the_top_holds(
    tmp_path: Path, limits: list[str | None], limit_bytes: int | None
) -> None:
    directory = tmp_path
    for name, limit in zip(("tree", "parent", "own"), limits, strict=True):
        directory = directory / name
        directory.mkdir()
        if limit is not None:
            (directory / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.max").write_text("1\n")  # This is above the mount.
    assert Cgroup(Mount(2, "/", tmp_path / "tree"), directory).limit_bytes() == limit_bytes


@pytest.mark.parametrize(
    ("version", "file", "text", "kills"),
    [
        (2, "memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 0\n", 3),
        (1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", 2),
        (1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", None),
        (2, "absent", "", None),
    ],
)
def test_a_cgroups_kills_are_counted(
    tmp_path: Path, version: int, file: str, text: str, kills: int | None
) -> None:
    (tmp_path / file).write_text(text)
    assert Cgroup(Mount(version, "/", tmp_path), tmp_path).kills() == kills


@pytest.mark.parametrize(
    ("record", "pid"),
    [
        (b"3,737,117,-;Memory cgroup out of memory: Killed process 7142 (python3) total-vm:68392kB", 7142),
        (b"3,737,117,-;Out of memory: Killed process 12 (a b) total-vm:1kB\n SUBSYSTEM=x\n", 12),
        (b"3,737,117,-;Memory cgroup out of memory: Kill process 9 (x) score 5 or sacrifice child", 9),
        # A program wrote this: the facility is not the kernel's.
        (b"12,737,117,-;Out of memory: Killed process 7142 (python3)", None),
        (b"6,736,117,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=python3,pid=7142,uid=0", None),
        (b"6,1,2,-;eth0: link up", None),
        (b"nonsense", None),
        (b"", None),
    ],
)
def test_the_kernels_log_names_its_victims(record: bytes, pid: int | None) -> None:
    assert victim_of(record) == pid


@pytest.mark.parametrize(
    ("told", "claims", "judged"),
    [
        ([(0, 0)], [(1, 1)], [False]),
        ([(0, 5), (1, 6)], [(1, 1)], [True]),
        ([(0, 5), (1, 6)], [(1, 1), (2, 1)], [True, False]),
        ([(0, 5), (1, 6)], [(1, 2)], [False]),
        ([(0, 5), (1, 7)], [(1, 2)], [True]),
        ([(0, 5), (1, 6), (50, 6)], [(50, 1)], [False]),
        ([(0, 5), (1, 6), (50, 7)], [(50, 1)], [True]),
        ([(0, 5), (1, 0)], [(1, 1)], [False]),
        ([], [(1, 1)], [False]),
    ],
)
def test_a_counter_tells_of_a_kill_only_when_it_rose_for_each_of_them(
    told: list[tuple[float, int]], claims: list[tuple[float, int]], judged: list[bool]
) -> None:
    counter = Counter()
    for at_seconds, kills in told:
        counter.tell(at_seconds, kills)
    assert [counter.claim(at_seconds, killed) for at_seconds, killed in claims] == judged


def test_a_counter_stays_small() -> None:
    counter = Counter()
    for second in range(10_000):
        counter.tell(second, second)
        counter.claim(second, 1)
    assert len(counter.told) <= WINDOW_SECONDS + 2
    assert len(counter.claimed) <= WINDOW_SECONDS + 2


def silent_log() -> KernelLog:
    """Give the log as it is inside a container: not readable."""
    return KernelLog(own_namespace=1)


def test_without_the_kernels_log_the_cgroups_counter_decides(tmp_path: Path) -> None:
    assert not silent_log().readable
    cgroup = Cgroup(Mount(2, "/", tmp_path), tmp_path)
    events = tmp_path / "memory.events"
    events.write_text("oom_kill 0\n")
    kills = MemoryKills(silent_log())
    kills.observe({cgroup}, 0.0)
    assert kills.victims({7: cgroup, 8: None}, 1.0) == set()
    events.write_text("oom_kill 1\n")
    assert kills.victims({7: cgroup, 8: cgroup}, 2.0) == set()
    assert kills.victims({7: cgroup}, 2.0) == {7}
    assert kills.victims({8: cgroup}, 3.0) == set()
    events.unlink()
    assert kills.victims({9: cgroup}, 4.0) == set()


V1_ROOT = Path("/sys/fs/cgroup/memory")
HOG = "import time; blocks = [bytearray(b'x' * 1_000_000) for _ in range(300)]; time.sleep(60)"
JOIN = "import os; open({procs!r}, 'w').write(str(os.getpid())); import sys; sys.stdin.readline(); "


@pytest.fixture
def limited() -> Iterator[Path]:
    """Give a real memory cgroup with a limit of 40 MiB."""
    tree = next((one for one in Cgroups()._mounts), None) if sys.platform == "linux" else None
    if tree is None or os.geteuid() != 0:
        pytest.skip("only root makes a memory cgroup, and only where one is mounted")
    directory = tree.directory / f"oracle-test-{os.getpid()}"
    try:
        directory.mkdir()
        (directory / tree.limit_file).write_text(str(40 * MIB))
    except OSError as error:
        if directory.is_dir():
            directory.rmdir()
        pytest.skip(f"this host lets nobody limit the memory of a cgroup: {error}")
    yield directory
    wait_for(lambda: _removed(directory), "the cgroup is empty")


def _removed(directory: Path) -> bool:
    try:
        directory.rmdir()
    except OSError:
        return False
    return True


def table(log: KernelLog | None = None) -> ProcessTable:
    return ProcessTable(compiled(PATTERNS), kills=MemoryKills(log or KernelLog()))


def found(watched: ProcessTable, pid: int) -> int | None:
    """Look until an agent is in its limited cgroup, and give the limit."""
    limits = [one.memory_limit_bytes for one in watched.read().samples if one.process.pid == pid]
    return limits[0] if limits else None


def joined(agents: Supervisor, watched: ProcessTable, limited: Path, code: str) -> int:
    pid = agents.start(JOIN.format(procs=str(limited / "cgroup.procs")) + code)
    assert wait_for(lambda: found(watched, pid), "the agent in its cgroup") == 40 * MIB
    return pid


def end_after(agents: Supervisor, watched: ProcessTable, pid: int) -> End:
    agents.reap(pid)
    return next(end for process, end in watched.read().ended.items() if process.pid == pid)


@pytest.mark.parametrize("log", [True, False], ids=["by the kernel's log", "by the cgroup's counter"])
def test_a_real_kill_for_want_of_memory_is_told_and_an_ordinary_kill_is_not(limited: Path, log: bool) -> None:
    with supervisor("demo-memory") as agents:
        watched = table(None if log else silent_log())
        calm = joined(agents, watched, limited, WAIT)
        os.kill(calm, signal.SIGKILL)
        end = end_after(agents, watched, calm)
        assert (end.reason, end.signal) == ("Error", "SIGKILL")

        hungry = joined(agents, watched, limited, HOG)
        agents.say(hungry)
        end = end_after(agents, watched, hungry)
        assert (end.reason, end.signal) == ("OOMKilled", "SIGKILL")

        again = joined(agents, watched, limited, WAIT)
        os.kill(again, signal.SIGKILL)
        assert end_after(agents, watched, again).reason == "Error"
        watched.close()


def test_with_the_kernels_log_a_kill_beside_a_victim_in_one_cgroup_is_told_apart(limited: Path) -> None:
    if not KernelLog().readable:
        pytest.skip("the kernel's log is not for this account")
    with supervisor("demo-apart") as agents:
        watched = table()
        calm, hungry = (joined(agents, watched, limited, code) for code in (WAIT, HOG))
        os.kill(calm, signal.SIGKILL)
        agents.say(hungry)
        agents.reap(calm)
        agents.reap(hungry)
        reasons = {process.pid: end.reason for process, end in watched.read().ended.items()}
        assert reasons == {calm: "Error", hungry: "OOMKilled"}
        watched.close()
