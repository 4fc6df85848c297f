"""One topic over time: throughput, backpressure, dead letters, shape, into what the snapshot shows. Pure."""

from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from collectors.kafka_collector.backpressure import Backpressure
from collectors.kafka_collector.names import id_of
from collectors.kafka_collector.partitions import Partitions
from collectors.kafka_collector.positions import TopicLag
from collectors.kafka_collector.progress import RATE_SECONDS
from collectors.kafka_collector.sample import TopicSample
from collectors.kafka_collector.times import moment
from schema import models

MINUTE = 60.0


class TopicFlow:
    """One topic; `told` gives it as it stands, from the groups that read it."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.restless = False
        self._backpressure = Backpressure()

    def told(
        self,
        sample: TopicSample,
        partitions: Partitions,
        readers: Iterable[TopicLag],
        dead_letter: bool,
        owner: str | None,
        interval_seconds: float,
    ) -> models.Topic:
        """Give the topic at the sample's time; `owner` is whose dead letters it holds, where known."""
        at, state = partitions.at, partitions.topics[self.topic]
        lags = list(readers)
        # Who reads no more says nothing of a topic that others read: a relic is no backlog.
        reading = [one for one in lags if not one.stopped] or lags
        depth = max((one.lag_messages for one in reading if one.lag_messages is not None), default=None)
        behind = max((one.lag_seconds for one in reading if one.lag_seconds is not None), default=None)
        delay = max(
            (one.end_to_end_seconds for one in lags if one.end_to_end_seconds is not None), default=None
        )
        consumed = sum(one.consumed_per_second for one in lags) if lags else None
        produced = state.history.rate(at, max(RATE_SECONDS, interval_seconds))
        if depth is not None:
            # Where nobody reads any more nobody is pressed: that the groups are stopped is told as such.
            pressing = 0 if reading[0].stopped else depth
            self._backpressure.note(at, pressing, consumed, interval_seconds)
        buried = state.history.rate(at, max(MINUTE, interval_seconds)) if dead_letter else None
        pressed = self._backpressure.pressed if lags else None
        self.restless = bool(produced or consumed or buried or pressed)
        all_known = 0 < len(state.partitions) == state.lows_known
        return models.Topic(
            topic=id_of(self.topic),
            partitions=len(state.partitions),
            produced_per_second=_known(produced, 2),
            consumed_per_second=_known(consumed, 2),
            end_to_end_seconds=_known(delay, 2),
            depth=UNSET if depth is None else depth,
            lag_seconds=_known(behind, 2),
            backpressure=UNSET if pressed is None else pressed,
            messages=max(0, state.ends - state.lows) if all_known else UNSET,
            size_bytes=UNSET if sample.size_bytes is None else sample.size_bytes,
            dead_letter_of=owner or UNSET,
            dead_letters_per_minute=_known(None if buried is None else buried * MINUTE, 2),
            under_replicated=UNSET if sample.refused else sample.under_replicated,
            leaderless=UNSET if sample.refused else len(sample.leaderless),
            recreated_at=UNSET if state.recreated_at is None else moment(state.recreated_at),
            partitions_added_at=(
                UNSET if state.partitions_added_at is None else moment(state.partitions_added_at)
            ),
            unavailable=sample.refused or UNSET,
        )


def _known(value: float | None, places: int) -> float | UnsetType:
    return UNSET if value is None else round(max(0.0, value), places)
