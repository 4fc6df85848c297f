"""Asks the groups' coordinators for committed offsets, and whether a group is gone: many groups a request.

`confluent_kafka` is not used for this: a coordinator that answers its OffsetFetch of an admin client with
NOT_COORDINATOR ends the process (librdkafka 2.16.0, issue 5040 there), and any rolling restart may bring
that. What is asked is in `group_questions`. Older brokers are asked for one group a request.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from collectors.kafka_collector.group_questions import (
    COORDINATOR,
    GONE,
    LISTED,
    MOVED,
    OFFSETS,
    Commits,
    Question,
)
from collectors.kafka_collector.second_client import load, second_config
from runtime.settings import BaseSettings

CLIENT_ID = "oracle-kafka-collector-groups"
BATCH = 500
IN_FLIGHT = 50
"""Requests of one group each that are under way at once, where the broker takes no more groups in one."""
MAX_ANSWER_BYTES = 256 * 1024 * 1024
BOOTSTRAP_SECONDS = 2.0
"""A server to begin with that stands still is given up after so long: the next attempt may meet another."""
CONNECT_SECONDS = 5.0
LOOKUP_SECONDS = 2.0
AGAIN_SECONDS = 0.2
BACKOFF_MAX_SECONDS = 1.0
_TIMED_OUT = frozenset({"KafkaTimeoutError", "RequestTimedOutError"})
Reason = str | int
"""Why a group is not told: the protocol's error code, or a text where no broker sent one."""
T = TypeVar("T")


@dataclass
class Answered(Generic[T]):
    """What the coordinators told of those groups of which they did, and why the others are not told."""

    told: dict[str, T] = field(default_factory=dict)
    refused: dict[str, Reason] = field(default_factory=dict)


