"""The calls of the official anthropic SDK: `python -m … WAY ADDRESS KEY`, `direct` or `proxied`.

Runs inside the environment `sdk`. Nothing is configured but what every user sets: the base URL and the key.
"""

import sys
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic

from tests.llm_clients.calls.anthropic_table import MODEL_CALLS, OTHER_CALLS
from tests.llm_clients.calls.making import make_all, of_async, run
from tests.llm_clients.calls.recording import Recorder

BASES = {"direct": "", "proxied": "/anthropic"}


async def calls(way: str, root: str, key: str) -> dict[str, Any]:
    """Make all calls one way; give them by client."""
    recorder = Recorder()
    recorder.wrap(httpx2)
    given: Any = {"base_url": root + BASES[way]}
    one: Any = {"api_key": key}
    other: Any = {"api_key": of_async(key)}
    everything = MODEL_CALLS + OTHER_CALLS
    return {
        "Anthropic": await make_all(Anthropic(**given, **one), everything, recorder),
        "AsyncAnthropic": await make_all(AsyncAnthropic(**given, **other), everything, recorder),
    }


if __name__ == "__main__":
    run(lambda: calls(*sys.argv[1:]))
