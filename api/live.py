"""The live side of the API: changes from one consumer for the whole process, out to every client.

Everything here happens in the event loop's thread; only the reader (`changes.py`) and the store's calls have
threads of their own. An environment is followed while it has clients, the API's own one always.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any
from uuid import UUID

from api.announced import Announced, document_of
from api.live_clients import Client, event
from api.live_state import Effect, LiveState, Load, SendPatch, SendState, SendStatus, SendTick
from runtime.logs import logger
from runtime.metrics import LIVE_CLIENTS
from runtime.store.protocol import Store, StoredSnapshot
from schema.errors import StoreError
from schema.wire import encode

LOAD_PAUSES_SECONDS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""A tick message follows its transaction; a replica or a busy store may still show it a moment later."""


class Live:
    """All live environments of this process."""

    def __init__(self, store: Store, usual_environment: str) -> None:
        self._store = store
        self._usual = usual_environment
        self._channels: dict[str, Channel] = {}
        self._closed = False

    def take(self, batch: Iterable[Announced]) -> None:
        """Take messages in the order of their partitions."""
        self._channel(self._usual)
        for announced in batch:
            if channel := self._channels.get(announced.message.environment):
                channel.take(announced)

    def join(self, environment: str, *, activity: bool) -> Client:
        """Add a client: it gets the present state, and from then on every change."""
        client = Client(activity=activity)
        if self._closed:
            client.end()
            return client
        self._channel(environment).join(client)
        LIVE_CLIENTS.inc()
        return client

    def leave(self, environment: str, client: Client) -> None:
        """Forget a client, and the environment when it was the last there."""
        channel = self._channels.get(environment)
        if channel is None or client not in channel.clients:
            return
        channel.clients.remove(client)
        LIVE_CLIENTS.dec()
        if not channel.clients and environment != self._usual:
            del self._channels[environment]

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for channel in self._channels.values():
            for client in channel.clients:
                client.end()

    def _channel(self, environment: str) -> "Channel":
        channel = self._channels.get(environment)
        if channel is None:
            channel = self._channels[environment] = Channel(environment, self._store)
        return channel


class Channel:
    """One environment: its state, its clients, and the loading of snapshots."""

    def __init__(self, environment: str, store: Store) -> None:
        self.clients: set[Client] = set()
        self._environment = environment
        self._store = store
        self._state = LiveState()
        self._tasks: set[asyncio.Task[None]] = set()
        self._frame: tuple[object, bytes] = (None, b"")

    def take(self, announced: Announced) -> None:
        """Take one message."""
        self._carry_out(self._state.take(announced))

    def join(self, client: Client) -> None:
        """Greet a client with what is known; before the first snapshot, with the newest stored one."""
        self.clients.add(client)
        if self._state.document is not None:
            client.offer(self._state_frame())
        if status := self._state.status:
            client.offer(_status_frame(status))
            if self._state.document is None:
                self._start(self._greet(client))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Load():
                    self._start(self._load(effect))
                case SendState():
                    self._send(self._state_frame())
                case SendTick(announced):
                    position = announced.message.generation, announced.message.sequence
                    self._send(event("tick", announced.raw, position))
                case SendPatch(announced):
                    self._send_patch(announced)
                case SendStatus():
                    self._send(_status_frame(effect))

    def _send(self, frame: bytes) -> None:
        for client in self.clients:
            client.offer(frame)

    def _send_patch(self, announced: Announced) -> None:
        position = announced.message.generation, announced.message.sequence
        for activity in (True, False):
            clients = [client for client in self.clients if client.activity is activity]
            if clients:
                frame = event("patch", announced.raw if activity else announced.without_activity(), position)
                for client in clients:
                    client.offer(frame)

    def _state_frame(self) -> bytes:
        """Give the whole document as an event; encoded once for all clients that come at the same time."""
        document = self._state.document
        if self._frame[0] is not document:
            self._frame = document, event("state", encode(document), self._state.position)
        return self._frame[1]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger().error("live state failed", environment=self._environment, exc_info=error)

    async def _load(self, load: Load) -> None:
        for pause_seconds in LOAD_PAUSES_SECONDS:
            await asyncio.sleep(pause_seconds)
            try:
                stored = await asyncio.to_thread(self._store.get, UUID(load.snapshot_id))
            except StoreError as error:
                logger().warning("live state waits for the store", error=str(error))
                continue
            if stored:
                document = await asyncio.to_thread(document_of, stored.document)
                self._carry_out(self._state.loaded(load, document))
                return
        self._carry_out(self._state.not_loaded(load))

    async def _greet(self, client: Client) -> None:
        """Show the newest stored snapshot, unless the live state is there by then; it has no position."""
        stored: StoredSnapshot | None = None
        try:
            stored = await asyncio.to_thread(self._store.newest, self._environment)
        except StoreError as error:
            logger().warning("no snapshot to greet a live client with", error=str(error))
        if stored and self._state.document is None and (status := self._state.status):
            client.offer(event("state", stored.document))
            client.offer(_status_frame(status))


def _status_frame(status: SendStatus) -> bytes:
    return event("status", encode({"status": status.status, "message": status.message}))
