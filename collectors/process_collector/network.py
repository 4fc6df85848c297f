"""Network traffic of a process, where the operating system counts it: Linux counts by network namespace.

/proc/PID/net/dev (proc_pid_net(5)) shows the counters of the namespace that a process is in. For an agent in
a namespace of its own, as a container has, these are the agent's; in the host's namespace they are
everybody's, and nothing is said. A namespace is known by the inode of that file: to see it, no permission is
needed.
"""

import os
from pathlib import Path

from collectors.process_collector.readings import Traffic


class Network:
    """Reads the traffic of processes that are not in the namespace of process 1, nor in ours."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = str(proc)

    def shared(self) -> frozenset[int]:
        """Give the namespaces whose traffic is nobody's own; empty where there are none to be known."""
        found = (self._namespace(name) for name in ("1", "self"))
        return frozenset(namespace for namespace in found if namespace is not None)

    def of(self, pid: int, shared: frozenset[int]) -> Traffic | None:
        """Give the traffic of a process's own namespace; None where that is not told, or is shared."""
        if not shared:
            return None
        namespace = self._namespace(str(pid))
        if namespace is None or namespace in shared:
            return None
        try:
            lines = Path(f"{self._proc}/{pid}/net/dev").read_text().splitlines()
        except OSError:
            return None
        received, sent = totals(lines)
        return Traffic(namespace, received, sent)

    def _namespace(self, name: str) -> int | None:
        try:
            return os.stat(f"{self._proc}/{name}/net/dev").st_ino
        except OSError:
            return None


def totals(lines: list[str]) -> tuple[int, int]:
    """Give the received and the sent bytes of all interfaces but the loopback; pure."""
    received = sent = 0
    for line in lines:
        name, colon, counters = line.partition(":")
        fields = counters.split()
        if colon and name.strip() != "lo" and len(fields) >= 9:
            received, sent = received + int(fields[0]), sent + int(fields[8])
    return received, sent
