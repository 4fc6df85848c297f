"""Look-ups of names that share nothing with those of calls.

The loop resolves names in a few threads, which all of the process shares. A name server that hangs holds such
a thread for half a minute, whatever was given up meanwhile: a dead endpoint that is asked for its models must
not hold up a call. So each look-up has a thread of its own here, a few at a time, and none is waited for at
the end.
"""

import asyncio
import socket
import threading
from contextlib import suppress

from aiohttp.abc import AbstractResolver, ResolveResult

MAX_LOOKUPS = 8
Found = list[ResolveResult] | OSError


class NamesApart(AbstractResolver):
    """Resolves as the system does, in threads of its own."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a name. Raises OSError, also when too many look-ups hang."""
        if not self._free.acquire(blocking=False):
            raise OSError("too many look-ups of names are waiting")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()

        def look_up() -> None:
            found = _look_up(host, port, family)
            self._free.release()
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(_tell, answer, found)

        threading.Thread(target=look_up, name=f"look-up of {host}", daemon=True).start()
        found = await answer
        if isinstance(found, OSError):
            raise found
        return found

    async def close(self) -> None:
        """Nothing is open: the threads end by themselves."""


def _tell(answer: asyncio.Future[Found], found: Found) -> None:
    if not answer.done():
        answer.set_result(found)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> Found:
    try:
        addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError:
        return OSError("this cannot be a name")
    except OSError as error:
        return error
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in addresses
    ]
