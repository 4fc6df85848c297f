"""Making the calls of a table, with a synchronous or an asynchronous client, and telling what came of each.

Runs inside the clients' environments.
"""

import asyncio
import inspect
import json
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, redirect_stdout
from operator import attrgetter
from typing import Any, NamedTuple

from tests.llm_clients.calls.recording import Recorder

ASYNC = "async"
"""The label of the asynchronous clients' keys."""


def of_async(key: str) -> str:
    """Give the asynchronous clients' key: with the others' own, their calls would be retries of those."""
    return f"{key}-{ASYNC}"


class Made(NamedTuple):
    """One call of a table: its name, the method of the client, and what it is given."""

    name: str
    method: str
    given: dict[str, Any]
    leaves_after: int | None = None
    """How many events of a stream are read before it is closed."""


async def make_all(client: Any, table: list[Made], recorder: Recorder) -> dict[str, Any]:
    """Make every call, one after the other; by name: what it returned or raised, and what was exchanged."""
    told: dict[str, Any] = {}
    for made in table:
        left_at: list[float] = []
        try:
            result = await _make(client, made, left_at)
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises is compared
            result = {"raised": type(error).__name__, "says": str(error)}
        exchanges = recorder.take()
        told[made.name] = {"result": result, "exchanges": exchanges, "left_at": left_at}
    return told


async def _make(client: Any, made: Made, left_at: list[float]) -> Any:
    returned = attrgetter(made.method)(client)(**made.given)
    is_synchronous = not inspect.isawaitable(returned) and not hasattr(returned, "__aenter__")
    if inspect.isawaitable(returned):
        returned = await returned
    async with AsyncExitStack() as stack:
        if hasattr(returned, "__aenter__"):
            returned = await stack.enter_async_context(returned)
        elif hasattr(returned, "__enter__"):
            returned = stack.enter_context(returned)
        if "with_raw_response" in made.method:
            parsed = returned.parse()
            parsed = await parsed if inspect.isawaitable(parsed) else parsed
            return {"headers": sorted(returned.headers.items()), "parsed": plain(parsed)}
        if "with_streaming_response" in made.method:
            returned = returned.iter_lines()
        if not _is_stream(returned):
            return plain(returned)
        return await _events(returned, is_synchronous, made.leaves_after, left_at)


def _is_stream(returned: Any) -> bool:
    # A model of pydantic iterates over its fields, a page of results over its items.
    is_iterator = hasattr(returned, "__aiter__") or hasattr(returned, "__next__")
    return is_iterator and not hasattr(returned, "model_dump")


async def _events(
    stream: Any, is_synchronous: bool, leaves_after: int | None, left_at: list[float]
) -> list[Any]:
    events: list[Any] = []

    def enough(event: Any) -> bool:
        events.append(plain(event))
        return len(events) == leaves_after

    # Some streams know both protocols, and fail when the wrong one is used.
    if is_synchronous:
        for event in stream:
            if enough(event):
                break
    else:
        async for event in stream:
            if enough(event):
                break
    if leaves_after is not None:
        left_at.append(time.monotonic())
        closing = stream.close()
        if inspect.isawaitable(closing):
            await closing
    return events


def plain(value: Any) -> Any:
    """Give a result as JSON can."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", warnings=False)
    if hasattr(value, "content") and isinstance(value.content, bytes):
        return value.content.hex()
    json.dumps(value)
    return value


def run(making: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> None:
    """Make the calls and print what came of them, and nothing else: libraries may print too."""
    with redirect_stdout(sys.stderr):
        told = asyncio.run(making())
    json.dump(told, sys.stdout)
