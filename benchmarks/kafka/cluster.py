"""The broker that is watched: Apache Kafka, filled with topics, messages and groups, and with live members.

Half of each partition's messages come before the groups' commits and half after them, so that the groups'
lags differ in messages and in seconds.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # the stubs hide it

from benchmarks.child import Child, child
from cli.stack.server import KafkaServer

PARTITIONS_EACH = 50
COMMITS_EACH = 2
MESSAGES = 20
MEMBERS = 20
IN_FLIGHT = 500
CLIENTS = 8
_READY_SECONDS = 120.0
_REQUEST_SECONDS = 20.0
_AGAIN_SECONDS = 0.5
_SETTINGS = {"offsets.topic.num.partitions": "50"}
T = TypeVar("T")
Place = tuple[str, int]


@dataclass(frozen=True)
class Size:
    """How much is watched: groups without members, and partitions of topics of at most fifty."""

    groups: int
    partitions: int

    def topics(self) -> dict[str, int]:
        """Give each topic's number of partitions."""
        starts = range(0, self.partitions, PARTITIONS_EACH)
        return {
            f"topic-{number:04}": min(PARTITIONS_EACH, self.partitions - start)
            for number, start in enumerate(starts)
        }

    def places(self) -> list[Place]:
        """Give every partition."""
        return [(topic, number) for topic, count in self.topics().items() for number in range(count)]

    def commits(self) -> Iterator[tuple[str, dict[Place, int]]]:
        """Give each group's name and its commits; some are at the end, some at the beginning."""
        places = self.places()
        for number in range(self.groups):
            chosen = (places[(number * COMMITS_EACH + turn) % len(places)] for turn in range(COMMITS_EACH))
            yield f"group-{number:05}", dict.fromkeys(chosen, number % (MESSAGES + 1))


@dataclass(frozen=True)
class Filled:
    """A broker that holds all of it; `members` is the process of the consumers that live in some groups."""

    bootstrap_servers: str
    size: Size
    members: Child


@contextmanager
def filled(size: Size, say: Callable[[str], None]) -> Iterator[Filled]:
    """Run a broker of its own, filled, while the block runs; raises StackError when it does not start."""
    with tempfile.TemporaryDirectory(prefix="oracle-bench-kafka-") as directory:
        server = KafkaServer(Path(directory), _SETTINGS)
        server.start()
        try:
            fill(server.bootstrap_servers, size, say)
            say(f"kafka: {MEMBERS} consumers join their groups")
            with child("kafka.members", server.bootstrap_servers, str(MEMBERS), *size.topics()) as members:
                members.wait_for("ready", _READY_SECONDS)
                yield Filled(server.bootstrap_servers, size, members)
        finally:
            server.stop()


def fill(bootstrap_servers: str, size: Size, say: Callable[[str], None]) -> None:
    """Write topics, messages, commits, and messages again."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    say(f"kafka: writing {size.partitions:,} partitions and {size.groups:,} groups")
    topics = [NewTopic(name, count, 1) for name, count in size.topics().items()]
    for some in _portions(topics, 10):
        for made in admin.create_topics(list(some), request_timeout=_READY_SECONDS).values():
            made.result()
    _produce(bootstrap_servers, size.places(), MESSAGES // 2)
    commits = list(size.commits())
    _commit([admin], dict(commits[:1]))  # the internal topic is made at the first one
    # The broker answers a connection's commits one after the other, each after some milliseconds' wait.
    admins = [AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0}) for _ in range(CLIENTS)]
    for portion in _portions(commits[1:], IN_FLIGHT):
        _commit(admins, dict(portion))
    _produce(bootstrap_servers, size.places(), MESSAGES - MESSAGES // 2)


def _commit(admins: Sequence[AdminClient], wanted: dict[str, dict[Place, int]]) -> None:
    """Commit for groups without members; again what is refused, as while the internal topic is being made."""
    deadline = time.monotonic() + _READY_SECONDS
    while refused := _refused(admins, wanted):
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"commits of {len(refused)} groups are refused: {next(iter(refused.values()))}"
            )
        wanted = {group: wanted[group] for group in refused}
        time.sleep(_AGAIN_SECONDS)


def _refused(admins: Sequence[AdminClient], wanted: dict[str, dict[Place, int]]) -> dict[str, str]:
    """Commit for each group once; give the reasons of those that were not taken."""
    futures: dict[str, Any] = {}
    for (group, commits), admin in zip(wanted.items(), cycle(admins), strict=False):
        positions = [TopicPartition(topic, number, offset) for (topic, number), offset in commits.items()]
        request = [ConsumerGroupTopicPartitions(group, positions)]
        futures |= admin.alter_consumer_group_offsets(request, request_timeout=_REQUEST_SECONDS)
    refused = {}
    for group, future in futures.items():
        try:
            places = future.result().topic_partitions
        except KafkaException as error:
            refused[group] = str(error)
            continue
        if wrong := [one.error for one in places if one.error]:
            refused[group] = str(wrong[0])
    return refused


def _produce(bootstrap_servers: str, places: Sequence[Place], each: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 50, "log_level": 0})
    refused: list[str] = []

    def delivered(error: KafkaError | None, _: object) -> None:
        if error is not None:
            refused.append(error.str())

    for _ in range(each):
        for topic, number in places:
            producer.produce(topic, b"x", partition=number, on_delivery=delivered)
        producer.poll(0)
    left = producer.flush(_READY_SECONDS)
    if left or refused:
        raise RuntimeError(f"{left + len(refused)} messages were not taken by the broker: {refused[:1]}")


def _portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
