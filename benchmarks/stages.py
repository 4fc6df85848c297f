"""Where the time between an agent and a screen goes: the append times of the topics that an event passes.

Append times are the broker's, in whole milliseconds, on the same machine's clock as everything else here.
"""

import re
import time
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, TopicPartition

from benchmarks.figures import Row, percentile
from benchmarks.round_trip import client_of
from schema.topics import CHANGES, EVENTS, LOG

TOPICS = (EVENTS, LOG, CHANGES)
STAGES = (
    "to oracle.events (broker)",
    "to oracle.log (telemetry collector)",
    "to oracle.changes (aggregator)",
    "to the client (API)",
)
_READ_SECONDS = 20.0


class Trail:
    """Remembers where the topics end, and later reads when the events in between were appended."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = Consumer(
            {
                **client_of(bootstrap_servers),
                "group.id": "oracle-bench-trail",
                "enable.auto.commit": False,
            }
        )
        metadata = self._consumer.list_topics(timeout=10)
        self._begins = {
            (topic, number): self._end(topic, number)
            for topic in TOPICS
            for number in metadata.topics[topic].partitions
        }

    def _end(self, topic: str, number: int) -> int:
        return int(self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1])

    def appended(self, prefix: str) -> dict[str, dict[str, float]]:
        """Give, by topic, event id → time.time() of the append of the first record that holds it."""
        found: dict[str, dict[str, float]] = {topic: {} for topic in TOPICS}
        ends = {place: self._end(*place) for place in self._begins}
        left = {place: end for place, end in ends.items() if end > self._begins[place]}
        self._consumer.assign([TopicPartition(*place, self._begins[place]) for place in left])
        wanted = re.compile(rb'"(%s\d+)"' % re.escape(prefix.encode()))
        deadline = time.monotonic() + _READ_SECONDS
        while left and time.monotonic() < deadline:
            message = self._consumer.poll(0.2)
            if message is None or message.error() is not None:
                continue
            topic, number, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
            for event_id in wanted.findall(message.value() or b""):
                found[topic].setdefault(event_id.decode(), message.timestamp()[1] / 1000)
            if offset + 1 >= ends[topic, number]:
                left.pop((topic, number), None)
        return found

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()


def stage_rows(
    produced: Mapping[str, float], appended: Mapping[str, Mapping[str, float]], seen: Mapping[str, float]
) -> list[Row]:
    """Give p50 and p99 of each stage in milliseconds, over the events whose whole way is known."""
    way: Sequence[Mapping[str, float]] = (produced, *(appended[topic] for topic in TOPICS), seen)
    known = [one for one in produced if all(one in place for place in way)]
    rows = []
    for name, before, after in zip(STAGES, way, way[1:], strict=False):
        # The broker cuts to whole milliseconds, so a stage may seem to end a little before it began.
        times = [max(0.0, 1000 * (after[one] - before[one])) for one in known]
        if times:
            rows += [
                Row(f"  {name}, {label}", percentile(times, percent), "ms")
                for label, percent in (("p50", 50.0), ("p99", 99.0))
            ]
    return rows
