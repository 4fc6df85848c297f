"""One consumer group over time: its samples and the partitions' history into what the snapshot shows. Pure.

It is judged when it or one of its partitions changed, and while time alone changes what is shown (`unrest`).
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

from msgspec import UNSET, UnsetType

from collectors.kafka_collector.listing import listed_members, listed_partitions
from collectors.kafka_collector.names import id_of
from collectors.kafka_collector.partitions import Partitions
from collectors.kafka_collector.positions import Position, TopicLag, Unrest, Wanted
from collectors.kafka_collector.progress import NEVER, RATE_SECONDS, catch_up
from collectors.kafka_collector.sample import Commit, GroupSample, TopicPartition
from collectors.kafka_collector.search import Found, guess
from collectors.kafka_collector.times import moment
from collectors.kafka_collector.verdicts import verdict, worst
from schema import models
from schema.part_models import PartitionDoubt, Verdict

MAX_OFFSET = 2**53
WIDEST_SECONDS = 15.0
"""A window wider than this is narrowed by lookups, as far as there is room for them."""
REBALANCING = frozenset({"PreparingRebalance", "CompletingRebalance"})


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
        self._reads: frozenset[TopicPartition] = frozenset()
        self._stale: list[TopicPartition] = []

    @property
    def places(self) -> Iterable[TopicPartition]:
        """The partitions that the group reads, also those whose end is not known yet."""
        return self._reads

    def take(
        self,
        sample: GroupSample | None,
        partitions: Partitions,
        interval_seconds: float,
        moved: Collection[TopicPartition] = (),
    ) -> list[Wanted]:
        """Take a sample, or None when the group's own is as before; give what must be looked up.

        `interval_seconds` is that of the samples; `moved` are the partitions whose watermarks changed.
        """
        changed = self._follow(sample) if sample is not None else frozenset()
        self._places = sorted(place for place in self._reads if place in partitions.end)
        for gone in self._positions.keys() - set(self._places):
            del self._positions[gone]
        self._stale, wanted = [], []
        for place in self._places:
            one = self._positions.get(place)
            if one is None:
                one = self._positions[place] = Position()
            elif one.rests and place not in moved and place not in changed:
                continue
            self._stale.append(place)
            missing = self._advance(one, place, partitions, interval_seconds)
            if missing:
                wanted.append(missing)
        return wanted

    def _follow(self, sample: GroupSample) -> frozenset[TopicPartition]:
        """Take over a sample; give the partitions in which it differs."""
        before, held = self._sample.commits, self._held
        self._sample = sample
        self._held = {place for one in sample.members for place in one.assigned}
        if sample.state in REBALANCING:
            # Nobody has been given anything meanwhile, which is no reason to call the group stopped.
            self._held |= held
        commits = sample.commits
        self._reads = frozenset(self._held | commits.keys())
        return frozenset(
            (
                *(place for place, commit in commits.items() if before.get(place) != commit),
                *(before.keys() - commits.keys()),
                *(held ^ self._held),
            )
        )

    def found(self, place: TopicPartition, offset: int, found: Found) -> None:
        """Take the answer to a lookup."""
        one = self._positions.get(place)
        if one is not None and one.offset == offset:
            one.found = found

    def told(self, partitions: Partitions, interval_seconds: float) -> models.Group:
        """Give the group as it stands at the sample's time, and note what time alone will change of it."""
        for place in self._stale:
            self._judge(self._positions[place], place, partitions, interval_seconds)
        self._stale, self.topics, self.told_at = [], {}, partitions.at
        positions = [self._positions[place] for place in self._places]
        shown = [one.shown for one in positions if one.shown is not None]
        for place, one in zip(self._places, positions, strict=True):
            self._note_topic(place[0], one, partitions.at)
        self.unrest = _unrest(positions)
        used = self._in_use(positions)
        judged = [one.shown for one in used if one.shown is not None]
        never = any(one.never_catches_up is True for one in judged)
        waits = [one.seconds_to_catch_up for one in judged if one.seconds_to_catch_up is not UNSET]
        commits = [one.committed_at for one in shown if one.committed_at is not UNSET]
        members = listed_members(_members(self._sample))
        kept, left_out = listed_partitions(shown, members)
        return models.Group(
            group=id_of(self.group),
            state=self._sample.state,
            verdict=worst(cast(Verdict, one.verdict) for one in judged) if judged else UNSET,
            lag_messages=_over(sum, (one.lag for one in positions)),
            lag_seconds=_over(max, (one.seconds for one in used), 2),
            committed_at=max(commits) if commits else UNSET,
            consumed_per_second=_over(sum, (one.consumed for one in positions), 2),
            produced_per_second=_over(sum, (one.produced for one in positions), 2),
            seconds_to_catch_up=max(waits) if waits and not never else UNSET,
            never_catches_up=True if never else UNSET,
            members=members,
            partitions=kept,
            partitions_left_out=left_out or UNSET,
            unavailable=self._sample.refused or UNSET,
        )

    def _in_use(self, positions: list[Position]) -> list[Position]:
        """Give those of its positions by which the group is judged.

        Members that hold partitions of other topics have left those behind of which they hold none: the old
        commits live on for days, and say nothing of how the group fares.
        """
        topics = {topic for topic, _ in self._held}
        if not topics:
            return positions
        return [self._positions[place] for place in self._places if place[0] in topics] or positions

    def _advance(
        self, one: Position, place: TopicPartition, partitions: Partitions, interval_seconds: float
    ) -> Wanted | None:
        end, history = partitions.end[place], partitions.history(place)
        commit = self._sample.commits.get(place)
        committed = commit.offset if commit else None
        lag = None if committed is None else max(0, end - committed)
        if history is not one.history:
            one.history, one.found = history, None
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
        appended = history.appended(offset)
        if appended is None:
            one.found = None
            return None
        one.found = guess(appended, interval_seconds)
        if one.found is not None and appended.latest - (appended.earliest or 0.0) <= WIDEST_SECONDS:
            return None
        return Wanted(self.group, place, offset, guessed=one.found is not None)

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
        # The broker's clock may be ahead of ours, or wrong: what we have seen is not committed later.
        committed_at = partitions.at if commit.at is None else min(commit.at, partitions.at)
        one.delay_at = partitions.at
        one.delay_seconds = max(0.0, committed_at - (first.at + last.at) / 2)

    def _judge(
        self, one: Position, place: TopicPartition, partitions: Partitions, interval_seconds: float
    ) -> None:
        """Work out what is shown of a partition at the sample's time."""
        at, end = partitions.at, partitions.end[place]
        commit = self._sample.commits.get(place)
        committed, committed_at = commit or (None, None)
        one.lag = lag = None if committed is None else max(0, end - committed)
        unread_since = one.found.at if lag and one.found is not None else None
        low = partitions.low.get(place, 0)
        one.progress.note(at, committed, end, lag, committed_at, place in self._held, unread_since, low=low)
        one.consumed = consumed = one.progress.consumed_per_second(at, interval_seconds)
        one.produced = produced = partitions.history(place).rate(at, max(RATE_SECONDS, interval_seconds))
        one.rests = lag == 0 and not (consumed or produced)
        judged = verdict(one.progress, at, interval_seconds)
        # Who commits rarely stands still between two commits: over its last moves it does not.
        still = judged in ("stalled", "stopped")
        rates = (0.0, produced) if still else one.progress.sustained(at) or (consumed, produced)
        wait = catch_up(lag, *rates)
        one.seconds = 0.0 if lag == 0 else None
        if unread_since is not None:
            one.seconds = max(0.0, at - unread_since)
        lost = max(0, low - commit.offset) if commit and lag else 0
        one.shown = models.GroupPartition(
            topic=place[0],
            partition=place[1],
            # Anybody may commit any number: one that the contract has no room for must not cost the group.
            committed_offset=UNSET if committed is None else min(committed, MAX_OFFSET),
            end_offset=end,
            lag_messages=UNSET if lag is None else lag,
            lag_seconds=_known(one.seconds),
            unread_since=UNSET if unread_since is None else moment(unread_since),
            committed_at=UNSET if committed_at is None else moment(committed_at),
            consumed_per_second=_known(consumed),
            produced_per_second=_known(produced),
            seconds_to_catch_up=round(wait, 1) if isinstance(wait, float) else UNSET,
            # Who keeps up has now and then a message in hand and a rate below that of the last half minute.
            never_catches_up=True if wait is NEVER and judged != "ok" else UNSET,
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

    def _note_topic(self, topic: str, one: Position, at: float) -> None:
        told = self.topics.get(topic)
        if told is None:
            told = self.topics[topic] = TopicLag()
        if one.lag is not None:
            told.lag_messages = (told.lag_messages or 0) + one.lag
        if one.seconds is not None:
            told.lag_seconds = max(one.seconds, told.lag_seconds or 0.0)
        told.consumed_per_second += one.consumed or 0.0
        told.stopped = told.stopped and one.shown is not None and one.shown.verdict == "stopped"
        if at - one.delay_at <= RATE_SECONDS:
            told.end_to_end_seconds = max(one.delay_seconds, told.end_to_end_seconds or 0.0)


def _unrest(positions: list[Position]) -> Unrest:
    unrest = Unrest.NONE
    for one in positions:
        if one.rests or one.shown is None:
            continue
        if one.consumed or one.produced:
            return Unrest.MOVES
        if one.lag and one.seconds is None:
            unrest = Unrest.WAITS
        elif unrest is Unrest.NONE and (one.lag or one.progress.stands_since):
            # Its verdict changes with time too: in its turn.
            unrest = Unrest.AGES
    return unrest


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


def _known(value: float | None) -> float | UnsetType:
    return UNSET if value is None else round(max(0.0, value), 2)


def _over(join: Callable[[list[Any]], Any], values: Iterable[float | None], places: int = 0) -> Any:
    """Join the values that are known; unset when none is."""
    known = [one for one in values if one is not None]
    return round(join(known), places or None) if known else UNSET
