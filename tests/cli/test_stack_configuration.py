"""What the parts of the stack are started with."""

import os
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from cli.stack.errors import PortTaken
from cli.stack.ports import check_ports
from cli.stack.programs import (
    GROUPS,
    TABLE,
    command,
    health_port,
    own_environment,
    ports,
    programs,
    shared_environment,
)
from cli.stack.server import free_port
from cli.stack.settings import Stack, load_stack
from cli.stack.supervise import render, socket_path
from cli.stack.upstream import Upstream, choose_upstream
from schema.errors import SettingError

DEMO = Upstream("demo", True, {"LLM_BASE_URL": "agents"}, {"OPENAI_BASE_URL": "proxy"})


def stack_in(root: Path, **process: str) -> Stack:
    return load_stack({"OLLAMA_BASE_URL": "http://127.0.0.1:9", **process}, root)


def names(stack: Stack, upstream: Upstream = DEMO) -> set[str]:
    return {program.name for program in programs(stack, upstream)}


PLAIN = {program.name for program in TABLE} - {"k8s-collector"}
"""What a stack runs for which nothing is configured."""


def test_the_stack_brings_its_own_broker_and_database(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    stack.postgres.ensure_password()
    environment = shared_environment(stack, DEMO)
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19092"
    assert environment["DATABASE_URL"].startswith("postgresql://postgres:")
    assert environment["DATABASE_URL"].endswith("@127.0.0.1:15432/postgres")


@pytest.mark.parametrize(
    ("configured", "absent"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": "example:9092"}, "kafka"),
        ({"DATABASE_URL": "postgresql://example/db"}, "postgres"),
        ({"SUPABASE_URL": "https://example.test"}, "postgres"),
    ],
)
def test_a_server_that_is_configured_is_not_started(
    tmp_path: Path, configured: dict[str, str], absent: str
) -> None:
    stack = stack_in(tmp_path, **configured)
    stack.postgres.ensure_password()
    assert names(stack) == PLAIN - {absent}
    assert shared_environment(stack, DEMO).items() >= configured.items()


@pytest.mark.parametrize(
    ("configured", "runs"),
    [
        ({}, False),
        ({"KUBECONFIG": "/somewhere/config"}, False),
        ({"ORACLE_NAMESPACES": ""}, False),
        ({"ORACLE_NAMESPACES": "agents"}, True),
        ({"ORACLE_NAMESPACES": "*"}, True),
        ({"ORACLE_ALLOW_MOCKS": "false"}, False),
        ({"ORACLE_ALLOW_MOCKS": "true"}, True),
    ],
)
def test_kubernetes_is_watched_only_when_it_is_asked_for(
    tmp_path: Path, configured: dict[str, str], runs: bool
) -> None:
    assert ("k8s-collector" in names(stack_in(tmp_path, **configured))) == runs


def test_a_wrong_switch_for_mocks_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^ORACLE_ALLOW_MOCKS is wrong"):
        stack_in(tmp_path, ORACLE_ALLOW_MOCKS="perhaps")


def test_the_health_ports_are_those_that_are_documented(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    documented = {
        "aggregator": 8103, "process-collector": 8105, "kafka-collector": 8106, "llm-collector": 8107,
        "telemetry-collector": 8108, "orchestrator": 8110, "writer-agent": 8111, "k8s-collector": 8112,
    }  # fmt: skip
    found = {one.name: health_port(stack, one) for one in TABLE if one.name in documented}
    assert found == documented


def test_the_dotenv_file_counts_and_the_process_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=1111\nKAFKA_PORT=2222\n")
    settings = stack_in(tmp_path, API_PORT="3333").settings
    assert (settings.api_port, settings.kafka_port) == (3333, 2222)


def test_a_wrong_port_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^POSTGRES_PORT is wrong"):
        stack_in(tmp_path, POSTGRES_PORT="many")


def test_no_secret_is_on_a_command_line_or_in_the_configuration(tmp_path: Path) -> None:
    stack = stack_in(tmp_path, OPENAI_API_KEY="sk-secret")
    stack.postgres.ensure_password()
    password = stack.postgres.password_path.read_text()
    written = render(stack, programs(stack, DEMO), DEMO)
    written += str([command(stack, program) for program in TABLE])
    assert password not in written
    assert "sk-secret" not in written
    assert stack.postgres.password_path.stat().st_mode & 0o777 == 0o600


def test_the_agents_are_workloads_and_every_part_has_its_own_health_port(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    environments = {program.name: own_environment(stack, program, DEMO) for program in TABLE}
    assert len({one["HEALTH_PORT"] for one in environments.values()}) == len(TABLE)
    workloads = {
        name: one["ORACLE_WORKLOAD"] for name, one in environments.items() if "ORACLE_WORKLOAD" in one
    }
    assert workloads == {"orchestrator": "orchestrator", "writer-agent": "writer-agent"}


def test_only_the_proxy_is_told_of_the_upstream(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    told = [p.name for p in TABLE if "OPENAI_BASE_URL" in own_environment(stack, p, DEMO)]
    assert told == ["llm-collector"]


def test_without_a_key_or_ollama_the_demo_server_answers(tmp_path: Path) -> None:
    upstream = choose_upstream(stack_in(tmp_path))
    assert upstream.demo
    assert upstream.proxy_environment == {"OPENAI_BASE_URL": "http://127.0.0.1:8091/v1"}


def test_with_a_key_no_demo_server_runs(tmp_path: Path) -> None:
    stack = stack_in(tmp_path, OPENAI_API_KEY="sk-secret")
    upstream = choose_upstream(stack)
    assert "demo-model-server" not in names(stack, upstream)
    assert "sk-secret" not in upstream.told


def test_supervisord_reads_the_configuration_as_it_is_meant(tmp_path: Path) -> None:
    root = tmp_path / "50% of it"
    stack = stack_in(root)
    stack.logs.mkdir(parents=True)
    file = tmp_path / "supervisord.conf"
    file.write_text(render(stack, programs(stack, DEMO), DEMO))
    options = ServerOptions()
    options.realize(["-c", str(file)])
    groups = {group.name: group for group in options.process_group_configs}
    assert sorted(groups, key=lambda name: groups[name].priority) == list(GROUPS)
    parts = {part.name: part for group in groups.values() for part in group.process_configs}
    assert set(parts) == PLAIN
    assert parts["aggregator"].stdout_logfile == str(root / ".oracle" / "logs" / "aggregator.log")
    assert parts["aggregator"].environment["ORACLE_PART"] == "aggregator"
    assert all(part.autorestart is not False and not part.autostart for part in parts.values())
    assert f"'{root}/.oracle/kafka'" in parts["kafka"].command


def test_a_deep_directory_gets_a_short_socket_path() -> None:
    deep = Path("/" + "deep/" * 30)
    assert len(os.fsencode(socket_path(deep))) <= 95
    assert socket_path(deep) != socket_path(deep / "er")
    assert socket_path(Path("/short")) == Path("/short/supervisor.sock")


def test_a_taken_port_is_told_with_its_owner_and_the_setting_that_moves_it(tmp_path: Path) -> None:
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1]
        stack = stack_in(tmp_path, KAFKA_PORT=str(number))
        with pytest.raises(PortTaken) as taken:
            check_ports([one for one in ports(stack, TABLE[:1]) if one[2] == "KAFKA_PORT"])
    assert f"port {number} (kafka) is taken by" in str(taken.value)
    assert f"(process {os.getpid()})" in str(taken.value)
    assert "KAFKA_PORT" in str(taken.value)


def test_two_settings_with_one_port_are_told() -> None:
    number = free_port()
    with pytest.raises(PortTaken, match=f"API_PORT and KAFKA_PORT both say {number}"):
        check_ports([(number, "kafka", "KAFKA_PORT"), (number, "api", "API_PORT")])


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("0.0.0.0", "http://127.0.0.1:8080/"),
        ("::", "http://[::1]:8080/"),
        ("[::1]", "http://[::1]:8080/"),
    ],
)
def test_the_dashboard_has_an_address_that_a_browser_opens(tmp_path: Path, host: str, url: str) -> None:
    assert stack_in(tmp_path, API_HOST=host).dashboard_url == url
