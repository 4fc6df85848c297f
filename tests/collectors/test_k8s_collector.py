"""The whole collector against a server on loopback: what it tells when all is well, and when nothing is."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.base.collector import Complete, Gone, Item, Observed, Partial
from collectors.k8s_collector import client, measures, reflector
from collectors.k8s_collector import collector as collector_module
from collectors.k8s_collector.collector import KubernetesCollector, make
from collectors.k8s_collector.resources import KINDS
from collectors.k8s_collector.settings import K8sSettings
from runtime.settings import load
from schema.errors import SettingError, SourceUnavailable
from schema.observed import PodObserved, WorkloadObserved
from tests.collectors.k8s.server import Api, Exchange, event
from tests.collectors.k8s.things import (
    container_status,
    deployment_json,
    ended,
    event_json,
    metadata,
    owner,
    pod_json,
    replica_set_json,
    running,
    waiting,
)

PODS = "/api/v1/namespaces/agents/pods"
EVENTS = "/api/v1/namespaces/agents/events"
DEPLOYMENTS = "/apis/apps/v1/namespaces/agents/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/agents/replicasets"
NODES = "/api/v1/nodes"
USE = "/apis/metrics.k8s.io/v1beta1/namespaces/agents/pods"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing longer than a moment."""
    monkeypatch.setattr(reflector, "RETRY_SECONDS", (0.005, 0.02))
    monkeypatch.setattr(measures, "REFUSED_SECONDS", 0.0)
    monkeypatch.setattr(collector_module, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(client, "HEADERS_SECONDS", 0.3)


class Watched:
    """A collector, run in passes as the runner does, and all that it told."""

    def __init__(self, made: KubernetesCollector) -> None:
        self.collector = made
        self.values: dict[tuple[str, str], Any] = {}
        self.told: list[tuple[str, str, Any]] = []
        self.reasons: dict[str, str] = {}
        self.synced: set[str] = set()
        self.down = ""
        self.passes = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until something holds; what breaks the collector is raised here."""
        async with asyncio.timeout(15):
            while not true():
                if self._task is not None and self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)

    async def synced_all(self) -> None:
        await self.until(lambda: self.synced == set(KINDS))

    def pod(self, name: str = "p") -> Any:
        value = self.values[("pod", f"uid-{name}")]
        assert isinstance(value, PodObserved)
        return value.pod

    def statuses(self, name: str = "p") -> list[str]:
        """Give every status that was told of a pod, in order, each once in a row."""
        told = [
            value.pod.status
            for kind, key, value in self.told
            if (kind, key) == ("pod", f"uid-{name}") and value
        ]
        return [one for one, before in zip(told, [None, *told], strict=False) if one != before]

    async def _run(self) -> None:
        while True:
            self.passes += 1
            try:
                async for item in self.collector.observe():
                    self._take(item)
                    if isinstance(item, Complete):
                        self.down = ""
            except SourceUnavailable as error:
                self.down = str(error)
            await asyncio.sleep(0.01)

    def _take(self, item: Item) -> None:
        match item:
            case Observed(kind, key, value):
                self.values[(kind, key)] = value
                self.told.append((kind, key, value))
            case Gone(kind, key):
                self.values.pop((kind, key), None)
                self.told.append((kind, key, None))
            case Complete(kinds):
                self.synced |= set(kinds)
            case Partial(parts, reason):
                for part in parts:
                    if reason:
                        self.reasons[part] = reason
                    else:
                        self.reasons.pop(part, None)


def settings(**more: Any) -> K8sSettings:
    return K8sSettings(
        **{"observe_interval_seconds": 0.1, "k8s_network_interval_seconds": 0.0,
           "k8s_metrics_interval_seconds": 0.05, **more}
    )  # fmt: skip


Watching = Callable[..., Watched]


@pytest.fixture
async def watching(api: Api, tmp_path: Path) -> AsyncIterator[Watching]:
    """Give a way to start a collector on the server, by a kubeconfig in `tmp_path`."""
    started: list[Watched] = []

    def start(**more: Any) -> Watched:
        path = tmp_path / "kubeconfig"
        if not path.exists():
            api.kubeconfig(path)
        made, _ = make(settings(**{"kubeconfig": str(path), **more}))
        assert isinstance(made, KubernetesCollector)
        watched = Watched(made)
        started.append(watched)
        watched.start()
        return watched

    yield start
    for one in started:
        await one.stop()


def refuse(status: int, reason: str = "", message: str = "") -> Callable[[Exchange], None]:
    return lambda exchange: exchange.refuse(status, reason, message)


def in_replica_set(name: str = "p", **status: Any) -> Any:
    return pod_json(
        name,
        {"phase": "Running", "containerStatuses": [container_status(running())], **status},
        ownerReferences=owner("ReplicaSet", "research-agent-7f8d9"),
        labels={"pod-template-hash": "7f8d9"},
    )


def fill(api: Api) -> None:
    """Put a deployment with a pod, a node and an event into the cluster."""
    api.put(DEPLOYMENTS, deployment_json(spec={"replicas": 1}))
    api.put(REPLICA_SETS, replica_set_json())
    api.put(PODS, in_replica_set())
    api.put(EVENTS, event_json())
    api.put(NODES, {"metadata": metadata("n1", "")})


async def test_it_tells_everything_that_there_is_and_that_this_is_all(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    assert set(watched.values) == {
        ("agent", "agents/research-agent"), ("deployment", "agents/research-agent"),
        ("workload", "agents/research-agent"), ("pod", "uid-p"), ("node", "n1"),
        ("k8s_event", "agents/Pod/p/BackOff"),
    }  # fmt: skip


async def test_each_change_is_told_in_order(api: Api, watching: Watching) -> None:
    api.put(PODS, pod_json())
    watched = watching()
    await watched.synced_all()
    oom = ended("OOMKilled", 137)
    for state in (running(), oom, waiting("CrashLoopBackOff"), running(-5)):
        api.put(PODS, pod_json("p", {"phase": "Running", "containerStatuses": [container_status(state)]}))
    api.delete(PODS, "uid-p")
    await watched.until(lambda: ("pod", "uid-p") not in watched.values)
    assert watched.statuses() == ["Pending", "Running", "OOMKilled", "CrashLoopBackOff", "Running", "Deleted"]


async def test_what_ended_during_an_outage_is_told_with_its_end(
    api: Api, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.always("/version", refuse(500))
    await watched.until(lambda: watched.down)
    assert watched.pod().status == "Running"
    api.delete(PODS, "uid-p")
    api.compact()
    api.always("/version", None)
    await watched.until(lambda: ("pod", "uid-p") not in watched.values)
    assert watched.statuses()[-1] == "Deleted"


async def test_what_a_pass_observed_and_could_not_tell_is_told_by_the_next(
    api: Api, watching: Watching
) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    await watched.stop()
    last = in_replica_set()
    gone = watched.collector.gone(type(_decoded_pod()), "uid-p", None)
    blocked = [asyncio.create_task(watched.collector.put(gone if one == 4 else [])) for one in range(5)]
    await asyncio.sleep(0.01)
    for task in blocked:
        task.cancel()
    await asyncio.gather(*blocked, return_exceptions=True)
    api.delete(PODS, last["metadata"]["uid"])
    watched.start()
    await watched.until(lambda: ("pod", "uid-p") not in watched.values)
    assert watched.statuses()[-1] == "Deleted"


def _decoded_pod() -> Any:
    from tests.collectors.k8s.things import pod

    return pod()


async def test_a_namespace_that_is_forbidden_is_told_and_the_rest_goes_on(
    api: Api, watching: Watching
) -> None:
    fill(api)
    for path in (PODS, EVENTS):
        api.always(path.replace("agents", "secret"), refuse(403, "Forbidden", "not yours"))
    watched = watching(oracle_namespaces=("agents", "secret"))
    await watched.synced_all()
    assert watched.pod().status == "Running"
    assert watched.reasons["pods in secret"] == "403 Forbidden: not yours"
    assert "pods in agents" not in watched.reasons
    api.put(PODS.replace("agents", "secret"), pod_json("mine", namespace="secret"))
    for path in (PODS, EVENTS):
        api.always(path.replace("agents", "secret"), None)
    await watched.until(lambda: ("pod", "uid-mine") in watched.values)
    await watched.until(lambda: "pods in secret" not in watched.reasons)


async def test_without_any_pods_to_see_it_is_down_until_it_may(api: Api, watching: Watching) -> None:
    fill(api)
    for path in (PODS, NODES):
        api.always(path, refuse(403, "Forbidden", "not yours"))
    watched = watching()
    await watched.until(lambda: watched.down)
    assert watched.down == "pods in agents: 403 Forbidden: not yours"
    api.always(PODS, None)
    await watched.synced_all()
    assert not watched.down
    await watched.until(lambda: watched.reasons.get("nodes") == "403 Forbidden: not yours")


async def test_forbidden_nodes_cost_only_the_nodes(api: Api, watching: Watching) -> None:
    fill(api)
    api.always(NODES, refuse(403, "Forbidden", "not yours"))
    watched = watching()
    await watched.synced_all()
    assert watched.reasons["nodes"] == "403 Forbidden: not yours"
    assert watched.pod().node == "n1"
    assert not watched.down


async def test_an_expired_token_is_down_until_the_file_has_a_new_one(
    api: Api, watching: Watching, tmp_path: Path
) -> None:
    fill(api)
    api.token = "good"
    watched = watching()
    await watched.synced_all()
    api.token = "newer"
    api.cut_all()
    await watched.until(lambda: watched.down)
    assert "does not accept our credentials" in watched.down
    assert "good" not in watched.down
    api.kubeconfig(tmp_path / "kubeconfig", "newer")
    api.put(PODS, in_replica_set("q"))
    await watched.until(lambda: ("pod", "uid-q") in watched.values)


async def test_a_server_that_accepts_and_never_answers_is_down(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.always("/version", Exchange.hold)
    await watched.until(lambda: watched.down)
    assert "does not answer" in watched.down
    api.always("/version", None)
    passes = watched.passes
    await watched.until(lambda: not watched.down and watched.passes > passes)


async def test_a_server_that_is_gone_is_down_and_what_was_known_stays(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    api.stop()
    await watched.until(lambda: watched.down)
    assert watched.pod().status == "Running"


async def test_a_flood_is_taken_at_the_pace_of_the_reader(api: Api, watching: Watching) -> None:
    line = event("MODIFIED", pod_json("p", {"phase": "Running"}, annotations={"a": "x" * 500}))
    sent = 0

    def flood(exchange: Exchange) -> None:
        nonlocal sent
        exchange.stream()
        while sent < 200_000:
            exchange.more(line * 100)
            sent += 100

    watched = watching()
    await watched.synced_all()
    api.always(PODS, flood)
    api.cut_all()
    await watched.until(lambda: sent > 1000)
    beats = 0
    for _ in range(20):
        await asyncio.sleep(0.005)
        beats += 1
    assert watched.pod().status == "Running"
    assert beats == 20


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_refusals_in_passing_are_overcome(api: Api, watching: Watching, status: int) -> None:
    fill(api)
    for path in (PODS, DEPLOYMENTS, NODES):
        api.script(path, *[refuse(status, "Busy")] * 3)
    watched = watching()
    await watched.synced_all()
    await watched.until(lambda: {("pod", "uid-p"), ("node", "n1")} <= set(watched.values))
    await watched.until(lambda: not set(watched.reasons) - {"metrics.k8s.io"})


@pytest.mark.parametrize("body", [b"<html>", b'{"items": 7}', b'{"items": [{"metadata": []}]}'])
async def test_garbage_is_down_with_the_reason_and_ends_by_itself(
    api: Api, watching: Watching, body: bytes
) -> None:
    api.streams_lists = False
    fill(api)
    api.always(
        PODS,
        lambda exchange: exchange.body(body) if not exchange.query.get("watch") else refuse(422)(exchange),
    )
    watched = watching()
    await watched.until(lambda: watched.down)
    assert "cannot be read" in watched.down
    api.always(PODS, None)
    await watched.until(lambda: ("pod", "uid-p") in watched.values)


async def test_an_end_leaves_no_thread_and_no_connection(api: Api, watching: Watching) -> None:
    before = {one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}}
    fill(api)
    watched = watching()
    await watched.synced_all()
    assert [one.name for one in threading.enumerate()].count("watch") == 5
    await watched.stop()
    await _until(lambda: not {
        one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}
    } - before)  # fmt: skip
    await _until(lambda: api.connections == 0)


async def test_an_end_while_the_server_hangs_leaves_nothing_either(api: Api, watching: Watching) -> None:
    api.always(PODS, Exchange.hold)
    watched = watching()
    await watched.until(lambda: api.requests(PODS))
    await watched.stop()
    await _until(lambda: not {
        one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}
    })  # fmt: skip
    await _until(lambda: api.connections == 0)


async def _until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("hours", "words"), [(1, "behind"), (-1, "ahead of")])
async def test_with_a_wrong_clock_here_the_servers_times_are_told(
    api: Api, watching: Watching, hours: int, words: str
) -> None:
    import time

    api.now = lambda: time.time() + hours * 3600
    api.put(PODS, pod_json("p", {"containerStatuses": [container_status(waiting("ImagePullBackOff"))]}))
    watched = watching()
    await watched.until(lambda: "clock" in watched.reasons)
    assert words in watched.reasons["clock"]
    api.put(PODS, pod_json("p", {"containerStatuses": [container_status(waiting("CrashLoopBackOff"))]}))
    await watched.until(lambda: watched.statuses() == ["ImagePullBackOff", "CrashLoopBackOff"])
    seen_at = watched.pod().transitions[-1].at.timestamp()
    assert abs(seen_at - time.time() - hours * 3600) < 60
    api.now = time.time
    await watched.until(lambda: "clock" not in watched.reasons)


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


NOWHERE = "/nowhere/kubeconfig"


async def once(made: Any) -> list[Item]:
    return [item async for item in made.observe()]


@pytest.mark.parametrize("mode", ["auto", "labeled", "all"])
async def test_without_a_cluster_it_is_down_and_says_what_to_do(mode: Any) -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_discovery_mode=mode))
    with pytest.raises(SourceUnavailable, match="no cluster is configured.*KUBECONFIG"):
        await once(made)


async def test_without_a_cluster_the_mode_telemetry_is_content() -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_discovery_mode="telemetry"))
    assert await once(made) == [Complete(KINDS)]


@pytest.mark.parametrize("mode", ["auto", "telemetry"])
async def test_mocks_are_workloads_that_say_so_and_nothing_else(mode: Any) -> None:
    made, _ = make(settings(kubeconfig=NOWHERE, oracle_allow_mocks=True, oracle_discovery_mode=mode))
    *items, complete = await once(made)
    workloads = [item.value for item in items if isinstance(item, Observed) and item.kind == "workload"]
    assert {one.runtime for one in workloads if isinstance(one, WorkloadObserved)} == {"mock"}
    assert {item.kind for item in items if isinstance(item, Observed)} == {"workload", "pod"}
    assert complete == Complete(("workload", "pod"))


async def test_with_a_cluster_there_are_no_mocks_also_when_it_is_down(api: Api, watching: Watching) -> None:
    fill(api)
    watched = watching(oracle_allow_mocks=True)
    await watched.synced_all()
    api.stop()
    await watched.until(lambda: watched.down)
    assert {key for kind, key in watched.values if kind == "workload"} == {"agents/research-agent"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Agents", "ORACLE_NAMESPACES is wrong"),
        ("agents,-x", "ORACLE_NAMESPACES is wrong"),
        ("a/b", "ORACLE_NAMESPACES is wrong"),
        ("x" * 64, "ORACLE_NAMESPACES is wrong"),
        ("agents,../../secrets", "ORACLE_NAMESPACES is wrong"),
        (",".join(f"n{number}" for number in range(51)), "ORACLE_NAMESPACES is wrong"),
        ("*,agents", "ORACLE_NAMESPACES is wrong: `*` stands alone"),
        ("*,*", "ORACLE_NAMESPACES is wrong: `*` stands alone"),
    ],
)
def test_wrong_namespaces_are_told_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="^[^\n]*$") as caught:
        make(load(K8sSettings, {"ORACLE_NAMESPACES": text}, tmp_path / ".env"))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "instance"),
    [
        ("", "made-up/agents"),
        ("b, a ,b", "made-up/a,b"),
        ("*", "made-up"),
    ],
)
def test_the_instance_names_the_cluster_and_the_namespaces(
    api: Api, tmp_path: Path, text: str, instance: str
) -> None:
    path = str(api.kubeconfig(tmp_path / "kubeconfig"))
    found = load(K8sSettings, {"ORACLE_NAMESPACES": text, "KUBECONFIG": path}, tmp_path / ".env")
    assert make(found)[1] == instance
