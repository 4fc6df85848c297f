"""Blocking calls of the transport, each in a thread that the end of the service does not wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Give what a call returns, or raise what it raises.

    `asyncio.to_thread` has few threads, which a server that answers nothing would soon hold, and waits for
    them at the end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[R] = loop.create_future()

    def settle(value: R | None, error: BaseException | None) -> None:
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # without an error it is the value

    def run() -> None:
        value, error = None, None
        try:
            value = call(*args, **kwargs)
        except BaseException as raised:  # noqa: BLE001 - it is raised where it is awaited
            error = raised
        with suppress(RuntimeError):  # The loop may have ended meanwhile.
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name="kubernetes-api", daemon=True).start()
    return await answer
