"""The Kafka collector composed as production does, its passes folded as the runner folds them.

What is judged here is what the log would hold: every value has passed its contract, and what a complete pass
did not name is gone.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import UnsetType

from collectors.base.collector import Due
from collectors.base.source import Source
from collectors.kafka_collector.collector import make
from collectors.kafka_collector.settings import CommitsChoice, KafkaSettings
from runtime.settings import load
from schema.errors import SourceUnavailable
from schema.messages import Gone, Observed
from schema.models import Group, GroupPartition, Topic
from schema.observed import KafkaClusterObserved

INTERVAL_SECONDS = 0.5
BOTH_WAYS: tuple[CommitsChoice, ...] = ("internal_topic", "admin_api")
_PATIENCE_SECONDS = 40.0
_BETWEEN_SECONDS = 0.1


class Composed:
    """One collector, and what the log holds of it; `down_reason` while the cluster does not answer.

    `ended` are the groups and topics that were told as gone, in order.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self.commits_from = settings.watched_kafka_commits_from
        self._collector, instance = make(settings)
        self._source = Source(f"{self._collector.name}@{instance}", "epoch")
        self.down_reason = ""
        self.groups: dict[str, Group] = {}
        self.topics: dict[str, Topic] = {}
        self.ended: list[tuple[str, str]] = []
        self._cluster: KafkaClusterObserved | None = None

    @property
    def cluster(self) -> KafkaClusterObserved:
        """Give what was told last of the cluster."""
        assert self._cluster is not None, self.down_reason
        return self._cluster

    @property
    def unavailable(self) -> dict[str, str]:
        """Give the parts that cannot be read, with the reason that the heartbeat would carry."""
        return self._source.unavailable

    @property
    def synced(self) -> list[str]:
        """Give the kinds of which everything has been told."""
        return self._source.synced

    async def look(self) -> None:
        """Run one pass."""
        self._source.begin_pass()
        try:
            async for item in self._collector.observe():
                if not isinstance(item, Due):
                    for record in self._source.take(item, datetime.now(UTC)):
                        self._note(record)
        except SourceUnavailable as error:
            self.down_reason = str(error)
            return
        self.down_reason = ""
        self._source.end_pass()

    async def until(self, told: Callable[["Composed"], object]) -> None:
        """Run passes until one has told what is awaited; fail after a while."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        await self.look()
        while not told(self):
            assert time.monotonic() < deadline, self._state()
            await asyncio.sleep(_BETWEEN_SECONDS)
            await self.look()

    def partition(self, group: str, number: int = 0, topic: str = "") -> GroupPartition:
        """Give one partition of a group, of the topic where it reads several."""
        [found] = [
            one
            for one in self.groups[group].partitions
            if one.partition == number and topic in ("", one.topic)
        ]
        return found

    def _note(self, record: Observed | Gone) -> None:
        if isinstance(record, Gone):
            self.ended.append((record.kind, record.id))
            (self.groups if record.kind == "group" else self.topics).pop(record.id, None)
        elif record.kind == "group":
            self.groups[record.id] = msgspec.json.decode(record.value, type=Group)
        elif record.kind == "topic":
            self.topics[record.id] = msgspec.json.decode(record.value, type=Topic)
        else:
            self._cluster = msgspec.json.decode(record.value, type=KafkaClusterObserved)

    def _state(self) -> str:
        few = [*self.groups.values()][:5], [*self.topics.values()][:5]
        return (
            f"{self.commits_from}: {self.down_reason} {self.unavailable} {self._cluster} {few} {self.ended}"
        )


def composed(
    bootstrap_servers: str, commits_from: CommitsChoice = "auto", security: Iterable[tuple[str, str]] = ()
) -> Composed:
    """Compose a collector from the variables that an operator sets; `security` holds further ones."""
    environ = {
        "WATCHED_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "WATCHED_KAFKA_COMMITS_FROM": commits_from,
        "OBSERVE_INTERVAL_SECONDS": str(INTERVAL_SECONDS),
        **dict(security),
    }
    return Composed(load(KafkaSettings, environ))


def both_ways(bootstrap_servers: str) -> list[Composed]:
    """Compose a collector for each way of knowing the commits."""
    return [composed(bootstrap_servers, way) for way in BOTH_WAYS]


async def every(watching: Iterable[Composed], told: Callable[[Composed], object]) -> None:
    """Run passes of all of these at once, of each until one has told what is awaited."""
    await asyncio.gather(*(one.until(told) for one in watching))


def ages_known(one: Composed, *groups: str) -> bool:
    """Say whether these groups are told, each with the age of its lag."""
    return all(
        name in one.groups and not isinstance(one.groups[name].lag_seconds, UnsetType) for name in groups
    )


def slack_seconds(one: Composed) -> float:
    """Give how exact a moment is: a window of one and a half sampling intervals, and a clock's rounding."""
    asked = one.cluster.interval_seconds
    assert not isinstance(asked, UnsetType)
    return 1.5 * asked + 0.1


def unread_since(one: Composed, group: str) -> float:
    """Give since when the group's oldest message waits in partition 0; its lag in seconds must agree."""
    shown = one.partition(group)
    assert not isinstance(shown.unread_since, UnsetType), shown
    assert not isinstance(shown.lag_seconds, UnsetType), shown
    since = shown.unread_since.timestamp()
    # Of many groups whose lag only ages each is told in its turn.
    assert 0 <= shown.lag_seconds <= one.cluster.sampled_at.timestamp() - since + 0.01, shown
    return since
