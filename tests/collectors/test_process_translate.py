"""Processes into workloads and pods, as tables."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.process_collector import translate
from collectors.process_collector.readings import End, Process, Sample
from collectors.process_collector.settings import PATTERNS, compiled
from collectors.process_collector.slots import Place
from collectors.process_collector.translate import MIB
from collectors.process_collector.usage import Use
from schema.errors import SettingError
from schema.models import Pod, Transition
from tests.collectors.process_samples import BORN, sample

EXPRESSIONS = compiled(PATTERNS)


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
    ("status", "shown"),
    [
        ("running", "Running"),
        ("sleeping", "Running"),
        ("disk-sleep", "Running"),
        ("idle", "Running"),
        ("stopped", "Stopped"),
        ("tracing-stop", "Stopped"),
        ("zombie", "Running"),
        ("", "Running"),
    ],
)
def test_a_status_is_named_as_people_know_it(status: str, shown: str) -> None:
    assert translate.status_of(status) == shown


START = datetime.fromtimestamp(BORN + 10, UTC)
BEGUN = [Transition(status="Created", at=START), Transition(status="Running", at=START)]


def test_a_pod_is_named_as_the_agent_names_its_instance_and_sums_its_children() -> None:
    (instance,) = translate.instances_of([sample(10, mib=100.3), sample(11, parent=10, mib=50.1)])
    process = instance.root.process
    pod = translate.pod("host-1", instance, Use(cpu=150), Place(2), False, translate.begun(process))
    assert pod == Pod(
        pod_id=translate.pod_id_of("host-1", process),
        name="research-agent-10",
        status="Running",
        ready=True,
        restarts=2,
        restart_loop=False,
        created_at=START,
        cpu=150,
        memory=150,
        transitions=BEGUN,
    )


def test_a_pod_tells_rates_and_limit_and_how_the_one_before_it_ended() -> None:
    (instance,) = translate.instances_of([replace(sample(10), memory_limit_bytes=50 * MIB)])
    place = Place(3, (1.0, 2.0, 3.0), End(BORN + 9, signal="SIGKILL", out_of_memory=True))
    use = Use(5, 1024.0, 0.0, 2048.0, 4096.0)
    pod = translate.pod("host-1", instance, use, place, True, BEGUN)
    assert pod == Pod(
        pod_id=pod.pod_id,
        name="research-agent-10",
        status="Running",
        ready=True,
        restarts=3,
        restart_loop=True,
        created_at=START,
        cpu=5,
        memory=100,
        memory_limit=50,
        io_read_bytes_per_second=1024.0,
        io_write_bytes_per_second=0.0,
        network_rx_bytes_per_second=2048.0,
        network_tx_bytes_per_second=4096.0,
        last_termination_reason="OOMKilled",
        last_terminated_at=START - timedelta(seconds=1),
        last_exit_signal="SIGKILL",
        transitions=BEGUN,
    )


@pytest.mark.parametrize(
    ("end", "status", "message"),
    [
        (End(BORN, code=0), "Completed", "exit code 0"),
        (End(BORN, code=3), "Error", "exit code 3"),
        (End(BORN, signal="SIGTERM"), "Error", "ended by SIGTERM"),
        (End(BORN, signal="SIGKILL", out_of_memory=True), "OOMKilled", "killed by the kernel: out of memory"),
        (End(BORN), "Exited", ""),
    ],
)
def test_an_end_is_named_as_kubernetes_names_it(end: End, status: str, message: str) -> None:
    assert (end.reason, end.message) == (status, message)


def test_the_last_word_on_a_pod_tells_its_end_and_no_use() -> None:
    (instance,) = translate.instances_of([sample(10)])
    pod = translate.pod("host-1", instance, Use(cpu=150), Place(1), False, BEGUN)
    at = START + timedelta(seconds=2.5)
    assert translate.ended(pod, End(BORN + 12.5, code=3)) == Pod(
        pod_id=pod.pod_id,
        name=pod.name,
        status="Error",
        status_message="exit code 3",
        ready=False,
        restarts=1,
        restart_loop=False,
        created_at=START,
        last_termination_reason="Error",
        last_terminated_at=at,
        last_exit_code=3,
        deleted_at=at,
        transitions=[*BEGUN, Transition(status="Error", at=at)],
    )


def test_transitions_are_told_once_each_and_the_newest_twenty_are_kept() -> None:
    told: list[Transition] = []
    for second in range(60):
        status = "Stopped" if second % 4 < 2 else "Running"
        told = translate.followed(told, status, START + timedelta(seconds=second))
    assert len(told) == translate.MOST_TRANSITIONS
    assert [(one.status, (one.at - START).seconds) for one in told[-3:]] == [
        ("Running", 54),
        ("Stopped", 56),
        ("Running", 58),
    ]


def test_a_pods_id_depends_on_host_number_and_start() -> None:
    process = Process(10, 1, BORN, "a")
    same = Process(10, 1, BORN + 0.01, "a")
    others = [Process(11, 1, BORN, "a"), Process(10, 1, BORN + 60, "a")]
    assert translate.pod_id_of("h", process) == translate.pod_id_of("h", same)
    ids = {translate.pod_id_of("h", other) for other in others} | {translate.pod_id_of("g", process)}
    assert len(ids | {translate.pod_id_of("h", process)}) == 4


def test_the_default_patterns_have_their_group() -> None:
    assert all("name" in re.compile(pattern).groupindex for pattern in PATTERNS)


def test_no_life_ends_before_it_began_though_beginnings_are_counted_in_ticks() -> None:
    began = Transition(status="Running", at=datetime.fromtimestamp(BORN + 0.01, UTC))
    last = Pod(pod_id="p", name="p", status="Running", transitions=[began])
    told = translate.ended(last, End(BORN + 0.004, code=1))
    assert [one.status for one in told.transitions or []] == ["Running", "Error"]
    assert told.deleted_at == began.at
