"""The local stack's settings, and the environment that every one of its processes is started with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from dotenv import dotenv_values

from cli.stack.broker import Broker
from cli.stack.postgres import Postgres
from runtime.settings import BaseSettings, Port, load

ROOT = Path(__file__).resolve().parents[2]


class StackSettings(BaseSettings, frozen=True, kw_only=True):
    """The ports of the local stack, the directory of its data, and whether Kubernetes is watched."""

    oracle_home: str = ""
    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    llm_proxy_host: str = "127.0.0.1"
    llm_proxy_port: Port = 8090
    demo_model_port: Port = 8091
    health_port_base: Port = 8101
    kafka_port: Port = 19092
    kafka_controller_port: Port = 19093
    postgres_port: Port = 15432
    oracle_namespaces: tuple[str, ...] = ()
    oracle_allow_mocks: bool = False


@dataclass(frozen=True)
class Stack:
    """One local stack: where its data lies, its settings, and what the user's environment says."""

    home: Path
    settings: StackSettings
    environ: Mapping[str, str]

    @property
    def own_broker(self) -> bool:
        """Say whether the stack brings its own broker: none is configured."""
        return not self.environ.get("KAFKA_BOOTSTRAP_SERVERS")

    @property
    def own_database(self) -> bool:
        """Say whether the stack brings its own database: no storage is configured."""
        return not (self.environ.get("DATABASE_URL") or self.environ.get("SUPABASE_URL"))

    @property
    def watches_kubernetes(self) -> bool:
        """Say whether Kubernetes was asked for; a kubeconfig that merely lies around is no such wish."""
        return bool(self.settings.oracle_namespaces) or self.settings.oracle_allow_mocks

    @property
    def broker(self) -> Broker:
        """Give the stack's own broker."""
        return Broker(self.home / "kafka", self.settings.kafka_port, self.settings.kafka_controller_port)

    @property
    def postgres(self) -> Postgres:
        """Give the stack's own database."""
        return Postgres(self.home, self.settings.postgres_port)

    def fill(self, template: str) -> str:
        """Put settings, and `home`, in place of their names in braces."""
        return template.format(home=self.home, **msgspec.structs.asdict(self.settings))

    @property
    def logs(self) -> Path:
        """Give the directory of the parts' logs."""
        return self.home / "logs"

    def log_path(self, part: str) -> Path:
        """Give the file a part's output goes to."""
        return self.logs / f"{part}.log"

    @property
    def dashboard_url(self) -> str:
        """Give the URL to open in a browser on this machine."""
        host = self.settings.api_host.strip("[]")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.api_port}/"


def load_stack(process: Mapping[str, str] | None = None, root: Path = ROOT) -> Stack:
    """Read the process's environment and `.env` in the project's root; the process wins.

    Raises SettingError with one line that names the variable that is wrong.
    """
    process = os.environ if process is None else process
    from_file = {name: value for name, value in dotenv_values(root / ".env").items() if value}
    environ = {**from_file, **{name: value for name, value in process.items() if value}}
    settings = load(StackSettings, environ, root / ".env")
    home = Path(settings.oracle_home).expanduser() if settings.oracle_home else root / ".oracle"
    return Stack((root / home).resolve(), settings, environ)
