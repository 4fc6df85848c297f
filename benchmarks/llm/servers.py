"""The processes of this part: upstreams, and what forwards to them; each ends with the block, or with us."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.llm import litellm_proxy
from benchmarks.llm.requests import HEADERS, answer, body
from benchmarks.memory import memory_of
from cli.stack.server import KafkaServer, free_port

PATH = "/v1/chat/completions"
ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 90.0
_NGINX = """worker_processes 1; master_process off; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http}
}}
"""
_ANSWERING = """server {{ listen 127.0.0.1:{port} backlog=1024; default_type application/json;
    location / {{ return 200 '{answer}'; }} }}"""
_FORWARDING = """upstream up {{ server {upstream}; keepalive 256; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{
    proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    proxy_request_buffering off; }} }}"""


@dataclass(frozen=True)
class Target:
    """Something that answers or forwards; `pid` is the process that is measured."""

    name: str
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Give the CPU that it has used so far."""
        used = psutil.Process(self.pid).cpu_times()
        return used.user + used.system

    def uss_mib(self) -> float:
        """Give the memory that it has for itself alone."""
        return memory_of(self.pid).uss / 1024 / 1024


@dataclass(frozen=True)
class Ours(Target):
    """Our proxy, which tells of itself at `health_url`."""

    health_url: str

    def dropped(self) -> int:
        """Give how many records of calls it has dropped: what was not recorded was not measured."""
        lines = httpx.get(f"{self.health_url}/metrics", timeout=10).text.splitlines()
        told = [line for line in lines if line.startswith("oracle_dropped_records_total")]
        return int(sum(float(line.rpartition(" ")[2]) for line in told))


@dataclass(frozen=True)
class Field:
    """An upstream, and the ways to it: straight, and through each proxy."""

    direct: Target
    ours: Ours
    bare: Target
    nginx: Target
    litellm: Target

    @property
    def proxies(self) -> tuple[Target, ...]:
        """Give what forwards."""
        return self.ours, self.bare, self.nginx, self.litellm


@contextmanager
def field(folder: Path, *, streaming: bool, say: Callable[[str], None]) -> Iterator[Field]:
    """Run an upstream and everything in front of it. Raises RuntimeError when something does not start."""
    ground = Ground(folder, body(streaming))
    with ExitStack() as stack:
        start = stack.enter_context
        upstream = start(
            ground.module("speaker", "upstream")
            if streaming
            else ground.nginx("upstream", _ANSWERING, answer=answer())
        )
        address = upstream.url.removesuffix(PATH)
        kafka = KafkaServer(_made(folder / "broker"))
        kafka.start()
        stack.callback(kafka.stop)
        ours = start(ground.ours(address, kafka.bootstrap_servers))
        bare = start(ground.module("bare", "bare pass-through", address))
        forwarding = start(ground.nginx("nginx", _FORWARDING, upstream=address.removeprefix("http://")))
        say("llm: starting LiteLLM's proxy")
        litellm = start(ground.litellm(address))
        yield Field(upstream, ours, bare, forwarding, litellm)


@dataclass(frozen=True)
class Ground:
    """Where the processes keep their files, and what each must answer before it counts as started."""

    folder: Path
    asked: bytes

    @contextmanager
    def ours(self, upstream: str, bootstrap_servers: str) -> Iterator[Ours]:
        """Run our proxy, as the service that it is."""
        port, health_port = free_port(), free_port()
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, "OPENAI_BASE_URL": upstream,
            "LLM_PROXY_PORT": str(port), "HEALTH_PORT": str(health_port), "ORACLE_LOG_LEVEL": "warning",
        }  # fmt: skip
        command = [sys.executable, "-m", "collectors.llm_collector.collector"]
        with self._started("our proxy", command, f"http://127.0.0.1:{port}/openai{PATH}", settings) as one:
            yield Ours(one.name, one.url, one.pid, f"http://127.0.0.1:{health_port}")

    def module(self, module: str, name: str, *arguments: str) -> AbstractContextManager[Target]:
        """Run a module of this part; its arguments follow its port."""
        port = free_port()
        command = [sys.executable, "-m", f"benchmarks.llm.{module}", str(port), *arguments]
        return self._started(name, command, f"http://127.0.0.1:{port}{PATH}")

    def nginx(self, name: str, http: str, **values: str) -> AbstractContextManager[Target]:
        """Run nginx with this inside of its `http`."""
        port, own = free_port(), _made(self.folder / name)
        config = own / "nginx.conf"
        config.write_text(_NGINX.format(folder=own, http=http.format(port=port, **values)))
        command = ["nginx", "-c", str(config), "-e", "stderr"]
        return self._started(name, command, f"http://127.0.0.1:{port}{PATH}")

    def litellm(self, upstream: str) -> AbstractContextManager[Target]:
        """Run LiteLLM's proxy."""
        port = free_port()
        config = self.folder / "litellm.yaml"
        config.write_text(litellm_proxy.config(upstream))
        command = litellm_proxy.command(config, port)
        url = f"http://127.0.0.1:{port}{PATH}"
        return self._started("LiteLLM's proxy", command, url, litellm_proxy.ENVIRONMENT)

    @contextmanager
    def _started(
        self, name: str, command: Sequence[str], url: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Target]:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.PIPE, stdout=words,
                stderr=words, env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
                cwd=self.folder, start_new_session=True,  # away from a `.env` of whoever measures
            )  # fmt: skip
        try:
            self._wait_until_it_answers(process, name, url, log)
            yield Target(name, url, process.pid)
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()

    def _wait_until_it_answers(
        self, process: "subprocess.Popen[bytes]", name: str, url: str, log: Path
    ) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            try:
                answered = httpx.post(url, content=self.asked, headers=HEADERS, timeout=10)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answered.is_success:
                return
            time.sleep(0.5)
        raise RuntimeError(f"{name} does not answer: {log.read_text(errors='replace')[-1500:]}")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
