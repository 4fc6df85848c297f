"""Reading the internal topic while partitions do not answer, or open transactions hold back what is in them.

What is half read is not told, and what is held back is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from confluent_kafka import KafkaError

from collectors.kafka_collector import internal_topic
from collectors.kafka_collector.client import EARLIEST
from collectors.kafka_collector.internal_topic import InternalTopic
from collectors.kafka_collector.sample import Commit
from tests.collectors.coordinator_records import Pair, commit

TASKS = ("tasks", 0)
SOON = 0.02


@dataclass
class Record:
    """Stands for a message."""

    number: int
    at: int
    pair: Pair

    def error(self) -> None:
        return None

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return self.pair[0]

    def value(self) -> bytes | None:
        return self.pair[1]


@dataclass
class Place:
    """Stands for a partition that is asked, and for its answer."""

    partition: int
    offset: int
    error: KafkaError | None


@dataclass
class FakeBroker:
    """Two partitions: `ends` are those for readers of committed records, `fetched` is what is read next.

    The partitions in `silent` have no leader.
    """

    ends: dict[int, int] = field(default_factory=lambda: {0: 1, 1: 3})
    fetched: list[Record] = field(default_factory=list)
    silent: frozenset[int] = frozenset()

    def write(self, number: int, at: int, pair: Pair) -> None:
        self.fetched.append(Record(number, at, pair))

    def assign(self, _: object) -> None:
        pass

    def close(self) -> None:
        pass

    def consume(self, _most: int, _seconds: float) -> list[Record]:
        fetched, self.fetched = self.fetched, []
        return fetched

    def offsets_for_times(self, places: Sequence[Place], timeout: float) -> list[Place]:
        no_leader = KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)
        return [
            Place(
                one.partition,
                0 if one.offset == EARLIEST else self.ends[one.partition],
                no_leader if one.partition in self.silent else None,
            )
            for one in places
            if timeout
        ]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    broker = FakeBroker()
    monkeypatch.setattr(internal_topic, "Consumer", lambda _: broker)
    return broker


@pytest.fixture
def reader(broker: FakeBroker) -> InternalTopic:
    return InternalTopic({})


OTHER = commit("other", *TASKS, 5)
OLD, NEW = commit("one", *TASKS, 5, 1000), commit("one", *TASKS, 900, 2000)


def test_a_partition_that_stops_answering_when_it_is_half_read_is_not_complete(
    broker: FakeBroker, reader: InternalTopic
) -> None:
    broker.write(0, 0, OTHER)
    broker.write(1, 0, OLD)
    assert reader.read((0, 1), SOON).left == 2
    broker.silent = frozenset({1})
    silent = reader.read((0, 1), SOON)
    assert (silent.left, silent.whole, reader.table.complete, len(silent.errors)) == (0, False, False, 1)
    broker.silent = frozenset()
    broker.write(1, 1, (OLD[0], None))
    broker.write(1, 2, NEW)
    assert reader.read((0, 1), SOON).whole
    assert reader.table.complete
    assert (set(reader.table.changed()), set(reader.table.ended())) == ({"one", "other"}, set())
    found = reader.table.group("one")
    assert found is not None
    assert found.commits == {TASKS: Commit(900, 2.0)}


def test_a_partition_that_was_never_read_is_not_complete_and_ends_no_group_when_it_comes(
    broker: FakeBroker, reader: InternalTopic
) -> None:
    broker.silent = frozenset({1})
    broker.write(0, 0, OTHER)
    assert not reader.read((0, 1), SOON).whole
    assert not reader.table.complete
    broker.silent = frozenset()
    broker.write(1, 0, OLD)
    assert reader.read((0, 1), SOON).left == 2
    assert not reader.table.complete


def test_what_was_read_to_its_end_once_stays_complete_while_a_partition_does_not_answer(
    broker: FakeBroker, reader: InternalTopic
) -> None:
    broker.write(0, 0, OTHER)
    broker.write(1, 2, NEW)
    assert reader.read((0, 1), SOON).whole
    broker.silent = frozenset({1})
    assert not reader.read((0, 1), SOON).whole
    assert reader.table.complete


def test_the_first_read_knows_which_partitions_an_open_transaction_holds_back(
    broker: FakeBroker, reader: InternalTopic
) -> None:
    broker.write(0, 0, OTHER)
    broker.write(1, 2, NEW)
    first = reader.read((0, 1), SOON, {0: 9, 1: 3})
    assert (first.whole, set(first.held)) == (True, {0})


@pytest.mark.parametrize(
    ("silent", "highs"),
    [({1}, {0: 1, 1: 9}), (set(), {0: 1})],
    ids=["its end is not told", "its end with open transactions is not told"],
)
def test_a_partition_that_does_not_answer_is_held_back_as_before(
    broker: FakeBroker, reader: InternalTopic, silent: set[int], highs: dict[int, int]
) -> None:
    broker.write(0, 0, OTHER)
    broker.write(1, 2, OLD)
    assert reader.read((0, 1), SOON, {0: 9, 1: 9}).held == {0, 1}
    broker.silent = frozenset(silent)
    assert reader.read((0, 1), SOON, highs).held == {1}
    broker.silent = frozenset()
    assert reader.read((0, 1), SOON, {0: 1, 1: 3}).held == frozenset()


def test_a_partition_is_held_back_until_what_was_held_back_is_read(
    broker: FakeBroker, reader: InternalTopic
) -> None:
    broker.write(0, 0, OTHER)
    broker.write(1, 2, OLD)
    assert reader.read((0, 1), SOON, {0: 1, 1: 4}).held == {1}
    broker.ends = {0: 1, 1: 5}
    assert reader.read((0, 1), SOON, {0: 1, 1: 5}).held == {1}
    broker.write(1, 4, NEW)
    assert reader.read((0, 1), SOON, {0: 1, 1: 5}).held == frozenset()
