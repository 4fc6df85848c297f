"""Summaries of kubelets → counters → network rates of each pod."""

import json
from datetime import timedelta
from typing import Any

import pytest

from collectors.k8s_collector import network
from collectors.k8s_collector.network import Counters, Reading
from schema.errors import SourceUnavailable
from tests.collectors.k8s.things import NOW, at


def reading(seconds: float, rx_bytes: int, tx_bytes: int = 0, uid: str = "u") -> Reading:
    return Reading(uid, NOW + timedelta(seconds=seconds), rx_bytes, tx_bytes)


@pytest.mark.parametrize(
    ("readings", "rates"),
    [
        ([reading(0, 0)], [None]),
        ([reading(0, 0), reading(10, 102_400, 51_200)], [None, (10_240, 5_120)]),
        ([reading(0, 0), reading(10, 5_000)], [None, (0, 0)]),
        ([reading(0, 0), reading(10, 102_400), reading(10, 102_400)], [None, (10_240, 0), (10_240, 0)]),
        ([reading(0, 102_400), reading(10, 0), reading(20, 10_240)], [None, None, (1_024, 0)]),
        ([reading(0, 0), reading(10, 102_400, uid="anew")], [None, None]),
        ([reading(10, 0), reading(0, 102_400)], [None, None]),
        ([reading(0, 0), reading(1, 10**30)], [None, (round(1e15 / 1024) * 1024, 0)]),
    ],
)
def test_two_readings_make_a_rate(readings: list[Reading], rates: list[tuple[int, int] | None]) -> None:
    counters = Counters()
    found = [counters.rates({("agents", "p"): one}).get(("agents", "p")) for one in readings]
    assert [one and tuple(one.values()) for one in found] == rates


def test_a_pod_that_was_not_read_begins_anew() -> None:
    counters = Counters()
    counters.rates({("agents", "p"): reading(0, 0)})
    counters.rates({})
    assert counters.rates({("agents", "p"): reading(10, 102_400)}) == {}


def stats(network_told: Any) -> bytes:
    reference = {"name": "p", "namespace": "agents", "uid": "u"}
    return json.dumps({"pods": [{"podRef": reference, "network": network_told}]}).encode()


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"time": at(0), "rxBytes": 1, "txBytes": 2}, True),
        ({"time": at(0), "rxBytes": 1}, False),
        ({"time": "2026-02-06T14:00:00", "rxBytes": 1, "txBytes": 2}, False),
        (None, False),
    ],
)
def test_a_summary_gives_the_counters_that_are_whole(told: Any, read: bool) -> None:
    found = network.readings_of(stats(told))
    assert found == ({("agents", "p"): reading(0, 1, 2)} if read else {})


@pytest.mark.parametrize("body", [b"404 page not found", b'{"pods": {}}', stats({"time": 7})])
def test_what_is_no_summary_is_told_as_unreadable(body: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        network.readings_of(body)
