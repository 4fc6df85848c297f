"""Every test here needs the cluster and is marked `real`; `make test` leaves this folder out."""

from pathlib import Path

import pytest

from tests.control_plane.fixtures import _parts_come_back, cluster, namespace

__all__ = ["_parts_come_back", "cluster", "namespace"]
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that `-m "not real"` leaves them out wherever tests are chosen by hand."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)
