"""Memory cgroups of processes: the limit that holds for them, and how often the kernel killed there.

cgroup v2 (kernel documentation, admin-guide/cgroup-v2): `memory.max`, and `oom_kill` of `memory.events`; v1
(cgroup-v1/memory): `memory.limit_in_bytes`, and `oom_kill` of `memory.oom_control`. Where both are mounted,
/proc/PID/cgroup says which holds memory. A path is found below the mount that shows its tree, so inside a
container without the host's cgroups nothing is found, and nothing is said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

UNLIMITED_FROM_BYTES = 1 << 60
"""v1 writes "no limit" as the largest number of pages."""
REMEMBERED = 4096
"""So many memberships are found without a search."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a tree of cgroups is mounted; `root` is the cgroup that stands at its top."""

    version: int
    root: str
    directory: Path

    @property
    def limit_file(self) -> str:
        """The file of a cgroup that holds its limit."""
        return "memory.max" if self.version == 2 else "memory.limit_in_bytes"

    @property
    def kills_file(self) -> str:
        """The file of a cgroup that counts kills."""
        return "memory.events" if self.version == 2 else "memory.oom_control"


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A memory cgroup that this host shows."""

    mount: Mount
    directory: Path

    def limit_bytes(self) -> int | None:
        """Give the smallest limit from here up to the top of the tree; None when there is none."""
        limits = []
        for directory in (self.directory, *self.directory.parents):
            if not directory.is_relative_to(self.mount.directory):
                break
            limits.append(_limit(directory / self.mount.limit_file))
        return min((limit for limit in limits if limit is not None), default=None)

    def kills(self) -> int | None:
        """Give how many processes the kernel has killed here for want of memory; None when it is not told."""
        for line in _text(self.directory / self.mount.kills_file).splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
        return None


class Cgroups:
    """Finds the memory cgroup of a process."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = str(proc)
        self._found: dict[str, Cgroup | None] = {}
        self._mounts = mounts_of(_text(proc / "self" / "mountinfo").splitlines())

    def of(self, pid: int) -> Cgroup | None:
        """Give the memory cgroup of a process; None when it is not told, or not shown here."""
        if not self._mounts:
            return None
        membership = _text(f"{self._proc}/{pid}/cgroup")
        if membership not in self._found:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[membership] = find(membership.splitlines(), self._mounts)
        return self._found[membership]


def mounts_of(mountinfo: Iterable[str]) -> list[Mount]:
    """Give the mounts that may hold memory, v1 first (proc_pid_mountinfo(5)); pure."""
    found = []
    for line in mountinfo:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        if kind[0] == "cgroup" and "memory" in kind[2].split(","):
            found.append(Mount(1, fields[3], Path(fields[4])))
        elif kind[0] == "cgroup2":
            found.append(Mount(2, fields[3], Path(fields[4])))
    return sorted(found, key=lambda mount: mount.version)


def find(membership: Iterable[str], mounts: Iterable[Mount]) -> Cgroup | None:
    """Find the memory cgroup that the lines of /proc/PID/cgroup name, below one of the mounts; pure."""
    paths: dict[int, str] = {}
    for line in membership:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            paths[1] = path
        elif number == "0" and not controllers:
            paths[2] = path
    if 1 in paths:
        paths.pop(2, None)  # v1 holds memory: the unified tree beside it has no say in it.
    for mount in mounts:
        path = paths.get(mount.version, "")
        # A path with ".." lies outside what our own namespace of cgroups shows.
        if path and ".." not in Path(path).parts and Path(path).is_relative_to(mount.root):
            return Cgroup(mount, mount.directory / Path(path).relative_to(mount.root))
    return None


def _limit(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() and int(text) < UNLIMITED_FROM_BYTES else None


def _text(file: Path | str) -> str:
    try:
        # Each pass asks this once for each agent: a Path would cost more than the file.
        with open(file, errors="replace") as opened:
            return opened.read()
    except OSError:
        return ""  # It is gone, or not for us: both mean that nothing is known.
