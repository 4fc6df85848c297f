"""The groups as their coordinators tell them by the admin API: all requests of a sample in flight at once.

This way needs DESCRIBE on the groups only. It tells no time of a commit, and costs a request per group.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from collectors.kafka_collector.client import BATCH, REQUEST_SECONDS, KafkaClient
from collectors.kafka_collector.sample import Commit, GroupSample, MemberSample
from collectors.kafka_collector.sample import TopicPartition as Place

WAIT_SECONDS = 60.0
ANSWER_SECONDS = 10.0
"""What is still open so long after the request before it was answered is given up, with all that is open."""
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
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Told:
    """What the coordinators told: the groups that could be read, and whether each has named its own.

    `lost` when the client seems to have lost its broker: begin with new connections.
    """

    groups: Mapping[str, GroupSample]
    whole: bool
    errors: tuple[str, ...] = ()
    lost: bool = False


class Coordinators:
    """Asks the coordinators for the groups whose name is `watched`."""

    def __init__(self, client: KafkaClient, watched: Callable[[str], bool]) -> None:
        self._client = client
        self._watched = watched
        self._errors: list[str] = []
        self._lost = False
        self._patience_seconds = ANSWER_SECONDS

    async def groups(self) -> Told:
        """Read every group: state, members, and committed offsets."""
        return await asyncio.to_thread(self._groups)

    async def rebalancing(self) -> dict[str, str]:
        """Give the groups that rebalance now, with their state; what is not told is left out."""
        return await asyncio.to_thread(self._rebalancing)

    async def commits(self, names: Collection[str]) -> dict[str, dict[Place, Commit]]:
        """Give the committed offsets of these groups; those that do not answer are left out."""
        return await asyncio.to_thread(self._commits, names)

    def _commits(self, names: Collection[str]) -> dict[str, dict[Place, Commit]]:
        self._patience_seconds = ANSWER_SECONDS
        answered, _ = self._settled(self._ask_commits(names))
        return {name: _committed(offsets) for name, offsets in answered.items()}

    def _ask_commits(self, names: Iterable[str]) -> "dict[str, Future[Any]]":
        futures: dict[str, Future[Any]] = {}
        for name in names:
            asked = [ConsumerGroupTopicPartitions(name)]
            futures |= self._client.admin.list_consumer_group_offsets(asked, request_timeout=NEVER_SECONDS)
        return futures

    def _rebalancing(self) -> dict[str, str]:
        request = self._client.admin.list_consumer_groups(
            request_timeout=REQUEST_SECONDS, states=_REBALANCING
        )
        try:
            listed = request.result(WAIT_SECONDS)
        except (KafkaException, TimeoutError):  # The state then is what the internal topic told last.
            return {}
        return {one.group_id: _STATES.get(one.state, "Unknown") for one in listed.valid}

    def _groups(self) -> Told:
        self._errors, self._lost, self._patience_seconds = [], False, ANSWER_SECONDS
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
        groups = self._read(states)
        return Told(groups, not listed.errors, tuple(self._errors), self._lost)

    def _read(self, states: Mapping[str, str]) -> dict[str, GroupSample]:
        with_members = [name for name, state in states.items() if state not in _MEMBERLESS]
        described: dict[str, Future[Any]] = {}
        for begin in range(0, len(with_members), BATCH):
            some = with_members[begin : begin + BATCH]
            described |= self._client.admin.describe_consumer_groups(some, request_timeout=NEVER_SECONDS)
        committed = self._ask_commits(states)
        descriptions, refused = self._settled(described)
        offsets, denied = self._settled(committed)
        refused |= denied
        self._errors.extend(f"group {name}: {reason}" for name, reason in refused.items())
        return {
            name: _group(name, state, descriptions.get(name), offsets.get(name), refused.get(name, ""))
            for name, state in states.items()
        }

    def _settled(self, futures: Mapping[str, "Future[Any]"]) -> tuple[dict[str, Any], dict[str, str]]:
        """Wait for all; give those that succeeded, and why the others did not."""
        good: dict[str, Any] = {}
        bad: dict[str, str] = {}
        for name, future in futures.items():
            try:
                good[name] = future.result(self._patience_seconds)
            except KafkaException as error:
                bad[name] = self._told(error)
            except TimeoutError:
                # All were asked at once: who has not answered by now is not waited for one by one.
                self._patience_seconds, self._lost = 0.0, True
                bad[name] = f"no answer in {ANSWER_SECONDS:g} s"
        return good, bad

    def _told(self, error: KafkaException | KafkaError) -> str:
        """Give an error's text, and note when it says that the client has lost its broker."""
        fault: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
        self._lost = self._lost or fault.code() in _LOST
        return fault.str()


def _group(name: str, state: str, description: Any, offsets: Any, refused: str) -> GroupSample:
    if refused:
        return GroupSample(name, state, refused=refused)
    return GroupSample(
        group=name,
        # The description is the newer of the two.
        state=_STATES.get(description.state, "Unknown") if description else state,
        members=_members(description.members) if description else (),
        commits=_committed(offsets),
    )


def _committed(offsets: Any) -> dict[Place, Commit]:
    # An offset below zero says that nothing is committed.
    return {
        (one.topic, one.partition): Commit(one.offset) for one in offsets.topic_partitions if one.offset >= 0
    }


def _members(members: Iterable[Any]) -> tuple[MemberSample, ...]:
    return tuple(
        MemberSample(
            one.member_id, one.client_id or "", one.host or "", _places(one.assignment.topic_partitions)
        )
        for one in members
    )


def _places(partitions: Iterable[TopicPartition]) -> tuple[Place, ...]:
    return tuple((one.topic, one.partition) for one in partitions)
