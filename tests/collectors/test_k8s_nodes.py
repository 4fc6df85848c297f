"""A node's conditions → whether it is ready, and what presses it."""

from typing import Any

import pytest
from msgspec import UNSET

from collectors.k8s_collector.nodes import node_of
from tests.collectors.k8s.things import Json, named_condition, node


@pytest.mark.parametrize(
    ("conditions", "ready", "reason", "pressures"),
    [
        ([named_condition("Ready", "True", reason="KubeletReady")], True, UNSET, UNSET),
        ([named_condition("Ready", "False", reason="KubeletNotReady", message="runtime down")],
         False, "KubeletNotReady: runtime down", UNSET),
        ([named_condition("Ready", "Unknown", reason="NodeStatusUnknown")], False, "NodeStatusUnknown",
         UNSET),
        ([named_condition("Ready", "False")], False, UNSET, UNSET),
        ([named_condition("MemoryPressure", "True"), named_condition("DiskPressure", "True"),
          named_condition("PIDPressure", "False"), named_condition("Ready", "True")],
         True, UNSET, ["DiskPressure", "MemoryPressure"]),
        (None, False, UNSET, UNSET),
    ],
)  # fmt: skip
def test_a_node_is_ready_or_says_why_not(
    conditions: list[Json] | None, ready: bool, reason: Any, pressures: Any
) -> None:
    shown = node_of(node("n1", conditions))
    assert (shown.ready, shown.reason, shown.pressures) == (ready, reason, pressures)


@pytest.mark.parametrize(("spec", "unschedulable"), [({}, False), ({"unschedulable": True}, True)])
def test_a_cordoned_node_is_told(spec: Json, unschedulable: bool) -> None:
    assert node_of(node("n1", **spec)).unschedulable is unschedulable
