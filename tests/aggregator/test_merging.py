"""One agent from what its deployment, its telemetry, its registration and its pods tell."""

from typing import Any

import pytest

from schema.messages import LogRecord
from tests.aggregator.records import (
    START_MS,
    Log,
    agent,
    call,
    deployment,
    discovery,
    event,
    gone,
    live_fold,
    mark,
    observed,
    play,
    pod,
    workload,
)

WRITER = "writer-agent"
LABELED = agent(WRITER, "Writer", labeled=True, description="Writes.", models=["gpt-4o"])
INFERRED = agent(WRITER, "Writer", description="Runs writer.", models=["gpt-4o"])
HEARD = event("task_started", instance="writer-agent-1", name="Scribe", task_id="t1", models=["claude"])
DESCRIBED = event(
    "agent_registered", instance="laptop-1", name="Scribe", description="Mine.", endpoint="http://x"
)


def documents(
    *records: LogRecord, mode: str = "auto", later: tuple[LogRecord, ...] = ()
) -> list[dict[str, Any]]:
    log = Log()
    for number, record in enumerate((discovery(mode), workload(WRITER), *records)):
        log.add(100 + number, record)
    for number, record in enumerate(later):
        log.add(2_100 + number, record)
    log.add(2_500, mark())
    log.add(4_500, mark())
    return play(live_fold(), log.messages).documents()


def agent_of(*records: LogRecord, mode: str = "auto") -> dict[str, Any]:
    (shown,) = documents(*records, mode=mode)[0]["agents"]
    found: dict[str, Any] = shown
    return found


@pytest.mark.parametrize(
    ("records", "mode", "name", "description"),
    [
        ([LABELED], "auto", "Writer", "Writes."),
        ([INFERRED], "all", "Writer", "Runs writer."),
        ([LABELED, HEARD], "auto", "Writer", "Writes."),
        ([INFERRED, HEARD], "auto", "Scribe", "Runs writer."),
        ([INFERRED, HEARD, DESCRIBED], "auto", "Scribe", "Mine."),
        ([LABELED, HEARD, DESCRIBED], "auto", "Writer", "Writes."),
        ([HEARD], "auto", "Scribe", None),
    ],
)
def test_a_label_beats_telemetry_and_telemetry_beats_what_was_inferred(
    records: list[LogRecord], mode: str, name: str, description: str | None
) -> None:
    shown = agent_of(*records, mode=mode)
    assert (shown["name"], shown.get("description"), shown["agent_id"]) == (name, description, WRITER)


def test_models_are_those_that_are_annotated_told_and_used() -> None:
    used = call(1, agent="writer-agent-1", model="o3")
    assert agent_of(LABELED, HEARD, used)["models"] == ["claude", "gpt-4o", "o3"]


def test_models_that_a_pod_without_telemetry_was_seen_to_use_are_its_agents() -> None:
    used = call(1, agent="writer-agent-1", model="o3")
    assert agent_of(LABELED, pod(WRITER, "writer-agent-1"), used)["models"] == ["gpt-4o", "o3"]


def test_telemetry_from_elsewhere_belongs_to_the_labelled_deployment_of_its_name() -> None:
    shown = agent_of(LABELED, event("heartbeat", instance="laptop-1", name="Writer"))
    assert (shown["agent_id"], shown["discovered_by"]) == (WRITER, ["labeled", "telemetry"])


def test_labelled_deployments_keep_their_own_instances_though_these_share_a_name() -> None:
    second = [workload("scribe-agent"), agent("scribe-agent", labeled=True)]
    heard = [event("heartbeat", instance=f"{name}-7f8d9", name="Same") for name in (WRITER, "scribe-agent")]
    agents = documents(LABELED, *second, *heard)[0]["agents"]
    assert [(one["agent_id"], [i["instance_id"] for i in one["instances"]]) for one in agents] == [
        ("scribe-agent", ["scribe-agent-7f8d9"]),
        (WRITER, ["writer-agent-7f8d9"]),
    ]


def test_deployments_of_one_name_in_two_namespaces_are_one_agent_and_the_labelled_one_speaks_first() -> None:
    elsewhere = agent(WRITER, "Zed", namespace="a-first", description="Infers.", models=["o3"])
    shown = agent_of(elsewhere, LABELED, deployment(WRITER, 2), deployment(WRITER, 1, "a-first"), mode="all")
    assert (shown["name"], shown["description"], shown["models"]) == ("Writer", "Writes.", ["gpt-4o", "o3"])
    assert (shown["discovered_by"], shown["status"]) == (["labeled"], "down")


def test_of_two_namespaces_one_may_be_excluded_and_its_pods_belong_to_no_agent() -> None:
    inner = {"pod_id": "p2", "name": "writer-agent-9", "status": "Running"}
    stray = observed("pod", "p2", {"namespace": "dev", "deployment_name": WRITER, "pod": inner})
    dev = {"deployment_name": WRITER, "namespace": "dev", "kind": "Deployment", "runtime": "kubernetes"}
    document = documents(
        LABELED, agent(WRITER, namespace="dev", labeled=True, excluded=True), pod(WRITER, "writer-agent-1"),
        observed("workload", "dev", dev), stray, event("heartbeat", instance="writer-agent-9", name="Stray"),
    )[0]  # fmt: skip
    (shown,) = document["agents"]
    assert [one["instance_id"] for one in shown["instances"]] == ["writer-agent-1"]
    pods = {one["name"]: one.get("agent_id") for group in document["workload"] for one in group["pods"]}
    assert pods == {"writer-agent-1": WRITER, "writer-agent-9": None}


