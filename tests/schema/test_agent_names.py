"""Names from ids and ids from names, as tables."""

import pytest

from schema.agent_names import id_of, name_of, workload_name


@pytest.mark.parametrize(
    ("agent_id", "name"),
    [
        ("agent-researcher", "Researcher"),
        ("researcher-agent", "Researcher"),
        ("research-agent", "Research"),
        ("research-agent-7f8d9", "Research"),
        ("research-agent-12345", "Research"),
        ("agent-researcher-6d4cf56db6-bxkpq", "Researcher"),
        ("agent-researcher-0", "Researcher"),
        ("agent-coder", "Coder"),
        ("orchestrator", "Orchestrator"),
        ("data_analysis_agent", "Data analysis".title()),
        ("Researcher", "Researcher"),
        ("agent", "Agent"),
        ("---", "---"),
    ],
)
def test_a_name_is_inferred_from_an_id(agent_id: str, name: str) -> None:
    assert name_of(agent_id) == name


@pytest.mark.parametrize(
    ("instance_id", "workload"),
    [
        ("research-agent-7f8d9", "research-agent"),
        ("research-agent-6d4cf56db6-bxkpq", "research-agent"),
        ("research-agent-5c8f7d9b4d-7f8d9", "research-agent"),
        ("research-agent-4711", "research-agent"),
        ("research-agent", "research-agent"),
        ("agent-coder", "agent-coder"),
        ("web-scraper", "web-scraper"),
    ],
)
def test_an_instances_id_extends_its_workloads_name(instance_id: str, workload: str) -> None:
    assert workload_name(instance_id) == workload


@pytest.mark.parametrize(
    ("name", "agent_id"),
    [("Researcher", "researcher"), ("Research Agent", "research-agent"), ("  A/B!", "a-b"), ("研究", "研究")],
)
def test_an_id_is_a_name_as_a_slug(name: str, agent_id: str) -> None:
    assert id_of(name) == agent_id
