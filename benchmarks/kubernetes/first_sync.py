"""From nothing to everything known: CPU, time and memory of our collector, beside the official informer.

Every run is a process of its own. What a process takes with an empty namespace is taken off its memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.child import child
from benchmarks.figures import Row, Section, median_of
from benchmarks.kubernetes.fleet import EMPTY
from benchmarks.kubernetes.readings import COLLECT, Reading, asked
from collectors.k8s_collector.settings import ALL_NAMESPACES
from tests.control_plane.cluster import Cluster

ROUNDS = 3
PEER_ROUNDS = 2
SYNC_SECONDS = 400.0
MIB = 2**20


@dataclass(frozen=True)
class Synced:
    """A process that knows everything, and the same one with nothing to know."""

    full: Reading
    empty: Reading

    def each(self, pods: int) -> tuple[float, float]:
        """Give bytes a pod: kept, and at the peak."""
        return (self.full.uss - self.empty.uss) / pods, (self.full.peak - self.empty.peak) / pods


def measure(cluster: Cluster, pods: int, say: Callable[[str], None]) -> Section:
    """Sync in turns, so that noise meets both alike, and give the medians."""
    kubeconfig = str(cluster.kubeconfig("admin"))
    ours: list[Synced] = []
    alone: list[Synced] = []
    peers: list[Synced] = []
    for turn in range(1, ROUNDS + 1):
        say(f"kubernetes: first sync of {pods:,} pods, round {turn} of {ROUNDS}")
        ours.append(_synced("ours", kubeconfig))
        alone.append(_synced("ours", kubeconfig, "pods"))
        if turn <= PEER_ROUNDS:
            peers.append(_synced("informer", kubeconfig))
    return section(pods, ours, alone, peers)


def _synced(module: str, kubeconfig: str, *chosen: str) -> Synced:
    readings = []
    for namespace in (ALL_NAMESPACES, EMPTY):
        with child(f"kubernetes.{module}", kubeconfig, namespace, *chosen) as one:
            one.wait_for("synced", SYNC_SECONDS)
            readings.append(asked(one, COLLECT))
    return Synced(*readings)


def section(pods: int, ours: list[Synced], alone: list[Synced], peers: list[Synced]) -> Section:
    """Compare the medians of the rounds."""

    def middle(of: list[Synced], value: Callable[[Synced], float]) -> float:
        return median_of([value(one) for one in of])

    def row(name: str, unit: str, value: Callable[[Synced], float], of: list[Synced] = ours) -> Row:
        return Row(name, middle(of, value), unit, peer=middle(peers, value))

    rows = [
        row("CPU until synced", "s", _cpu_seconds),
        row("time until synced", "s", _seconds),
        row("memory a pod (USS)", "KiB", lambda one: one.each(pods)[0] / 1024),
        row("memory a pod at the peak (RSS)", "KiB", lambda one: one.each(pods)[1] / 1024),
        row("the whole process, USS", "MiB", lambda one: one.full.uss / MIB),
        row("the whole process at its peak, RSS", "MiB", lambda one: one.full.peak / MIB),
        row("  pods alone: CPU until synced", "s", _cpu_seconds, alone),
        row("  pods alone: memory a pod (USS)", "KiB", lambda one: one.each(pods)[0] / 1024, alone),
    ]
    notes = (
        f"{pods:,} pods; ours follows pods, replica sets, deployments, events and nodes, and publishes "
        f"{ours[0].full.done:,} records, encoded, into a sink in place of the Kafka client; the informer "
        "follows pods alone and publishes nothing",
        f"medians of {len(ours)} rounds of ours and {len(peers)} of the peer, each a process of its own; "
        "imports are not counted; memory a pod is after a collection of garbage, less an empty namespace",
    )
    return Section("kubernetes_first_sync", "Kubernetes: first sync", "", rows, notes, peer=PEER)


def _cpu_seconds(one: Synced) -> float:
    return one.full.synced_cpu_seconds or 0.0


def _seconds(one: Synced) -> float:
    return one.full.synced_seconds or 0.0


PEER = "SharedInformer of the official Python client, on pods; the ratio is how many times our cost it took"
