"""The suite's cluster as fixtures, started at the first test that asks; `tests/real/` takes them in.

A test may kill, stop or restart any part: what is down after a test is started again before the next.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control_plane.build import missing
from tests.control_plane.cluster import Cluster

_CLUSTER = pytest.StashKey[Cluster]()
_NAMESPACE_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Give the suite's cluster: every part, metrics-server too, and one node, `node-1`."""
    if lacking := missing():
        pytest.skip(f"the control plane is not built, {', '.join(lacking)} missing: make test-real")
    directory = Path(tempfile.mkdtemp(prefix="oracle-real-"))
    try:
        made = Cluster(directory, with_metrics=True)
        request.config.stash[_CLUSTER] = made
        try:
            made.start()
            made.add_node("node-1")
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """Give a namespace of this test's own; what is in it is deleted afterwards, and the namespace itself."""
    name = f"test-{next(_NAMESPACE_NUMBERS)}"
    cluster.create_namespace(name)
    yield name
    cluster.start()
    # Nobody but a test ends a pod whose status is by hand, and a namespace waits for its pods.
    cluster.admin.delete(f"/apis/apps/v1/namespaces/{name}/deployments")
    cluster.admin.delete(f"/api/v1/namespaces/{name}/pods", gracePeriodSeconds="0")
    cluster.admin.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(autouse=True)
def _parts_come_back(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    made = request.config.stash.get(_CLUSTER, None)
    if made is not None:
        made.start()
