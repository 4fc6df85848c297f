"""From a service's frame to a running collector: what is the same in every collector's `main()`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from collectors.base.collector import Collector
from collectors.base.publisher import LogPublisher
from collectors.base.runner import Pace, Runner
from collectors.base.settings import CollectorSettings
from runtime.kafka import Producer, Topics, ensure_topics
from runtime.service import Service
from schema.errors import BrokerError

FLUSH_SECONDS = 5.0
DEPENDENCIES = ("kafka", "source")
"""What a collector's `/ready` tells."""

S = TypeVar("S", bound=CollectorSettings)


async def topics_of(service: Service[S]) -> Topics:
    """Wait for the broker, and give its topics; raises InterruptedError when asked to stop meanwhile."""
    return await asyncio.to_thread(
        service.until, "kafka", lambda: ensure_topics(service.settings), BrokerError
    )


def runner_of(
    service: Service[S], watched: Collector, instance: str, producer: Producer, topics: Topics
) -> Runner:
    """Compose a runner from a service's settings."""
    settings = service.settings
    return Runner(
        watched,
        instance,
        Pace(settings.observe_interval_seconds, settings.observe_refresh_seconds),
        LogPublisher(producer, settings.oracle_environment, topics.log_partitions),
        producer,
        service.health,
    )


async def serve(service: Service[S], watched: Collector, instance: str) -> None:
    """Run a collector until the service stops, then flush what it published."""
    topics = await topics_of(service)
    producer = Producer(service.settings, service.name)
    try:
        await runner_of(service, watched, instance, producer, topics).run()
    finally:
        left = producer.close(FLUSH_SECONDS)
        service.log.info("flushed", undelivered=left)


def main_of(
    make: Callable[[S], tuple[Collector, str]],
) -> Callable[[Service[S]], Awaitable[None]]:
    """Turn "settings → collector and instance" into a main for `runtime.service.run_async`."""

    async def main(service: Service[S]) -> None:
        watched, instance = make(service.settings)
        await serve(service, watched, instance)

    return main
