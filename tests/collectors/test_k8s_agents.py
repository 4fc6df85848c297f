"""What a deployment says of its agent: labels, annotations, and what is inferred without them."""

from typing import Any

import pytest
from msgspec import UNSET

from collectors.k8s_collector.agents import agent_of
from tests.collectors.k8s.things import Json, deployment


def running(image: str = "agent:1", **env: str | None) -> Json:
    """Give a container with variables; None stands for one whose value is a secret."""
    told = [{"name": name, **({"value": value} if value is not None else {})} for name, value in env.items()]
    return {"name": "main", "image": image, "env": told}


@pytest.mark.parametrize(
    ("name", "labels", "annotations", "shown"),
    [
        ("agent-researcher", {}, {}, "Researcher"),
        ("researcher-agent", {}, {}, "Researcher"),
        ("research-agent", {}, {}, "Research"),
        ("orchestrator", {}, {}, "Orchestrator"),
        ("agent", {}, {}, "Agent"),
        ("research-agent", {"oracle-monitor/name": "Scout"}, {}, "Scout"),
        ("research-agent", {}, {"oracle-monitor/name": "Chief Scout"}, "Chief Scout"),
        ("research-agent", {"oracle-monitor/name": ""}, {}, "Research"),
    ],
)
def test_the_name_is_told_or_inferred(name: str, labels: Json, annotations: Json, shown: str) -> None:
    assert agent_of(deployment(name, labels=labels, annotations=annotations)).name == shown


@pytest.mark.parametrize(
    ("labels", "annotations", "labeled", "excluded"),
    [
        (None, None, False, False),
        ({"oracle-monitor/agent": "true"}, {}, True, False),
        ({"oracle-monitor/agent": "True"}, {"oracle-monitor/exclude": " true "}, True, True),
        ({"oracle-monitor/agent": "false"}, {"oracle-monitor/exclude": "false"}, False, False),
        ({"oracle-monitor/agent": "yes"}, {"oracle-monitor/exclude": ""}, False, False),
        ({"oracle-monitor/agent-of": "true"}, {"oracle-monitor/agent": "true"}, False, False),
    ],
)
def test_it_is_labeled_and_excluded_by_its_own_words(
    labels: Json | None, annotations: Json | None, labeled: bool, excluded: bool
) -> None:
    agent = agent_of(deployment(labels=labels, annotations=annotations))
    assert (agent.labeled, agent.excluded) == (labeled, excluded)


@pytest.mark.parametrize(
    ("annotated", "containers", "models"),
    [
        (None, [running(MODEL_NAME="gpt-4o")], ["gpt-4o"]),
        (None, [running(MODEL="gpt-4o", OPENAI_MODEL="gpt-4o-mini")], ["gpt-4o", "gpt-4o-mini"]),
        (None, [running(LLM_MODEL_ID="a"), running(MODELS="b, c,,a")], ["a", "b", "c"]),
        (None, [running(MODEL_NAMES="meta-llama/Llama-3-70B-Instruct")], ["meta-llama/Llama-3-70B-Instruct"]),
        (None, [running(MODEL_PATH="/models/x", MODEL_URL="http://x", REMODEL="x", model_name="x")], UNSET),
        (None, [running(MODEL="/models/x")], UNSET),
        (None, [running(MODEL="./x", LLM_MODEL="https://x/y", A_MODEL="true", B_MODEL="7")], UNSET),
        (None, [running(MODEL_NAME=None)], UNSET),
        (None, [running(MODEL_NAME="")], UNSET),
        (None, [{"name": "main"}], UNSET),
        ("claude-sonnet-4, gpt-4o ,", [running(MODEL_NAME="other")], ["claude-sonnet-4", "gpt-4o"]),
        ("", [running(MODEL_NAME="other")], UNSET),
        (",".join(map(str, range(99))), [], [str(number) for number in range(50)]),
    ],
)
def test_the_models_are_annotated_or_named_by_variables(
    annotated: str | None, containers: list[Json], models: Any
) -> None:
    annotations = {} if annotated is None else {"oracle-monitor/models": annotated}
    assert agent_of(deployment(annotations=annotations, containers=containers)).models == models


@pytest.mark.parametrize(
    ("image", "role"),
    [
        ("ollama/ollama:0.5", "llm_server"),
        ("ghcr.io/berriai/litellm:main", "llm_server"),
        ("vllm/vllm-openai@sha256:0", "llm_server"),
        ("registry:5000/my-ollama:1", "llm_server"),
        ("Registry.Example/OLLAMA", "llm_server"),
        ("agents/ollamasaurus:1", "agent"),
        ("agents/researcher:1", "agent"),
        ("", "agent"),
    ],
)
def test_images_of_model_servers_give_the_role(image: str, role: str) -> None:
    assert agent_of(deployment(containers=[running("sidecar:1"), running(image)])).role == role


@pytest.mark.parametrize(
    ("annotated", "description"),
    [
        ("Reads the web", "Reads the web"),
        ("  ", "Research, deployed as research-agent in agents"),
        ("d" * 5000, "d" * 1000),
        (None, "Research, deployed as research-agent in agents"),
    ],
)
def test_there_is_always_a_description(annotated: str | None, description: str) -> None:
    annotations = {"oracle-monitor/description": annotated} if annotated is not None else None
    assert agent_of(deployment(annotations=annotations)).description == description
