"""The runner: what it publishes, when it begins anew, and what it does while something is down."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from collectors.base.collector import Complete, Feed, Gone, Item, Observed, Partial
from collectors.base.publisher import LogPublisher
from collectors.base.runner import Clock, Pace, Runner
from runtime.health import Health
from runtime.kafka import partition_of
from schema.errors import SourceUnavailable
from schema.messages import Heartbeat
from schema.models import Node
from tests.collectors.fakes import START, Bench, FakeClock, FakeCollector, FakeProducer


def node(name: str, ready: bool = True) -> Observed:
    return Observed("node", name, Node(name=name, ready=ready))


COMPLETE = Complete(("node",))


async def test_an_entity_is_published_when_it_changed_and_not_otherwise() -> None:
    bench = Bench(
        FakeCollector([node("a"), COMPLETE], [node("a"), COMPLETE], [node("a", ready=False), COMPLETE])
    )
    await bench.turn()
    assert bench.producer.entities() == [("observed", "a", "e1")]
    await bench.turn()
    assert bench.producer.entities() == []
    await bench.turn()
    assert bench.producer.entities() == [("observed", "a", "e1")]


async def test_a_record_carries_environment_partition_and_key() -> None:
    bench = Bench(FakeCollector([node("a"), COMPLETE]))
    await bench.turn()
    assert bench.producer.headers == [[("environment", b"prod")]] * 2
    assert bench.producer.partitions == [partition_of("prod", 4)] * 2
    assert bench.producer.keys == ["fake@host-1/node/a", "fake@host-1"]


async def test_what_a_complete_pass_does_not_name_is_gone() -> None:
    bench = Bench(FakeCollector([node("a"), node("b"), COMPLETE], [node("b"), COMPLETE]))
    await bench.turn()
    bench.producer.drain()
    await bench.turn()
    assert bench.producer.entities() == [("gone", "a", "e1")]


async def test_a_partial_pass_removes_nothing_and_syncs_nothing() -> None:
    partial = Partial(("node",), "one node did not answer")
    bench = Bench(FakeCollector([node("a"), node("b"), partial], [node("b"), partial]))
    await bench.turn()
    await bench.turn()
    records = bench.producer.drain()
    assert [record.id for record in records if not isinstance(record, Heartbeat)] == ["a", "b"]  # type: ignore[union-attr] # observations have ids
    assert [beat.synced for beat in records if isinstance(beat, Heartbeat)] == [[], []]


async def test_a_kind_is_synced_only_after_its_own_complete() -> None:
    bench = Bench(FakeCollector([node("a"), COMPLETE], [node("a"), COMPLETE, Complete(("pod",))]))
    bench.runner.beat()
    await bench.turn()
    await bench.turn()
    assert [beat.synced for beat in bench.producer.heartbeats()] == [[], ["node"], ["node", "pod"]]


async def test_an_announced_end_is_published_once() -> None:
    bench = Bench(FakeCollector([node("a"), Gone("node", "a"), Gone("node", "a"), COMPLETE]))
    await bench.turn()
    assert bench.producer.entities() == [("observed", "a", "e1"), ("gone", "a", "e1")]


async def test_after_the_refresh_time_everything_is_told_under_a_new_epoch_before_its_heartbeat() -> None:
    bench = Bench(FakeCollector([node("a"), node("b"), COMPLETE]))
    await bench.turn(seconds=599.0)
    await bench.turn(seconds=1.0)
    bench.producer.drain()
    await bench.turn()
    records = bench.producer.drain()
    assert [record.epoch for record in records if not hasattr(record, "owner")] == ["e2"] * 3  # type: ignore[union-attr] # no marks or events here
    assert isinstance(records[-1], Heartbeat)
    assert records[-1].synced == ["node"]


async def test_a_source_that_is_down_says_why_backs_off_and_comes_back() -> None:
    down = SourceUnavailable("the broker does not answer")
    bench = Bench(FakeCollector([node("a"), COMPLETE], [down], [down], [down], [COMPLETE, node("a")]))
    await bench.turn()
    waits = [await bench.runner.observe_once() for _ in range(3)]
    bench.runner.beat()
    assert all(0.25 * 2**n <= seconds <= 0.5 * 2**n for n, seconds in enumerate(waits))
    (_, beat) = bench.producer.heartbeats()
    assert beat.down_reason == "the broker does not answer"
    assert bench.health.readiness()[1]["source"]["detail"] == "the broker does not answer"
    await bench.turn()
    (beat,) = bench.producer.heartbeats()
    assert not beat.down_reason
    assert bench.health.readiness()[0]


async def test_heartbeats_go_on_while_the_source_is_down() -> None:
    bench = Bench(FakeCollector([SourceUnavailable("away")]))
    for _ in range(5):
        await bench.turn()
    assert [beat.observed_at - START for beat in bench.producer.heartbeats()] == [
        timedelta(seconds=2 * n) for n in range(5)
    ]


async def test_when_the_queue_is_full_the_newest_values_wait_and_a_new_epoch_tells_them() -> None:
    bench = Bench(
        FakeCollector(
            [node("a"), node("b"), node("c"), COMPLETE],
            [node("a", ready=False), node("c"), COMPLETE],
            [node("a", ready=False), node("c"), COMPLETE],
        )
    )
    bench.producer.room = 2
    await bench.turn()
    assert bench.producer.entities() == [("observed", "a", "e1"), ("observed", "b", "e1")]
    await bench.turn()
    assert bench.producer.drain() == []
    bench.producer.room = 100
    await bench.turn()
    records = bench.producer.drain()
    epoch = f"e{bench.epochs}"
    assert [(r.id, r.epoch) for r in records[:-1]] == [("a", epoch), ("c", epoch)]  # type: ignore[union-attr] # observations
    assert b"false" in bytes(records[0].value)  # type: ignore[union-attr] # an observation
    beat = records[-1]
    assert isinstance(beat, Heartbeat)
    assert (beat.epoch, beat.synced, beat.undelivered_since) == (epoch, ["node"], START)


async def test_nothing_is_handed_over_during_an_outage_and_its_begin_is_told_after_it() -> None:
    bench = Bench(FakeCollector([node("a"), COMPLETE], [node("a", ready=False), COMPLETE]))
    await bench.turn()
    bench.producer.drain()
    bench.producer.down_since = bench.time.now()
    for _ in range(10):
        await bench.turn()
    handed_over = bench.producer.drain()
    assert len(handed_over) == 4  # the change and three heartbeats, before it was clear
    outage, bench.producer.down_since = bench.producer.down_since, None
    await bench.turn()
    observed, beat = bench.producer.drain()
    assert isinstance(beat, Heartbeat)
    assert (observed.epoch, beat.epoch, beat.undelivered_since) == ("e2", "e2", outage)  # type: ignore[union-attr] # an observation
    await bench.turn()
    (beat,) = bench.producer.heartbeats()
    assert not beat.undelivered_since


async def test_a_value_that_breaks_its_contract_costs_only_itself() -> None:
    bench = Bench(FakeCollector([node(""), node("x" * 300), node("caf\udcff"), node("a"), COMPLETE]))
    await bench.turn()
    assert bench.producer.entities() == [("observed", "a", "e1")]


async def test_a_fault_of_the_collector_ends_the_service() -> None:
    bench = Bench(FakeCollector([ZeroDivisionError()]))
    with pytest.raises(ZeroDivisionError):
        await bench.runner.run()


class Watcher:
    """Lists, says so, and never returns."""

    name = "watcher"

    async def observe(self) -> AsyncIterator[Item]:
        yield node("a")
        yield COMPLETE
        await asyncio.Event().wait()


async def test_a_watcher_that_never_returns_has_heartbeats_and_is_refreshed_from_memory() -> None:
    time = FakeClock()
    producer = FakeProducer(time)
    publisher = LogPublisher(producer, "prod", 4)
    runner = Runner(Watcher(), "h", Pace(0.005, 0.05), publisher, producer, Health(), Clock(now=time.now))
    running = asyncio.create_task(runner.run())
    beats: list[Heartbeat] = []
    epochs_of_a: set[str] = set()
    while len({beat.epoch for beat in beats if beat.synced}) < 3:
        await asyncio.sleep(0.005)
        for record in producer.drain():
            if isinstance(record, Heartbeat):
                beats.append(record)
            else:
                epochs_of_a.add(record.epoch)  # type: ignore[union-attr] # only observations are here
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {beat.epoch for beat in beats if beat.synced} <= epochs_of_a


async def test_a_feed_publishes_what_is_put_into_it() -> None:
    time = FakeClock()
    producer = FakeProducer(time)
    feed = Feed("llm")
    runner = Runner(feed, "proxy-1", Pace(60.0, 600.0), LogPublisher(producer, "prod", 4), producer, Health())
    running = asyncio.create_task(runner.run())
    for item in (COMPLETE, node("a"), Gone("node", "a")):
        feed.put(item)
    while len(producer.records) < 4:
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    records = producer.drain()
    assert [beat.synced for beat in records if isinstance(beat, Heartbeat)][-1] == ["node"]
    assert [type(record).__name__ for record in records if not isinstance(record, Heartbeat)] == [
        "Observed",
        "Gone",
    ]


async def test_a_heartbeat_tells_which_parts_cannot_be_read_until_a_pass_reads_them() -> None:
    partial = Partial(("metrics.k8s.io",), "403 Forbidden")
    bench = Bench(FakeCollector([node("a"), COMPLETE, partial], [node("a"), COMPLETE]))
    await bench.turn()
    assert [(one.part, one.reason) for one in bench.producer.unavailable()] == [
        ("metrics.k8s.io", "403 Forbidden")
    ]
    await bench.turn()
    assert bench.producer.unavailable() == []


async def test_an_empty_reason_ends_what_could_not_be_read_within_a_pass() -> None:
    both = Partial(("metrics.k8s.io", "nodes"), "403 Forbidden")
    bench = Bench(FakeCollector([both, Partial(("nodes",), ""), COMPLETE]))
    await bench.turn()
    assert [one.part for one in bench.producer.unavailable()] == ["metrics.k8s.io"]


async def test_what_ended_during_an_outage_is_told_with_its_last_value_afterwards() -> None:
    bench = Bench(
        FakeCollector(
            [node("a"), node("b"), COMPLETE],
            [node("a"), node("b", ready=False), Gone("node", "b"), COMPLETE],
        )
    )
    bench.producer.room = 3
    await bench.turn()
    bench.producer.drain()
    bench.producer.room = 0
    bench.runner.beat()
    await bench.turn()
    bench.producer.room = 100
    await bench.turn()
    epoch = f"e{bench.epochs}"
    records = bench.producer.drain()
    told = [record for record in records if not isinstance(record, Heartbeat)]
    assert [(type(one).__name__, one.id, one.epoch) for one in told] == [  # type: ignore[union-attr] # no others
        ("Observed", "b", epoch),
        ("Gone", "b", epoch),
        ("Observed", "a", epoch),
    ]
    assert b"false" in bytes(told[0].value)  # type: ignore[union-attr] # an observation


async def test_a_refused_value_is_told_until_it_is_right_again() -> None:
    bench = Bench(FakeCollector([node("a"), node("x" * 300), COMPLETE], [node("a"), COMPLETE]))
    await bench.turn()
    (told,) = bench.producer.unavailable()
    assert told.part == "node"
    assert told.reason.startswith("x" * 300 + " keeps its last state: ")
    await bench.turn()
    assert bench.producer.unavailable() == []
