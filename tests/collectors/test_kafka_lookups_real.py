"""Lookups by timestamp against a real broker: the answers are those that the simulated partition gives."""

import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    NewTopic,
    OffsetSpec,
)

from cli.stack.server import KafkaServer
from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.lookups import Round, search_for
from collectors.kafka_collector.search import MAX_ROUNDS, Found

pytestmark = pytest.mark.broker
TOLERANCE = 2.0
DAY_MS = 86_400_000


class Log:
    """A topic of one partition, whose records carry the timestamps that a test gives them."""

    def __init__(self, broker: KafkaServer) -> None:
        servers: dict[str, str | int | float | bool] = {"bootstrap.servers": broker.bootstrap_servers}
        self.admin, self._producer = AdminClient(servers), Producer(dict(servers))
        self.topic = f"lookups-{uuid.uuid4().hex[:8]}"
        self.place = (self.topic, 0)
        # The age of a record is the test's invention: retention must not act on it.
        topic = NewTopic(self.topic, 1, 1, config={"retention.ms": "-1"})
        self.admin.create_topics([topic])[self.topic].result(20)

    def write(self, timestamps_ms: list[int]) -> None:
        for timestamp_ms in timestamps_ms:
            self._producer.produce(self.topic, b"x", partition=0, timestamp=timestamp_ms)
        assert self._producer.flush(20) == 0

    def run(self, offset: int, history: EndHistory) -> Found | None:
        search = search_for(self.place, offset, history, TOLERANCE)
        if search is None:
            return None
        ongoing = Round([search], {self.place: history})
        while questions := ongoing.questions():
            ongoing.answers(questions, {self.place: self.lookup(questions[self.place])})
        assert ongoing.rounds <= MAX_ROUNDS
        assert search.result is not None
        return search.result

    def lookup(self, asked_ms: int) -> tuple[int, int]:
        spec = OffsetSpec.for_timestamp(asked_ms)
        (future,) = self.admin.list_offsets({TopicPartition(self.topic, 0): spec}).values()
        found = future.result(20)
        return found.offset, found.timestamp


@pytest.fixture
def log(broker: KafkaServer) -> Iterator[Log]:
    made = Log(broker)
    yield made
    made.admin.delete_topics([made.topic])[made.topic].result(20)


def history_until_now(end: int) -> EndHistory:
    history, now = EndHistory(), time.time()
    history.note(now, end)
    history.note(now + 2, end)
    return history


def test_the_time_of_a_message_is_found_in_a_log_of_a_week(log: Log) -> None:
    start = round(time.time() * 1000) - 7 * DAY_MS
    steady = [start + 60_000 * number for number in range(3000)]
    burst = [steady[-1] + DAY_MS] * 500
    after = [burst[0] + DAY_MS + 11 * number for number in range(1500)]
    written = steady + burst + after
    log.write(written)
    history = history_until_now(len(written))
    for offset in (0, 1, 1234, 2999, 3000, 3250, 3499, 3500, 4999):
        found = log.run(offset, history)
        window = history.appended(offset)
        assert window is not None
        assert found is None or not found.is_lower_bound
        assert window.at == pytest.approx(written[offset] / 1000, abs=TOLERANCE)
        assert search_for(log.place, offset, history, TOLERANCE) is None


def test_the_first_message_left_is_found_where_the_head_is_cut_off(log: Log) -> None:
    start = round(time.time() * 1000) - DAY_MS
    written = [start + 1000 * number for number in range(100)]
    log.write(written)
    log.admin.delete_records([TopicPartition(log.topic, 0, 40)])[TopicPartition(log.topic, 0, 40)].result(20)
    found = log.run(10, history_until_now(100))
    assert found is not None
    assert (found.at, found.is_lower_bound) == (written[40] / 1000, False)


def test_a_message_of_the_future_gives_a_lower_bound(log: Log) -> None:
    now = round(time.time() * 1000)
    log.write([now - 5000, now + 600_000, now - 4000])
    history = history_until_now(3)
    window = history.appended(2)
    assert window is not None
    found = log.run(2, history)
    assert found is not None
    assert (found.at, found.is_lower_bound) == (window.latest, True)


def test_a_topic_without_a_later_record_answers_minus_one(log: Log) -> None:
    now = round(time.time() * 1000)
    assert log.lookup(0) == (-1, -1)
    log.write([now])
    assert log.lookup(0) == (0, now)
    assert log.lookup(now) == (0, now)
    assert log.lookup(now + 1) == (-1, -1)
