"""What the scripted workload does not do: any settings, timestamps and commits.

Everything is acknowledged when a call returns.
"""

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

_PATIENCE_SECONDS = 30.0


def unique(name: str) -> str:
    """Give a name that no other test has."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


class ByHand:
    """An operator's and a producer's hands; `config` holds what a client needs to come in."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = {**config, "allow.auto.create.topics": False, "log_level": 2}
        self.admin = AdminClient(self.config)
        self._refused: list[KafkaError] = []

    def create_topic(
        self, topic: str, partitions: int = 1, replication: int = 1, **settings: str | int
    ) -> None:
        """Create a topic; settings are written with underscores. One that was deleted may linger."""
        config = {name.replace("_", "."): str(value) for name, value in settings.items()}
        made = NewTopic(topic, partitions, replication, config=config)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.admin.create_topics([made])[topic].result(_PATIENCE_SECONDS)
            except KafkaException as error:
                lingers = error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
                if not lingers or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def delete_topic(self, topic: str) -> None:
        """Delete a topic."""
        self.admin.delete_topics([topic])[topic].result(_PATIENCE_SECONDS)

    def add_partitions(self, topic: str, total: int) -> None:
        """Give a topic so many partitions."""
        self.admin.create_partitions([NewPartitions(topic, total)])[topic].result(_PATIENCE_SECONDS)

    def delete_before(self, topic: str, offset: int) -> None:
        """Remove what lies before an offset in partition 0, as retention does."""
        place = TopicPartition(topic, 0, offset)
        self.admin.delete_records([place])[place].result(_PATIENCE_SECONDS)

    def produce(self, topic: str, timestamps: Iterable[float], keys: str = "", partition: int = 0) -> None:
        """Append one message for each timestamp (seconds since the epoch), with these keys in turn."""
        # One for each call: a producer goes on with what it knew of a topic that was made anew since.
        producer = Producer({**self.config, "linger.ms": 5})
        for number, at in enumerate(timestamps):
            key = keys[number % len(keys)] if keys else None
            producer.produce(
                topic, b"x" * 100, key, partition, timestamp=round(at * 1000), on_delivery=self._delivered
            )
            if number % 10_000 == 9_999:
                producer.poll(0)
        left = producer.flush(_PATIENCE_SECONDS)
        assert not left, f"{left} messages were not acknowledged"
        if self._refused:
            raise KafkaException(self._refused[0])

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Commit in the name of a group that has no member."""
        places = [TopicPartition(topic, number, offset) for number, offset in offsets.items()]
        # A consumer, unlike the admin API, waits for a coordinator that is loading.
        consumer = Consumer({**self.config, "group.id": group, "enable.auto.commit": False})
        try:
            for place in consumer.commit(offsets=places, asynchronous=False) or ():
                if place.error:
                    raise KafkaException(place.error)
        finally:
            consumer.close()

    def commit_many(self, groups: Iterable[str], topic: str, offset: int) -> None:
        """Commit the same offset of partition 0 for many groups at once; again what is refused."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        left = list(groups)
        while left:
            assert time.monotonic() < deadline, f"{len(left)} commits are refused"
            futures: dict[str, Any] = {}
            for group in left:
                places = [TopicPartition(topic, 0, offset)]
                asked = [ConsumerGroupTopicPartitions(group, places)]
                futures |= self.admin.alter_consumer_group_offsets(asked)
            # A coordinator that moves or loads says so of each partition, and the future succeeds.
            left = [
                group
                for group, future in futures.items()
                if any(one.error for one in future.result(_PATIENCE_SECONDS).topic_partitions)
            ]

    def delete_groups(self, groups: Iterable[str]) -> None:
        """Delete groups that have no member."""
        for future in self.admin.delete_consumer_groups(list(groups)).values():
            future.result(_PATIENCE_SECONDS)

    def watermarks(self, topic: str) -> tuple[int, int]:
        """Give the low and the high watermark of partition 0."""
        consumer = Consumer({**self.config, "group.id": "nobody"})
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, 0), _PATIENCE_SECONDS)
        finally:
            consumer.close()

    def listed_groups(self) -> set[str]:
        """Give the groups that the coordinators list."""
        return {one.group_id for one in self.admin.list_consumer_groups().result(_PATIENCE_SECONDS).valid}

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refused.append(error)
