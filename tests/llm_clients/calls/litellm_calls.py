"""The calls of the litellm client: `python -m … WAY ADDRESS KEY`, `direct` or `proxied`.

Runs inside the environment `litellm`. Nothing is configured but what every user sets: `api_base` and the key.
"""

import sys
from typing import Any

import httpx
import litellm
from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport

from tests.llm_clients.calls.litellm_table import BASES, TABLE
from tests.llm_clients.calls.making import Made, make_all, of_async, run
from tests.llm_clients.calls.recording import Recorder


def based(way: str, root: str, key: str, asynchronous: bool) -> list[Made]:
    """Give the calls with the base URL of one way, for LiteLLM takes it with each call."""
    table = []
    for made in TABLE:
        provider = made.given["model"].partition("/")[0]
        given = {**made.given, "api_base": root + BASES[provider][way], "api_key": key}
        if provider == "azure":
            given["api_version"] = "2025-04-01-preview"
        table.append(Made(made.name, ("a" if asynchronous else "") + made.method, given))
    return table


async def calls(way: str, root: str, key: str) -> dict[str, Any]:
    """Make all calls one way; give them by function."""
    recorder = Recorder()
    recorder.wrap(httpx)
    recorder.wrap_async(httpx, LiteLLMAiohttpTransport)
    return {
        "completion": await make_all(litellm, based(way, root, key, False), recorder),
        "acompletion": await make_all(litellm, based(way, root, of_async(key), True), recorder),
    }


if __name__ == "__main__":
    run(lambda: calls(*sys.argv[1:]))
