"""A cluster that begins with thousands of running pods: written once, kept as etcd's data, and copied.

What is kept lies in the cache beside the binaries, named after everything that it is made of. `python -m
tests.control_plane.filled` makes the one of ten thousand pods ahead of a benchmark.
"""

import hashlib
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from cli.stack.cache import cached
from cli.stack.errors import StackError
from tests.control_plane import bulk, fleet
from tests.control_plane.build import binary
from tests.control_plane.bulk import PODS_PER_NODE, Request
from tests.control_plane.cluster import Cluster
from tests.control_plane.servers import API_SERVER, ETCD

NAMESPACE = "fleet"
ALONE = (ETCD, API_SERVER)
"""The parts that such a cluster needs: nothing else asks the server, and every change is by hand."""


def nodes_of(pods: int) -> list[str]:
    """Name the nodes that hold so many pods, 110 each."""
    return bulk.node_names(-(-pods // PODS_PER_NODE))


def fleet_data(pods: int) -> Path:
    """Give the data directory of an etcd with so many running pods, filling it when the cache has none."""
    made_of = [binary(ETCD).parent.name, binary(API_SERVER).parent.name, fleet.ready_node("n", PODS_PER_NODE)]
    sample = fleet.agent_pod(NAMESPACE, "p", agent="a", node_name="n")
    status = fleet.running_status(sample, address="10.0.0.1", at=fleet.EPOCH)
    digest = hashlib.sha256(json.dumps([*made_of, sample, status]).encode()).hexdigest()
    return cached(f"fleet-{pods}-{digest[:12]}", lambda into: fill(into, pods)) / ETCD


def fill(into: Path, pods: int) -> None:
    """Write so many nodes and pods through an API server of its own; leave etcd's data in `into`."""
    with tempfile.TemporaryDirectory(prefix="oracle-fill-") as directory:
        cluster = Cluster(Path(directory) / "cluster")
        try:
            cluster.start(ALONE)
            nodes = nodes_of(pods)
            described = (fleet.ready_node(name, PODS_PER_NODE) for name in nodes)
            bulk.send(cluster, (Request("POST", "/api/v1/nodes", node) for node in described))
            cluster.create_namespace(NAMESPACE)
            bulk.create_pods(cluster, NAMESPACE, pods, nodes)
        finally:
            cluster.stop()
        shutil.move(cluster.directory / ETCD, into / ETCD)


def filled_cluster(directory: Path, pods: int) -> Cluster:
    """Give a cluster, not started, whose namespace `fleet` holds so many running pods; `start(ALONE)` it."""
    return Cluster(directory, data=fleet_data(pods))


def main(pods: int = 10_000) -> None:
    """Make the data of ten thousand pods, or of as many as told."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end through `finally`: no server is left
    began = time.monotonic()
    path = fleet_data(pods)
    print(f"{pods} pods: {path.parent.name} ready in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    try:
        main(*(int(word) for word in sys.argv[1:2]))
    except StackError as error:
        sys.exit(str(error))
