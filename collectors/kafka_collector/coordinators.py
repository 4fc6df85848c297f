"""The groups as their coordinators tell them by the admin API: which there are, their members and commits.

This way needs DESCRIBE on the groups only. It tells no time of a commit. Commits are asked by a client of
their own (`coordinator_client`).
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import (
    ConsumerGroupState,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from collectors.kafka_collector.client import BATCH, REQUEST_SECONDS, KafkaClient
from collectors.kafka_collector.coordinator_client import CoordinatorClient, refusals
from collectors.kafka_collector.sample import Commit, GroupSample, MemberSample
from collectors.kafka_collector.sample import TopicPartition as Place

WAIT_SECONDS = 60.0
ANSWER_SECONDS = 10.0
"""What is still open so long after the request before it was answered is given up, with all that is open."""
REBALANCING_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""So long nobody is asked which groups rebalance, after a broker that did not answer."""
GONE_SECONDS = 2.0
UNLISTED_SECONDS = 600.0
"""So long after new connections did not list a group that its coordinator knows, they are tried again."""
NEVER_SECONDS = 3600.0
"""The longest timeout that the library takes, for requests to coordinators: they are given up by us.

One that the library itself gives up before it knows its coordinator ends the process once that answers (an
assertion on memory that is freed already, librdkafka 2.16.0, issue 4605 there). The client is closed instead.
"""
_STATES = {
    ConsumerGroupState.PREPARING_REBALANCING: "PreparingRebalance",
    ConsumerGroupState.COMPLETING_REBALANCING: "CompletingRebalance",
    ConsumerGroupState.STABLE: "Stable",
    ConsumerGroupState.DEAD: "Dead",
    ConsumerGroupState.EMPTY: "Empty",
}
_REBALANCING = {ConsumerGroupState.PREPARING_REBALANCING, ConsumerGroupState.COMPLETING_REBALANCING}
_MEMBERLESS = frozenset({"Empty", "Dead"})
_LOST = frozenset(
    {KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError.REQUEST_TIMED_OUT}
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the coordinators told: the groups that could be read, and whether each has named its own.

    `gone` are those of the groups that were asked about which their coordinator does not know, or calls dead;
    `doubtful` are the others of them, with why. `lost` when the client seems to have lost its broker: begin
    with new connections.
    """

    groups: Mapping[str, GroupSample]
    whole: bool
    errors: tuple[str, ...] = ()
    lost: bool = False
    gone: frozenset[str] = frozenset()
    doubtful: Mapping[str, str] = field(default_factory=dict)


class Coordinators:
    """Asks the coordinators for the groups whose name is `watched`."""

    def __init__(self, client: KafkaClient, watched: Callable[[str], bool]) -> None:
        self._client = client
        self._commits_client = CoordinatorClient(client.settings)
        self._watched = watched
        self._errors: list[str] = []
        self._lost = False
        self._unlisted: dict[str, float] = {}
        self._deadline = 0.0
        self._quiet_until = 0.0

    @property
    def lost(self) -> bool:
        """Say whether the client seems to have lost a broker when it was asked last."""
        return self._lost

    async def groups(self, missing: Collection[str] = ()) -> Told:
        """Read every group: state, members, and committed offsets; and ask whether the `missing` are gone."""
        return await asyncio.to_thread(self._groups, missing)

    async def rebalancing(self) -> dict[str, str]:
        """Give the groups that rebalance now, with their state; what is not told is left out.

        Waits for a second at most. Where a broker did not answer nobody is asked for some seconds: the state
        then is what the internal topic told last. `lost` tells it.
        """
        return await asyncio.to_thread(self._rebalancing)

    async def commits(self, names: Collection[str]) -> tuple[dict[str, dict[Place, Commit]], dict[str, str]]:
        """Give the committed offsets of these groups, and why those of the others are not told."""
        answered = await asyncio.to_thread(self._commits_client.offsets, names, ANSWER_SECONDS)
        return answered.told, refusals(answered.refused, _worded)

    def _rebalancing(self) -> dict[str, str]:
        self._lost = False
        if time.monotonic() < self._quiet_until:
            return {}
        request = self._client.admin.list_consumer_groups(
            request_timeout=REBALANCING_SECONDS, states=_REBALANCING
        )
        try:
            listed = request.result(2 * REBALANCING_SECONDS)
        except KafkaException as error:
            self._be_quiet()
            self._told(error)
            return {}
        except TimeoutError:
            self._be_quiet()
            self._lost = True
            return {}
        for fault in listed.errors:
            self._be_quiet()
            self._told(fault)
        return {one.group_id: _STATES.get(one.state, "Unknown") for one in listed.valid}

    def _be_quiet(self) -> None:
        self._quiet_until = time.monotonic() + QUIET_SECONDS

    def _groups(self, missing: Collection[str]) -> Told:
        self._errors, self._lost = [], False
        asked = self._commits_client.gone(missing, GONE_SECONDS)
        doubtful = refusals(asked.refused, _worded)
        known = [name for name, gone in asked.told.items() if not gone]
        doubtful |= dict.fromkeys(known, "it is known to its coordinator")
        try:
            request = self._client.admin.list_consumer_groups(request_timeout=REQUEST_SECONDS)
            listed = request.result(WAIT_SECONDS)
        except KafkaException as error:
            return Told({}, whole=False, errors=(f"groups: {self._told(error)}",), lost=self._lost)
        except TimeoutError:
            return Told({}, whole=False, errors=(f"groups: no answer in {WAIT_SECONDS:g} s",), lost=True)
        self._errors.extend(f"groups: {self._told(error)}" for error in listed.errors)
        states = {
            one.group_id: _STATES.get(one.state, "Unknown")
            for one in listed.valid
            if self._watched(one.group_id)
        }
        # The library lists the groups of those brokers that it knew of minutes ago: let it begin anew.
        # For each now and then: groups of other kinds are known to their coordinators and never listed.
        now = time.monotonic()
        tried = {
            name: at for name, at in self._unlisted.items() if name in missing and now - at < UNLISTED_SECONDS
        }
        unlisted = {name for name in known if name not in states and name not in tried}
        self._unlisted = tried | dict.fromkeys(unlisted, now)
        self._lost = self._lost or bool(unlisted)
        self._deadline = time.monotonic() + ANSWER_SECONDS
        groups = self._read(states)
        return Told(
            groups,
            not listed.errors,
            tuple(self._errors),
            self._lost,
            frozenset(name for name, gone in asked.told.items() if gone),
            doubtful,
        )

    def _read(self, states: Mapping[str, str]) -> dict[str, GroupSample]:
        with_members = [name for name, state in states.items() if state not in _MEMBERLESS]
        described: dict[str, Future[Any]] = {}
        for begin in range(0, len(with_members), BATCH):
            some = with_members[begin : begin + BATCH]
            described |= self._client.admin.describe_consumer_groups(some, request_timeout=NEVER_SECONDS)
        committed = self._commits_client.offsets(states, ANSWER_SECONDS)
        descriptions, refused = self._settled(described)
        refused |= refusals(committed.refused, _worded)
        self._errors.extend(f"group {name}: {reason}" for name, reason in refused.items())
        return {
            name: _group(name, state, descriptions.get(name), committed.told.get(name), refused.get(name, ""))
            for name, state in states.items()
        }

    def _settled(self, futures: Mapping[str, "Future[Any]"]) -> tuple[dict[str, Any], dict[str, str]]:
        """Wait for all until the deadline; give those that succeeded, and why the others did not."""
        good: dict[str, Any] = {}
        bad: dict[str, str] = {}
        for name, future in futures.items():
            try:
                good[name] = future.result(max(self._deadline - time.monotonic(), 0.0))
            except KafkaException as error:
                bad[name] = self._told(error)
            except TimeoutError:
                # The library still waits for it: it is ended by closing the client.
                self._lost = True
                bad[name] = f"no answer in {ANSWER_SECONDS:g} s"
        return good, bad

    def _told(self, error: KafkaException | KafkaError) -> str:
        """Give an error's text, and note when it says that the client has lost its broker."""
        fault: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
        self._lost = self._lost or fault.code() in _LOST
        return fault.str()


def _worded(code: int) -> str:
    return KafkaError(code).str()


def _group(
    name: str, state: str, description: Any, commits: dict[Place, Commit] | None, refused: str
) -> GroupSample:
    if refused or commits is None:
        return GroupSample(name, state, refused=refused)
    return GroupSample(
        group=name,
        # The description is the newer of the two.
        state=_STATES.get(description.state, "Unknown") if description else state,
        members=_members(description.members) if description else (),
        commits=commits,
    )


def _members(members: Iterable[Any]) -> tuple[MemberSample, ...]:
    return tuple(
        MemberSample(
            one.member_id, one.client_id or "", one.host or "", _places(one.assignment.topic_partitions)
        )
        for one in members
    )


def _places(partitions: Iterable[TopicPartition]) -> tuple[Place, ...]:
    return tuple((one.topic, one.partition) for one in partitions)
