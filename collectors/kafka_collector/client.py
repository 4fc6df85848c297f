"""The cluster's metadata, watermarks, and offsets by timestamp: the requests that every sample needs.

No message of a watched topic is read, no group is joined, and nothing is written. What one partition or one
broker refuses does not cost the rest.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from collectors.kafka_collector.sample import Answers, ClusterMetadata, TopicSample
from collectors.kafka_collector.sample import TopicPartition as Place
from collectors.kafka_collector.sizes import ask_for
from runtime.kafka import client_config
from runtime.settings import BaseSettings
from schema.errors import SettingError, SourceUnavailable

CLIENT_ID = "oracle-kafka-collector"
INTERNAL_TOPIC = "__consumer_offsets"
REQUEST_SECONDS = 5.0
BATCH = 250
"""Partitions of one request.

What the library spends on a partition grows with the length of the list: 23 us at 5,000, 3 us at 250
(measured with confluent-kafka 2.16.1; docs/adr/0010).
"""
EARLIEST, LATEST = -2, -1
"""The timestamps that stand for the watermarks in ListOffsets (KIP-79)."""

_PASSING = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._DESTROY,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_CONTROLLER,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""What says nothing of the topic that was asked about: it may be answered soon."""


class KafkaClient:
    """Asks one cluster."""

    def __init__(self, settings: BaseSettings) -> None:
        self.settings = settings
        self.servers = settings.kafka_bootstrap_servers
        self.ask_sizes = ask_for(settings)
        self._last_error = ""
        self.config: dict[str, Any] = {
            **client_config(settings, CLIENT_ID),
            # The reason is told once, by the runner; the library would tell it at each attempt to connect.
            "log_level": 0,
        }
        try:
            self._open()
        except KafkaException as error:
            raise SettingError(f"the Kafka client refuses its settings: {error.args[0].str()}") from None

    def reopen(self) -> None:
        """Begin with new connections: a client whose broker was killed may go on asking what is no more.

        Raises SourceUnavailable where that fails, as while a certificate is being replaced.
        """
        before = self._consumer
        try:
            self._open()
        except KafkaException as error:
            raise SourceUnavailable(f"the Kafka client cannot begin anew: {error.args[0].str()}") from None
        before.close()

    def _open(self) -> None:
        told = {**self.config, "error_cb": self._note}
        admin = AdminClient(told)
        # Only its requests for offsets are used: it is given no partition and subscribes to nothing. The
        # high watermark is wanted, as Kafka's own tool shows it, not the last stable offset.
        self._consumer = Consumer(
            {
                **told,
                "group.id": CLIENT_ID,
                "enable.auto.commit": False,
                "isolation.level": "read_uncommitted",
            }
        )
        self.admin = admin

    async def metadata(self, sizes: Mapping[str, int]) -> ClusterMetadata:
        """Read which brokers, topics and partitions there are. Raises SourceUnavailable.

        The topics are given their `sizes` in bytes, as far as these are known.
        """
        self.admin.poll(0)
        self._last_error = ""
        try:
            told = await asyncio.to_thread(self._list_topics)
        except KafkaException as error:
            raise SourceUnavailable(self._reason(error)) from None
        return _metadata(told, sizes)

    def _list_topics(self) -> Any:
        # Each client knows the brokers that it was told of last. The admin client asks every one of them for
        # its groups: for that, one topic is enough.
        self.admin.list_topics(INTERNAL_TOPIC, timeout=REQUEST_SECONDS)
        return self._consumer.list_topics(timeout=REQUEST_SECONDS)

    async def watermarks(self, leaders: Mapping[Place, int], which: int) -> Answers:
        """Ask the watermark of each partition: `which` is EARLIEST or LATEST; `leaders` says whom to ask."""
        return await asyncio.to_thread(self._watermarks, leaders, which)

    async def first_at(self, questions: Mapping[Place, int]) -> dict[Place, tuple[int, int]]:
        """Ask for the first record at or after a time, in milliseconds since the epoch.

        Gives its offset and its timestamp, each -1 for what there is not. Partitions that do not answer are
        left out.
        """
        return await asyncio.to_thread(self._first_at, questions)

    async def compacted(self, topics: Collection[str]) -> dict[str, bool]:
        """Say whether these topics are compacted; those of which nobody tells it now are left out.

        One whose settings may not be read counts as not.
        """
        return await asyncio.to_thread(self._compacted, topics)

    async def topic_ids(self, topics: Collection[str]) -> dict[str, str]:
        """Give the topics' names by their ids; those that may not be described are left out."""
        return await asyncio.to_thread(self._topic_ids, list(topics))

    def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        futures: dict[str, Any] = {}
        for begin in range(0, len(topics), BATCH):
            some = TopicCollection(topics[begin : begin + BATCH])
            futures |= self.admin.describe_topics(some, request_timeout=REQUEST_SECONDS)
        names = {}
        for name, future in futures.items():
            try:
                names[str(future.result(2 * REQUEST_SECONDS).topic_id)] = name
            except (KafkaException, TimeoutError):  # Its members are shown without it.
                continue
        return names

    def _compacted(self, topics: Collection[str]) -> dict[str, bool]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
        futures = self.admin.describe_configs(resources, request_timeout=REQUEST_SECONDS) if resources else {}
        compacted = {}
        for resource, future in futures.items():
            try:
                policy = future.result(2 * REQUEST_SECONDS)["cleanup.policy"].value
            except TimeoutError:
                continue
            except KafkaException as error:
                if error.args[0].code() in _PASSING:
                    continue
                policy = ""  # Not permitted: then its messages count as complete.
            compacted[resource.name] = "compact" in policy
        return compacted

    def _watermarks(self, leaders: Mapping[Place, int], which: int) -> Answers:
        offsets: dict[Place, int] = {}
        errors: list[str] = []
        for broker, places in _by_leader(leaders).items():
            for batch in _batches(places):
                wanted = [TopicPartition(topic, number, which) for topic, number in batch]
                try:
                    answered = self._consumer.offsets_for_times(wanted, timeout=REQUEST_SECONDS)
                except KafkaException as error:
                    # A broker that left one batch unanswered would take as long for each of the others.
                    errors.append(f"broker {broker}: {error.args[0].str()}")
                    break
                for one in answered:
                    if one.error is None and one.offset >= 0:
                        offsets[one.topic, one.partition] = one.offset
                    elif one.error is not None:
                        errors.append(f"{one.topic}-{one.partition}: {one.error.str()}")
        return Answers(offsets, tuple(errors))

    def _first_at(self, questions: Mapping[Place, int]) -> dict[Place, tuple[int, int]]:
        asked = []
        for batch in _batches(list(questions)):
            specs = {
                TopicPartition(topic, number): OffsetSpec.for_timestamp(questions[topic, number])
                for topic, number in batch
            }
            asked.append(self.admin.list_offsets(specs, request_timeout=REQUEST_SECONDS))
        found: dict[Place, tuple[int, int]] = {}
        for futures in asked:
            for place, future in futures.items():
                try:
                    told = future.result(2 * REQUEST_SECONDS)
                except (
                    KafkaException,
                    TimeoutError,
                ):  # The next sample asks again; its lag in seconds is absent meanwhile.
                    continue
                found[place.topic, place.partition] = (told.offset, told.timestamp)
        return found

    def _note(self, error: KafkaError) -> None:
        # "All brokers are down" says less than the error of one broker before it.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._last_error = error.str()

    def _reason(self, error: KafkaException) -> str:
        self._consumer.poll(0)  # Hands over what was noted for `_note`.
        return f"{self.servers} does not answer: {self._last_error or error.args[0].str()}"


