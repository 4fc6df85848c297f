"""Pausing the intake by hand: what a rebalance does to partitions that are paused."""

from typing import Any, cast

from collectors.base.publisher import LogPublisher
from collectors.telemetry_collector.environments import Environments
from collectors.telemetry_collector.events import EventReader
from collectors.telemetry_collector.intake import Intake, Topic
from runtime.kafka import TopicPartition
from runtime.rejects import Rejecter
from schema.topics import EVENTS
from tests.collectors.fakes import FakeClock, FakeProducer


class Member:
    """A consumer that has been given partitions, and knows which of them are paused."""

    def __init__(self) -> None:
        self.paused: dict[int, bool] = {}

    def assign(self, *numbers: int) -> list[TopicPartition]:
        self.paused |= dict.fromkeys(numbers, False)
        return [TopicPartition(EVENTS, number) for number in numbers]

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(EVENTS, number) for number in self.paused]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {place.partition: True for place in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {place.partition: False for place in partitions}


def test_partitions_that_were_paused_before_a_rebalance_are_read_again_after_it() -> None:
    member, producer = Member(), FakeProducer(FakeClock())
    consumer: Any = member
    intake = Intake(
        consumer,
        cast("Any", producer),
        LogPublisher(producer, "prod", 4),
        Rejecter(cast("Any", producer), "test"),
        {EVENTS: Topic("topic-id", EventReader(Environments("prod", 1), strict=True))},
    )
    intake._on_assign(consumer, member.assign(0))
    intake._pause(True)
    assert member.paused == {0: True}
    intake._on_assign(consumer, member.assign(1))
    intake._pause(True)
    assert member.paused == {0: True, 1: True}
    intake._on_assign(consumer, member.assign(2))
    intake._pause(False)
    assert member.paused == {0: False, 1: False, 2: False}
