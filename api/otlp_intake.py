"""What agents send to `/v1/*` into the intake topics, acknowledged before it is answered."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from runtime.kafka import Headers
from schema.errors import BrokerError
from schema.topics import HEADER_ENVIRONMENT

WAIT_SECONDS = 5.0
"""So long the broker may take; a client that is sent away sends again, which counts once."""
AT_ONCE = 4
"""So many bodies are unpacked and read at the same time, so that memory stays bounded."""


class Publishes(Protocol):
    """The part of `runtime.kafka.Producer` that is needed here."""

    def publish(
        self,
        topic: str,
        value: bytes,
        *,
        key: str | None = None,
        headers: Headers | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Hand one message over; raises QueueFull or BrokerFatal."""

    def undelivered_since(self) -> datetime | None:
        """Say since when nothing could be delivered, or None while deliveries come."""


class OtlpIntake:
    """Publishes to the intake; without a producer, as in an application for the tests, it is away."""

    def __init__(self, producer: Publishes | None = None) -> None:
        self._producer = producer
        self.room = asyncio.Semaphore(AT_ONCE)

    async def publish(self, topic: str, values: list[bytes], sender: str, environment: str | None) -> None:
        """Return once the broker has all of it; what one sender sends stays in its order, in one partition.

        Raises BrokerError when it does not answer; nothing more is handed to it while it is away, so that
        what waits for it does not grow.
        """
        if not values:
            return
        if self._producer is None or self._producer.undelivered_since():
            raise BrokerError("the broker does not answer")
        headers: Headers = [(HEADER_ENVIRONMENT, environment.encode())] if environment else []
        loop, done, waiting = asyncio.get_running_loop(), asyncio.Event(), len(values)

        def arrived() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                done.set()

        def delivered() -> None:  # in the producer's thread
            # At the end the loop is closed before the producer has flushed: nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(arrived)

        for value in values:
            self._producer.publish(topic, value, key=sender, headers=headers, delivered=delivered)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await done.wait()
        except TimeoutError:
            raise BrokerError(f"the broker did not answer within {WAIT_SECONDS} s") from None
