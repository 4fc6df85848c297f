"""Topics' sizes on disk: when they are asked, what is added up, and the real brokers' answers."""

import asyncio
import logging
import uuid
from collections.abc import Mapping

import pytest
from kafka.errors import KafkaError
from kafka.protocol.admin import DescribeLogDirsResponse

from cli.stack.server import KafkaServer, free_port
from collectors.kafka_collector import sizes
from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.sample import TopicPartition, TopicSample
from collectors.kafka_collector.sampler import Sampler
from collectors.kafka_collector.sizes import TopicSizes, ask_for, by_topic
from runtime.kafka import Producer
from runtime.settings import BaseSettings
from tests.collectors.kafka_samples import Watched, named, sample
from tests.collectors.topics import create_topic

A0, A1, B0 = ("a", 0), ("a", 1), ("b", 0)
LEADERS = {A0: 1, A1: 2, B0: 1}
TOPICS = {"a": TopicSample("a", (0, 1)), "b": TopicSample("b", (0,))}
Leaders = Mapping[TopicPartition, int]


class Asked:
    """A cluster by hand, and the clock beside it."""

    def __init__(self, *answers: Mapping[TopicPartition, int] | Exception) -> None:
        self.seconds = 0.0
        self.answers = list(answers)
        self.questions: list[Leaders] = []
        self.sizes = TopicSizes(self._answer, lambda: self.seconds)

    def _answer(self, leaders: Leaders) -> Mapping[TopicPartition, int]:
        self.questions.append(leaders)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def at(self, seconds: float, topics: Mapping[str, TopicSample] = TOPICS) -> dict[str, int]:
        """Give the sizes after a sample at this time whose question, if it asked one, was answered."""
        self.seconds = seconds
        self.sizes.take(topics, LEADERS)
        if (asking := self.sizes._asking) is not None:
            await asyncio.wait([asking])
            self.sizes.take(topics, LEADERS)
        return dict(self.sizes.sizes)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({A0: 10, A1: 5, B0: 7}, {"a": 15, "b": 7}),
        ({A0: 0, A1: 0, B0: 0}, {"a": 0, "b": 0}),
        ({A0: 10, B0: 7}, {"b": 7}),  # one partition silent: half a sum would be wrong
        ({A0: 10, A1: 5, B0: 7, ("c", 0): 9}, {"a": 15, "b": 7}),  # never asked
        ({}, {}),
    ],
)
def test_a_topic_whose_partitions_all_answered_has_their_sum(
    told: dict[TopicPartition, int], expected: dict[str, int]
) -> None:
    assert by_topic(LEADERS, told) == expected


async def test_sizes_are_asked_once_a_minute_and_stay_between() -> None:
    asked = Asked({A0: 1, A1: 1, B0: 1}, {A0: 5, A1: 5, B0: 5})
    assert await asked.at(9) == {}
    first, later = {"a": 2, "b": 1}, {"a": 10, "b": 5}
    assert [await asked.at(when) for when in (10, 12, 69, 70, 72)] == [first, first, first, later, later]
    assert asked.questions == [LEADERS, LEADERS]


@pytest.mark.parametrize("nothing", [{}, KafkaError("refused"), OSError("no route")])
async def test_a_question_that_brought_nothing_is_asked_again_after_ten_minutes(
    nothing: dict[TopicPartition, int] | Exception,
) -> None:
    asked = Asked(nothing, {A0: 1, A1: 1, B0: 1})
    assert [await asked.at(when) for when in (10, 70, 609)] == [{}, {}, {}]
    assert len(asked.questions) == 1
    assert await asked.at(610) == {"a": 2, "b": 1}


async def test_a_topic_with_a_partition_that_nobody_leads_is_not_asked() -> None:
    asked = Asked({B0: 7})
    topics = TOPICS | {"a": TopicSample("a", (0, 1, 2), leaderless=frozenset({2}))}
    assert await asked.at(10, topics) == {"b": 7}
    assert asked.questions == [{B0: 1}]


