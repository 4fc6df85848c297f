"""Asks endpoints for their models, beside the calls: one that fails is told, and nothing else happens.

No key is sent: the proxy has none of its own. So an endpoint that asks for one is `unknown`; one that does
not answer is `unavailable`, and the source says why; one that answers is `available`. A default address that
nobody has set, and where nobody has ever answered, is not there: that is no failure.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import aiohttp
import msgspec

from collectors.llm_collector.addresses import SafeResolver
from collectors.llm_collector.endpoints import (
    Endpoint,
    Listing,
    endpoints_of,
    ollama_listing,
    openai_listing,
    seen,
    unseen,
)
from collectors.llm_collector.model_list import tracked_models
from collectors.llm_collector.names_apart import NamesApart
from collectors.llm_collector.routes import Routes
from collectors.llm_collector.settings import LlmSettings
from runtime.logs import logger
from schema.errors import AddressRefused, SourceDenied, SourceRefused, SourceUnavailable
from schema.observed import ModelObserved

INTERVAL_SECONDS = 60.0
RETRY_SECONDS = 10.0
"""After a first failure; doubled after each further one, up to the interval."""
TIMEOUT_SECONDS = 5.0
MAX_BODY_BYTES = 1024 * 1024


class Shows(Protocol):
    """Where models are shown."""

    def found(self, provider: str, models: Iterable[ModelObserved], reason: str) -> None:
        """Take what an endpoint says of its models; `reason` is why it cannot be read, or empty."""


def open_asking() -> aiohttp.ClientSession:
    """Open a client of its own: what is asked here takes no connection and no look-up from a call."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        connector=aiohttp.TCPConnector(resolver=SafeResolver(NamesApart()), limit=8, force_close=True),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
    )


def discovery_of(
    settings: LlmSettings, routes: Routes, client: aiohttp.ClientSession, board: Shows
) -> "Discovery":
    """Show the models that need no asking, and give what asks for the others."""
    for provider, models in tracked_models(settings).items():
        board.found(provider, models, "")
    return Discovery(endpoints_of(settings, routes), client, board)


class Discovery:
    """Asks each endpoint every minute, with jitter, until cancelled."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        client: aiohttp.ClientSession,
        board: Shows,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 - needs no secrecy
    ) -> None:
        self._endpoints = list(endpoints)
        self._client = client
        self._board = board
        self._jitter = jitter
        self._known: dict[str, list[str]] = {}

    async def run(self) -> None:
        """Ask all endpoints, side by side."""
        await asyncio.gather(*(self._ask_forever(endpoint) for endpoint in self._endpoints))

    async def ask(self, endpoint: Endpoint) -> bool:
        """Ask one endpoint and show what it said; say whether it answered."""
        known = self._known.get(endpoint.provider, [])
        try:
            listing = await self._listing(endpoint)
        except SourceUnavailable as error:
            # What answers, but does not say which models it has, may well serve calls.
            answers = isinstance(error, SourceDenied | SourceRefused)
            if endpoint.assumed and not known and not answers:
                self._board.found(endpoint.provider, [], "")
                return False
            models = unseen(endpoint, known, "unknown" if answers else "unavailable", str(error))
            self._board.found(endpoint.provider, models, "" if answers else str(error))
            return answers
        models = seen(endpoint, listing)
        self._known[endpoint.provider] = list(listing.models)
        self._board.found(endpoint.provider, models, _left_out(listing))
        return True

    async def _ask_forever(self, endpoint: Endpoint) -> None:
        failures = 0
        while True:
            try:
                failures = 0 if await self.ask(endpoint) else failures + 1
            except Exception as error:  # noqa: BLE001 - a fault here must stop neither the asking nor the proxy
                logger().error(
                    "an endpoint was not asked", provider=endpoint.provider, error=type(error).__name__
                )
                failures += 1
            wait = min(INTERVAL_SECONDS, RETRY_SECONDS * 2.0 ** min(failures - 1, 10))
            await asyncio.sleep((wait if failures else INTERVAL_SECONDS) * self._jitter())

    async def _listing(self, endpoint: Endpoint) -> Listing:
        document = await self._get(endpoint.listing)
        if endpoint.running is None:
            listing = openai_listing(document)
        else:
            try:
                running = await self._get(endpoint.running)
            except SourceUnavailable:
                running = None  # what is loaded is not told then; the models are
            listing = ollama_listing(document, running)
        if listing is None:
            raise SourceRefused(0, "its list of models is not of the form that is expected")
        return listing

    async def _get(self, url: str) -> Any:
        """Get a JSON document. Raises SourceUnavailable, or a kind of it when the endpoint answers."""
        try:
            async with self._client.get(url, allow_redirects=False) as response:
                _check(response)
                return msgspec.json.decode(await _body(response))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SourceRefused(0, "its list of models is no JSON") from None
        except TimeoutError:
            raise SourceUnavailable(f"no answer within {TIMEOUT_SECONDS:g} s") from None
        except aiohttp.ClientConnectorDNSError as error:
            refused = isinstance(error.os_error, AddressRefused)
            raise SourceUnavailable(
                str(error.os_error) if refused else "its name leads to no address"
            ) from None
        except aiohttp.ClientConnectorError as error:
            # The error's text holds the address; the system's word for the failure is enough.
            number = error.os_error.errno
            raise SourceUnavailable(
                f"no connection: {os.strerror(number)}" if number else "no connection"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise SourceUnavailable(f"no answer: {type(error).__name__}") from None


def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status in {401, 403}:
        raise SourceDenied(f"it asks for a key ({status}), and none is sent")
    # 500 is the list's failure, and calls may pass: LiteLLM without a database answers so to who has no key.
    if status > 500:
        raise SourceUnavailable(f"it answers {status}")
    if status != 200:
        raise SourceRefused(0, f"it does not tell its models: it answers {status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceRefused(0, "its list of models is compressed, which was not asked for")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise SourceRefused(0, f"its list of models is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _left_out(listing: Listing) -> str:
    count = len(listing.models)
    return f"it has {count + listing.more} models: the first {count} are shown" if listing.more else ""
