"""Use of resources and network rates: whatever is missing is told, and the rest goes on."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.k8s_collector import measures
from tests.collectors.k8s.server import Api, Exchange
from tests.collectors.k8s.things import (
    pod_json,
)
from tests.collectors.k8s.watched import PODS, USE, Watching, fill, refuse, starting


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
async def watching(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    async for start in starting(api, tmp_path, monkeypatch):
        yield start


USAGE = {"items": [{"metadata": {"name": "p", "namespace": "agents"},
                    "containers": [{"usage": {"cpu": "152m", "memory": "256Mi"}}]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refuse(404, "NotFound", "no such resource"), "the metrics server is not installed"),
        (refuse(403, "Forbidden", "not yours"), "403 Forbidden: not yours"),
        (refuse(503, "ServiceUnavailable", "no endpoints"), "503 Service Unavailable: no endpoints"),
        (lambda exchange: exchange.body(b"<html>"), "the answer cannot be read"),
    ],
)
async def test_the_metrics_api_may_be_missing_and_come_back(
    api: Api,
    watching: Watching,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[Exchange], None],
    words: str,
) -> None:
    monkeypatch.setattr(measures, "OLD_SECONDS", 0.1)
    fill(api)
    api.always(USE, lambda exchange: exchange.json(USAGE))
    watched = watching()
    await watched.until(lambda: ("pod", "uid-p") in watched.values and watched.pod().cpu == 150)
    assert watched.pod().memory == 256
    api.always(USE, answer)
    await watched.until(lambda: words in watched.reasons.get("metrics.k8s.io", ""))
    await watched.until(lambda: not isinstance(watched.pod().cpu, int))
    assert watched.pod().status == "Running"
    api.always(USE, lambda exchange: exchange.json(USAGE))
    await watched.until(lambda: watched.pod().cpu == 150 and "metrics.k8s.io" not in watched.reasons)


async def test_one_namespace_without_metrics_does_not_hold_up_the_others(
    api: Api, watching: Watching
) -> None:
    fill(api)
    api.always(USE, lambda exchange: exchange.json(USAGE))
    api.always(USE.replace("agents", "secret"), refuse(403, "Forbidden", "not yours"))
    watched = watching(oracle_namespaces=("agents", "secret"))
    await watched.until(lambda: ("pod", "uid-p") in watched.values and watched.pod().cpu == 150)
    assert "403" in watched.reasons["metrics.k8s.io"]


def summary(rx_bytes: int, second: int, name: str = "p") -> Any:
    network = {"time": f"2026-02-06T14:00:{second:02}Z", "rxBytes": rx_bytes, "txBytes": 0}
    reference = {"name": name, "namespace": "agents", "uid": f"uid-{name}"}
    return {"pods": [{"podRef": reference, "network": network}]}


async def test_the_kubelets_may_be_forbidden_and_come_back(
    api: Api, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(api)
    seconds = 0

    def count(exchange: Exchange) -> None:
        nonlocal seconds
        seconds = (seconds + 1) % 60
        exchange.json(summary(10_240 * seconds, seconds))

    path = "/api/v1/nodes/n1/proxy/stats/summary"
    api.always(path, refuse(403, "Forbidden", "no nodes/proxy"))
    watched = watching(k8s_network_interval_seconds=0.02)
    await watched.until(lambda: "network (kubelet summary)" in watched.reasons)
    assert watched.reasons["network (kubelet summary)"] == "1 of 1 nodes, n1: 403 Forbidden: no nodes/proxy"
    api.always(path, count)
    await watched.until(lambda: watched.pod().network_rx_bytes_per_second == 10_240)
    assert "network (kubelet summary)" not in watched.reasons
    api.always(path, refuse(403, "Forbidden", "no nodes/proxy"))
    await watched.until(lambda: not isinstance(watched.pod().network_rx_bytes_per_second, int))


async def test_a_node_that_is_no_more_does_not_hold_up_the_others(api: Api, watching: Watching) -> None:
    fill(api)
    api.put(PODS, pod_json("left", spec={"nodeName": "n0"}))
    seconds = 0

    def count(exchange: Exchange) -> None:
        nonlocal seconds
        seconds = (seconds + 1) % 60
        exchange.json(summary(10_240 * seconds, seconds))

    api.always("/api/v1/nodes/n1/proxy/stats/summary", count)
    watched = watching(k8s_network_interval_seconds=0.02)
    await watched.synced_all()
    await watched.until(lambda: watched.pod().network_rx_bytes_per_second == 10_240)
    assert watched.reasons["network (kubelet summary)"].startswith("1 of 2 nodes, n0: 404")


async def test_the_clock_of_a_kubelet_is_not_the_servers(api: Api, watching: Watching) -> None:
    import time

    def wrong(exchange: Exchange) -> None:
        api.now = lambda: 0.0
        exchange.json(summary(1, 1))
        api.now = time.time

    api.now = time.time
    fill(api)
    path = "/api/v1/nodes/n1/proxy/stats/summary"
    api.always(path, wrong)
    watched = watching(k8s_network_interval_seconds=0.02)
    await watched.until(lambda: len(api.requests(path)) > 3)
    assert not watched.collector._clock.skew
