"""Serving: `python -m api.main` runs the HTTP API, the live stream and the dashboard on API_HOST:API_PORT."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import uvloop

from api.announced import Announced
from api.app import create_app
from api.changes import ChangesReader
from api.live import Live
from api.otlp_intake import OtlpIntake
from api.server import bind, open_server
from api.settings import ApiSettings, check
from runtime.health import Health
from runtime.kafka import Producer
from runtime.rejects import Rejecter
from runtime.service import Service, run
from runtime.store.opening import open_store
from runtime.store.protocol import Store
from schema.errors import StoreError

__all__ = ["create_app", "main", "serve"]

STORE_CHECK_SECONDS = 2.0


def main() -> None:
    """Start the service."""
    run("api", ApiSettings, serve, "store", "broker")


def serve(service: Service[ApiSettings]) -> None:
    """Serve until the service is asked to stop."""
    settings = service.settings
    check(settings)
    store = open_store(settings)
    try:
        live = Live(store, settings.oracle_environment)
        with (
            contextlib.closing(bind(settings.api_host, settings.api_port)) as listening,
            contextlib.closing(Producer(settings, "oracle-api")) as producer,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            server = open_server(create_app(settings, store, live, service.health, OtlpIntake(producer)))
            rejecter = Rejecter(producer, "api")
            service.log.info("serving", host=settings.api_host, port=listening.getsockname()[1])

            async def whole() -> None:
                loop = asyncio.get_running_loop()
                reader = ChangesReader(settings, rejecter, service.health, partial(_hand_over, loop, live))
                reading = asyncio.create_task(asyncio.to_thread(reader.run, service.stop))
                watching = asyncio.create_task(watch(store, service.health, producer.check))
                serving = asyncio.create_task(server.serve(sockets=[listening]))
                stopping = asyncio.create_task(asyncio.to_thread(service.stop.wait))
                await asyncio.wait(
                    {reading, watching, serving, stopping}, return_when=asyncio.FIRST_COMPLETED
                )
                service.stop.set()
                live.close()
                server.should_exit = True
                if not watching.done():
                    watching.cancel()
                await asyncio.gather(serving, reading, stopping)
                if not watching.cancelled():
                    # A fault of ours ended it, and so everything: it must not look like an ordinary stop.
                    watching.result()

            runner.run(whole())
    finally:
        store.close()


async def watch(store: Store, health: Health, check: Callable[[], None]) -> None:
    """Tell readiness how the store is, and liveness that the loop turns, every two seconds.

    Raises BrokerFatal once the producer cannot go on: what agents send could not be taken any more.
    """
    while True:
        health.turn()
        check()
        try:
            await asyncio.to_thread(store.ping)
            health.report("store", True)
        except StoreError as error:
            health.report("store", False, str(error))
        await asyncio.sleep(STORE_CHECK_SECONDS)


def _hand_over(loop: asyncio.AbstractEventLoop, live: Live, batch: list[Announced]) -> None:
    """Carry a batch from the reader's thread into the event loop's."""
    loop.call_soon_threadsafe(live.take, batch)


if __name__ == "__main__":
    main()
