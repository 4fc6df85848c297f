"""From a snapshot to plain sentences."""

from typing import Any

import msgspec
import pytest

from api.issues import issues
from schema.models import Snapshot
from tests.api.fakes import AT, agent, model, snapshot


def told(**parts: Any) -> Any:
    return issues(msgspec.convert(snapshot(**parts), Snapshot))


def pods(**pod: Any) -> dict[str, Any]:
    workload = snapshot()["workload"][0]
    return {
        "workload": [{**workload, "pods": [{"pod_id": "u", "name": "writer-x1", "status": "Running", **pod}]}]
    }


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
            ["Pod writer-x1 is CrashLoopBackOff after 4 restarts"],
        ),
        (pods(status="OOMKilled"), "degraded", ["Pod writer-x1 is OOMKilled"]),
        (pods(status="Failed"), "degraded", ["Pod writer-x1 is Failed"]),
        (pods(status="Pending"), "healthy", []),
        (
            pods(transitions=[{"status": "OOMKilled", "at": AT}, {"status": "Running", "at": AT}]),
            "degraded",
            ["Pod writer-x1 was OOMKilled at 14:32:12"],
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
            {"litellm": [model("gpt-4", quota_exhausted=True, status="rate_limited")]},
            "degraded",
            ["Model gpt-4 has used up its quota"],
        ),
        ({"litellm": [model("gpt-4", status="unavailable")]}, "degraded", ["Model gpt-4 is unavailable"]),
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
