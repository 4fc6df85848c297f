"""Traffic of network namespaces: the host's is nobody's own, another one's is its agent's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.process_collector.network import Network, totals
from tests.collectors.process_supervisor import wait_for

DEV = """Inter-|   Receive                    |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier
    lo: 5000 10 0 0 0 0 0 0 5000 10 0 0 0 0 0 0
  eth0: 1200  3 0 0 0 0 0 0  340  2 0 0 0 0 0 0
  eth1:100    1 0 0 0 0 0 0   60  1 0 0 0 0 0 0
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [(DEV, (1300, 400)), ("", (0, 0)), (" eth0: 1 2\nnonsense\n", (0, 0))],
)
def test_all_interfaces_count_but_the_loopback(text: str, expected: tuple[int, int]) -> None:
    assert totals(text.splitlines()) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's own")
def test_an_agent_in_the_namespace_of_the_host_has_no_traffic_of_its_own() -> None:
    network = Network()
    shared = network.shared()
    assert shared
    assert network.of(os.getpid(), shared) is None
    assert network.of(2**22 + 1, shared) is None


def test_without_namespaces_nothing_is_said(tmp_path: Path) -> None:
    network = Network(tmp_path)
    assert network.shared() == frozenset()
    assert network.of(os.getpid(), network.shared()) is None


TALK = """
set -e
ip link add v0 type veth peer name v1
ip link set v0 up; ip link set v1 up
ip addr add 10.9.8.1/24 dev v0
ip neigh add 10.9.8.2 lladdr 02:00:00:00:00:01 dev v0
python3 -c 'from socket import *; socket(AF_INET, SOCK_DGRAM).sendto(bytes(1000), ("10.9.8.2", 9))'
echo told; read line
"""


@contextmanager
def apart() -> Iterator[int]:
    """Run a process in a namespace of its own that has sent a kilobyte over its own interface."""
    unshare = shutil.which("unshare")
    if not unshare or not shutil.which("ip") or os.geteuid() != 0:
        pytest.skip("only root makes a network namespace, with unshare and ip")
    with subprocess.Popen(
        [unshare, "-n", "sh", "-c", TALK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        told = process.stdout.readline()
        if told != "told\n":
            process.kill()
            pytest.skip("this host makes no pair of interfaces")
        yield process.pid
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's own")
def test_an_agent_in_a_namespace_of_its_own_has_its_real_traffic() -> None:
    network = Network()
    with apart() as pid:
        shared = network.shared()
        traffic = wait_for(lambda: network.of(pid, shared), "the traffic")
        assert traffic.namespace not in shared
        assert traffic.sent_bytes >= 1000
        assert traffic.received_bytes >= 1000  # The other end of the pair is in the same namespace.
