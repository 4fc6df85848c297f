"""The life of agents' processes as the collector tells it: by hand with readings, and with real ones."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

import pytest
from msgspec import UNSET

from collectors.base.collector import Complete, Gone, Item, Observed
from collectors.process_collector import collector as module
from collectors.process_collector.client import ProcessTable
from collectors.process_collector.collector import ProcessCollector
from collectors.process_collector.readings import End, Reading
from collectors.process_collector.settings import PATTERNS, compiled
from schema.models import Pod
from schema.observed import PodObserved
from tests.collectors.fakes import Bench, FakeCollector
from tests.collectors.process_samples import BORN, FakeTable, process, reading, sample
from tests.collectors.process_supervisor import Supervisor, supervisor


async def passes(*readings: Reading, at: tuple[float, ...] = ()) -> list[list[Item]]:
    times = iter(at or tuple(2.0 * n for n in range(len(readings))))
    collector = ProcessCollector(FakeTable(*readings), "host-1", "local", monotonic=lambda: next(times))
    return [[item async for item in collector.observe()] for _ in readings]


def pods(items: list[Item]) -> list[Pod]:
    return [
        item.value.pod for item in items if isinstance(item, Observed) and isinstance(item.value, PodObserved)
    ]


def story(items: list[Item], names: dict[str, str]) -> list[str]:
    """Tell the items about pods, in their order."""
    told = []
    for item in items:
        if isinstance(item, Observed) and isinstance(item.value, PodObserved):
            pod = item.value.pod
            names[pod.pod_id] = pod.name.rpartition("-")[2]
            told.append(f"{names[pod.pod_id]} {pod.status} {pod.restarts}")
        elif isinstance(item, Gone):
            told.append(f"{names[item.id]} gone")
    return told


def stories(told: list[list[Item]]) -> list[list[str]]:
    names: dict[str, str] = {}
    return [story(items, names) for items in told]


async def test_a_restart_tells_the_end_of_the_old_process_and_then_the_new_one_in_its_place() -> None:
    told = await passes(
        reading(sample(10, cpu=1.0)),
        reading(ended={process(10): End(BORN + 13.5, code=3)}),
        reading(sample(20, cpu=0.1)),
        reading(sample(20, cpu=0.3)),
    )
    assert stories(told) == [["10 Running 0"], ["10 Error 0", "10 gone"], ["20 Running 1"], ["20 Running 1"]]
    for items in told:
        assert [item.id for item in items if isinstance(item, Observed) and item.kind == "workload"] == [
            "local/research-agent"
        ]
        assert items[-1] == Complete(("workload", "pod"))
    (before,), (after,) = pods(told[2]), pods(told[3])
    assert (before.cpu, after.cpu) == (UNSET, 100)
    assert (after.last_termination_reason, after.last_exit_code) == ("Error", 3)
    assert after.last_terminated_at == datetime.fromtimestamp(BORN + 13.5, UTC)


async def test_an_agent_that_began_and_ended_between_two_passes_is_told_in_its_place() -> None:
    told = await passes(
        reading(sample(10)),
        reading(
            sample(20),
            ended={process(15): End(BORN + 16, code=1), process(10): End(BORN + 14, signal="SIGKILL")},
        ),
    )
    assert stories(told)[1] == ["10 Error 0", "10 gone", "15 Error 1", "15 gone", "20 Running 2"]
    _, brief, last = pods(told[1])
    assert [(one.status, one.at.timestamp() - BORN) for one in brief.transitions or []] == [
        ("Created", 15),
        ("Running", 15),
        ("Error", 16),
    ]
    assert last.last_exit_code == 1


async def test_four_restarts_are_a_loop_until_ten_minutes_are_calm() -> None:
    pids = [10, 20, 30, 40]
    lives = [
        reading(sample(now), ended={process(before): End(BORN + now, code=1)})
        for before, now in pairwise(pids)
    ]
    told = await passes(
        reading(sample(10)), *lives, reading(sample(40)), reading(sample(40)), at=(0, 2, 4, 6, 8, 700)
    )
    assert [pods(items)[-1].restart_loop for items in told] == [False, False, False, True, True, False]
    assert [pods(items)[-1].restarts for items in told] == [0, 1, 2, 3, 3, 3]


async def test_a_stopped_process_is_told_with_the_moment_and_when_it_goes_on() -> None:
    told = await passes(
        reading(sample(10)),
        reading(sample(10, status="stopped")),
        reading(sample(10, status="stopped")),
        reading(sample(10)),
    )
    assert stories(told) == [["10 Running 0"], ["10 Stopped 0"], ["10 Stopped 0"], ["10 Running 0"]]
    assert [pods(items)[0].ready for items in told] == [True, False, False, True]
    transitions = pods(told[3])[0].transitions or []
    assert [one.status for one in transitions] == ["Created", "Running", "Stopped", "Running"]
    assert transitions[:3] == pods(told[2])[0].transitions


async def test_of_a_process_that_is_stopped_when_first_seen_no_moment_is_made_up() -> None:
    told = await passes(
        reading(sample(10, status="stopped")), reading(sample(10, status="stopped")), reading(sample(10))
    )
    assert stories(told) == [["10 Stopped 0"], ["10 Stopped 0"], ["10 Running 0"]]
    chains = [[one.status for one in pods(items)[0].transitions or []] for items in told]
    assert chains[:2] == [["Created", "Running"]] * 2


async def test_a_short_pass_repeats_the_rates_of_the_last_full_one() -> None:
    told = await passes(
        reading(sample(10, cpu=1.0)),
        reading(sample(10, cpu=1.2)),
        reading(sample(10, cpu=1.2), measured=False),
        reading(sample(10, cpu=1.6)),
        at=(0.0, 2.0, 2.1, 4.0),
    )
    assert [pods(items)[0].cpu for items in told] == [UNSET, 100, 100, 200]


async def test_after_an_end_the_replacement_is_found_before_the_next_full_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    table = FakeTable(
        reading(ended={process(10): End(BORN + 1, code=1)}),
        reading(sample(20), measured=False),
        *(reading(sample(20), measured=False) for _ in range(99)),
    )
    collector = ProcessCollector(table, "host-1", "local", 1.0)
    told = [item async for item in collector.observe()]
    assert "20 Running 1" in story(told, {})
    assert table.measured[0] is True
    assert not any(table.measured[1:])


def test_looks_after_an_end_grow_apart_and_cease() -> None:
    collector = ProcessCollector(FakeTable(), "host-1", "local", 2.0)
    planned = []
    for ended in (False, True, False, False, False, False, False, False, True):
        collector._plan_look(ended)
        planned.append(collector._look_in_seconds)
    assert planned == [None, 0.1, 0.2, 0.4, 0.8, 1.6, None, None, 0.1]


async def test_two_thousand_restarts_leave_no_trace_but_the_last() -> None:
    readings = [reading(sample(0))]
    readings += [reading(sample(n), ended={process(n - 1): End(BORN + n, code=1)}) for n in range(1, 2_001)]
    collector = ProcessCollector(FakeTable(*readings), "host-1", "local")
    bench = Bench(cast(FakeCollector, collector))
    for _ in readings:
        await bench.runner.observe_once()
        told = bench.producer.entities()
    assert [kind for kind, _, _ in told] == ["observed", "gone", "observed"]
    assert bench.runner._source.counts() == {"workload": 1, "pod": 1}
    (pod,) = collector._pods.values()
    assert pod.restarts == 2_000
    assert (len(collector._slots._places), collector._slots.waiting()) == (1, set())
    assert len(collector._usage._before) == 1


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel wakes us on Linux alone")


def watching(interval_seconds: float) -> ProcessCollector:
    return ProcessCollector(ProcessTable(compiled(PATTERNS)), "host-1", "local", interval_seconds)


async def until(stream: AsyncIterator[Item], workload: str, status: str) -> Pod:
    """Read on until a pod of the workload has a status."""
    async with asyncio.timeout(20):
        async for item in stream:
            if isinstance(item, Observed) and isinstance(item.value, PodObserved):
                pod = item.value.pod
                if item.value.deployment_name == workload and pod.status == status:
                    return pod
    raise AssertionError(f"no {status} pod of {workload}")


async def found(collector: ProcessCollector, agents: Supervisor, workload: str) -> int:
    pid = await asyncio.to_thread(agents.start)
    async with asyncio.timeout(20):
        while pid not in {one.pid for one in collector._pods}:
            for _ in await collector._pass(measure=True):
                pass
    return pid


@LINUX
async def test_an_end_is_told_long_before_the_next_pass_is_due() -> None:
    with supervisor("demo-at-once") as agents:
        collector = watching(interval_seconds=600.0)
        pid = await found(collector, agents, "demo-at-once")
        async with aclosing(collector.observe()) as stream:
            await until(stream, "demo-at-once", "Running")
            os.kill(pid, signal.SIGTERM)
            pod = await until(stream, "demo-at-once", "Error")
            assert pod.last_exit_signal == "SIGTERM"
            assert pod.deleted_at == pod.last_terminated_at
            assert isinstance(await anext(stream), Gone)
            agents.reap(pid)
            # The one that takes the place is found without a full pass, too.
            agents.start()
            assert (await until(stream, "demo-at-once", "Running")).restarts == 1


@LINUX
async def test_the_runner_publishes_a_life_and_its_end_and_then_that_it_is_gone() -> None:
    with supervisor("demo-published") as agents:
        collector = watching(interval_seconds=600.0)
        pid = await found(collector, agents, "demo-published")
        (shown,) = [pod for one, pod in collector._pods.items() if one.pid == pid]
        bench = Bench(cast(FakeCollector, collector))
        observing = asyncio.create_task(bench.runner.observe_once())
        told: list[tuple[str, str, str]] = []
        killed = False
        async with asyncio.timeout(20):
            while ("gone", shown.pod_id, "e1") not in told:
                told += bench.producer.entities()
                if not killed and ("observed", shown.pod_id, "e1") in told:
                    os.kill(pid, signal.SIGKILL)
                    killed = True
                await asyncio.sleep(0.01)
        assert [kind for kind, entity, _ in told if entity == shown.pod_id] == [
            "observed",
            "observed",
            "gone",
        ]
        observing.cancel()
        with suppress(asyncio.CancelledError):
            await observing
        agents.reap(pid)


@LINUX
async def test_a_life_ends_in_order_at_its_own_times() -> None:
    with supervisor("demo-ordered") as agents:
        collector = watching(interval_seconds=600.0)
        pid = await found(collector, agents, "demo-ordered")
        async with aclosing(collector.observe()) as stream:
            await until(stream, "demo-ordered", "Running")
            os.kill(pid, signal.SIGKILL)
            pod = await until(stream, "demo-ordered", "Error")
        transitions = pod.transitions or []
        assert [one.status for one in transitions] == ["Created", "Running", "Error"]
        assert sorted(one.at for one in transitions) == [one.at for one in transitions]
        assert transitions[-1].at == pod.deleted_at
        agents.reap(pid)
