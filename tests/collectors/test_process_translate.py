"""Processes into workloads and pods, as tables."""

import re
from datetime import UTC, datetime

import pytest
from msgspec import UNSET

from collectors.base.collector import Complete, Gone, Observed
from collectors.process_collector import translate
from collectors.process_collector.collector import ProcessCollector
from collectors.process_collector.settings import PATTERNS, compiled
from collectors.process_collector.slots import FORGOTTEN_AFTER_SECONDS, Slots
from collectors.process_collector.translate import MIB, Process, Sample
from schema.errors import SettingError
from schema.models import Pod
from schema.observed import PodObserved

EXPRESSIONS = compiled(PATTERNS)
BORN = 1_770_388_331.25


def sample(
    pid: int,
    parent: int = 1,
    workload: str = "research-agent",
    cpu: float = 0.0,
    mib: float = 100,
    status: str = "sleeping",
    adopted: bool = False,
) -> Sample:
    return Sample(Process(pid, parent, BORN + pid, workload, adopted), status, cpu, int(mib * MIB))


@pytest.mark.parametrize(
    ("mark", "command", "workload"),
    [
        ("research-agent", "/usr/bin/python main.py", "research-agent"),
        ("  writer ", "", "writer"),
        ("named", "python -m agents.writer_agent.agent", "named"),
        ("", "/venv/bin/python -m agents.research_agent.agent --once", "research-agent"),
        ("", "python3 -u -m agents.base.run shop.stock:StockAgent", "stock"),
        ("", "python3 -m agents.base.run my_agents:MyAgent", "my-agents"),
        ("", "python -m aggregator.aggregator", None),
        ("", "python -m agents.research_agent.agents", None),
        ("", "vim agents/research_agent/agent.py", None),
        ("caf\udcff", "", "caf\ufffd"),
        ("x" * 201, "", None),
        ("", "", None),
    ],
)
def test_a_process_belongs_to_a_workload_by_its_mark_or_its_command(
    mark: str, command: str, workload: str | None
) -> None:
    assert translate.workload_of(mark, command, EXPRESSIONS) == workload


@pytest.mark.parametrize("pattern", ["agents.(?P<name>", "agents"])
def test_a_pattern_that_cannot_work_is_a_wrong_setting(pattern: str) -> None:
    with pytest.raises(SettingError, match="PROCESS_PATTERNS"):
        compiled((pattern,))


@pytest.mark.parametrize(
    ("samples", "instances"),
    [
        ([sample(10), sample(11)], {10: {10}, 11: {11}}),
        ([sample(10), sample(11, parent=10), sample(12, parent=11)], {10: {10, 11, 12}}),
        ([sample(10), sample(11, parent=10, workload="other")], {10: {10}, 11: {11}}),
        ([sample(11, parent=10)], {11: {11}}),
        ([sample(11, parent=10, adopted=True)], {}),
        ([sample(10), sample(11, parent=10, adopted=True)], {10: {10, 11}}),
        ([], {}),
    ],
)
def test_children_are_counted_under_the_outermost_process_of_their_workload(
    samples: list[Sample], instances: dict[int, set[int]]
) -> None:
    found = translate.instances_of(samples)
    assert {
        one.root.process.pid: {member.process.pid for member in one.members} for one in found
    } == instances


@pytest.mark.parametrize(
    ("before", "after", "elapsed", "millicores"),
    [
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.3)], 2.0, 150),
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.004)], 2.0, 0),
        ([sample(10, cpu=1.0)], [sample(10, cpu=1.0), sample(11, parent=10, cpu=0.5)], 2.0, 250),
        (
            [sample(10, cpu=1.0), sample(11, parent=10, cpu=9.0)],
            [sample(10, cpu=1.2), sample(11, parent=10, cpu=9.2)],
            2.0,
            200,
        ),
        ([sample(10, cpu=1.0), sample(11, parent=10, cpu=9.0)], [sample(10, cpu=1.2)], 2.0, 100),
        ([], [sample(10, cpu=1.2)], 2.0, None),
    ],
)
def test_cpu_is_what_the_instance_used_since_the_last_pass(
    before: list[Sample], after: list[Sample], elapsed: float, millicores: int | None
) -> None:
    (instance,) = translate.instances_of(after)
    assert translate.millicores(instance, translate.cpu_of(before), elapsed) == millicores


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("running", "Running"),
        ("sleeping", "Running"),
        ("disk-sleep", "Running"),
        ("idle", "Running"),
        ("stopped", "Stopped"),
        ("zombie", "Failed"),
        ("dead", "Failed"),
    ],
)
def test_a_status_is_named_as_people_know_it(status: str, shown: str) -> None:
    assert translate.status_of(status) == shown


