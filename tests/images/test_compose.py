"""docker-compose.yml against the code that it starts; what an engine would do with it is not tried here."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from cli.stack.broker import Broker
from collectors.base.settings import CollectorSettings
from collectors.k8s_collector.settings import K8sSettings
from tests.images.files import Image, images
from tests.images.imports import ROOT

yaml: Any = importlib.import_module("yaml")  # it ships no types
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EVERY_SERVICE = pytest.mark.parametrize("name", SERVICES)
MIB_OF_THE_MACHINE = 8 * 1024


def variables_of(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", text))


def test_every_image_is_started_and_is_called_as_its_dockerfile_says() -> None:
    built = {service["build"]["dockerfile"]: service["image"] for service in OURS.values()}
    assert built.keys() == {f"{image.folder}/Dockerfile" for image in images()}
    for file, image in built.items():
        assert f"docker build -f {file} -t {image} ." in (ROOT / file).read_text(encoding="utf-8")


def test_every_variable_that_is_passed_on_is_one_that_the_example_lists() -> None:
    stores = [path.read_text(encoding="utf-8") for path in ROOT.glob("infrastructure/compose/*.env")]
    assert len(stores) == 2
    listed = set(re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert variables_of("".join([TEXT, *stores])) - listed == {"POSTGRES_PASSWORD"}


@EVERY_SERVICE
def test_a_secret_comes_from_the_environment_only(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"(KEYS?|PASSWORD|TOKEN)$", variable):
            # The value, or (`:+set`) only whether there is one.
            assert re.fullmatch(r"\$\{[A-Z_]+:([-?][^}]*|\+set)\}", value), variable


@EVERY_SERVICE
def test_a_service_is_reached_from_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_everything_together_leaves_memory_on_a_machine_with_eight_gibibytes() -> None:
    limits = [int(service["mem_limit"].removesuffix("m")) for service in SERVICES.values()]
    assert sum(limits) <= MIB_OF_THE_MACHINE * 3 // 4


@EVERY_SERVICE
def test_a_service_comes_back_by_itself(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name == "migrate" else "unless-stopped")


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_may_do_nothing_but_its_work(name: str) -> None:
    service = OURS[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service.get("pid") is None or {"demo"} <= set(service["profiles"])


def test_the_broker_is_set_as_that_of_the_local_stack(tmp_path: Path) -> None:
    local = dict(line.split("=", 1) for line in Broker(tmp_path, 9092, 9093).properties().splitlines())
    environment = SERVICES["kafka"]["environment"]
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in environment.items()
    }
    places = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    shared = (local.keys() & given.keys()) - places
    assert len(shared) > 15
    assert {name: given[name] for name in shared} == {name: local[name] for name in shared}


def test_the_kubernetes_collector_is_told_its_settings_and_given_the_kubeconfig_to_read() -> None:
    own = set(K8sSettings.__struct_fields__) - set(CollectorSettings.__struct_fields__)
    service = SERVICES["k8s-collector"]
    assert {name.upper() for name in own} <= service["environment"].keys()
    (mount,) = (one for one in service["volumes"] if "KUBECONFIG" in one["source"])
    assert mount["target"] == service["environment"]["KUBECONFIG"]
    assert (mount["read_only"], mount["bind"]) == (True, {"create_host_path": False})


@pytest.mark.parametrize("name", ["llm-collector", "telemetry-collector"])
def test_who_prices_calls_is_given_the_file_of_prices_to_read(name: str) -> None:
    service = SERVICES[name]
    (mount,) = (one for one in service["volumes"] if "LLM_PRICES_FILE" in one["source"])
    assert service["environment"]["LLM_PRICES_FILE"] == f"${{LLM_PRICES_FILE:+{mount['target']}}}"
    assert mount["source"] == "${LLM_PRICES_FILE:-/dev/null}"
    assert (mount["read_only"], mount["bind"]) == (True, {"create_host_path": False})


def test_an_agent_is_called_as_in_the_local_stack() -> None:
    agents = {name: service for name, service in OURS.items() if "agents/" in service["build"]["dockerfile"]}
    assert {name: service["environment"]["ORACLE_WORKLOAD"] for name, service in agents.items()} == {
        "orchestrator": "orchestrator",
        "writer-agent": "writer-agent",
    }


def test_the_services_that_use_the_store_are_told_of_it_after_it_was_migrated() -> None:
    stored = {
        name
        for name, service in OURS.items()
        if any("migrations" in source for source in Image(service["build"]["dockerfile"][:-11]).copied)
    }
    assert stored == {"migrate", "aggregator", "api"}
    for name in stored:
        assert OURS[name]["env_file"] == ["infrastructure/compose/store${SUPABASE_URL:+-supabase}.env"]
    for name in stored - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
