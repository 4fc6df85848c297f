"""The LLM proxy as a service: `python -m collectors.llm_collector.collector`.

It listens first and asks for the broker afterwards: calls are forwarded with or without it, and recorded when
it is there. `/ready` tells how the broker is, but does not turn red for it. Nothing that fails in publishing
ends the proxy.
"""

import asyncio
import math
import random
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import aiohttp
import uvicorn
import uvloop

from collectors.base.publisher import LogPublisher
from collectors.base.runner import Pace, Runner
from collectors.llm_collector.addresses import SafeResolver
from collectors.llm_collector.board import Board
from collectors.llm_collector.connection import Connection
from collectors.llm_collector.discovery import discovery_of, open_asking
from collectors.llm_collector.outbox import Outbox
from collectors.llm_collector.proxy import Proxy
from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from collectors.llm_collector.watch import recorder_of
from collectors.llm_collector.wire import Request, keep_header_bytes
from runtime import pricing
from runtime.health import Health
from runtime.kafka import Producer, Topics, ensure_topics
from runtime.metrics import DROPPED_RECORDS
from runtime.service import Service, run
from schema.errors import BrokerError, BrokerFatal, BrokerUnsuitable, SettingError

NAME = "llm-collector"
FLUSH_SECONDS = 5.0
DRAIN_SECONDS = 0.5
LAST_CALLS_SECONDS = 2.0
"""So long the calls that are cut at the end have, to be recorded."""
RETRY_SECONDS = 3.0
# Shorter than a server's patience (uvicorn: 5 s), so that no call meets a connection about to close.
IDLE_CONNECTION_SECONDS = 4.0
# Longer than clients keep an idle connection, for the same reason; Go is the most patient with 90 s.
KEEP_ALIVE_SECONDS = 100


class _Server(uvicorn.Server):
    """Uvicorn, leaving the signals to the service's frame."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Tolerant(Health):
    """Tells the broker's state without calling the proxy unready: forwarding does not need it."""

    def __init__(self, told: Health) -> None:
        super().__init__()
        self._told = told

    def report(self, dependency: str, ok: bool, detail: str = "") -> None:
        """Pass the word on, as a remark."""
        remark = "" if ok else f"calls are forwarded, and recorded later: {detail}"
        self._told.report(dependency, True, remark)

    def turn(self) -> None:
        """Pass the turn on."""
        self._told.turn()


def open_client(settings: LlmSettings) -> aiohttp.ClientSession:
    """Open the client towards the providers: no redirects, cookies, proxies of the environment or headers."""
    keep_header_bytes()
    return aiohttp.ClientSession(
        request_class=Request,
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        connector=aiohttp.TCPConnector(
            resolver=SafeResolver(), limit=0, keepalive_timeout=IDLE_CONNECTION_SECONDS
        ),
        timeout=aiohttp.ClientTimeout(
            total=None,
            sock_connect=settings.llm_proxy_connect_seconds,
            sock_read=settings.llm_proxy_silence_seconds,
        ),
        max_line_size=64 * 1024,
        max_field_size=64 * 1024,
    )


def server_of(app: Callable[..., Awaitable[None]], settings: LlmSettings) -> uvicorn.Server:
    """Make the server for the proxy: nothing of its own in the answers, nothing logged per request."""
    return _Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.llm_proxy_stop_seconds,
        )
    )


async def serve(service: Service[LlmSettings]) -> None:
    """Forward and record until the service stops."""
    settings = service.settings
    pricing.load_prices(settings.llm_prices_file)
    routes, board, outbox = Routes(settings), Board(), Outbox()
    recorder = recorder_of(settings, board, outbox)
    listening = _listen(settings)
    port = listening.getsockname()[1]
    async with open_client(settings) as client, open_asking() as asking:
        app = Proxy(routes, client, recorder, settings)
        server = server_of(app, settings)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        publishing = asyncio.create_task(_publish(service, board, outbox, f"{socket.gethostname()}:{port}"))
        discovering = asyncio.create_task(discovery_of(settings, routes, asking, board).run())
        stopping = asyncio.create_task(asyncio.to_thread(service.stop.wait))
        await asyncio.to_thread(pricing.warm_up)
        service.health.report("proxy", True)
        service.log.info("forwarding", port=port, providers=routes.providers)
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            service.stop.set()
            server.should_exit = True
            await serving
            unrecorded = await app.until_idle(LAST_CALLS_SECONDS)
            publishing.cancel()
            discovering.cancel()
            await asyncio.gather(publishing, discovering, return_exceptions=True)
            DROPPED_RECORDS.labels("call").inc(unrecorded)
            if lost := outbox.give_up() + unrecorded:
                service.log.warning("records of calls are lost", count=lost)


