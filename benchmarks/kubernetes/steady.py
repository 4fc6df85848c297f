"""A cluster in motion: CPU of our collector, beside the informer's, while so many pods change in each tick.

One per cent a tick is written into the real API server. Fifteen per cent are more than it takes on the cores
that it shares with what is measured, so the lines that it wrote are said again at that rate (`replay.py`).
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import Child, child
from benchmarks.figures import Row, Section
from benchmarks.kubernetes.changes import paced, per_second, readiness
from benchmarks.kubernetes.first_sync import PEER, SYNC_SECONDS
from benchmarks.kubernetes.fleet import pod_names
from benchmarks.kubernetes.readings import Reading, asked
from benchmarks.kubernetes.record import CHANGES, Recorder, place, record_lists
from collectors.k8s_collector.settings import ALL_NAMESPACES
from tests.control_plane import bulk
from tests.control_plane.cluster import Cluster

FEW, MANY = 1.0, 15.0
"""Per cent of the pods that change in a tick of two seconds."""
RECORD_SECONDS = 120.0


@dataclass(frozen=True)
class Watched:
    """What a process did between two readings."""

    cpu_seconds: float
    seconds: float
    changes: int

    @property
    def each_ms(self) -> float:
        """Give the CPU time of a change in milliseconds."""
        return 1e3 * self.cpu_seconds / max(1, self.changes)


def between(before: Reading, after: Reading) -> Watched:
    """Give what was done between two readings."""
    return Watched(after.cpu_seconds - before.cpu_seconds, after.at - before.at, after.done - before.done)


def measure(
    cluster: Cluster, pods: int, seconds: float, recorded: Path, say: Callable[[str], None]
) -> Section:
    """Watch both while one per cent change for real, and while fifteen per cent are replayed."""
    few, many = per_second(pods, FEW), per_second(pods, MANY)
    with _both(str(cluster.kubeconfig("admin")), say) as watchers:
        say(f"kubernetes: {few:.0f} changes a second in the API server for {seconds:.0f} s")
        real = _while(watchers, lambda: change(cluster, pods, few, seconds))
    with replaying(recorded) as (server, kubeconfig), _both(str(kubeconfig), say) as watchers:
        say(f"kubernetes: {many:.0f} changes a second replayed for {seconds:.0f} s")
        server.tell(str(many))
        replayed = _while(watchers, lambda: time.sleep(seconds))
    rows = [*_rows(FEW, few, real), *_rows(MANY, many, replayed)]
    informer = replayed["informer"]
    notes = (
        f"{FEW:.0f} % of {pods:,} pods: {few:.0f} changes of readiness a second for {seconds:.0f} s, patched "
        f"into the real API server; {MANY:.0f} %: its own lines, replayed over HTTP at {many:.0f} a second",
        f"at {MANY:.0f} % the informer handled {informer.changes / informer.seconds:.0f} changes a second "
        f"with {100 * informer.cpu_seconds / informer.seconds:.0f} % of a core; its share is what all would "
        "take",
    )
    return Section("kubernetes_steady", "Kubernetes: steady state", "", rows, notes, peer=PEER)


def _rows(percent: float, each_second: float, watched: Mapping[str, Watched]) -> Iterator[Row]:
    ours, informer = watched["ours"], watched["informer"]
    yield Row(
        f"{percent:.0f} % a tick: share of one core",
        100 * ours.cpu_seconds / ours.seconds,
        "%",
        peer=each_second * informer.each_ms / 10,
    )
    yield Row(f"  CPU of a change at {percent:.0f} %", ours.each_ms, "ms", peer=informer.each_ms)


def record(cluster: Cluster, pods: int, into: Path, say: Callable[[str], None]) -> None:
    """Record the fleet, and each of its changing pods becoming unready and ready again."""
    say("kubernetes: recording what the API server says")
    record_lists(cluster, into)
    names = pod_names(pods)[: int(pods * MANY / 100)]
    recorder = Recorder(cluster, 2 * len(names))
    recorder.start()
    for ready in (False, True):
        bulk.send(cluster, readiness(names, ready=ready))
    recorder.join(RECORD_SECONDS)
    if recorder.is_alive():
        raise RuntimeError(f"{len(recorder.lines)} of {2 * len(names)} changes were seen")
    place(into, CHANGES).write_bytes(b"".join(recorder.lines))


@contextmanager
def replaying(recorded: Path) -> Iterator[tuple[Child, Path]]:
    """Run the replaying server; give it, and a kubeconfig that names it."""
    with (
        child("kubernetes.replay", str(recorded)) as server,
        tempfile.TemporaryDirectory(prefix="oracle-bench-") as at,
    ):
        path = Path(at) / "replay.kubeconfig"
        path.write_text(_kubeconfig(f"http://127.0.0.1:{server.line()}"))
        yield server, path


def _kubeconfig(url: str) -> str:
    context = {"cluster": "replay", "user": "anybody"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "replay", "cluster": {"server": url}}],
            "users": [{"name": "anybody", "user": {}}],
            "contexts": [{"name": "replay", "context": context}],
            "current-context": "replay",
        }
    )


@contextmanager
def _both(kubeconfig: str, say: Callable[[str], None]) -> Iterator[dict[str, Child]]:
    with ExitStack() as stack:
        started = {}
        for name in ("ours", "informer"):
            say(f"kubernetes: first sync of {name}")
            started[name] = stack.enter_context(child(f"kubernetes.{name}", kubeconfig, ALL_NAMESPACES))
            started[name].wait_for("synced", SYNC_SECONDS)
        yield started


def _while(watchers: Mapping[str, Child], changing: Callable[[], None]) -> dict[str, Watched]:
    before = {name: asked(one) for name, one in watchers.items()}
    changing()
    return {name: between(before[name], asked(one)) for name, one in watchers.items()}


def change(cluster: Cluster, pods: int, each_second: float, seconds: float) -> None:
    """Write changes at a rate for so long: each pod becomes unready, and when its turn comes again ready."""
    names = pod_names(pods)
    count = int(each_second * seconds)
    wanted = (
        request
        for turn in range(-(-count // len(names)))
        for request in readiness(names, ready=bool(turn % 2))
    )
    changes = (request for _, request in zip(range(count), wanted, strict=False))
    bulk.send(cluster, paced(changes, each_second))
