"""Watermarks in batches: what one broker does not answer does not cost the others."""

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from collectors.kafka_collector.client import LATEST, KafkaClient
from runtime.settings import BaseSettings


class FakeConsumer:
    """Answers for all partitions but those of the topic `mute`, whose broker does not answer."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        self.asked.append(len(places))
        if any(one.topic == "mute" for one in places):
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return [TopicPartition(one.topic, one.partition, 7) for one in places]


async def test_a_broker_that_fails_one_batch_does_not_cost_the_others_and_is_not_asked_again() -> None:
    client = KafkaClient(BaseSettings(kafka_bootstrap_servers="127.0.0.1:1"))
    consumer = FakeConsumer()
    client._consumer.close()
    client._consumer = consumer  # type: ignore[assignment]
    leaders = {("mute", number): 1 for number in range(600)} | {("tasks", number): 2 for number in range(300)}
    answers = await client.watermarks(leaders, LATEST)
    assert answers.offsets == {("tasks", number): 7 for number in range(300)}
    (error,) = answers.errors
    assert error.startswith("broker 1: ")
    assert sorted(consumer.asked) == [50, 250, 250]