def _listen(settings: LlmSettings) -> socket.socket:
    host, port = settings.llm_proxy_host, settings.llm_proxy_port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingError(f"LLM_PROXY_PORT {port} cannot be served: {error.strerror}") from None
    if user_timeout := getattr(socket, "TCP_USER_TIMEOUT", None):
        # Connections inherit it: one whose client has taken nothing for so long ends also when all is sent
        # and only the kernel, or the server's buffer, still holds an answer's end.
        silence_ms = math.ceil(settings.llm_proxy_silence_seconds * 1000)
        listening.setsockopt(socket.IPPROTO_TCP, user_timeout, silence_ms)
    return listening


async def _publish(service: Service[LlmSettings], board: Board, outbox: Outbox, instance: str) -> None:
    """Publish entities and calls; what breaks is told, and begun anew: calls are forwarded without."""
    health = _Tolerant(service.health)
    health.report("kafka", False, "not asked yet")
    while True:
        try:
            topics = await _topics(service, health)
            await _publish_with(service, topics, board, outbox, instance, health)
        except BrokerFatal as error:
            service.log.error("broker client failed: another takes over", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the proxy must stay
            service.log.error("publishing broke off and begins anew", error=type(error).__name__)
            health.report("kafka", False, f"publishing broke off: {type(error).__name__}")
        await _pause(health)


async def _publish_with(
    service: Service[LlmSettings],
    topics: Topics,
    board: Board,
    outbox: Outbox,
    instance: str,
    health: Health,
) -> None:
    producer, unacknowledged = Producer(service.settings, service.name), 0
    outbox.publisher = LogPublisher(producer, service.settings.oracle_environment, topics.log_partitions)
    try:
        await _run(producer, service.settings, outbox, outbox.publisher, board, instance, health)
    except BrokerFatal:
        unacknowledged = producer.pending()
        raise
    finally:
        while outbox.drain():
            await asyncio.sleep(0)
        outbox.publisher = None
        left = await asyncio.to_thread(producer.close, FLUSH_SECONDS)
        DROPPED_RECORDS.labels("unacknowledged").inc(max(left, unacknowledged))
        service.log.info("flushed", undelivered=left, waiting=len(outbox))


async def _run(
    producer: Producer,
    settings: LlmSettings,
    outbox: Outbox,
    publisher: LogPublisher,
    board: Board,
    instance: str,
    health: Health,
) -> None:
    pace = Pace(settings.observe_interval_seconds, settings.observe_refresh_seconds)
    runner = asyncio.create_task(Runner(board, instance, pace, publisher, producer, health).run())
    try:
        while not runner.done():
            more = outbox.drain()
            await asyncio.wait({runner}, timeout=0 if more else DRAIN_SECONDS)
        await runner
    finally:
        runner.cancel()


async def _topics(service: Service[LlmSettings], health: Health) -> Topics:
    told = ""
    while True:
        health.turn()
        try:
            return await asyncio.to_thread(ensure_topics, service.settings)
        except BrokerError as error:
            health.report("kafka", False, str(error))
            if isinstance(error, BrokerUnsuitable) and told != str(error):
                told = str(error)
                service.log.error("the broker does not suit: no call is recorded", error=told)
            await _pause(health)


async def _pause(health: Health) -> None:
    await asyncio.sleep(random.uniform(0.1, RETRY_SECONDS))  # noqa: S311 - jitter needs no secrecy
    health.turn()


def main(service: Service[LlmSettings]) -> None:
    """Run the proxy on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(service))


if __name__ == "__main__":
    run(NAME, LlmSettings, main, "proxy")
