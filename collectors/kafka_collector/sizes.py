"""How many bytes a topic keeps on disk: one question a minute beside the samples, which never wait for it.

The request is DescribeLogDirs (KIP-113), which `confluent_kafka` does not offer; `kafka-python` speaks it
(docs/adr/0010). A topic's size is that of one copy: each broker is asked for the partitions that it leads.
Sizes are optional: where they may not be read, or this library cannot get there, they are absent.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from collectors.kafka_collector.sample import TopicPartition, TopicSample
from collectors.kafka_collector.second_client import load, second_config
from runtime.logs import logger
from runtime.settings import BaseSettings

CLIENT_ID = "oracle-kafka-collector-sizes"
PERIOD_SECONDS = 60.0
FIRST_SECONDS = 10.0
"""The first samples have enough to do: the question comes so long after the start."""
UNKNOWN_SECONDS = 600.0
"""After so long a question that brought nothing is asked again: permissions change."""
REQUEST_SECONDS = 5.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A partition takes some 25 bytes of an answer; the library's own limit is at 40,000 partitions."""

Sizes = Mapping[TopicPartition, int]
Ask = Callable[[Mapping[TopicPartition, int]], Sizes]


class TopicSizes:
    """The topics' sizes as last told; `take` what there is to ask, then read `sizes`."""

    def __init__(self, ask: Ask | None, now: Callable[[], float] = time.monotonic) -> None:
        self.sizes: Mapping[str, int] = {}
        self._ask = ask
        self._now = now
        self._due_at = now() + FIRST_SECONDS
        self._asking: asyncio.Task[Sizes] | None = None
        self._asked: Mapping[TopicPartition, int] = {}

    def take(self, topics: Mapping[str, TopicSample], leaders: Mapping[TopicPartition, int]) -> None:
        """Take the answer that has come, and ask again where a minute has passed; never waits.

        A topic with a partition that nobody leads is not asked: its sum would be too small.
        """
        if self._ask is None:
            return
        if self._asking is not None and self._asking.done():
            self._answered(self._asking)
            self._asking = None
        if self._asking is None and self._now() >= self._due_at:
            self._due_at = self._now() + PERIOD_SECONDS
            self._asked = {p: leader for p, leader in leaders.items() if not topics[p[0]].leaderless}
            if self._asked:
                self._asking = asyncio.create_task(asyncio.to_thread(self._ask, self._asked))

    def _answered(self, asking: "asyncio.Task[Sizes]") -> None:
        if asking.cancelled():  # The loop that it ran in has ended.
            return
        error = asking.exception()
        told = {} if error is not None else asking.result()
        self.sizes = by_topic(self._asked, told)
        if not told:
            self._due_at = self._now() + UNKNOWN_SECONDS
            # Nobody is troubled by what is optional; and an error's text may hold what the server sent.
            reason = "no permission to describe the cluster" if error is None else type(error).__name__
            logger().debug("topic_sizes_unknown", reason=reason)


def by_topic(asked: Iterable[TopicPartition], told: Sizes) -> dict[str, int]:
    """Add up the sizes, in bytes, of the topics of which every partition that was asked has answered."""
    sizes: dict[str, int] = {}
    missing = set()
    for place in asked:
        size = told.get(place)
        if size is None:
            missing.add(place[0])
        else:
            sizes[place[0]] = sizes.get(place[0], 0) + size
    return {topic: size for topic, size in sizes.items() if topic not in missing}


def ask_for(settings: BaseSettings) -> Ask:
    """Give how the cluster of these settings is asked."""
    config = second_config(settings, CLIENT_ID, REQUEST_SECONDS, MAX_ANSWER_BYTES)
    return lambda leaders: _ask(config, leaders)


def _ask(config: Mapping[str, Any], leaders: Mapping[TopicPartition, int]) -> Sizes:
    """Ask each leader for the sizes of its partitions, in bytes; those that do not answer are left out.

    Connections are opened for this one question. Raises the library's errors and OSError.
    """
    load()  # Many clusters do not tell: when it is needed.
    from kafka.net.manager import KafkaConnectionManager  # noqa: PLC0415
    from kafka.net.selector import NetworkSelector  # noqa: PLC0415

    # Without a thread of its own the library works in this one. KafkaAdminClient.describe_log_dirs would cost
    # ten times as much: it makes a dictionary of every replica of the cluster (docs/adr/0010).
    loop = NetworkSelector(client_id=CLIENT_ID)
    manager = KafkaConnectionManager(loop, **config)
    try:
        manager.bootstrap(timeout_ms=int(REQUEST_SECONDS * 1000))
        found: Sizes = manager.run(_answers, manager, _by_leader(leaders))
    finally:
        manager.close()
        loop.close()
    return found


async def _answers(manager: Any, by_leader: Mapping[int, Mapping[str, list[int]]]) -> Sizes:
    from kafka.errors import KafkaError  # noqa: PLC0415 - see _ask
    from kafka.protocol.admin import DescribeLogDirsRequest  # noqa: PLC0415

    wanted = DescribeLogDirsRequest.DescribableLogDirTopic
    sent = []
    for broker, topics in by_leader.items():
        asked = [wanted(topic=name, partitions=numbers) for name, numbers in topics.items()]
        try:
            sent.append(manager.send(DescribeLogDirsRequest(topics=asked), node_id=broker))
        except KafkaError:  # A broker that has gone meanwhile: the sizes of its topics are absent.
            continue
    sizes: dict[TopicPartition, int] = {}
    for answer in sent:
        try:
            told = await answer
        except KafkaError:
            continue
        sizes |= _sizes(told.results)
    return sizes


def _sizes(directories: Iterable[Any]) -> dict[TopicPartition, int]:
    """Give the sizes of the replicas in a broker's directories; a future one only replaces another later."""
    return {
        (topic.name, one.partition_index): one.partition_size
        for directory in directories
        for topic in directory.topics
        for one in topic.partitions
        if not one.is_future_key
    }


def _by_leader(leaders: Mapping[TopicPartition, int]) -> dict[int, dict[str, list[int]]]:
    places: dict[int, dict[str, list[int]]] = {}
    for (topic, number), broker in leaders.items():
        places.setdefault(broker, {}).setdefault(topic, []).append(number)
    return places
