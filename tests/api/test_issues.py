"""From a snapshot to plain sentences."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from api.findings import MAX_REASON
from api.issues import MAX_ISSUES, issues
from schema.models import Snapshot
from tests.api.fakes import AT, agent, model, snapshot


def told(**parts: Any) -> Any:
    return issues(msgspec.convert(snapshot(**parts), Snapshot))


def pods(**pod: Any) -> dict[str, Any]:
    workload = snapshot()["workload"][0]
    return {
        "workload": [{**workload, "pods": [{"pod_id": "u", "name": "writer-x1", "status": "Running", **pod}]}]
    }


def cluster(**parts: Any) -> dict[str, Any]:
    return {"kubernetes": {"deployments": [], "nodes": [], "events": [], **parts}}


def deployment(ready: int, desired: int, **fields: Any) -> dict[str, Any]:
    counts = {"ready": ready, "desired": desired, "available": ready, "updated": desired}
    return cluster(deployments=[{"namespace": "agents", "name": "writer", **counts, **fields}])


def node(**fields: Any) -> dict[str, Any]:
    return cluster(nodes=[{"name": "n1", "ready": True, **fields}])


def source(**fields: Any) -> dict[str, Any]:
    usual = {"name": "kafka", "instance": "k:9092", "age_seconds": 9.2, "interval_seconds": 2}
    return {"sources": [{**usual, **fields}]}


def test_a_healthy_system_has_no_issues_and_counts_agents_but_no_model_servers() -> None:
    found = told()
    assert (found.status, found.issues, found.agent_count, found.active_tasks) == ("healthy", [], 1, 2)


def test_an_old_snapshot_is_the_first_issue_whatever_it_last_saw() -> None:
    healthy = msgspec.convert(snapshot(), Snapshot)
    found = issues(healthy, age_seconds=20.4)
    assert found.status == "critical"
    assert found.issues == ["The newest snapshot is 20 s old: see the aggregator, the broker and the store"]
    assert issues(healthy, age_seconds=10).status == "healthy"


def spent(cost: str, budget: str, **fields: Any) -> dict[str, Any]:
    """One agent's spend of the day, and its budget."""
    sums = {"calls": 9, "prompt_tokens": 9, "completion_tokens": 9, "cost_usd": Decimal(cost)}
    row = {"agent_id": "research-agent", **sums, "budget_usd": Decimal(budget), **fields}
    usage = {"day": "2026-02-06", **sums, "unpriced_calls": 0, "cost_usd_total": Decimal(cost)}
    lists = {"in_flight": [], "by_agent": [row], "by_model": []}
    return {"agents": [agent("research-agent", "Researcher")], "llm_usage": {**usage, **lists}}


ALERT = {"id": "a", "severity": "high", "title": "Lag grows", "source": "kafka", "agent_ids": [], "since": AT}
INCIDENT = {"id": "i", "status": "open", "severity": "critical", "title": "Orphaned task", "since": AT}