async def test_an_error_is_no_trouble_and_its_text_reaches_no_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await Asked(KafkaError("s3cret")).at(10) == {}
    told = caplog.text + "".join(capsys.readouterr())
    assert "s3cret" not in told


def test_where_the_library_has_no_way_in_nothing_is_asked() -> None:
    TopicSizes(None, lambda: 100.0).take(TOPICS, LEADERS)  # needs no loop: nothing is begun


def test_a_future_replica_counts_nothing() -> None:
    directory = DescribeLogDirsResponse.DescribeLogDirsResult
    topic = directory.DescribeLogDirsTopic
    partition = topic.DescribeLogDirsPartition
    parts = [
        partition(partition_index=0, partition_size=10, offset_lag=0, is_future_key=False),
        partition(partition_index=0, partition_size=3, offset_lag=7, is_future_key=True),
    ]
    told = [
        directory(error_code=0, log_dir=f"/{n}", topics=[topic(name="a", partitions=[one])])
        for n, one in enumerate(parts)
    ]
    assert sizes._sizes(told) == sizes._sizes(reversed(told)) == {A0: 10}


async def test_a_topic_whose_size_changed_is_told_again() -> None:
    watched = Watched()
    for seconds, size in ((0, None), (2, 700)):
        topics = {"a": TopicSample("a", (0,), size_bytes=size)}
        items = await watched.take(sample(seconds, {A0: 5}, topics=topics))
    assert (named(items, "topic"), watched.topics()["a"].size_bytes) == (["a"], 700)


@pytest.fixture
def topic(broker: KafkaServer) -> tuple[BaseSettings, str]:
    """Give a topic with messages in its two partitions."""
    settings, name = (
        BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers),
        f"sized-{uuid.uuid4().hex}",
    )
    create_topic(settings, name, partitions=2)
    producer = Producer(settings, "test")
    for number in range(500):
        producer.publish(name, bytes(300), partition=number % 2)
    assert producer.close() == 0
    return settings, name


def on_disk(broker: KafkaServer, topic: str) -> int:
    return sum(one.stat().st_size for one in (broker.log_path.parent / "data").glob(f"{topic}-[0-9]*/*.log"))


@pytest.mark.broker
async def test_the_size_is_that_of_the_log_files_and_no_line_is_logged(
    broker: KafkaServer, topic: tuple[BaseSettings, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings, name = topic
    ask = ask_for(settings)
    assert ask is not None
    asked = {(name, 0): 1, (name, 1): 1}
    size = by_topic(asked, ask(asked))
    assert size == {name: on_disk(broker, name)}
    assert size[name] > 500
    assert not [one for one in caplog.records if one.name.startswith("kafka")]


@pytest.mark.broker
async def test_samples_come_to_tell_the_size(
    broker: KafkaServer, topic: tuple[BaseSettings, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "FIRST_SECONDS", 0.0)
    settings, name = topic
    sampler = Sampler(KafkaClient(settings), "admin_api", include_own=False)
    size = None
    async with asyncio.timeout(30):
        while size is None:
            size = (await sampler.sample()).topics[name].size_bytes
    assert size == on_disk(broker, name)


@pytest.mark.broker
async def test_a_broker_that_is_gone_is_an_error_of_this_question_only(
    monkeypatch: pytest.MonkeyPatch, topic: tuple[BaseSettings, str]
) -> None:
    monkeypatch.setattr(sizes, "REQUEST_SECONDS", 1.0)
    settings, name = topic
    asked = {(name, 0): 1, (name, 1): 99}
    ask = ask_for(settings)
    assert ask is not None
    assert set(ask(asked)) == {(name, 0)}
    gone = ask_for(BaseSettings(kafka_bootstrap_servers=f"127.0.0.1:{free_port()}"))
    assert gone is not None
    with pytest.raises(KafkaError):
        gone(asked)
