"""Reads `__consumer_offsets` into a commit table: the first of the collector's two ways to know commits.

The consumer assigns the partitions itself, so no group is joined and nothing is committed. It fetches ahead
between two reads, into a bounded queue: a consumer that is paused meanwhile was measured to need a second to
go on. It reads committed records only: what a transaction commits shows when the transaction does. While a
transaction is open, nothing that stands behind it in its partition can be read, of whichever group:
`Progress.held` names those partitions.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from collectors.kafka_collector.client import CLIENT_ID, EARLIEST, INTERNAL_TOPIC, LATEST, REQUEST_SECONDS
from collectors.kafka_collector.commit_table import CommitTable
from schema.errors import SourceDenied, SourceUnavailable

_BATCH = 10_000
# `consume` waits so long for a batch that is not full: the last one of a read never is.
_BATCH_SECONDS = 0.01
_STUCK_SECONDS = 10.0
_CONFIG: dict[str, object] = {
    "group.id": CLIENT_ID,  # The library asks for one; this group is never joined.
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "auto.offset.reset": "error",
    # The broker collects for so long: else each commit of a busy cluster would be an answer of its own.
    "fetch.min.bytes": 1024 * 1024,
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 100,
    "queued.max.messages.kbytes": 8 * 1024,
}
_DENIED = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})
_NOT_KNOWN = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
_LOST_PLACE = frozenset(
    {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._LOG_TRUNCATION}
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What one read did: records read, records (at most) still to read before the ends, and why.

    `whole` is true when every partition was read to its end as it was when the read began. `held` are
    partitions in which an open transaction keeps later records from being read, and those of which it was
    last known and is not now. `read_to` says how far each partition was read. `errors` are those of single
    partitions and brokers.
    """

    read: int
    left: int
    whole: bool
    held: frozenset[int] = frozenset()
    read_to: Mapping[int, int] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