@pytest.mark.parametrize(
    ("parts", "status", "sentences"),
    [
        ({"agents": [agent("a", "Researcher", "failed")]}, "critical", ["Agent Researcher has failed"]),
        ({"agents": [agent("a", "Researcher", "down")]}, "critical", ["Agent Researcher is down"]),
        ({"agents": [agent("a", "Researcher", "degraded")]}, "degraded", ["Agent Researcher is degraded"]),
        ({"agents": [agent("a", "Researcher", "unknown")]}, "healthy", []),
        (
            pods(status="CrashLoopBackOff", restarts=4),
            "degraded",
            ["Pod agents/writer-x1 is CrashLoopBackOff after 4 restarts"],
        ),
        (pods(status="OOMKilled"), "degraded", ["Pod agents/writer-x1 is OOMKilled"]),
        (pods(status="Failed"), "degraded", ["Pod agents/writer-x1 is Failed"]),
        (pods(status="Pending"), "healthy", []),
        (
            pods(transitions=[{"status": "OOMKilled", "at": AT}, {"status": "Running", "at": AT}]),
            "degraded",
            ["Pod agents/writer-x1 was OOMKilled at 14:32:12"],
        ),
        (
            {"litellm": [model("gpt-4", tpm=47500, tpm_max=50000)]},
            "degraded",
            ["Model gpt-4 at 95% TPM limit"],
        ),
        ({"litellm": [model("gpt-4", tpm=44999, tpm_max=50000)]}, "healthy", []),
        (
            {"litellm": [model("gpt-4", tpm=45000, tpm_max=50000)]},
            "degraded",
            ["Model gpt-4 at 90% TPM limit"],
        ),
        ({"litellm": [model("gpt-4", rpm=120, rpm_max=100)]}, "degraded", ["Model gpt-4 at 120% RPM limit"]),
        ({"litellm": [model("gpt-4", rpm=1, rpm_max=0)]}, "healthy", []),
        (
            {"litellm": [model("gpt-4", status="rate_limited", resets_at=AT)]},
            "degraded",
            ["Model gpt-4 is rate limited until 2026-02-06T14:32:12Z"],
        ),
        (
            {"litellm": [model("gpt-4", quota_exhausted=True, status="unavailable", reason="402")]},
            "critical",
            ["Model gpt-4 has used up its quota"],
        ),
        ({"litellm": [model("gpt-4", status="unavailable")]}, "degraded", ["Model gpt-4 is unavailable"]),
        (
            {"litellm": [model("gpt-4", status="unavailable", reason="529 overloaded_error")]},
            "degraded",
            ["Model gpt-4 is unavailable: 529 overloaded_error"],
        ),
        (
            {"litellm": [model("gpt-4", key_label="team-a", seconds_to_exhaustion=41.2)]},
            "degraded",
            ["Model gpt-4 (key team-a) reaches its limit in 41 s at this pace"],
        ),
        ({"litellm": [model("gpt-4", seconds_to_exhaustion=60)]}, "healthy", []),
        (
            {"litellm": [model("gpt-4", seconds_to_exhaustion=0, tpm=9, tpm_max=9, percent_used=100)]},
            "degraded",
            ["Model gpt-4 has reached its limit", "Model gpt-4 at 100% TPM limit"],
        ),
        (
            {
                "litellm": [
                    model(
                        "gpt-4",
                        rpm=3,
                        rpm_max=100,
                        rpm_remaining=4,
                        tpm_max=9000,
                        tpm_remaining=8000,
                        percent_used=96,
                    )
                ]
            },
            "degraded",
            ["Model gpt-4 at 96% RPM limit"],
        ),
        ({"litellm": [model("gpt-4", rpm=3, rpm_max=100, rpm_remaining=4, percent_used=3)]}, "healthy", []),
        (
            spent("8.12", "10"),
            "degraded",
            ["Agent Researcher has spent $8.12 of its $10.00 budget for today (81%)"],
        ),
        (
            spent("12.5", "10", unpriced_calls=2),
            "degraded",
            ["Agent Researcher has spent at least $12.50 of its $10.00 budget for today (125%)"],
        ),
        (
            spent("0.0081", "0.01"),
            "degraded",
            ["Agent Researcher has spent $0.008100 of its $0.010000 budget for today (81%)"],
        ),
        (spent("7.99", "10"), "healthy", []),
        (source(status="stale"), "degraded", ["Source kafka@k:9092 is stale: nothing for 9 s"]),
        (source(status="down", reason="refused"), "degraded", ["Source kafka@k:9092 is down: refused"]),
        ({"alerts": [ALERT]}, "degraded", ["Lag grows"]),
        ({"alerts": [{**ALERT, "severity": "critical"}]}, "critical", ["Lag grows"]),
        ({"incidents": [INCIDENT]}, "critical", ["Incident: Orphaned task"]),
        ({"incidents": [{**INCIDENT, "status": "closed"}]}, "healthy", []),
    ],
)
def test_each_condition_has_its_sentence(parts: dict[str, Any], status: str, sentences: list[str]) -> None:
    found = told(**parts)
    assert (found.status, found.issues) == (status, sentences)


def test_what_is_critical_comes_first_and_nothing_is_told_twice() -> None:
    found = told(alerts=[ALERT, ALERT], agents=[agent("a", "Researcher", "down")])
    assert found.issues == ["Agent Researcher is down", "Lag grows"]


def test_an_alert_of_a_model_and_its_issue_are_told_once() -> None:
    empty = model("gpt-4", quota_exhausted=True, status="unavailable")
    alert = {**ALERT, "severity": "critical", "title": "Model gpt-4 has used up its quota"}
    assert told(litellm=[empty], alerts=[alert]).issues == ["Model gpt-4 has used up its quota"]


@pytest.mark.parametrize(
    ("pod", "sentence"),
    [
        ({"status": "CrashLoopBackOff", "restarts": 1}, "is CrashLoopBackOff after 1 restart"),
        ({"status": "ImagePullBackOff", "restarts": 0}, "is ImagePullBackOff"),
        ({"status": "Init:CrashLoopBackOff", "restarts": 2}, "is Init:CrashLoopBackOff after 2 restarts"),
        ({"status": "Init:ExitCode:1"}, "is Init:ExitCode:1"),
        ({"status": "Exited"}, "is Exited"),
        ({"status": "Evicted"}, "is Evicted"),
        ({"status": "OutOfcpu"}, "is OutOfcpu"),
        ({"status": "ErrImageNeverPull"}, "is ErrImageNeverPull"),
        ({"status": "Signal:9"}, "is Signal:9"),
        ({"status": "Unknown", "status_message": "node lost"}, "is Unknown: node lost"),
        ({"ready": False}, "is Running but not ready"),
        ({"status": "NotReady", "ready": False}, "is NotReady"),
        ({"ready": True, "restart_loop": True, "restarts": 7}, "restarts again and again: 7 restarts"),
        ({"status": "Completed", "restart_loop": True}, "restarts again and again"),
        (
            {"status": "Created", "status_message": "0/3 nodes are available:\n3 Insufficient cpu."},
            "cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu.",
        ),
        ({"status": "Unschedulable"}, "cannot be scheduled"),
        ({"status": "Created", "ready": False}, None),
        ({"status": "SchedulingGated", "ready": False, "status_message": "gated"}, None),
        ({"status": "Pending", "ready": False}, None),
        ({"status": "Init:0/2", "ready": False}, None),
        ({"status": "ContainerCreating", "ready": False}, None),
        ({"status": "Terminating", "ready": False, "restart_loop": True}, None),
        ({"status": "Completed", "ready": False}, None),
        ({"ready": True, "restart_loop": False, "restarts": 7}, None),
        ({"status": "OOMKilled", "deleted_at": AT}, None),
        ({"status": "Deleted", "deleted_at": AT, "transitions": [{"status": "OOMKilled", "at": AT}]}, None),
    ],
)
def test_a_pod_is_judged_by_its_status_its_readiness_and_its_restarts(
    pod: dict[str, Any], sentence: str | None
) -> None:
    found = told(**pods(**pod))
    expected = [] if sentence is None else [f"Pod agents/writer-x1 {sentence}"]
    assert (found.status, found.issues) == ("degraded" if expected else "healthy", expected)