def _metadata(told: Any, sizes: Mapping[str, int]) -> ClusterMetadata:
    topics: dict[str, TopicSample] = {}
    leaders: dict[Place, int] = {}
    replicas: set[int] = set()
    for name, topic in told.topics.items():
        if topic.error:
            topics[name] = TopicSample(name, refused=topic.error.str())
            continue
        behind, leaderless = 0, set()
        for number, partition in topic.partitions.items():
            replicas.update(partition.replicas)
            behind += len(partition.isrs) < len(partition.replicas)
            if partition.leader < 0:
                leaderless.add(number)
            else:
                leaders[name, number] = partition.leader
        topics[name] = TopicSample(
            name,
            tuple(sorted(topic.partitions)),
            behind,
            frozenset(leaderless),
            size_bytes=sizes.get(name),
        )
    missing = sorted(replicas - told.brokers.keys())
    return ClusterMetadata(len(told.brokers), tuple(missing), topics, leaders)


def _by_leader(leaders: Mapping[Place, int]) -> dict[int, list[Place]]:
    places: dict[int, list[Place]] = defaultdict(list)
    for place, broker in leaders.items():
        places[broker].append(place)
    return places


def _batches(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    for begin in range(0, len(places), BATCH):
        yield places[begin : begin + BATCH]