class CoordinatorClient:
    """Asks one cluster; its connections stay open between questions, and are made anew after an error.

    One question at a time, from whichever thread.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._settings = settings
        self._manager: Any = None
        self._loop: Any = None
        self._at: dict[str, int] = {}
        self._faulty = False
        self._asking = threading.Lock()

    def offsets(self, names: Collection[str], seconds: float) -> Answered[Commits]:
        """Ask for all committed offsets of these groups; return within `seconds`."""
        if len(self._at) > 2 * len(names) + BATCH:  # Of groups that are no more, most of them.
            self._at = {}
        return self._ask(names, OFFSETS, seconds)

    def gone(self, names: Collection[str], seconds: float) -> Answered[bool]:
        """Ask whether these groups are gone: dead or not found, and not listed by their coordinator either.

        Asked to describe it a coordinator that has a group of the consumer protocol (KIP-848) calls it not
        found; but it lists it. Returns within twice `seconds`.
        """
        described = self._ask(names, GONE, seconds)
        listed = self._ask([name for name, gone in described.told.items() if gone], LISTED, seconds)
        told = {name: gone and not listed.told.get(name, True) for name, gone in described.told.items()}
        unknown = listed.refused.keys()
        return Answered(
            {name: gone for name, gone in told.items() if name not in unknown},
            {**described.refused, **listed.refused},
        )

    def _ask(self, names: Collection[str], question: Question[T], seconds: float) -> Answered[T]:
        if not names:
            return Answered()
        try:
            load()
            deadline = time.monotonic() + seconds
            with self._asking:
                return self._asked(names, question, deadline, seconds)
        except Exception as error:  # noqa: BLE001 - the library hands on whatever ends a connection
            return Answered(refused=dict.fromkeys(names, _text(error, seconds)))

    def _asked(
        self, names: Collection[str], question: Question[T], deadline: float, seconds: float
    ) -> Answered[T]:
        self._faulty = True  # Until all of it went well.
        try:
            self._connect(deadline)
            asking = _Asking(self._manager, self._loop, self._at, question, deadline, seconds)
            answered: Answered[T] = self._manager.run(asking.ask, list(names))
            self._faulty = asking.faulty
        finally:
            if self._faulty:
                self._disconnect()
        return answered

    def _connect(self, deadline: float) -> None:
        if self._manager is not None:
            return
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415
        from kafka.net.manager import KafkaConnectionManager  # noqa: PLC0415
        from kafka.net.selector import NetworkSelector  # noqa: PLC0415

        # Without a thread of its own the library works in the one that asks.
        self._loop = NetworkSelector(client_id=CLIENT_ID)
        self._manager = KafkaConnectionManager(
            self._loop,
            **second_config(self._settings, CLIENT_ID, CONNECT_SECONDS, MAX_ANSWER_BYTES),
            reconnect_backoff_max_ms=int(BACKOFF_MAX_SECONDS * 1000),
            # What is too much is refused by the library, not held back.
            max_in_flight_requests_per_connection=2 * IN_FLIGHT,
        )
        while True:
            try:
                self._manager.bootstrap(
                    timeout_ms=int(min(BOOTSTRAP_SECONDS, max(deadline - time.monotonic(), 0.001)) * 1000)
                )
            except KafkaTimeoutError:
                if time.monotonic() >= deadline:
                    raise
            else:
                return

    def _disconnect(self) -> None:
        before, self._manager, self._loop = (self._manager, self._loop), None, None
        self._at.clear()
        for one in before:
            if one is not None:
                # What is half broken may not let itself be closed: it is given up all the same.
                with suppress(Exception):
                    one.close()


class _Asking(Generic[T]):
    """One question to all the coordinators of its groups; runs in the library's loop."""

    def __init__(
        self,
        manager: Any,
        loop: Any,
        at: dict[str, int],
        question: Question[T],
        deadline: float,
        seconds: float,
    ) -> None:
        from kafka.errors import IncompatibleBrokerVersion, KafkaError  # noqa: PLC0415 - see _ask

        # The library hands on whatever ends a connection: of SASL, of TLS, of the socket.
        self._errors = (KafkaError, OSError, ValueError, RuntimeError)
        self._incompatible = IncompatibleBrokerVersion
        self._manager, self._loop, self._at = manager, loop, at
        self._question, self._deadline, self._seconds = question, deadline, seconds
        self._answered: Answered[T] = Answered()
        self._moved: dict[str, Reason] = {}
        self.faulty = False

    async def ask(self, names: list[str]) -> Answered[T]:
        """Ask once, and once more those whose coordinator is another one now, or not ready."""
        await self._round(names)
        if self._moved and time.monotonic() < self._deadline:
            again, self._moved = list(self._moved), {}
            for name in again:
                self._at.pop(name, None)
            await self._loop.sleep(min(AGAIN_SECONDS, max(self._deadline - time.monotonic(), 0)))
            await self._round(again)
        for name in self._moved:
            self._at.pop(name, None)
        self._answered.refused |= self._moved
        told = self._answered.told.keys() | self._answered.refused.keys()
        self._answered.refused |= {
            name: "its coordinator tells nothing of it" for name in names if name not in told
        }
        return self._answered

    async def _round(self, names: list[str]) -> None:
        known = [name for name in names if name in self._at]
        finding = self._manager.call_soon(self._find, [name for name in names if name not in self._at])
        await self._of_nodes(known)
        await finding

    async def _find(self, names: list[str]) -> None:
        """Ask which broker coordinates each of these groups, which any broker knows; then ask that."""
        asked, left = names, names
        for broker in self._manager.cluster.brokers():
            if not left:
                break
            left = await self._found(broker.node_id, left)
        await self._of_nodes([name for name in asked if name in self._at])

    async def _of_nodes(self, names: list[str]) -> None:
        by_node: dict[int, list[str]] = {}
        for name in names:
            by_node.setdefault(self._at[name], []).append(name)
        under_way = [self._manager.call_soon(self._of_node, node, some) for node, some in by_node.items()]
        for one in under_way:
            await one

    async def _found(self, node: int, names: list[str]) -> list[str]:
        """Ask this broker; give the groups of which it has not answered."""
        try:
            responses = await self._sent(node, names, COORDINATOR, LOOKUP_SECONDS)
        except self._errors as error:
            self.faulty = True
            self._moved.update(dict.fromkeys(names, _text(error, min(LOOKUP_SECONDS, self._seconds))))
            return names
        for some, response in responses:
            for name, coordinator, code in COORDINATOR.read(some, response):
                self._moved.pop(name, None)
                if coordinator is not None:
                    self._at[name] = coordinator
                elif code in MOVED:
                    self._moved[name] = code
                else:
                    self._answered.refused[name] = code
        return []

    async def _of_node(self, node: int, names: list[str]) -> None:
        for begin in range(0, len(names), BATCH):
            some = names[begin : begin + BATCH]
            try:
                responses = await self._sent(node, some, self._question, self._seconds)
            except self._errors as error:
                self.faulty = True
                reason = _text(error, self._seconds)
                # One that left one batch unanswered would take as long for each of the others.
                self._moved.update(dict.fromkeys(names[begin:], reason))
                return
            for asked, response in responses:
                self._take(self._question.read(asked, response))

    def _take(self, answers: Iterable[tuple[str, T | None, int]]) -> None:
        for name, told, code in answers:
            if code in MOVED:
                self._moved[name] = code
            elif told is None:
                self._answered.refused[name] = code
            else:
                self._answered.told[name] = told

    async def _sent(
        self, node: int, names: list[str], question: Question[Any], seconds: float
    ) -> list[tuple[Sequence[str], Any]]:
        """Send one request for these groups, or one for each to an older broker; give the responses."""
        try:
            return [(names, await self._answer(node, question.many(names), seconds))]
        except self._incompatible:
            if question.one is None:
                raise
        responses: list[tuple[Sequence[str], Any]] = []
        for begin in range(0, len(names), IN_FLIGHT):
            some = names[begin : begin + IN_FLIGHT]
            sent = [self._manager.call_soon(self._answer, node, question.one(name), seconds) for name in some]
            responses += [([name], await answer) for name, answer in zip(some, sent, strict=True)]
        return responses

    async def _answer(self, node: int, request: Any, seconds: float) -> Any:
        left_ms = 1000 * max(min(seconds, self._deadline - time.monotonic()), 0.001)
        sent = self._manager.send(request, node_id=node, request_timeout_ms=left_ms)
        # The library minds its own timeout only once it is connected.
        return await self._manager.wait_for(sent, left_ms)


def _text(error: Exception, seconds: float) -> str:
    """Say what went wrong without the library's own text, which may hold what a server sent."""
    # By their names: it may be the library itself that cannot be loaded.
    name = type(error).__name__
    return f"no answer in {seconds:g} s" if name in _TIMED_OUT else f"its coordinator cannot be asked: {name}"


def refusals(refused: Mapping[str, Reason], text: Callable[[int], str]) -> dict[str, str]:
    """Give the reasons as texts, the protocol's codes as `text` words them."""
    return {name: reason if isinstance(reason, str) else text(reason) for name, reason in refused.items()}
