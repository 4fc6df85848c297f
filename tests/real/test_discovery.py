"""Which agents each discovery mode finds on the real API server (SPEC §7), and what changes live."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.stack.server import KafkaServer
from runtime.settings import BaseSettings
from tests.aggregator.records import event
from tests.aggregator.services import PARTITIONS, LogWriter
from tests.control_plane import manifests
from tests.control_plane.cluster import Cluster
from tests.real.pipeline import Json, Pipeline, pipeline, pods_of, source_of

MODES = ("auto", "labeled", "all", "telemetry")
LABEL = {"oracle-monitor/agent": "true"}
ANNOTATED = {"oracle-monitor/models": "gpt-4o, o3", "oracle-monitor/description": "Finds sources."}
EXCLUDED = {"oracle-monitor/exclude": "true"}


def with_image(image: str, **env: str) -> dict[str, Any]:
    return {"containers": [manifests.container(image=image, env=env)]}


DEPLOYMENTS: list[tuple[str, dict[str, Any]]] = [
    ("research-agent", {"labels": LABEL}),
    ("agent-writer", {"labels": {**LABEL, "oracle-monitor/name": "Scribe"}, "annotations": ANNOTATED}),
    ("analyst-agent", with_image("registry.example/analyst:2", MODEL_NAME="claude-sonnet")),
    ("hidden-agent", {"labels": LABEL, "annotations": EXCLUDED}),
    ("models", with_image("docker.io/ollama/ollama:0.9")),
    ("billing", {}),
]
"""Name and description of each deployment; `billing` sends telemetry, `hidden-agent` too."""
L, D, T, R = "labeled", "deployment", "telemetry", "registered"
ALWAYS = {"outsider": [R]}
EXPECTED: dict[str, dict[str, list[str]]] = {
    "auto": {"research-agent": [L], "agent-writer": [L], "billing": [T], "nomad": [T], **ALWAYS},
    "labeled": {"research-agent": [L], "agent-writer": [L], **ALWAYS},
    "all": {
        "research-agent": [L], "agent-writer": [L], "analyst-agent": [D], "models": [D], "billing": [D, T],
        "nomad": [T], **ALWAYS,
    },
    "telemetry": {"billing": [T], "nomad": [T], **ALWAYS},
}  # fmt: skip
"""Mode → agent → how it was found."""


@pytest.fixture
def filled(cluster: Cluster, namespace: str) -> str:
    """Give a namespace in which every deployment has one running pod."""
    for name, described in DEPLOYMENTS:
        cluster.create_deployment(namespace, name, 1, **described)
    cluster.wait_until(
        lambda: (
            [one["status"].get("phase") for one in cluster.pods(namespace)] == ["Running"] * len(DEPLOYMENTS)
        )
    )
    return namespace


@pytest.fixture
def telemetry(broker: KafkaServer) -> Iterator[LogWriter]:
    writer = LogWriter(
        BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers, oracle_log_partitions=PARTITIONS)
    )
    yield writer
    writer.close()


def found(snapshot: Json) -> dict[str, list[str]]:
    return {one["agent_id"]: one["discovered_by"] for one in snapshot["agents"]}


def agent(snapshot: Json, agent_id: str) -> Json:
    return next((one for one in snapshot["agents"] if one["agent_id"] == agent_id), {})


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_finds_what_it_should_and_nothing_else(
    mode: str,
    cluster: Cluster,
    filled: str,
    broker: KafkaServer,
    database_url: str,
    telemetry: LogWriter,
    tmp_path: Path,
) -> None:
    kubeconfig = cluster.kubeconfig("admin")
    with pipeline(
        broker.bootstrap_servers, database_url, kubeconfig, filled, tmp_path, ORACLE_DISCOVERY_MODE=mode
    ) as running:
        running.until("the pods", lambda one: len(pods_of(one)) == len(DEPLOYMENTS), 60)
        names = {one["metadata"]["labels"]["app"]: one["metadata"]["name"] for one in cluster.pods(filled)}
        telemetry.add(event("task_started", names["billing"], "Billing", task_id="t-1"), filled)
        telemetry.add(event("task_started", names["hidden-agent"], "Hidden", task_id="t-2"), filled)
        telemetry.add(event("task_started", "nomad", "Nomad", task_id="t-3"), filled)
        telemetry.add(event("agent_registered", "outsider", "Outsider"), filled)
        telemetry.flush()
        snapshot = running.until(
            "the registered agent, and the telemetry", lambda one: found(one) == EXPECTED[mode], 20
        )
    # Pods are shown in every mode; what an agent is called, and its models, come from labels or inference.
    assert len(pods_of(snapshot)) == len(DEPLOYMENTS)
    writer = agent(snapshot, "agent-writer")
    if writer:
        assert (writer["name"], writer["models"]) == ("Scribe", ["gpt-4o", "o3"])
        assert writer["description"] == "Finds sources."
        assert [one["instance_id"] for one in writer["instances"]] == [names["agent-writer"]]
        assert writer["status"] == "healthy"
        assert agent(snapshot, "research-agent")["name"] == "Research"
    if mode == "all":
        assert agent(snapshot, "models")["role"] == "llm_server"
        assert (agent(snapshot, "analyst-agent")["name"], agent(snapshot, "analyst-agent")["models"]) == (
            "Analyst",
            ["claude-sonnet"],
        )
    of_agents = {pod.get("agent_id") for pod in pods_of(snapshot)} - {None}
    assert of_agents == EXPECTED[mode].keys() - {"nomad", "outsider"}


@pytest.fixture
def watched(
    cluster: Cluster, namespace: str, broker: KafkaServer, database_url: str, tmp_path: Path
) -> Iterator[Pipeline]:
    kubeconfig = cluster.kubeconfig("admin")
    with pipeline(broker.bootstrap_servers, database_url, kubeconfig, namespace, tmp_path) as running:
        running.until("a first look at the cluster", lambda one: source_of(one).get("status") == "fresh", 60)
        yield running


def test_labels_and_annotations_take_effect_as_they_change(
    cluster: Cluster, namespace: str, watched: Pipeline
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/agent-researcher"
    cluster.create_deployment(namespace, "agent-researcher", 1)
    plain = watched.until("the pod", lambda one: any(pod["status"] == "Running" for pod in pods_of(one)))
    assert found(plain) == {}

    def change(metadata: Json) -> None:
        cluster.admin.patch(path, {"metadata": metadata}, "merge")

    change({"labels": LABEL})
    labelled = watched.until("the agent", lambda one: found(one) == {"agent-researcher": [L]})
    assert agent(labelled, "agent-researcher")["name"] == "Researcher"
    change({"labels": {"oracle-monitor/name": "Scout"}, "annotations": ANNOTATED})
    named = watched.until("its new name", lambda one: agent(one, "agent-researcher").get("name") == "Scout")
    assert agent(named, "agent-researcher")["models"] == ["gpt-4o", "o3"]
    change({"annotations": {"oracle-monitor/models": "gpt-5"}})
    watched.until("its new model", lambda one: agent(one, "agent-researcher").get("models") == ["gpt-5"])
    change({"annotations": EXCLUDED})
    excluded = watched.until("its exclusion", lambda one: found(one) == {})
    assert [pod.get("agent_id") for pod in pods_of(excluded)] == [None]
    change({"annotations": {"oracle-monitor/exclude": None}})
    watched.until("it again", lambda one: found(one) == {"agent-researcher": [L]})
    change({"labels": {"oracle-monitor/agent": None}})
    watched.until("the end of the label", lambda one: found(one) == {})
