"""Whether a topic is compacted: what is asked of the cluster, what is remembered, and what an error means."""

from concurrent.futures import Future
from dataclasses import replace

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined] # not re-exported by the stubs
from msgspec import UNSET

from collectors.kafka_collector.client import KafkaClient
from collectors.kafka_collector.sampler import POLICY_SECONDS
from runtime.settings import BaseSettings
from tests.collectors.kafka_samples import START, Watched, group, sample
from tests.collectors.sampler_cluster import composed

A, B = ("a", 0), ("b", 0)


async def test_it_is_asked_once_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, sampler = composed(monkeypatch)
    assert await sampler.compacted({"a", "b"}) == {"a": True, "b": False}
    assert await sampler.compacted({"a", "c"}) == {"a": True, "c": False}
    assert cluster.policies_asked == [{"a", "b"}, {"c"}]
    cluster.seconds += POLICY_SECONDS
    assert await sampler.compacted({"b"}) == {"b": False}
    assert cluster.policies_asked[2:] == [{"b"}]


async def test_what_was_not_told_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, sampler = composed(monkeypatch)
    cluster.untold = {"a"}
    assert await sampler.compacted({"a", "b"}) == {"b": False}
    cluster.untold = set()
    assert await sampler.compacted({"a", "b"}) == {"a": True, "b": False}
    assert cluster.policies_asked == [{"a", "b"}, {"a"}]


async def test_a_topic_that_ended_or_was_made_anew_is_asked_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster, sampler = composed(monkeypatch)
    cluster.ends = {A: 9, B: 9}
    for ends, expected in (({A: 9, B: 9}, set()), ({A: 9, B: 3}, {"b"}), ({B: 4}, {"a"})):
        await sampler.sample()
        await sampler.compacted({"a", "b"})
        cluster.policies_asked.clear()
        cluster.ends = ends
        await sampler.sample()
        await sampler.compacted({"a", "b"})
        assert cluster.policies_asked == ([expected] if expected else [])


OLD = [(number, round((START - 1100 + 100 * number) * 1000)) for number in range(9)]


async def test_a_message_is_looked_up_once_it_is_known_whether_records_may_have_been_taken_out() -> None:
    watched = Watched()
    watched.samples.records, watched.samples.untold_topics = {A: OLD}, frozenset({"a"})
    taken = sample(0, {A: 9}, group("one", {A: 1}))
    await watched.take(taken)
    assert (watched.samples.questions, watched.partition("one", "a").lag_seconds) == ([], UNSET)
    watched.samples.untold_topics = frozenset()
    await watched.take(replace(taken, at=taken.at + 2))
    assert watched.partition("one", "a").lag_seconds == pytest.approx(1002, abs=1)


def _failing(error: int) -> "Future[object]":
    future: Future[object] = Future()
    future.set_exception(KafkaException(KafkaError(error)))
    return future


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, {"a": False}),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, {"a": False}),
        (KafkaError._UNSUPPORTED_FEATURE, {"a": False}),
        (KafkaError._TIMED_OUT, {}),
        (KafkaError._TRANSPORT, {}),
        (KafkaError.REQUEST_TIMED_OUT, {}),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, {}),
    ],
)
async def test_a_refusal_is_an_answer_and_a_broker_that_does_not_answer_is_none(
    monkeypatch: pytest.MonkeyPatch, error: int, expected: dict[str, bool]
) -> None:
    client = KafkaClient(BaseSettings(kafka_bootstrap_servers="127.0.0.1:1"))

    class Admin:
        def describe_configs(self, asked: list[ConfigResource], **_: object) -> dict[ConfigResource, object]:
            return {one: _failing(error) for one in asked}

    monkeypatch.setattr(client, "admin", Admin())
    assert await client.compacted({"a"}) == expected
