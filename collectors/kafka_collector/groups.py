"""One consumer group over time: its samples and the partitions' history into what the snapshot shows. Pure.

A group is judged when it or one of its partitions changed, and while time alone changes what is shown
(`unrest`).
"""

from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from collectors.kafka_collector.partitions import Partitions
from collectors.kafka_collector.positions import Position, TopicLag, Unrest, Wanted
from collectors.kafka_collector.progress import NEVER, RATE_SECONDS, catch_up
from collectors.kafka_collector.sample import Commit, GroupSample, TopicPartition
from collectors.kafka_collector.search import Found
from collectors.kafka_collector.times import moment
from collectors.kafka_collector.verdicts import verdict, worst
from schema import models
from schema.part_models import PartitionDoubt, Verdict

MAX_PARTITIONS = 2000
"""So many partitions of a group are listed: more would pass what a record of the log may hold."""
REBALANCING = frozenset({"PreparingRebalance", "CompletingRebalance"})
STILL: frozenset[Verdict | UnsetType] = frozenset({"stalled", "stopped"})


class GroupState:
    """One group; `take` with each sample that may change it, then `look_up`s are answered, then `told`."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.topics: dict[str, TopicLag] = {}
        self.told_at = 0.0
        self.unrest = Unrest.NONE
        self._sample = GroupSample(group, "Unknown")
        self._places: list[TopicPartition] = []
        self._positions: dict[TopicPartition, Position] = {}
        self._held: set[TopicPartition] = set()

    @property
    def places(self) -> Iterable[TopicPartition]:
        """The partitions that the group reads."""
        return self._positions.keys()

    def take(
        self, sample: GroupSample | None, partitions: Partitions, tolerance_seconds: float
    ) -> list[Wanted]:
        """Take a sample, or None when the group's own is as before; give what must be looked up.

        `tolerance_seconds` is how wide a window the history may give for the moment of a message.
        """
        if sample is not None:
            self._sample = sample
            held = {place for one in sample.members for place in one.assigned}
            # While it rebalances nobody has been given anything, which is no reason to call it stopped.
            self._held = held | self._held if sample.state in REBALANCING else held
        places = self._held | self._sample.commits.keys()
        self._places = sorted(place for place in places if place in partitions.end)
        for gone in self._positions.keys() - set(self._places):
            del self._positions[gone]
        wanted = []
        for place in self._places:
            one = self._positions.get(place)
            if one is None:
                one = self._positions[place] = Position()
            missing = self._advance(one, place, partitions, tolerance_seconds)
            if missing:
                wanted.append(missing)
        return wanted

    def found(self, place: TopicPartition, offset: int, found: Found) -> None:
        """Take the answer to a lookup."""
        one = self._positions.get(place)
        if one is not None and one.offset == offset:
            one.found = found

    def told(self, partitions: Partitions, interval_seconds: float) -> models.Group:
        """Give the group as it stands at the sample's time, and note what time alone will change of it."""
        self.topics = {}
        shown = [self._partition(place, partitions, interval_seconds) for place in self._places]
        lags = [one.lag_messages for one in shown if not isinstance(one.lag_messages, UnsetType)]
        seconds = [one.lag_seconds for one in shown if not isinstance(one.lag_seconds, UnsetType)]
        waits = [
            one.seconds_to_catch_up for one in shown if not isinstance(one.seconds_to_catch_up, UnsetType)
        ]
        never = any(one.never_catches_up is True for one in shown)
        verdicts = [one.verdict for one in shown if not isinstance(one.verdict, UnsetType)]
        commits = [one.committed_at for one in shown if not isinstance(one.committed_at, UnsetType)]
        self.told_at, self.unrest = partitions.at, self._unrest(shown)
        kept, left_out = _largest(shown)
        return models.Group(
            group=self.group[:256],
            state=self._sample.state,
            verdict=worst(verdicts) if verdicts else UNSET,
            lag_messages=sum(lags) if lags else UNSET,
            lag_seconds=max(seconds) if seconds else UNSET,
            committed_at=max(commits) if commits else UNSET,
            consumed_per_second=_sum(one.consumed_per_second for one in shown),
            produced_per_second=_sum(one.produced_per_second for one in shown),
            seconds_to_catch_up=max(waits) if waits and not never else UNSET,
            never_catches_up=True if never else UNSET,
            members=_members(self._sample),
            partitions=kept,
            partitions_left_out=left_out or UNSET,
            unavailable=self._sample.refused or UNSET,
        )

    def _advance(
        self, one: Position, place: TopicPartition, partitions: Partitions, tolerance_seconds: float
    ) -> Wanted | None:
        end = partitions.end[place]
        commit = self._sample.commits.get(place)
        committed = commit.offset if commit else None
        lag = None if committed is None else max(0, end - committed)
        if committed != one.committed:
            self._note_delay(one, place, partitions, commit)
            one.committed = committed
        if committed is None or not lag:
            one.offset = one.found = None
            return None
        # What lies below the low watermark is gone: the oldest message to read stands there.
        offset = max(committed, partitions.low.get(place, 0))
        if offset == one.offset and one.found is not None:
            return None
        one.offset = offset
        appended = partitions.history(place).appended(offset)
        if appended is None:
            one.found = None
            return None
        if appended.earliest is not None and appended.latest - appended.earliest <= tolerance_seconds:
            one.found = Found(appended.at, is_lower_bound=False)
            return None
        one.found = None
        return Wanted(self.group, place, offset)

    def _note_delay(
        self, one: Position, place: TopicPartition, partitions: Partitions, commit: Commit | None
    ) -> None:
        """Note how old the messages were when they were committed: the middle of the first and the last."""
        if commit is None or one.committed is None or commit.offset <= one.committed:
            return
        history = partitions.history(place)
        first, last = history.appended(one.committed), history.appended(commit.offset - 1)
        if first is None or last is None or first.earliest is None:
            return
        committed_at = commit.at if commit.at is not None else partitions.at
        one.delay_at = partitions.at
        one.delay_seconds = max(0.0, committed_at - (first.at + last.at) / 2)

    def _partition(
        self, place: TopicPartition, partitions: Partitions, interval_seconds: float
    ) -> models.GroupPartition:
        at, end, one = partitions.at, partitions.end[place], self._positions[place]
        commit = self._sample.commits.get(place)
        lag = None if commit is None else max(0, end - commit.offset)
        unread_since = one.found.at if lag and one.found is not None else None
        committed_at = commit.at if commit else None
        held = place in self._held
        one.progress.note(at, commit.offset if commit else None, end, lag, committed_at, held, unread_since)
        consumed = one.progress.consumed_per_second(at, interval_seconds)
        produced = partitions.history(place).rate(at, max(RATE_SECONDS, interval_seconds))
        judged = verdict(one.progress, at, interval_seconds)
        # Who commits rarely stands still between two commits: over its last moves it does not.
        rates = (0.0, produced) if judged in STILL else one.progress.sustained(at) or (consumed, produced)
        wait = catch_up(lag, *rates)
        seconds = 0.0 if lag == 0 else None
        if unread_since is not None:
            seconds = max(0.0, at - unread_since)
        self._note_topic(place[0], lag, seconds, consumed, one if at - one.delay_at <= RATE_SECONDS else None)
        low = partitions.low.get(place, 0)
        lost = max(0, low - commit.offset) if commit and lag else 0
        return models.GroupPartition(
            topic=place[0],
            partition=place[1],
            committed_offset=commit.offset if commit else UNSET,
            end_offset=end,
            lag_messages=UNSET if lag is None else lag,
            lag_seconds=UNSET if seconds is None else round(seconds, 2),
            unread_since=UNSET if unread_since is None else moment(unread_since),
            committed_at=UNSET if committed_at is None else moment(committed_at),
            consumed_per_second=_rate(consumed),
            produced_per_second=_rate(produced),
            seconds_to_catch_up=round(wait, 1) if isinstance(wait, float) else UNSET,
            never_catches_up=True if wait is NEVER else UNSET,
            verdict=judged,
            doubt=self._doubt(place, commit, partitions, one, lost) or UNSET,
            lost_messages=lost or UNSET,
        )

    def _doubt(
        self,
        place: TopicPartition,
        commit: Commit | None,
        partitions: Partitions,
        one: Position,
        lost: int,
    ) -> PartitionDoubt | None:
        if place in partitions.unanswered:
            return "unanswered"
        if commit is None:
            return "no_commit"
        if commit.offset > partitions.end[place]:
            return "beyond_end"
        if lost:
            return "truncated"
        return "future_timestamps" if one.found is not None and one.found.is_lower_bound else None

    def _note_topic(
        self, topic: str, lag: int | None, seconds: float | None, consumed: float | None, one: Position | None
    ) -> None:
        told = self.topics.setdefault(topic, TopicLag())
        if lag is not None:
            told.lag_messages = (told.lag_messages or 0) + lag
        if seconds is not None:
            told.lag_seconds = max(seconds, told.lag_seconds or 0.0)
        told.consumed_per_second += consumed or 0.0
        if one is not None and one.delay_at:
            told.end_to_end_seconds = max(one.delay_seconds, told.end_to_end_seconds or 0.0)

    def _unrest(self, shown: list[models.GroupPartition]) -> Unrest:
        if any(one.consumed_per_second or one.produced_per_second for one in shown):
            return Unrest.MOVES
        behind = [one for one in shown if one.lag_messages or (one.doubt == "no_commit" and one.end_offset)]
        if any(one.verdict not in STILL and (one.lag_messages or one.verdict != "ok") for one in behind):
            return Unrest.MOVES
        if any(one.lag_messages and isinstance(one.lag_seconds, UnsetType) for one in behind):
            return Unrest.WAITS
        return Unrest.AGES if behind else Unrest.NONE


def _members(sample: GroupSample) -> list[models.Member]:
    return [
        models.Member(
            member_id=one.member_id[-256:],  # what makes it unique stands at the end
            client_id=one.client_id[:256],
            host=one.host.lstrip("/")[:256],
            topics=sorted({topic for topic, _ in one.assigned}) or UNSET,
        )
        for one in sorted(sample.members, key=lambda member: member.member_id)
    ]


def _largest(shown: list[models.GroupPartition]) -> tuple[list[models.GroupPartition], int]:
    """Give the partitions to list, in their order, and how many are left out."""
    if len(shown) <= MAX_PARTITIONS:
        return shown, 0
    by_lag = sorted(shown, key=lambda one: -(one.lag_messages or 0))[:MAX_PARTITIONS]
    return sorted(by_lag, key=lambda one: (one.topic, one.partition)), len(shown) - MAX_PARTITIONS


def _rate(per_second: float | None) -> float | UnsetType:
    return UNSET if per_second is None else round(max(0.0, per_second), 2)


def _sum(rates: "Iterable[float | UnsetType]") -> float | UnsetType:
    known = [one for one in rates if not isinstance(one, UnsetType)]
    return round(sum(known), 2) if known else UNSET
