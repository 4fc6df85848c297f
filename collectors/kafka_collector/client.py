"""What the broker's admin API says: one sample, all requests of a step in flight at once.

No message of a watched topic is read, and nothing is written. What one group or partition refuses does not
cost the rest.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    OffsetSpec,
)

from collectors.kafka_collector.translate import GroupSample, MemberSample, Offsets, Sample, TopicSample
from runtime.kafka import client_config
from runtime.settings import BaseSettings
from schema.errors import SourceUnavailable
from schema.topics import is_own

REQUEST_SECONDS = 5.0
_STATES = {
    ConsumerGroupState.PREPARING_REBALANCING: "PreparingRebalance",
    ConsumerGroupState.COMPLETING_REBALANCING: "CompletingRebalance",
    ConsumerGroupState.STABLE: "Stable",
    ConsumerGroupState.DEAD: "Dead",
    ConsumerGroupState.EMPTY: "Empty",
}
_LOST = frozenset(
    {KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError.REQUEST_TIMED_OUT}
)
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call] # the library does not annotate it
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call] # the library does not annotate it
K = TypeVar("K")
R = TypeVar("R")


class KafkaClient:
    """Samples one cluster."""

    def __init__(self, settings: BaseSettings, include_own: bool) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._include_own = include_own
        self._last_error = ""
        self._config: dict[str, Any] = {
            **client_config(settings, "oracle-kafka-collector"),
            "error_cb": self._note,
            # The reason is told once, by the runner; the library would tell it at each attempt to connect.
            "log_level": 0,
        }
        self._admin = AdminClient(self._config)
        self._lost = False

    async def sample(self) -> Sample:
        """Take one sample. Raises SourceUnavailable when the cluster does not answer."""
        if self._lost:
            # A client whose broker was killed asks a coordinator that is no more, and goes on doing so.
            self._admin, self._lost = await asyncio.to_thread(AdminClient, self._config), False
        self._admin.poll(0)
        self._last_error = ""
        listing = self._admin.list_consumer_groups(request_timeout=REQUEST_SECONDS)
        try:
            metadata = await asyncio.to_thread(self._admin.list_topics, timeout=REQUEST_SECONDS)
        except KafkaException as error:
            self._lost = True
            raise SourceUnavailable(self._reason(error)) from None
        errors: list[str] = []
        watched = {name: topic for name, topic in sorted(metadata.topics.items()) if self._watched(name)}
        topics = {name: topic for name, topic in watched.items() if not topic.error}
        errors.extend(f"topic {name}: {topic.error.str()}" for name, topic in watched.items() if topic.error)
        places = [(name, number) for name, topic in topics.items() for number in topic.partitions]
        listed, whole = await self._listed(listing, errors)
        groups, low, end = await asyncio.gather(
            self._groups(sorted(listed), errors),
            self._offsets(places, _EARLIEST, errors),
            self._offsets(places, _LATEST, errors),
        )
        return Sample(
            taken_at=time.monotonic(),
            brokers=len(metadata.brokers),
            topics=tuple(_topic(name, topic) for name, topic in topics.items()),
            groups=tuple(groups),
            listed_groups=listed if whole else None,
            low=low,
            end=end,
            errors=tuple(errors),
            refused_topics=frozenset(watched.keys() - topics.keys()),
        )

    async def _listed(self, listing: "Future[Any]", errors: list[str]) -> tuple[frozenset[str], bool]:
        """Give the watched groups, and whether every coordinator has named its own."""
        try:
            result = await asyncio.wrap_future(listing)
        except KafkaException as error:
            errors.append(f"groups: {self._told(error)}")
            return frozenset(), False
        errors.extend(f"groups: {self._told(error)}" for error in result.errors)
        names = frozenset(one.group_id for one in result.valid if self._watched(one.group_id))
        return names, not result.errors

    async def _groups(self, names: list[str], errors: list[str]) -> list[GroupSample]:
        if not names:
            return []
        described = self._admin.describe_consumer_groups(names, request_timeout=REQUEST_SECONDS)
        committed: dict[str, Future[Any]] = {}
        for name in names:
            request = [ConsumerGroupTopicPartitions(name)]
            committed |= self._admin.list_consumer_group_offsets(request, request_timeout=REQUEST_SECONDS)
        descriptions, offsets = await asyncio.gather(
            self._settled(described, "group", errors), self._settled(committed, "offsets of group", errors)
        )
        return [
            _group(descriptions[name], offsets[name])
            for name in names
            if name in descriptions and name in offsets
        ]

    async def _offsets(self, places: list[tuple[str, int]], spec: OffsetSpec, errors: list[str]) -> Offsets:
        if not places:
            return {}
        wanted = {TopicPartition(topic, number): spec for topic, number in places}
        futures = self._admin.list_offsets(wanted, request_timeout=REQUEST_SECONDS)
        by_place = {(place.topic, place.partition): future for place, future in futures.items()}
        settled = await self._settled(by_place, "offsets", errors)
        return {place: found.offset for place, found in settled.items()}

    async def _settled(self, futures: Mapping[K, "Future[R]"], what: str, errors: list[str]) -> dict[K, R]:
        """Wait for all, give those that succeeded, and note why the others did not."""
        results = await asyncio.gather(*map(asyncio.wrap_future, futures.values()), return_exceptions=True)
        good: dict[K, R] = {}
        for key, result in zip(futures, results, strict=True):
            if isinstance(result, KafkaException):
                errors.append(f"{what} {key}: {self._told(result)}")
            elif isinstance(result, BaseException):
                raise result
            else:
                good[key] = result
        return good

    def _told(self, error: KafkaException | KafkaError) -> str:
        """Give an error's text, and note when it says that the client has lost its broker."""
        fault: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
        self._lost = self._lost or fault.code() in _LOST
        return fault.str()

    def _watched(self, name: str) -> bool:
        return bool(name) and (self._include_own or not is_own(name))

    def _note(self, error: KafkaError) -> None:
        # "All brokers are down" says less than the error of one broker before it.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._last_error = error.str()

    def _reason(self, error: KafkaException) -> str:
        self._admin.poll(0)  # Hands over what was noted for `_note`.
        return f"{self._servers} does not answer: {self._last_error or error.args[0].str()}"


def _topic(name: str, metadata: Any) -> TopicSample:
    partitions = metadata.partitions.values()
    behind = sum(len(partition.isrs) < len(partition.replicas) for partition in partitions)
    return TopicSample(name, len(partitions), behind)


def _group(description: Any, offsets: Any) -> GroupSample:
    return GroupSample(
        group=description.group_id,
        state=_STATES.get(description.state, "Unknown"),
        members=tuple(
            MemberSample(
                member.member_id,
                member.client_id or "",
                member.host or "",
                _places(member.assignment.topic_partitions),
            )
            for member in description.members
        ),
        # An offset below zero says that nothing is committed.
        committed={
            (one.topic, one.partition): one.offset for one in offsets.topic_partitions if one.offset >= 0
        },
    )


def _places(partitions: Iterable[TopicPartition]) -> tuple[tuple[str, int], ...]:
    return tuple((one.topic, one.partition) for one in partitions)
