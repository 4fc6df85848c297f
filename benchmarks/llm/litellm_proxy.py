"""LiteLLM's proxy as a peer: one model, no database, from the environment of the tests of real clients."""

import json
from pathlib import Path

from benchmarks.llm.requests import KEY
from tests.llm_clients.environments import python_of

ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "LITELLM_LOG": "ERROR",
    "LITELLM_MASTER_KEY": KEY, "DISABLE_ADMIN_UI": "True", "NO_DOCS": "True",
    "LITELLM_DONT_SHOW_FEEDBACK_BOX": "True",
}  # fmt: skip


def config(upstream: str) -> str:
    """Give its configuration (JSON is YAML): the benchmark's model at the upstream, nothing else on."""
    model = {"model": "openai/gpt-4o-mini", "api_base": f"{upstream}/v1", "api_key": "sk-benchmark"}
    document = {
        "model_list": [{"model_name": "gpt-4o-mini", "litellm_params": model}],
        "litellm_settings": {"telemetry": False, "num_retries": 0, "set_verbose": False},
    }
    return json.dumps(document)


def command(config_path: Path, port: int) -> list[str]:
    """Give its command line: one worker, as our proxy is one process.

    Raises PartMissing and StackError as `python_of` does.
    """
    program = python_of("litellm").parent / "litellm"
    return [
        str(program), "--config", str(config_path), "--host", "127.0.0.1", "--port", str(port),
        "--num_workers", "1",
    ]  # fmt: skip
