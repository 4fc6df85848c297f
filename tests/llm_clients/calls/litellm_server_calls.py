"""The calls of the official openai SDK to LiteLLM's own proxy: `python -m … ADDRESS KEY`.

Runs inside the environment `sdk`.
"""

import sys
from typing import Any

import httpx2
from openai import OpenAI

from tests.llm_clients.calls.litellm_server_table import CALLS
from tests.llm_clients.calls.making import make_all, run
from tests.llm_clients.calls.recording import Recorder


async def calls(address: str, key: str) -> dict[str, Any]:
    """Make all calls."""
    recorder = Recorder()
    recorder.wrap(httpx2)
    # Its limits are what is looked at: no second try.
    client = OpenAI(base_url=address, api_key=key, max_retries=0)
    return await make_all(client, CALLS, recorder)


if __name__ == "__main__":
    run(lambda: calls(*sys.argv[1:]))
