"""Every setting of .env.example reaches the services that read it, or it is told here why it does not."""

import re
from typing import Any

import pytest

from agents.base.settings import AgentSettings
from agents.orchestrator.agent import OrchestratorSettings
from aggregator.aggregator import Settings as AggregatorSettings
from api.settings import ApiSettings
from cli.demo.model_server import DemoSettings
from collectors.base.settings import CollectorSettings
from collectors.k8s_collector.settings import K8sSettings
from collectors.kafka_collector.settings import KafkaSettings
from collectors.llm_collector.settings import LlmSettings
from collectors.process_collector.settings import ProcessSettings
from collectors.telemetry_collector.collector import TelemetrySettings
from runtime.settings import BaseSettings
from tests.images.files import Image
from tests.images.imports import ROOT
from tests.images.test_compose import OURS, variables_of

SETTINGS: dict[str, type[BaseSettings]] = {
    "migrate": AggregatorSettings,
    "aggregator": AggregatorSettings,
    "api": ApiSettings,
    "kafka-collector": KafkaSettings,
    "telemetry-collector": TelemetrySettings,
    "llm-collector": LlmSettings,
    "process-collector": ProcessSettings,
    "k8s-collector": K8sSettings,
    "demo-model-server": DemoSettings,
    "demo-llm-collector": LlmSettings,
    "orchestrator": OrchestratorSettings,
    "writer-agent": AgentSettings,
}
EXCEPTIONS = {
    "AGENT_STOP_SECONDS": "stop_grace_period belongs to it",
    "LLM_PROXY_STOP_SECONDS": "stop_grace_period belongs to it",
    "DASHBOARD_DIR": "the image holds the dashboard at its default",
    "HEALTH_HOST": "the images set it; the API tells its health on its own port",
    "HEALTH_PORT": "the images set it; the API tells its health on its own port",
    "HOSTNAME": "the engine sets it",
    "KUBERNETES_SERVICE_HOST": "Kubernetes sets it",
    "ORACLE_AGENT_ID": "of one instance, and .env is of all",
    "ORACLE_AGENT_NAME": "of one agent, and .env is of all",
    "ORACLE_STACK": "of the local stack",
}
"""Settings that compose leaves to others, each with the reason."""
UNUSED = {
    # It has no broker and no health port.
    "demo-model-server": set(BaseSettings.__struct_fields__) - {"oracle_log_level"},
    # It forwards to the demo's model server only, whatever the proxy beside it is told.
    "demo-llm-collector": set(LlmSettings.__struct_fields__) - set(CollectorSettings.__struct_fields__),
}
"""Settings that the class of a service has, and the service itself has no use for."""
CERTIFICATES = "infrastructure/compose/certificates"


def environment_of(name: str) -> set[str]:
    """Give the variables that a service is given: by compose, its env_file, or its image."""
    service = OURS[name]
    passed: dict[str, Any] = service.get("environment", {})
    image = Image(service["build"]["dockerfile"].removesuffix("/Dockerfile"))
    fixed = re.findall(r"([A-Z_]+)=", "".join(re.findall(r"^ENV (.*)$", image.text, re.MULTILINE)))
    stored = (ROOT / "infrastructure/compose/store-supabase.env").read_text(encoding="utf-8")
    return passed.keys() | set(fixed) | (variables_of(stored) if "env_file" in service else set())


@pytest.mark.parametrize("name", OURS)
def test_a_setting_that_the_example_lists_reaches_the_service_that_reads_it(name: str) -> None:
    used = set(SETTINGS[name].__struct_fields__) - UNUSED.get(name, set())
    assert {field.upper() for field in used} - environment_of(name) - EXCEPTIONS.keys() == set()


def test_an_exception_is_one_that_the_example_lists_and_no_service_is_given_by_compose() -> None:
    listed = re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    given = {name for service in OURS.values() for name in service.get("environment", {})}
    assert EXCEPTIONS.keys() <= set(listed) - given


@pytest.mark.parametrize("name", OURS)
def test_a_service_with_a_broker_reads_certificates_at_the_path_that_holds_outside_as_well(name: str) -> None:
    mounts = [one for one in OURS[name]["volumes"] if one["target"] == f"/app/{CERTIFICATES}"]
    assert len(mounts) == (name != "demo-model-server")
    for mount in mounts:
        assert mount["source"] == f"./{CERTIFICATES}"
        assert (mount["read_only"], mount["bind"]) == (True, {"create_host_path": False})
    image = Image(OURS[name]["build"]["dockerfile"].removesuffix("/Dockerfile"))
    assert re.findall(r"^WORKDIR (.*)$", image.text, re.MULTILINE)[-1] == "/app"


def test_no_certificate_and_no_key_is_ever_committed() -> None:
    ignored = (ROOT / CERTIFICATES / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["*", "!.gitignore"]
