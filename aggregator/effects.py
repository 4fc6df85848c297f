"""What folding the log brings about: changes to announce, and ticks to store."""

from dataclasses import dataclass

from aggregator.observations import Key
from aggregator.snapshot import Document
from runtime.store.protocol import Row
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
class Silence:
    """A stretch without snapshots, from the last tick before it, and why (`idle`, `log_lost`)."""

    since_ms: int
    reason: str


@dataclass(frozen=True)
class Frozen:
    """A tick to be stored; `offset` is that of the first record not in it, `state` a checkpoint or None."""

    environment: str
    partition: int
    tick_ms: int
    interval_ms: int
    document: Document
    events: list[Row]
    calls: list[Row]
    offset: int
    state: bytes | None
    gap: Silence | None = None
    first: bool = False
    catching_up: bool = False


Effect = Changes | Frozen
