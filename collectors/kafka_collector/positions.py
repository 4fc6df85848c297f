"""What is kept of a group in each of its partitions and topics, between groups.py's judgements. Pure."""

from dataclasses import dataclass
from enum import Enum

from collectors.kafka_collector.history import EndHistory
from collectors.kafka_collector.progress import Progress
from collectors.kafka_collector.sample import TopicPartition
from collectors.kafka_collector.search import Found
from schema.part_models import GroupPartition


class Unrest(Enum):
    """What of a group changes without a commit or a message: nothing, the age of its lag, rates and verdicts.

    Where the age is not known yet, it waits for its turn to be looked up.
    """

    NONE = 0
    AGES = 1
    WAITS = 2
    MOVES = 3


@dataclass(slots=True)
class TopicLag:
    """What a group has to say of one topic: messages, seconds, messages per second, seconds.

    `stopped` when nobody reads it in the group's name any more.
    """

    lag_messages: int | None = None
    lag_seconds: float | None = None
    consumed_per_second: float = 0.0
    end_to_end_seconds: float | None = None
    stopped: bool = True


class Position:
    """A group in one partition: its progress, when its oldest unread message came, and what is shown of it.

    `offset` is that message's and `found` when it came, where that is known. `rests` when nothing of what is
    shown changes without a commit or a message. The other fields are those of `shown`, as plain numbers.
    """

    __slots__ = (
        "committed",
        "consumed",
        "delay_at",
        "delay_seconds",
        "found",
        "history",
        "lag",
        "offset",
        "produced",
        "progress",
        "rests",
        "seconds",
        "shown",
    )

    def __init__(self) -> None:
        self.progress = Progress()
        self.history: EndHistory | None = None
        self.committed: int | None = None
        self.offset: int | None = None
        self.found: Found | None = None
        self.delay_at = 0.0
        self.delay_seconds = 0.0
        self.rests = False
        self.shown: GroupPartition | None = None
        self.lag: int | None = None
        self.seconds: float | None = None
        self.consumed: float | None = None
        self.produced: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """When the message at an offset was appended must be looked up: the history does not tell it.

    `guessed` where it tells it within a sampling interval, and that is a long one.
    """

    group: str
    place: TopicPartition
    offset: int
    guessed: bool = False
