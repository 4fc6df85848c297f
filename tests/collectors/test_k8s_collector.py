"""The whole collector against a server on loopback: what it tells, and what it leaves behind."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.k8s_collector.objects import Pod
from tests.collectors.k8s.server import Api, Exchange
from tests.collectors.k8s.things import (
    container_status,
    ended,
    pod_json,
    running,
    waiting,
)
from tests.collectors.k8s.watched import (
    PODS,
    Watching,
    fill,
    in_replica_set,
    starting,
)


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
async def watching(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    async for start in starting(api, tmp_path, monkeypatch):
        yield start


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


async def test_what_a_pass_observed_and_could_not_tell_is_told_by_the_next(
    api: Api, watching: Watching
) -> None:
    fill(api)
    watched = watching()
    await watched.synced_all()
    await watched.stop()
    last = in_replica_set()
    gone = watched.collector.gone(Pod, "uid-p", None)
    blocked = [asyncio.create_task(watched.collector.put(gone if one == 4 else [])) for one in range(5)]
    await asyncio.sleep(0.01)
    for task in blocked:
        task.cancel()
    await asyncio.gather(*blocked, return_exceptions=True)
    api.delete(PODS, last["metadata"]["uid"])
    watched.start()
    await watched.until(lambda: ("pod", "uid-p") not in watched.values)
    assert watched.statuses()[-1] == "Deleted"


async def test_an_end_leaves_no_thread_and_no_connection(api: Api, watching: Watching) -> None:
    before = {one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}}
    fill(api)
    watched = watching()
    await watched.synced_all()
    assert [one.name for one in threading.enumerate()].count("watch") == 5
    await watched.stop()
    await until(lambda: not {
        one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}
    } - before)  # fmt: skip
    await until(lambda: api.connections == 0)


async def test_an_end_while_the_server_hangs_leaves_nothing_either(api: Api, watching: Watching) -> None:
    api.always(PODS, Exchange.hold)
    watched = watching()
    await watched.until(lambda: api.requests(PODS))
    await watched.stop()
    await until(lambda: not {
        one for one in threading.enumerate() if one.name in {"watch", "kubernetes-api"}
    })  # fmt: skip
    await until(lambda: api.connections == 0)


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


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)
