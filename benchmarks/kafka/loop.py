"""The peer: single admin calls, one by one, as a script makes them.

`python -m benchmarks.kafka.loop SERVERS PART SECONDS` lists the groups, asks for each group's description and
commits, and for each partition's end offset. A part of the groups and partitions is asked first; when the
whole would take longer than so many seconds, the part's time and CPU are scaled.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # the stubs hide it

from benchmarks.kafka.readings import Looped, uss
from benchmarks.orphan import ends_with_parent

_REQUEST_SECONDS = 30.0
T = TypeVar("T")


class Cost(msgspec.Struct, frozen=True):
    """What some calls took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    calls: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Take two together."""
        return Cost(
            self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds, self.calls + other.calls
        )

    def scaled(self, calls: int) -> "Cost":
        """Give what so many calls would take."""
        times = calls / self.calls if self.calls else 0.0
        return Cost(self.seconds * times, self.cpu_seconds * times, calls)


class Loop:
    """One client, and everything that it was told, as a script would keep it."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        self.known: dict[object, object] = {}

    def groups(self) -> list[str]:
        """Name the groups."""
        listed = self._admin.list_consumer_groups(request_timeout=_REQUEST_SECONDS).result()
        return [one.group_id for one in listed.valid]

    def partitions(self) -> list[tuple[str, int]]:
        """Name the partitions, but those of the broker's own topics."""
        topics = self._admin.list_topics(timeout=_REQUEST_SECONDS).topics
        return [
            (name, number)
            for name, topic in topics.items()
            if not name.startswith("__")
            for number in topic.partitions
        ]

    def group(self, name: str) -> None:
        """Ask for one group's description, then for its commits."""
        (described,) = self._admin.describe_consumer_groups([name], request_timeout=_REQUEST_SECONDS).values()
        description = described.result()
        request = [ConsumerGroupTopicPartitions(name)]
        (listed,) = self._admin.list_consumer_group_offsets(
            request, request_timeout=_REQUEST_SECONDS
        ).values()
        self.known[name] = (description, listed.result())

    def partition(self, place: tuple[str, int]) -> None:
        """Ask for one partition's end offset."""
        wanted = {TopicPartition(*place): OffsetSpec.latest()}  # type: ignore[no-untyped-call]
        (found,) = self._admin.list_offsets(wanted, request_timeout=_REQUEST_SECONDS).values()
        self.known[place] = found.result()


def cost_of(call: Callable[[T], None], items: Iterable[T]) -> Cost:
    """Call it for each, one by one."""
    began, began_cpu, calls = time.perf_counter(), time.process_time(), 0
    for item in items:
        call(item)
        calls += 1
    return Cost(time.perf_counter() - began, time.process_time() - began_cpu, calls)


def in_parts(
    calls: Sequence[tuple[Callable[[Any], None], Sequence[Any]]], part: int, limit_seconds: float
) -> list[Cost]:
    """Call each for a part of its items, then for the rest unless the whole would pass the limit."""
    costs = [cost_of(call, items[:part]) for call, items in calls]
    whole = sum(cost.scaled(len(items)).seconds for cost, (_, items) in zip(costs, calls, strict=True))
    if whole > limit_seconds:
        return costs
    return [cost + cost_of(call, items[part:]) for cost, (call, items) in zip(costs, calls, strict=True)]


def main() -> None:
    """Run the loop once, and say what it took."""
    ends_with_parent()
    bootstrap_servers, part, limit_seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    uss_before = uss()
    began, began_cpu = time.perf_counter(), time.process_time()
    loop = Loop(bootstrap_servers)
    names, places = loop.groups(), loop.partitions()
    listing = Cost(time.perf_counter() - began, time.process_time() - began_cpu, 1)
    of_groups, of_partitions = in_parts([(loop.group, names), (loop.partition, places)], part, limit_seconds)
    whole = listing + of_groups.scaled(len(names)) + of_partitions.scaled(len(places))
    looped = Looped(
        seconds=whole.seconds,
        cpu_seconds=whole.cpu_seconds,
        uss_before=uss_before,
        uss=uss(),
        groups=len(names),
        partitions=len(places),
        asked_groups=of_groups.calls,
        asked_partitions=of_partitions.calls,
    )
    print(msgspec.json.encode(looped).decode(), flush=True)


if __name__ == "__main__":
    main()
