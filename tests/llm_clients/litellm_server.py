"""LiteLLM's own proxy as an upstream: made-up answers, real limits, and nobody asked on the Internet."""

import http.client
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.llm_clients.environments import python_of
from tests.llm_clients.running import environment_of_clients
from tests.llm_clients.upstream import KEY

ANSWER = "Hello from LiteLLM"
RPM, TPM = 1, 10
_PATIENCE_SECONDS = 90
_MADE_UP = {"model": "openai/gpt-4o-mini", "api_key": "none", "mock_response": ANSWER}
_CONFIG = {
    "model_list": [
        {"model_name": "open", "litellm_params": _MADE_UP},
        {"model_name": "few-requests", "litellm_params": {**_MADE_UP, "rpm": RPM}},
        {"model_name": "few-tokens", "litellm_params": {**_MADE_UP, "tpm": TPM}},
    ],
    "general_settings": {"master_key": KEY},
    "router_settings": {"num_retries": 0, "optional_pre_call_checks": ["enforce_model_rate_limits"]},
    "litellm_settings": {"num_retries": 0, "telemetry": False},
}


@contextmanager
def litellm_server(port: int) -> Iterator[None]:
    """Run LiteLLM's proxy on a port until the end."""
    python = python_of("litellm")
    with tempfile.TemporaryDirectory(prefix="oracle-litellm-") as directory:
        config, log = Path(directory) / "config.yaml", Path(directory) / "log"
        config.write_text(json.dumps(_CONFIG), encoding="utf-8")  # JSON is YAML
        command = [
            str(python), str(python.with_name("litellm")), "--config", str(config), "--host", "127.0.0.1",
            "--port", str(port), "--num_workers", "1", "--telemetry", "False",
        ]  # fmt: skip
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command,
                cwd=directory,
                env=environment_of_clients(DISABLE_ADMIN_UI="True", NO_DOCS="True"),
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                _wait_until_alive(process, port, log)
                yield
            finally:
                _end(process)


def _wait_until_alive(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _is_alive(port):
        ended = process.poll() is not None
        assert not ended and time.monotonic() < deadline, log.read_text(errors="replace")[-4000:]  # noqa: PT018
        time.sleep(0.1)


def _is_alive(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/liveliness")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
