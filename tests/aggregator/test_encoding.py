"""What a tick costs: only what changed since the one before is encoded."""

import pytest

from aggregator import encoding
from schema.messages import Observed
from schema.wire import canonical
from tests.aggregator.records import Log, live_fold, mark, observed, play, pod, workload

GROUPS = 50


def group(number: int, lag: int = 0) -> Observed:
    partitions = [{"topic": "tasks", "partition": 0, "end_offset": 5, "lag_messages": lag}]
    value = {"group": f"g-{number:02d}", "state": "Stable", "members": [], "partitions": partitions}
    return observed("group", f"g-{number}", value)


@pytest.mark.parametrize(
    ("later", "encoded"),
    [
        ([], 0),
        ([group(7, lag=3)], 1),
        ([group(7), group(8)], 0),
        ([observed("topic", "tasks", {"topic": "tasks", "partitions": 2})], 1),
        ([observed("kafka_cluster", "cluster", {"sampled_at": "2026-01-01T00:00:02Z", "brokers": 1})], 0),
        ([pod("writer-agent", "writer-agent-1")], 2),
    ],
)
def test_a_tick_encodes_the_groups_and_topics_that_changed(
    later: list[Observed], encoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, fold, count = Log(), live_fold(), 0

    def counting(value: object) -> bytes:
        nonlocal count
        count += 1
        return canonical(value)

    sample = {"sampled_at": "2026-01-01T00:00:00Z", "brokers": 1}
    first = [observed("kafka_cluster", "cluster", sample), workload("writer-agent")]
    first += [observed("topic", "tasks", {"topic": "tasks", "partitions": 1})]
    for record in (*first, *(group(number) for number in range(GROUPS))):
        log.add(100, record)
    log.add(2_500, mark())
    told = len(log.messages)
    for record in later:
        log.add(2_600, record)
    log.add(4_500, mark())
    play(fold, log.messages[:told])
    monkeypatch.setattr(encoding, "canonical", counting)
    (document,) = play(fold, log.messages[told:]).documents()
    assert (len(document["kafka"]["groups"]), count) == (GROUPS, encoded)
