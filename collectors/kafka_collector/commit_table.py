"""Folds the records of `__consumer_offsets` into groups, between the internal topic and the sample; pure.

The records of one group stand in one partition of that topic, so the order of partitions does not matter, and
each kind of record has its own key, so the last record of each key is the state, in whatever order compaction
has left them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from collectors.kafka_collector.offset_records import (
    ClassicGroup,
    CoordinatedGroup,
    CoordinatedMember,
    CurrentAssignment,
    OffsetCommit,
    Unknown,
    decode,
)
from collectors.kafka_collector.sample import Commit, GroupSample, MemberSample, TopicPartition
from schema.errors import UnreadableRecord

_MOST_UNKNOWN = 100
_SPARE_PLACES = 1000
_URL_SAFE = str.maketrans("+/", "-_", "=")


class _Group:
    """What is known of one group; `told` once its name was handed out."""

    __slots__ = ("assigned", "classic", "clients", "commits", "coordinated", "partition", "told")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.commits: dict[TopicPartition, Commit] = {}
        self.classic: tuple[MemberSample, ...] | None = None
        self.coordinated: frozenset[str] = frozenset()
        self.clients: dict[str, tuple[str, str]] | None = None
        self.assigned: dict[str, tuple[tuple[str, int], ...]] | None = None
        self.told = False

    def exists(self) -> bool:
        # An assignment alone counts: compaction may have left it before the group's other records.
        known = self.commits or self.coordinated or self.clients or self.assigned
        return bool(known) or self.classic is not None

    def topic_ids(self) -> frozenset[str]:
        return frozenset(topic_id for places in (self.assigned or {}).values() for topic_id, _ in places)


class CommitTable:
    """The groups of a cluster as the internal topic has them so far.

    `watched` says whether a group or a topic is to be shown. `unknown` counts records of unknown types and
    versions, and those that do not parse ("unreadable", "assignment"). `complete` since everything that was
    there at the beginning has been read: before that, old commits look like new ones. `restarts` counts how
    often it began anew. `partition` is that of the internal topic that the next records come from.
    """

    def __init__(self, watched: Callable[[str], bool] = bool) -> None:
        self.unknown: dict[str, int] = {}
        self.complete = False
        self.restarts = 0
        self.partition = -1
        self._watched = watched
        self._groups: dict[str, _Group] = {}
        self._changed: set[str] = set()
        self._ended: set[str] = set()
        self._before: set[str] = set()
        self._topic_names: dict[str, str] = {}
        self._unnamed: set[str] = set()
        # One tuple for all groups that read a partition.
        self._places: dict[TopicPartition, TopicPartition] = {}
        self._commits = 0

    def groups_in(self, partitions: Collection[int]) -> dict[str, int]:
        """Give the groups whose records stand in these partitions of the internal topic, and in which."""
        return {
            name: group.partition for name, group in self._groups.items() if group.partition in partitions
        }

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Fold one record."""
        try:
            record = decode(key, value)
        except UnreadableRecord:
            self._count("unreadable")
            return
        if type(record) is OffsetCommit:
            self._commit(record)
        elif isinstance(record, ClassicGroup):
            self._classic(record)
        elif isinstance(record, CoordinatedGroup):
            self._coordinated(record)
        elif isinstance(record, CoordinatedMember):
            self._member(record)
        elif isinstance(record, CurrentAssignment):
            self._assignment(record)
        elif isinstance(record, Unknown):
            self._count(record.what)

    def changed(self) -> frozenset[str]:
        """Give the groups that are there and of which a record was read since the last call."""
        changed, self._changed = frozenset(self._changed), set()
        for name in changed:
            self._groups[name].told = True
        if len(self._places) > 2 * self._commits + _SPARE_PLACES:
            self._places.clear()  # Topics come and go; the tuples live on in the commits.
        return changed

    def ended(self) -> frozenset[str]:
        """Give the groups that were handed out as changed and are gone since the last call."""
        ended, self._ended = frozenset(self._ended), set()
        return ended

    def group(self, name: str) -> GroupSample | None:
        """Give a group as it is now, or None when it is not there."""
        group = self._groups.get(name)
        if group is None:
            return None
        members = (*(group.classic or ()), *self._members(group))
        commits = {place: commit for place, commit in group.commits.items() if self._watched(place[0])}
        return GroupSample(name, "Stable" if members else "Empty", members, commits)

    def unnamed_topic_ids(self) -> frozenset[str]:
        """Give the topic ids that members are assigned to and whose names are not known."""
        return frozenset(self._unnamed)

    def name_topics(self, names: Mapping[str, str]) -> None:
        """Take the names of all topics by their ids; a group that a change concerns has changed.

        An id is in either alphabet of base64: Kafka prints the one for URLs, librdkafka the other. The cost
        follows the number of groups: call it when `unnamed_topic_ids` has something, or when a topic was made
        or deleted.
        """
        names = {topic_id.translate(_URL_SAFE): name for topic_id, name in names.items()}
        before, self._topic_names = self._topic_names, names
        self._unnamed.clear()
        for name, group in self._groups.items():
            if group.assigned:
                ids = group.topic_ids()
                self._unnamed |= ids - names.keys()
                if any(before.get(topic_id) != names.get(topic_id) for topic_id in ids):
                    self._changed.add(name)

    def restart(self) -> None:
        """Begin anew with nothing: what was known ends only if it is missing when all is read (`settle`)."""
        self.complete = False
        self.restarts += 1
        self._before |= {name for name, group in self._groups.items() if group.told}
        self._groups.clear()
        self._changed.clear()
        self._unnamed.clear()
        self._places.clear()
        self._commits = 0

    def settle(self) -> None:
        """Say that all has been read: what was known before a restart and is missing has ended."""
        self.complete = True
        if self._before:
            self._ended |= self._before - self._groups.keys()
            self._before = set()

    def _commit(self, record: OffsetCommit) -> None:
        name, topic, partition, offset, committed_ms = record
        group = self._groups.get(name)
        if offset is None or offset < 0:
            if group is not None and group.commits.pop((topic, partition), None) is not None:
                self._commits -= 1
                self._touched(name, group)
            return
        if group is None:
            group = self._group_of(name)
            if group is None:
                return
        place = (topic, partition)
        place = self._places.setdefault(place, place)
        if place not in group.commits:
            self._commits += 1
        group.commits[place] = Commit(offset, committed_ms / 1000 if committed_ms >= 0 else None)
        self._changed.add(name)

    def _classic(self, record: ClassicGroup) -> None:
        if record.unreadable:
            self._count("assignment", record.unreadable)
        if group := self._group_of(record.group, record.members is not None):
            group.classic = record.members
            self._touched(record.group, group)

    def _coordinated(self, record: CoordinatedGroup) -> None:
        if group := self._group_of(record.group, record.exists):
            kind = {record.kind}
            group.coordinated = group.coordinated | kind if record.exists else group.coordinated - kind
            self._touched(record.group, group)

    def _member(self, record: CoordinatedMember) -> None:
        if group := self._group_of(record.group, record.client is not None):
            if record.client is None:
                _drop(group.clients, record.member_id)
            else:
                group.clients = group.clients or {}
                group.clients[record.member_id] = record.client
            self._touched(record.group, group)

    def _assignment(self, record: CurrentAssignment) -> None:
        if group := self._group_of(record.group, record.places is not None):
            if record.places is None:
                _drop(group.assigned, record.member_id)
            else:
                group.assigned = group.assigned or {}
                group.assigned[record.member_id] = record.places
                self._unnamed.update(one for one, _ in record.places if one not in self._topic_names)
            self._touched(record.group, group)

    def _members(self, group: _Group) -> Iterator[MemberSample]:
        assigned = group.assigned or {}
        for member_id, (client_id, host) in (group.clients or {}).items():
            places = tuple(
                (self._topic_names[topic_id], partition)
                for topic_id, partition in assigned.get(member_id, ())
                if topic_id in self._topic_names
            )
            yield MemberSample(member_id, client_id, host, places)

    def _group_of(self, name: str, create: bool = True) -> _Group | None:
        group = self._groups.get(name)
        if group is None and create and self._watched(name):
            group = self._groups[name] = _Group(self.partition)
            # It came back before anybody was told that it had ended.
            group.told = name in self._ended or name in self._before
            self._ended.discard(name)
        return group

    def _touched(self, name: str, group: _Group) -> None:
        if group.exists():
            self._changed.add(name)
            return
        del self._groups[name]
        self._changed.discard(name)
        if group.told:
            self._ended.add(name)

    def _count(self, what: str, count: int = 1) -> None:
        if what not in self.unknown and len(self.unknown) >= _MOST_UNKNOWN:
            what = "other"
        self.unknown[what] = self.unknown.get(what, 0) + count


def _drop(members: dict[str, Any] | None, member_id: str) -> None:
    if members is not None:
        members.pop(member_id, None)
