"""The telemetry collector: the intake in one thread, the heartbeat beside it.

It reads agents' events, and the spans and logs that tell of calls of models which bypass the proxy.

`python -m collectors.telemetry_collector.collector` runs it as the source `telemetry@<bootstrap servers>`.
"""

import asyncio

from collectors.base.collector import Feed
from collectors.base.publisher import LogPublisher
from collectors.base.serve import FLUSH_SECONDS, runner_of, topics_of
from collectors.base.settings import CollectorSettings
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.events import EventReader
from collectors.telemetry_collector.intake import Intake, Topic
from collectors.telemetry_collector.logs import LogReader
from collectors.telemetry_collector.reading import Reader
from collectors.telemetry_collector.spans import SpanReader
from runtime import pricing
from runtime.kafka import Producer, Topics, open_consumer
from runtime.rejects import Rejecter
from runtime.service import Service, run_async
from schema.topics import EVENTS, OTLP_LOGS, OTLP_SPANS

GROUP = "oracle-telemetry"


class TelemetrySettings(CollectorSettings, frozen=True, kw_only=True):
    """What the telemetry collector can be told: your own prices, as the LLM proxy reads them."""

    llm_prices_file: str = ""


def intake_of(settings: CollectorSettings, producer: Producer, topics: Topics, group: str = GROUP) -> Intake:
    """Compose the intake from settings."""
    environments = Environments(settings.oracle_environment, settings.oracle_max_environments)
    readers: dict[str, Reader] = {
        EVENTS: EventReader(environments, settings.oracle_strict_schema),
        OTLP_SPANS: SpanReader(environments),
        OTLP_LOGS: LogReader(environments),
    }
    return Intake(
        open_consumer(settings, group),
        producer,
        LogPublisher(producer, settings.oracle_environment, topics.log_partitions),
        Rejecter(producer, "telemetry-collector"),
        {name: Topic(topics.ids[name], reader) for name, reader in readers.items()},
    )


async def serve(service: Service[TelemetrySettings]) -> None:
    """Read and beat until the service stops. Raises BrokerFatal."""
    pricing.load_prices(service.settings.llm_prices_file)
    topics = await topics_of(service)
    producer = Producer(service.settings, service.name)
    intake = intake_of(service.settings, producer, topics)
    source = Feed("telemetry")
    runner = runner_of(service, source, service.settings.kafka_bootstrap_servers, producer, topics)
    reading = asyncio.create_task(asyncio.to_thread(intake.run, service.stop))
    beating = asyncio.create_task(runner.run())
    try:
        done, _ = await asyncio.wait({reading, beating}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        service.stop.set()
        beating.cancel()
        # The intake leaves its group, which flushes and commits, before the producer is closed.
        await asyncio.gather(reading, beating, return_exceptions=True)
        left = producer.close(FLUSH_SECONDS)
        service.log.info("flushed", undelivered=left)


def main() -> None:
    """Run the service."""
    run_async("telemetry-collector", TelemetrySettings, serve, "kafka")


if __name__ == "__main__":
    main()
