"""Consumers that live in groups and commit at a rate.

They are `python -m benchmarks.kafka.members SERVERS COUNT TOPIC...`. Every five share a group, which reads
one topic. They say `ready` when all partitions are given out, and then follow lines: `commit RATE` commits so
many offsets a second, each in a request of its own, and produces as many messages; `stop` says how many there
were, and in how many seconds.
"""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from benchmarks.kafka.readings import Committed

EACH_GROUP = 5
_TURN_SECONDS = 0.01
_SETTLED_SECONDS = 3.0


class Member:
    """A consumer that reads nothing: its partitions are paused, its commits are what counts."""

    def __init__(self, bootstrap_servers: str, group: str, topic: str, name: str) -> None:
        self.refused = 0
        self._assigned: list[TopicPartition] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers, "group.id": group, "client.id": name,
                "enable.auto.commit": False, "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky", "on_commit": self._answered,
            }
        )  # fmt: skip
        self._consumer.subscribe([topic])

    def turn(self) -> list[TopicPartition]:
        """Keep the membership; give the partitions that it has."""
        message = self._consumer.poll(0)
        if message is not None and message.error() is not None:
            raise KafkaException(message.error())
        assigned = self._consumer.assignment()
        if len(assigned) != len(self._assigned):
            self._consumer.pause(assigned)
            self._assigned = assigned
        return self._assigned

    def commit(self, place: TopicPartition, offset: int) -> None:
        """Commit one offset, and do not wait for the answer."""
        self._consumer.commit(
            offsets=[TopicPartition(place.topic, place.partition, offset)], asynchronous=True
        )

    def _answered(self, error: object, _offsets: object) -> None:
        self.refused += error is not None


def main() -> None:
    """Join, say so, and follow what the parent says until it says no more."""
    bootstrap_servers, count, *topics = sys.argv[1:]
    members = [
        Member(
            bootstrap_servers, f"live-{n // EACH_GROUP}", topics[n // EACH_GROUP % len(topics)], f"agent-{n}"
        )
        for n in range(int(count))
    ]
    _join(members)
    for member, place in _places(members):
        member.commit(place, 1)
    _keep(members, 2.0)
    print("ready", flush=True)
    asked = _Asked()
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 5})
    while not asked.over:
        if asked.rate:
            print(msgspec.json.encode(_commit(members, producer, asked)).decode(), flush=True)
        _keep(members, 0.1)


def _join(members: Sequence[Member]) -> None:
    # Cooperative groups give partitions out in several rounds: settled is what did not change for a while.
    since, before = time.monotonic(), [0]
    while not any(before) or time.monotonic() - since < _SETTLED_SECONDS:
        _keep(members, 0.1)
        now = [len(one.turn()) for one in members]
        if now != before:
            since, before = time.monotonic(), now


def _keep(members: Sequence[Member], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for one in members:
            one.turn()
        time.sleep(_TURN_SECONDS)


def _places(members: Sequence[Member]) -> Iterator[tuple[Member, TopicPartition]]:
    """Give every member's partitions, members in turns."""
    held = [
        (place.partition, number, one, place) for number, one in enumerate(members) for place in one.turn()
    ]
    return ((one, place) for _, _, one, place in sorted(held, key=lambda entry: entry[:2]))


class _Asked(threading.Thread):
    """What the parent asked for last."""

    def __init__(self) -> None:
        super().__init__(name="asked", daemon=True)
        self.rate = 0.0
        self.over = False
        self.start()

    def run(self) -> None:
        for line in sys.stdin:
            self.rate = float(line.split()[1]) if line.startswith("commit") else 0.0
        self.rate, self.over = 0.0, True


def _commit(members: Sequence[Member], producer: Producer, asked: _Asked) -> Committed:
    began, sent, refused = time.monotonic(), 0, sum(one.refused for one in members)
    each_second = asked.rate
    turns = cycle(list(_places(members)))
    offsets: dict[tuple[str, int], int] = {}
    while asked.rate:
        due = int((time.monotonic() - began) * each_second)
        for _ in range(due - sent):
            member, place = next(turns)
            key = (place.topic, place.partition)
            offsets[key] = offsets.get(key, 1) + 1
            producer.produce(place.topic, b"x", partition=place.partition)
            member.commit(place, offsets[key])
        sent = due
        producer.poll(0)
        for one in members:
            one.turn()
        time.sleep(_TURN_SECONDS)
    seconds = time.monotonic() - began
    _keep(members, 1.0)
    producer.flush(10)
    return Committed(commits=sent, refused=sum(one.refused for one in members) - refused, seconds=seconds)


if __name__ == "__main__":
    main()
