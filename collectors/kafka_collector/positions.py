"""What is kept of a group in each of its partitions and topics, between groups.py's judgements. Pure."""

from dataclasses import dataclass
from enum import Enum

from collectors.kafka_collector.progress import Progress
from collectors.kafka_collector.sample import TopicPartition
from collectors.kafka_collector.search import Found


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
    """What a group has to say of one topic: messages, seconds, messages per second, seconds."""

    lag_messages: int | None = None
    lag_seconds: float | None = None
    consumed_per_second: float = 0.0
    end_to_end_seconds: float | None = None


class Position:
    """A group in one partition: its progress, and when the oldest message that it has not read came."""

    __slots__ = ("committed", "delay_at", "delay_seconds", "found", "offset", "progress")

    def __init__(self) -> None:
        self.progress = Progress()
        self.committed: int | None = None
        self.offset: int | None = None
        self.found: Found | None = None
        self.delay_at = 0.0
        self.delay_seconds = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """When the message at an offset was appended must be looked up: the history does not tell it."""

    group: str
    place: TopicPartition
    offset: int
