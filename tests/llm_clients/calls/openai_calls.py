"""The calls of the official openai SDK: `python -m … WAY ADDRESS KEY`, `direct` or `proxied`.

Runs inside the environment `sdk`. Nothing is configured but what every user sets: the base URL and the key.
"""

import sys
from typing import Any

import httpx2
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from tests.llm_clients.calls.making import make_all, of_async, run
from tests.llm_clients.calls.openai_table import AZURE_CALLS, MODEL_CALLS, OTHER_CALLS
from tests.llm_clients.calls.recording import Recorder

BASES = {"direct": ("/v1", ""), "proxied": ("/openai/v1", "/azure")}


async def calls(way: str, root: str, key: str) -> dict[str, Any]:
    """Make all calls one way; give them by client."""
    recorder = Recorder()
    recorder.wrap(httpx2)
    openai, azure = BASES[way]
    to_openai: Any = {"base_url": root + openai}
    to_azure: Any = {"azure_endpoint": root + azure, "api_version": "2025-04-01-preview"}
    one: Any = {"api_key": key}
    other: Any = {"api_key": of_async(key)}
    everything = MODEL_CALLS + OTHER_CALLS
    return {
        "OpenAI": await make_all(OpenAI(**to_openai, **one), everything, recorder),
        "AsyncOpenAI": await make_all(AsyncOpenAI(**to_openai, **other), everything, recorder),
        "AzureOpenAI": await make_all(AzureOpenAI(**to_azure, **one), AZURE_CALLS, recorder),
        "AsyncAzureOpenAI": await make_all(AsyncAzureOpenAI(**to_azure, **other), AZURE_CALLS, recorder),
    }


if __name__ == "__main__":
    run(lambda: calls(*sys.argv[1:]))
