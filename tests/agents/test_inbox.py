"""The inbox by hand: what a rebalance does to partitions that are paused while all slots are taken."""

from typing import Any

import pytest

from agents.base import kafka_client
from agents.base.kafka_client import Inbox
from agents.base.settings import AgentSettings
from runtime.kafka import TopicPartition


class Member:
    """A consumer that knows which of its partitions are paused."""

    def __init__(self) -> None:
        self.paused: dict[int, bool] = {}

    def subscribe(self, _topics: list[str], **_callbacks: Any) -> None: ...

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {place.partition: False for place in partitions}

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition("tasks", number) for number in self.paused]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {place.partition: True for place in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {place.partition: False for place in partitions}


def test_partitions_that_were_paused_before_a_rebalance_are_read_again_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member: Any = Member()
    monkeypatch.setattr(kafka_client, "open_consumer", lambda *_: member)
    inbox = Inbox(AgentSettings(), "group", "tasks", 1, lambda _: None)
    inbox._on_assign(member, [TopicPartition("tasks", 0)])
    inbox._pause(True)
    assert member.paused == {0: True}
    inbox._on_assign(member, [TopicPartition("tasks", 1)])
    inbox._pause(False)
    assert member.paused == {0: False, 1: False}
