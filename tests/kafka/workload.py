"""A scripted workload on a real Kafka that knows the truth: what it produced and when the broker appended it,
what each group committed and when that was acknowledged.

The test moves it, step by step or by `repeat`; `pause` returns when everything that was sent is acknowledged.
Its topics take the broker's append time (message.timestamp.type=LogAppendTime).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.kafka.repeated import Repeated
from tests.kafka.truth import Truth

_PATIENCE_SECONDS = 30.0
Protocol = Literal["classic", "consumer"]


class Reader:
    """One consumer of a group, which moves only when it is told to, and commits what it has read.

    It joins by the group's protocol (`classic`, or KIP-848's `consumer`), or is no member at all and only
    commits in the group's name.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        truth: Truth,
        group: str,
        topic: str,
        partitions: Iterable[int],
        *,
        joins: bool,
    ) -> None:
        self.group, self.topic = group, topic
        self._truth = truth
        self._closed = False
        self._next = dict.fromkeys(sorted(partitions), 0)
        self._consumer = Consumer({**config, "group.id": group})
        if joins:
            self._consumer.subscribe([topic])
            self._join()
        else:
            self._consumer.assign([TopicPartition(topic, number, 0) for number in self._next])

    def read(self, count: int) -> int:
        """Read so many messages of each partition, or what there is; commit, and say how many."""
        goals = {
            number: min(position + count, self._truth.end_offset(self.topic, number))
            for number, position in self._next.items()
        }
        before = sum(self._next.values())
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while behind := [number for number, goal in goals.items() if self._next[number] < goal]:
            assert time.monotonic() < deadline, f"{self.group} waits for {self.topic} {behind}"
            for message in self._consumer.consume(100, 0.1):
                self._take(message, goals)
        self.commit(self._next)
        return sum(self._next.values()) - before

    def read_all(self) -> int:
        """Read and commit everything that has been acknowledged to the producer."""
        return self.read(1 << 40)

    def rewind(self, partition: int, offset: int) -> None:
        """Go back to an offset, and commit it."""
        self._consumer.seek(TopicPartition(self.topic, partition, offset))
        self._next[partition] = offset
        self.commit({partition: offset})

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Commit offsets, those of other positions than our own too, and wait for the acknowledgement."""
        places = [TopicPartition(self.topic, number, offset) for number, offset in offsets.items()]
        asked_at = time.time()
        for place in self._consumer.commit(offsets=places, asynchronous=False) or ():
            if place.error:
                raise KafkaException(place.error)
        acknowledged_at = time.time()
        for number, offset in offsets.items():
            self._truth.committed(self.group, self.topic, number, offset, asked_at, acknowledged_at)

    def close(self) -> None:
        """Leave the group, if it has not yet."""
        if not self._closed:
            self._closed = True
            self._consumer.close()

    def _take(self, message: Message, goals: Mapping[int, int]) -> None:
        if error := message.error():
            raise KafkaException(error)
        number, offset = message.partition(), message.offset()
        assert number is not None
        assert offset is not None
        if offset >= goals[number]:
            # Read ahead of the goal: the next step is to find it again.
            self._consumer.seek(TopicPartition(self.topic, number, goals[number]))
        elif offset == self._next[number]:
            self._next[number] = offset + 1

    def _join(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self._consumer.assignment()) < len(self._next):
            assert time.monotonic() < deadline, f"{self.group} was given no partitions of {self.topic}"
            if message := self._consumer.poll(0.1):
                self._take(message, self._next)


class Workload:
    """Topics, producers and readers on one cluster; `config` holds what its clients need to come in."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.truth = Truth()
        self._config = {**config, "allow.auto.create.topics": False, "log_level": 2}
        self._admin = AdminClient(self._config)
        self._producer = Producer({**self._config, "enable.idempotence": True, "linger.ms": 0})
        self._partitions: dict[str, int] = {}
        self._readers: list[Reader] = []
        self._repeated: list[Repeated] = []
        self._refused: list[KafkaError] = []

    def create_topic(self, topic: str, partitions: int = 1, replication: int = 1) -> None:
        """Create a topic that takes the broker's append time."""
        made = NewTopic(topic, partitions, replication, config={"message.timestamp.type": "LogAppendTime"})
        self._admin.create_topics([made])[topic].result(_PATIENCE_SECONDS)
        self._partitions[topic] = partitions

    def produce(self, topic: str, count: int) -> None:
        """Append so many messages to each partition of a topic, and wait until they are acknowledged."""
        for number in range(self._partitions[topic]):
            for _ in range(count):
                self._producer.produce(topic, b"x" * 100, partition=number, on_delivery=self._delivered)
        left = self._producer.flush(_PATIENCE_SECONDS)
        assert not left, f"{left} messages were not acknowledged"
        if self._refused:
            raise KafkaException(self._refused[0])

    def reader(self, group: str, topic: str, protocol: Protocol = "classic") -> Reader:
        """Let a consumer join a group and wait until it has every partition of the topic."""
        return self._reader(group, topic, {"group.protocol": protocol}, joins=True)

    def lone_reader(self, group: str, topic: str) -> Reader:
        """Give a consumer that commits in a group's name and is no member of it (a simple group)."""
        return self._reader(group, topic, {}, joins=False)

    def repeat(
        self, action: Callable[[], object], every_seconds: float, lasting_seconds: float = 120
    ) -> Repeated:
        """Repeat an action on a thread of its own."""
        made = Repeated(action, every_seconds, lasting_seconds)
        self._repeated.append(made)
        return made

    def pause(self) -> None:
        """Let nothing move any more; everything that was sent is acknowledged."""
        for one in self._repeated:
            one.pause()

    def resume(self) -> None:
        """Let everything that is repeated go on."""
        for one in self._repeated:
            one.resume()

    def close(self) -> None:
        """Stop the threads and close the clients; raise what a thread ran into."""
        try:
            for one in self._repeated:
                one.stop()
        finally:
            with ThreadPoolExecutor(8) as workers:
                list(workers.map(Reader.close, self._readers))

    def __enter__(self) -> "Workload":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reader(self, group: str, topic: str, more: Mapping[str, Any], *, joins: bool) -> Reader:
        config = {
            **self._config,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 20,
            **({"session.timeout.ms": 6000} if more.get("group.protocol") == "classic" else {}),
            **more,
        }
        made = Reader(config, self.truth, group, topic, range(self._partitions[topic]), joins=joins)
        self._readers.append(made)
        return made

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refused.append(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        self.truth.appended(topic, partition, offset, message.timestamp()[1] / 1000)
