"""A large cluster in a whole stack: CPU of each service while nothing, 1 %, and 15 % of the pods change.

One per cent is written into the real API server. Fifteen per cent are replayed to a second collector, the
service itself, which observes for an environment of its own; the aggregator then keeps both clusters.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.aggregator_cpu import cpu_seconds
from benchmarks.figures import Row, Section
from benchmarks.kubernetes.changes import per_second
from benchmarks.kubernetes.steady import FEW, MANY, change, replaying
from benchmarks.memory import MIB, memory_of, pids
from cli.stack.settings import Stack
from tests.control_plane.cluster import Cluster

ENVIRONMENT = "replayed"
COLLECTOR = "k8s-collector"
PARTS = (COLLECTOR, "aggregator", "api")
SYNC_SECONDS = 240.0
SETTLE_SECONDS = 5.0


def measure(
    stack: Stack, collector: int, cluster: Cluster, pods: int, seconds: float, recorded: Path,
    say: Callable[[str], None],
) -> Section:  # fmt: skip
    """Watch the services over so many seconds each: quiet, with one, and with fifteen per cent.

    `collector` is the pid of the one that observes the cluster.
    """
    few, many = per_second(pods, FEW), per_second(pods, MANY)
    running = {**{name: pid for name, pid in pids(stack).items() if name in PARTS}, COLLECTOR: collector}
    say(f"kubernetes: the services at rest for {seconds:.0f} s")
    quiet = _shares(running, lambda: time.sleep(seconds))
    say(f"kubernetes: the services at {few:.0f} changes a second for {seconds:.0f} s")
    moved = _shares(running, lambda: change(cluster, pods, few, seconds))
    memory = {name: memory_of(pid).uss / MIB for name, pid in running.items()}
    with replaying(recorded) as (server, kubeconfig), observing(stack, kubeconfig, ENVIRONMENT) as pid:
        wait_for_pods(stack, pods, say, ENVIRONMENT)
        time.sleep(SETTLE_SECONDS)
        running[COLLECTOR] = pid
        resting = _shares(running, lambda: time.sleep(seconds))
        say(f"kubernetes: the services at {many:.0f} changes a second for {seconds:.0f} s")
        server.tell(str(many))
        replayed = _shares(running, lambda: time.sleep(seconds))
    rows = [
        Row(f"{name}, {when}", share[name], "%")
        for when, share in (
            ("at rest", quiet),
            (f"{FEW:.0f} % a tick", moved),
            ("two clusters at rest", resting),
            (f"{MANY:.0f} % of one of two a tick", replayed),
        )
        for name in PARTS
    ]
    rows += [Row(f"{name} with {pods:,} pods, USS", memory[name], "MiB") for name in PARTS]
    notes = (
        f"shares of one core over {seconds:.0f} s: {few:.0f} changes a second in the real API server, then "
        f"{many:.0f} replayed to a second collector, for an environment of its own beside the first",
    )
    return Section("kubernetes_services", "Kubernetes: the services in motion", "", rows, notes)


def wait_for_pods(stack: Stack, pods: int, say: Callable[[str], None], environment: str = "default") -> None:
    """Wait until a snapshot holds the whole fleet. Raises RuntimeError when none does."""
    deadline = time.monotonic() + SYNC_SECONDS
    url = f"{stack.dashboard_url}api/v1/oracle/state?fields=workload&environment={environment}"
    known = 0
    while time.monotonic() < deadline:
        known = _pods_in(url)
        if known >= pods:
            return
        say(f"kubernetes: {known:,} of {pods:,} pods are in the snapshot")
        time.sleep(2.0)
    raise RuntimeError(f"after {SYNC_SECONDS:.0f} s the snapshot holds {known:,} of {pods:,} pods")


def _pods_in(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.read().count(b'"pod_id":'))
    except urllib.error.HTTPError as error:
        if error.code in (404, 503):  # of this environment there is no snapshot yet
            return 0
        raise


def _shares(running: Mapping[str, int], meanwhile: Callable[[], None]) -> dict[str, float]:
    """Give each process's share of one core in per cent."""
    began, used = time.monotonic(), {name: cpu_seconds(pid) for name, pid in running.items()}
    meanwhile()
    passed = time.monotonic() - began
    return {name: 100 * (cpu_seconds(pid) - used[name]) / passed for name, pid in running.items()}


@contextmanager
def observing(stack: Stack, kubeconfig: Path, environment: str = "default") -> Iterator[int]:
    """Run the collector's service on the stack's broker, for an environment; give its pid."""
    told = {
        "KUBECONFIG": str(kubeconfig),
        "K8S_CONTEXT": "",
        "ORACLE_NAMESPACES": "*",
        "K8S_NETWORK_INTERVAL_SECONDS": "0",  # there are no kubelets to ask
        "KAFKA_BOOTSTRAP_SERVERS": stack.broker.bootstrap_servers,
        "ORACLE_ENVIRONMENT": environment,
        "HEALTH_PORT": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors.k8s_collector.collector"],
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is for us, who then end it
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