@pytest.mark.parametrize(
    ("parts", "sentences"),
    [
        (deployment(0, 3), ["Deployment agents/writer has 0 of 3 replicas ready"]),
        (deployment(0, 1), ["Deployment agents/writer has 0 of 1 replica ready"]),
        (
            deployment(1, 2, rollout="stalled", rollout_message="deadline exceeded"),
            [
                "Deployment agents/writer has 1 of 2 replicas ready",
                "Deployment agents/writer rollout stalled: deadline exceeded",
            ],
        ),
        (deployment(2, 2, rollout="stalled"), ["Deployment agents/writer rollout stalled"]),
        (deployment(2, 2, rollout="progressing"), []),
        (deployment(0, 0), []),
        (deployment(3, 2), []),
        (node(ready=False, reason="KubeletNotReady"), ["Node n1 is not ready: KubeletNotReady"]),
        (node(ready=False), ["Node n1 is not ready"]),
        (
            node(pressures=["DiskPressure", "MemoryPressure"]),
            ["Node n1 reports DiskPressure, MemoryPressure"],
        ),
        (node(unschedulable=True), []),
    ],
)
def test_the_cluster_itself_is_judged(parts: dict[str, Any], sentences: list[str]) -> None:
    found = told(**parts)
    assert (found.status, found.issues) == ("degraded" if sentences else "healthy", sentences)


def test_a_mock_pod_is_said_to_be_mock() -> None:
    workload = pods(status="CrashLoopBackOff", restarts=7)["workload"][0]
    found = told(workload=[{**workload, "namespace": "mock", "runtime": "mock"}])
    assert found.issues == ["Pod mock/writer-x1 (mock) is CrashLoopBackOff after 7 restarts"]


@pytest.mark.parametrize(
    ("failed", "listed", "last"),
    [
        (1, 1, "Pod agents/w-0 is Error"),
        (MAX_ISSUES, MAX_ISSUES, f"Pod agents/w-{MAX_ISSUES - 1} is Error"),
        (MAX_ISSUES + 1, MAX_ISSUES + 1, "… and 1 more"),
        (1000, MAX_ISSUES + 1, f"… and {1000 - MAX_ISSUES} more"),
    ],
)
def test_a_list_of_issues_is_bounded_and_says_how_many_more_there_are(
    failed: int, listed: int, last: str
) -> None:
    workload = snapshot()["workload"][0]
    ill = [{"pod_id": f"u{one}", "name": f"w-{one}", "status": "Error"} for one in range(failed)]
    found = told(workload=[{**workload, "pods": ill}])
    assert (found.status, len(found.issues), found.issues[-1]) == ("degraded", listed, last)


def test_the_status_and_the_causes_do_not_depend_on_how_many_issues_are_listed() -> None:
    workload = snapshot()["workload"][0]
    ill = [{"pod_id": f"u{one}", "name": f"w-{one}", "status": "Error"} for one in range(500)]
    crowd = {"workload": [{**workload, "pods": ill}]}
    found = told(**crowd, **node(ready=False), agents=[agent("a", "Researcher", "down")])
    assert (found.status, found.issues[:2]) == (
        "critical",
        ["Agent Researcher is down", "Node n1 is not ready"],
    )
    alerts = [{**ALERT, "severity": "critical", "title": f"Alert {one}"} for one in range(MAX_ISSUES + 5)]
    assert told(alerts=alerts).status == "critical"


def test_what_a_source_says_is_quoted_in_part_when_it_is_long() -> None:
    (sentence,) = told(**deployment(2, 2, rollout="stalled", rollout_message="x" * 5000)).issues
    assert sentence == f"Deployment agents/writer rollout stalled: {'x' * (MAX_REASON - 1)}…"