@pytest.mark.parametrize(
    ("records", "status", "instances"),
    [
        ([], "unknown", []),
        ([deployment(WRITER, 2)], "down", []),
        ([deployment(WRITER, 0)], "unknown", []),
        ([deployment(WRITER, 0), pod(WRITER, "w-1", "Terminating")], "unknown", ["down"]),
        ([deployment(WRITER, 1), pod(WRITER, "w-1", "Terminating")], "down", ["down"]),
        ([pod(WRITER, "w-1")], "healthy", ["healthy"]),
        ([pod(WRITER, "w-1", ready=False)], "degraded", ["degraded"]),
        ([pod(WRITER, "w-1", restart_loop=True)], "degraded", ["degraded"]),
        ([pod(WRITER, "w-1"), pod(WRITER, "w-2", "CrashLoopBackOff")], "failed", ["healthy", "failed"]),
        ([pod(WRITER, "w-1"), pod(WRITER, "w-2", "Terminating")], "healthy", ["healthy", "down"]),
        ([pod(WRITER, "w-1"), pod(WRITER, "w-2", "Unknown")], "healthy", ["healthy", "unknown"]),
        ([pod(WRITER, "w-1", "Init:CrashLoopBackOff")], "failed", ["failed"]),
    ],
)  # fmt: skip
def test_an_agent_without_telemetry_fares_as_its_pods_do(
    records: list[LogRecord], status: str, instances: list[str]
) -> None:
    shown = agent_of(LABELED, *records)
    assert (shown["status"], [one["status"] for one in shown["instances"]]) == (status, instances)
    assert ("last_seen" in shown) == bool(instances)


def test_a_pod_without_telemetry_was_seen_when_it_was_told_last() -> None:
    shown = agent_of(LABELED, pod(WRITER, "writer-agent-1"))
    (instance,) = shown["instances"]
    assert instance == {
        "instance_id": "writer-agent-1", "pod_id": "uid-writer-agent-1", "status": "healthy",
        "last_seen": "2026-01-01T00:00:00.103000Z",
    }  # fmt: skip
    assert shown["last_seen"] == instance["last_seen"]


def test_pods_that_send_no_telemetry_stand_beside_those_that_do() -> None:
    shown = agent_of(HEARD, pod(WRITER, "writer-agent-1", ready=False), pod(WRITER, "writer-agent-2"))
    assert [(one["instance_id"], one["status"]) for one in shown["instances"]] == [
        ("writer-agent-1", "degraded"),
        ("writer-agent-2", "healthy"),
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Running", "healthy"),
        ("Terminating", "healthy"),
        ("Completed", "down"),
        ("Deleted", "down"),
        ("OOMKilled", "failed"),
        ("Pending", "degraded"),
        ("Unknown", "healthy"),
    ],
)
def test_an_instance_that_was_just_heard_fares_as_its_pod_lets_it(status: str, expected: str) -> None:
    (instance,) = agent_of(HEARD, pod(WRITER, "writer-agent-1", status))["instances"]
    assert instance["status"] == expected


def test_an_instance_whose_id_extends_its_pods_name_is_that_pods() -> None:
    shown = agent_of(pod(WRITER, "writer-agent-1"), event("heartbeat", instance="writer-agent-1-w0"))
    assert [(one["instance_id"], one["pod_id"]) for one in shown["instances"]] == [
        ("writer-agent-1-w0", "uid-writer-agent-1")
    ]


def test_a_pod_names_the_agent_that_it_belongs_to_once_the_agent_is_known() -> None:
    before, after = documents(pod(WRITER, "writer-agent-1"), later=(HEARD,))
    assert ["agent_id" in one["workload"][0]["pods"][0] for one in (before, after)] == [False, True]


def test_an_agent_whose_deployment_is_gone_is_gone_too() -> None:
    before, after = documents(LABELED, later=(gone("agent", f"local/{WRITER}"), gone("workload", WRITER)))
    assert [len(one["agents"]) for one in (before, after)] == [1, 0]


def test_an_agent_is_made_anew_when_time_alone_changes_it() -> None:
    log = Log()
    log.add(500, event("heartbeat", instance="a", name="A", interval_seconds=10))
    log.add(600, event("error", instance="b", name="B", interval_seconds=3600))
    for second in range(1, 65):
        log.add(second * 1_000, mark())
    seen: dict[int, list[str]] = {}
    for frozen, document in zip(
        (outcome := play(live_fold(), log.messages)).frozen, outcome.documents(), strict=True
    ):
        seen[frozen.tick_ms - START_MS] = [one["status"] for one in document["agents"]]
    assert (seen[30_000], seen[32_000]) == (["healthy", "degraded"], ["down", "degraded"])
    assert (seen[60_000], seen[62_000]) == (["down", "degraded"], ["down", "healthy"])