def test_a_pod_is_named_as_the_agent_names_its_instance_and_sums_its_children() -> None:
    (instance,) = translate.instances_of([sample(10, mib=100.3), sample(11, parent=10, mib=50.1)])
    pod = translate.pod("host-1", instance, 150, 2)
    assert pod == Pod(
        pod_id=translate.pod_id_of("host-1", instance.root.process),
        name="research-agent-10",
        status="Running",
        ready=True,
        restarts=2,
        created_at=datetime.fromtimestamp(int(BORN + 10), UTC),
        cpu=150,
        memory=150,
    )


def test_a_pods_id_depends_on_host_number_and_start() -> None:
    process = Process(10, 1, BORN, "a")
    same = Process(10, 1, BORN + 0.01, "a")
    others = [Process(11, 1, BORN, "a"), Process(10, 1, BORN + 60, "a")]
    assert translate.pod_id_of("h", process) == translate.pod_id_of("h", same)
    ids = {translate.pod_id_of("h", other) for other in others} | {translate.pod_id_of("g", process)}
    assert len(ids | {translate.pod_id_of("h", process)}) == 4


def test_a_new_process_takes_a_lost_place_and_counts_a_restart() -> None:
    slots = Slots()
    first, second, third, other = (Process(n, 1, BORN, "a" if n < 4 else "b") for n in range(1, 5))
    assert slots.update([first, other], 0) == {first: 0, other: 0}
    assert slots.update([other], 2) == {other: 0}
    assert slots.waiting() == {"a"}
    assert slots.update([second, third, other], 4) == {second: 1, third: 0, other: 0}
    assert slots.waiting() == set()


def test_a_place_that_stays_empty_is_given_up() -> None:
    slots = Slots()
    first, second = Process(1, 1, BORN, "a"), Process(2, 1, BORN, "a")
    slots.update([first], 0)
    slots.update([], 2)
    assert slots.update([], 2 + FORGOTTEN_AFTER_SECONDS) == {}
    assert slots.waiting() == set()
    assert slots.update([second], 3 + FORGOTTEN_AFTER_SECONDS) == {second: 0}


class FakeTable:
    def __init__(self, *samples: list[Sample]) -> None:
        self.samples = list(samples)

    def sample(self) -> list[Sample]:
        return self.samples.pop(0)


async def test_a_restart_shows_the_old_process_once_more_as_exited_and_the_new_one_with_a_restart() -> None:
    table = FakeTable([sample(10, cpu=1.0)], [], [sample(20, cpu=0.1)], [sample(20, cpu=0.3)])
    times = iter((0.0, 2.0, 4.0, 6.0))
    collector = ProcessCollector(table, "host-1", "local", lambda: next(times))
    passes = [[item async for item in collector.observe()] for _ in range(4)]
    shown = [
        [
            (item.value.pod.name, item.value.pod.status, item.value.pod.restarts, item.value.pod.cpu)
            for item in items
            if isinstance(item, Observed) and isinstance(item.value, PodObserved)
        ]
        for items in passes
    ]
    assert shown == [
        [("research-agent-10", "Running", 0, UNSET)],
        [("research-agent-10", "Exited", 0, UNSET)],
        [("research-agent-20", "Running", 1, UNSET)],
        [("research-agent-20", "Running", 1, 100)],
    ]
    for items in passes:
        assert [item.id for item in items if isinstance(item, Observed) and item.kind == "workload"] == [
            "local/research-agent"
        ]
        assert items[-1] == Complete(("workload", "pod"))
        assert not any(isinstance(item, Gone) for item in items)


def test_the_default_patterns_have_their_group() -> None:
    assert all("name" in re.compile(pattern).groupindex for pattern in PATTERNS)
