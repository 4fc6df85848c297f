"""What folding the log brings about: changes to announce, and ticks to store."""

from dataclasses import dataclass

from aggregator.observations import Key
from aggregator.snapshot import Document
from schema.messages import Call, Event
from schema.types import Part


@dataclass(frozen=True)
class Changes:
    """Entities of an environment that came out different (None: gone), and events and calls as they pass."""

    environment: str
    at_ms: int
    entities: dict[tuple[str, Key], Part | None]
    activity: list[Event | Call]


@dataclass(frozen=True)
class Idle:
    """A stretch without any record of the environment's own: from the last tick before it."""

    since_ms: int


@dataclass(frozen=True)
class Frozen:
    """A tick to be stored; `offset` is that of the first record not in it, `state` a checkpoint or None."""

    environment: str
    partition: int
    tick_ms: int
    interval_ms: int
    document: Document
    events: list[Event]
    calls: list[Call]
    offset: int
    state: bytes | None
    idle: Idle | None = None
    first: bool = False
    catching_up: bool = False


Effect = Changes | Frozen
