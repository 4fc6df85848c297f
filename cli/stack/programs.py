"""The parts of the local stack, as one table: what runs, in which environment, where it shows readiness.

To add a part, add a row. A Python part gets HEALTH_PORT by its row (HEALTH_PORT_BASE is the first row's) and
answers /ready there. `{…}` in arguments and environment are fields of the settings, or `home`.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cli.stack.jars import missing
from cli.stack.settings import Stack
from cli.stack.upstream import Upstream

Group = Literal["infrastructure", "services", "collectors", "agents"]
GROUPS: tuple[Group, ...] = ("infrastructure", "services", "collectors", "agents")
"""They stop in the reverse order, so that each can flush into the one before."""

Ready = Literal["health", "api", "model", "kafka", "postgres"]
"""Where readiness is asked: HEALTH_PORT, the API's or the model server's port, the servers' own protocol."""


@dataclass(frozen=True)
class Program:
    """One part: a Python module that runs as its own process; `ports` are settings' names."""

    name: str
    group: Group
    module: str
    ready: Ready = "health"
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    start_seconds: int = 60


def _agent(name: str, module: str) -> Program:
    return Program(name, "agents", module, environment={"ORACLE_WORKLOAD": name}, stop_seconds=15)


TABLE = (
    Program(
        "kafka",
        "infrastructure",
        "cli.stack.broker",
        ready="kafka",
        arguments=("{home}/kafka", "{kafka_port}", "{kafka_controller_port}"),
        ports=("kafka_port", "kafka_controller_port"),
        stop_seconds=20,
        start_seconds=240,  # the first time it may fetch its jars
    ),
    Program(
        "postgres",
        "infrastructure",
        "cli.stack.postgres",
        ready="postgres",
        arguments=("{home}", "{postgres_port}"),
        ports=("postgres_port",),
        stop_signal="INT",  # sessions are ended, not waited for
        stop_seconds=20,
    ),
    Program("aggregator", "services", "aggregator.aggregator"),
    Program("api", "services", "api.main", ready="api", ports=("api_port",)),
    Program("process-collector", "collectors", "collectors.process_collector.collector"),
    Program("kafka-collector", "collectors", "collectors.kafka_collector.collector"),
    Program(
        "llm-collector",
        "collectors",
        "collectors.llm_collector.collector",
        ports=("llm_proxy_port",),
        stop_seconds=15,  # running calls may end first
    ),
    Program("telemetry-collector", "collectors", "collectors.telemetry_collector.collector"),
    Program(
        "demo-model-server", "collectors", "cli.demo.model_server", ready="model", ports=("demo_model_port",)
    ),
    _agent("orchestrator", "agents.orchestrator.agent"),
    _agent("writer-agent", "agents.writer_agent.agent"),
    # Last, for its place in the table is its port, and those of the others are documented.
    Program(
        "k8s-collector",
        "collectors",
        "collectors.k8s_collector.collector",
        start_seconds=40,  # for thousands of pods; a cluster that does not answer holds nothing else up
    ),
)


def programs(stack: Stack, upstream: Upstream) -> tuple[Program, ...]:
    """Give the parts that this stack runs: none that the user's environment provides or does not ask for."""
    absent = {
        *(() if stack.own_broker else ("kafka",)),
        *(() if stack.own_database else ("postgres",)),
        *(() if upstream.demo else ("demo-model-server",)),
        *(() if stack.watches_kubernetes else ("k8s-collector",)),
    }
    return tuple(program for program in TABLE if program.name not in absent)


def command(stack: Stack, program: Program) -> list[str]:
    """Give the command line of a part: no secret is ever in it."""
    return [sys.executable, "-m", program.module, *(stack.fill(value) for value in program.arguments)]


def health_port(stack: Stack, program: Program) -> int:
    """Give a part's health port, which its row of the table fixes."""
    return stack.settings.health_port_base + TABLE.index(program)


def shared_environment(stack: Stack, upstream: Upstream) -> dict[str, str]:
    """Give what all parts are started with, secrets included; what the user has set stays as it is."""
    settings = stack.settings
    defaults = {
        "API_HOST": settings.api_host,
        "API_PORT": str(settings.api_port),
        "LLM_PROXY_HOST": settings.llm_proxy_host,
        "LLM_PROXY_PORT": str(settings.llm_proxy_port),
        "DEMO_MODEL_PORT": str(settings.demo_model_port),
        "PYTHONUNBUFFERED": "1",
        **upstream.agent_environment,
    }
    if stack.own_broker:
        defaults["KAFKA_BOOTSTRAP_SERVERS"] = stack.broker.bootstrap_servers
        if missing():  # the fallback broker's log does not last
            defaults["ORACLE_EPHEMERAL"] = "true"
    if stack.own_database:
        defaults["DATABASE_URL"] = stack.postgres.url
    return {**defaults, **stack.environ, "ORACLE_STACK": str(stack.home)}


def own_environment(stack: Stack, program: Program, upstream: Upstream) -> dict[str, str]:
    """Give what one part is started with besides; nothing secret, for it is written to a file."""
    proxy = upstream.proxy_environment if program.name == "llm-collector" else {}
    return {
        "ORACLE_PART": program.name,
        "HEALTH_PORT": str(health_port(stack, program)),
        **{name: stack.fill(value) for name, value in program.environment.items()},
        **{name: value for name, value in proxy.items() if name not in stack.environ},
    }


def ports(stack: Stack, chosen: tuple[Program, ...]) -> Iterator[tuple[int, str, str]]:
    """Give every port that the parts need: its number, the part, and the setting that moves it."""
    for program in chosen:
        for name in program.ports:
            yield int(getattr(stack.settings, name)), program.name, name.upper()
        if program.group != "infrastructure":
            yield health_port(stack, program), program.name, "HEALTH_PORT_BASE"