class InternalTopic:
    """One reader of one cluster; blocking, so call `read` from a thread, one at a time.

    `table` is always the same object; what the topic loses, the table begins anew (`CommitTable.restart`).
    """

    def __init__(self, config: Mapping[str, object], watched: Callable[[str], bool] = bool) -> None:
        self.table = CommitTable(watched)
        self._config = {**config, **_CONFIG, "error_cb": self._note}
        self._consumer = Consumer(self._config)
        self._is_used = False
        self._behind_since: float | None = None
        self._partitions: tuple[int, ...] = ()
        self._at: dict[int, int] = {}
        self._held: frozenset[int] = frozenset()
        self._denied: dict[int, str] = {}
        self._errors: dict[str, None] = {}

    def read(
        self,
        partitions: Sequence[int],
        limit_seconds: float,
        highs: Mapping[int, int] = MappingProxyType({}),
    ) -> Progress:
        """Fold what was written until now; go on in the next read where the limit ends this one.

        `partitions` are all partitions of the topic, from the cluster's metadata; `highs` are their ends with
        open transactions, asked just now, as far as they are known. Raises SourceDenied where the topic may
        not be read, and SourceUnavailable where no broker answers.
        """
        try:
            return self._read(partitions, limit_seconds, highs)
        except KafkaException as error:
            raise self._refused(error.args[0]) from None

    def _read(self, partitions: Sequence[int], limit_seconds: float, highs: Mapping[int, int]) -> Progress:
        deadline = time.monotonic() + limit_seconds
        self._errors.clear()
        self._follow(tuple(sorted(partitions)))
        if not partitions:
            return Progress(0, 0, whole=True)
        if not self._at:
            self._assign(self._asked(EARLIEST))
        elif self._denied or self._is_stuck():
            # A client that was refused does not ask again soon, and one that brings nothing may never.
            self._assign(self._at)
        ends = self._asked(LATEST)
        if any(end < self._at[number] for number, end in ends.items()):
            # Records that we have read are gone: the topic was made anew, or a replica without them leads.
            self._forget()
            self._assign(self._asked(EARLIEST))
        read = self._read_to(ends, deadline)
        if read or not self._is_behind(ends):
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.monotonic()
        if said := self._said_of_denial(ends):
            raise _denied(said)
        left = sum(max(0, end - self._at.get(number, 0)) for number, end in ends.items())
        whole = left == 0 and ends.keys() == self._at.keys()
        if whole:
            self.table.settle()
        self._held = frozenset(number for number in self._partitions if self._is_held(number, ends, highs))
        return Progress(read, left, whole, self._held, dict(self._at), tuple(self._errors))

    def _follow(self, partitions: tuple[int, ...]) -> None:
        # A group stands in the partition that the hash of its name gives: with more of them, in another.
        if partitions != self._partitions:
            self._partitions = partitions
            self._forget()
            if not partitions:
                self.table.settle()

    def _forget(self) -> None:
        self.table.restart()
        self._at = {}

    def _assign(self, starts: Mapping[int, int]) -> None:
        if self._is_used:
            # A client that knew a topic before it was deleted was seen to fetch nothing of its successor.
            before, self._consumer = self._consumer, Consumer(self._config)
            before.close()
        self._is_used = True
        self._behind_since = None
        self._denied.clear()
        # The library is slower to find out where a partition begins: 0.4 s were measured.
        self._at = {number: starts.get(number, 0) for number in self._partitions}
        self._consumer.assign(
            [
                TopicPartition(INTERNAL_TOPIC, number, starts.get(number, OFFSET_BEGINNING))
                for number in self._partitions
            ]
        )

    def _asked(self, timestamp: int) -> dict[int, int]:
        """Ask where each partition begins, or ends for a reader of committed records (last stable offset)."""
        places = [TopicPartition(INTERNAL_TOPIC, number, timestamp) for number in self._partitions]
        found = self._offsets(places)
        for place in found:
            if place.error:
                self._fault(place.error, place.partition)
        asked = {place.partition: place.offset for place in found if not place.error and place.offset >= 0}
        if not asked:
            raise SourceUnavailable(f"no partition of {INTERNAL_TOPIC} answers: {', '.join(self._errors)}")
        return asked

    def _offsets(self, places: list[TopicPartition]) -> list[TopicPartition]:
        try:
            return self._consumer.offsets_for_times(places, timeout=REQUEST_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _NOT_KNOWN:
                raise
        # A client that has once seen no such topic, or might not see it, goes on without asking again.
        topic = self._consumer.list_topics(INTERNAL_TOPIC, timeout=REQUEST_SECONDS).topics[INTERNAL_TOPIC]
        if topic.error:
            raise KafkaException(topic.error)
        return self._consumer.offsets_for_times(places, timeout=REQUEST_SECONDS)

    def _read_to(self, ends: Mapping[int, int], deadline: float) -> int:
        # Even with nothing to wait for: the client's own events are handed over here.
        read = self._fold(self._consumer.consume(_BATCH, 0))
        while self._is_behind(ends) and not self._said_of_denial(ends) and time.monotonic() < deadline:
            read += self._fold(self._consumer.consume(_BATCH, _BATCH_SECONDS))
        return read

    def _is_stuck(self) -> bool:
        return self._behind_since is not None and time.monotonic() - self._behind_since > _STUCK_SECONDS

    def _is_behind(self, ends: Mapping[int, int]) -> bool:
        return bool(self._at) and any(self._at[number] < end for number, end in ends.items())

    def _is_held(self, number: int, ends: Mapping[int, int], highs: Mapping[int, int]) -> bool:
        """Say whether an open transaction keeps later records back; what is not known is as it was.

        What the end for readers of committed records, asked later, still does not include is kept back.
        """
        if number not in highs or number not in ends or self._at.get(number, -1) < ends[number]:
            return number in self._held
        return ends[number] < highs[number]

    def _said_of_denial(self, ends: Mapping[int, int]) -> str:
        """Give what the broker said, as far as there is something to read: an old denial may be no more."""
        denied = [
            said for number, said in self._denied.items() if self._at.get(number, 0) < ends.get(number, 0)
        ]
        return denied[0] if denied else ""

    def _fold(self, messages: Iterable[Message]) -> int:
        take, at, read = self.table.take, self._at, 0
        for message in messages:
            error = message.error()
            number = cast(int, message.partition())
            if number not in at and (error is None or error.code() == KafkaError._PARTITION_EOF):
                continue  # Of a reading that was given up: it begins anew.
            if error is None:
                self._denied.pop(number, None)
                self.table.partition = number
                take(message.key(), message.value())
                at[number] = cast(int, message.offset()) + 1
                read += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                # Markers of transactions stand behind the last record and are not handed out.
                self._denied.pop(number, None)
                at[number] = max(at[number], cast(int, message.offset()))
            elif error.code() in _LOST_PLACE:
                self._fault(error, number)
                self._forget()
                break
            else:
                self._fault(error, number)
        return read

    def _fault(self, error: KafkaError, number: int) -> None:
        if error.code() in _DENIED:
            # Said by the client once, and true until a record comes.
            self._denied[number] = error.str()
        elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # The group is not used: nothing is lost.
            self._errors[f"{INTERNAL_TOPIC}-{number}: {error.str()}"] = None

    def _note(self, error: KafkaError) -> None:
        # "All brokers are down" says less than the error of one broker before it.
        if error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError.GROUP_AUTHORIZATION_FAILED):
            self._errors[error.str()] = None

    def _refused(self, error: KafkaError) -> SourceUnavailable:
        if error.code() in _DENIED:
            return _denied(error.str())
        # Hands over what was noted for `_note`; a record that comes with it counts like any other.
        self._fold(self._consumer.consume(_BATCH, 0))
        said = next(iter(self._errors), error.str())
        return SourceUnavailable(
            f"{self._config.get('bootstrap.servers')} gives no offsets of {INTERNAL_TOPIC}: {said}"
        )


def _denied(said: str) -> SourceDenied:
    return SourceDenied(f"{INTERNAL_TOPIC} may not be read: allow Describe and Read on that topic ({said})")
