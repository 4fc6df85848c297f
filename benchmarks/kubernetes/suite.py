"""The whole Kubernetes part, in the order in which it runs: on the cluster alone, then in a stack."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Section
from benchmarks.kubernetes import first_sync, folded, motion, steady, visible
from benchmarks.kubernetes.fleet import own_cluster
from benchmarks.own_stack import own_stack
from tests.control_plane.build import missing


def lacking() -> str:
    """Say why this part cannot run here; empty when it can."""
    parts = missing()
    return (
        f"the control plane is not built, {', '.join(parts)} missing: make test-real builds it"
        if parts
        else ""
    )


def measure(pods: int, seconds: float, changes: int, say: Callable[[str], None]) -> Iterator[Section]:
    """Measure a fleet of so many pods; raises StackError or RuntimeError when something does not come up."""
    yield folded.measure(say)
    with (
        tempfile.TemporaryDirectory(prefix="oracle-bench-recorded-") as directory,
        own_cluster(pods, say) as cluster,
    ):
        recorded = Path(directory)
        yield first_sync.measure(cluster, pods, say)
        steady.record(cluster, pods, recorded, say)
        yield steady.measure(cluster, pods, seconds, recorded, say)
        say("kubernetes: starting a stack, and a collector for it that watches the cluster")
        with own_stack() as stack, motion.observing(stack, cluster.kubeconfig("admin")) as collector:
            yield visible.measure(stack, cluster, pods, changes, say)
            yield motion.measure(stack, collector, cluster, pods, seconds, recorded, say)
            say("kubernetes: stopping the stack")
