"""Following one environment's changes (DESIGN §3, Changes): messages in, effects out. Pure.

    waiting ──tick that is not catching up──▶ loading ──snapshot loaded──▶ following
       ▲                                         │                            │
       └───── a hole, a reload, a higher generation, an aggregator that catches up

Changes that come while no snapshot is loaded are kept, because the snapshot to come may not include them:
`_needed` is the highest sequence that must be in it, and the kept changes continue from there without a hole.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from api.announced import Announced
from api.patch import Document, apply
from schema.messages import Change, Reload, TickMessage
from schema.wire import encode

MAX_KEPT_BYTES = 8 * 1024 * 1024

WAITING = "The live state begins with the next snapshot."
MISSED = "A change was missed; the next snapshot brings the state up to date."
NEW_OWNER = "The aggregator has started anew; waiting for its first snapshot."
CATCHING_UP = "The aggregator is catching up with the log."
UNREADABLE = "The newest snapshot cannot be loaded from the store; trying the next one."


@dataclass(frozen=True)
class Load:
    """Load this snapshot, and answer with `loaded` or `not_loaded`."""

    snapshot_id: str
    generation: int
    sequence: int


@dataclass(frozen=True)
class SendState:
    """Send the whole document to every client."""


@dataclass(frozen=True)
class SendPatch:
    """Send one change to every client."""

    announced: Announced


@dataclass(frozen=True)
class SendTick:
    """Send one tick message to every client."""

    announced: Announced


@dataclass(frozen=True)
class SendStatus:
    """Tell every client that the document is not up to date, and why."""

    status: Literal["waiting", "catching_up"]
    message: str


Effect = Load | SendState | SendPatch | SendTick | SendStatus


class LiveState:
    """One environment: `document` is the newest known (None at first), at `generation` and `sequence`.

    `status` says why the document is not up to date, and is None while it follows.
    """

    def __init__(self) -> None:
        self.document: Document | None = None
        self.generation = 0
        self.sequence = 0
        self.status: SendStatus | None = SendStatus("waiting", WAITING)
        self._loading: Load | None = None
        self._held_tick: Announced | None = None
        self._kept: deque[Announced] = deque()
        self._kept_bytes = 0
        self._needed = -1
        self._shown = (0, 0)

    @property
    def position(self) -> tuple[int, int]:
        """Give the generation and sequence that `document` is at."""
        return self._shown

    def take(self, announced: Announced) -> list[Effect]:
        """Take one message of this environment, in the order of its partition."""
        message = announced.message
        if message.generation < self.generation:
            return []
        effects: list[Effect] = []
        if message.generation > self.generation:
            first = self.generation == 0
            self.generation = message.generation
            effects += self._wait("waiting", WAITING if first else NEW_OWNER, needed=-1)
        match message:
            case Change():
                return effects + self._change(announced, message)
            case TickMessage():
                return effects + self._tick(announced, message)
            case Reload():
                if self._is_following and message.sequence <= self.sequence:
                    return effects
                return effects + self._wait("waiting", MISSED, needed=max(self._needed, message.sequence))

    def loaded(self, load: Load, document: Document) -> list[Effect]:
        """Take the snapshot that a Load asked for; an outdated one changes nothing."""
        if load != self._loading:
            return []
        if load.sequence < self._needed:
            return self._failed(MISSED)
        self._loading, self.status, self.sequence = None, None, load.sequence
        for one in self._kept:
            if one.message.sequence > load.sequence:
                document = self._applied(document, one)
        self._clear(needed=-1)
        self.document, self._shown = document, (self.generation, self.sequence)
        effects: list[Effect] = [SendState()]
        if held := self._held_tick:
            self._held_tick = None
            effects += self._follow_tick(held)
        return effects

    def not_loaded(self, load: Load) -> list[Effect]:
        """Go on without the snapshot that a Load asked for: the store does not have it or does not answer."""
        return self._failed(UNREADABLE) if load == self._loading else []

    @property
    def _is_following(self) -> bool:
        return self.status is None

    @property
    def _last(self) -> int:
        """Give the highest sequence that is loaded, kept or known to be missing."""
        if self._is_following:
            return self.sequence
        return self._kept[-1].message.sequence if self._kept else self._needed

    def _change(self, announced: Announced, change: Change) -> list[Effect]:
        if change.sequence <= self._last:
            return []
        if self._is_following and change.sequence == self.sequence + 1:
            assert self.document is not None
            self.document = self._applied(self.document, announced)
            self._shown = (self.generation, self.sequence)
            return [SendPatch(announced)]
        effects: list[Effect] = []
        if self._is_following:
            effects = self._wait("waiting", MISSED, needed=change.sequence - 1)
        elif change.sequence != self._last + 1:
            self._clear(needed=change.sequence - 1)
        self._keep(announced)
        return effects

    def _tick(self, announced: Announced, tick: TickMessage) -> list[Effect]:
        if tick.catching_up:
            # It sends no changes meanwhile, so what is known here falls behind without a hole to see.
            waiting = self._wait("catching_up", CATCHING_UP, needed=max(self._last, tick.sequence))
            return [*waiting, SendTick(announced)]
        if self._is_following:
            if tick.sequence <= self.sequence:
                return self._follow_tick(announced)
            effects = self._wait("waiting", MISSED, needed=tick.sequence)
            return effects + self._load(announced, tick)
        if self._loading:
            self._held_tick = announced
            return []
        return self._load(announced, tick)

    def _follow_tick(self, announced: Announced) -> list[Effect]:
        tick = announced.message
        assert isinstance(tick, TickMessage)
        if tick.sequence > self.sequence:
            effects = self._wait("waiting", MISSED, needed=tick.sequence)
            return effects + self._load(announced, tick)
        assert self.document is not None
        moment = encode(tick.tick).decode().strip('"')
        self.document = {**self.document, "id": tick.snapshot_id, "timestamp": moment}
        return [SendTick(announced)]

    def _load(self, announced: Announced, tick: TickMessage) -> list[Effect]:
        if tick.sequence < self._needed:
            return []
        while self._kept and self._kept[0].message.sequence <= tick.sequence:
            self._kept_bytes -= len(self._kept.popleft().raw)
        self._needed = max(self._needed, tick.sequence)
        self._loading = Load(tick.snapshot_id, tick.generation, tick.sequence)
        self._held_tick = announced
        return [self._loading]

    def _wait(self, status: Literal["waiting", "catching_up"], message: str, needed: int) -> list[Effect]:
        """Fall back to waiting, told only when it is new; new clients still get the document."""
        self._loading = self._held_tick = None
        self._clear(needed)
        before, self.status = self.status, SendStatus(status, message)
        return [] if before == self.status else [self.status]

    def _failed(self, message: str) -> list[Effect]:
        """Load the newest tick's snapshot instead, if one came meanwhile; else wait for the next."""
        failed, held = self._loading, self._held_tick
        self._loading = self._held_tick = None
        if failed and held and isinstance(tick := held.message, TickMessage):
            newer = tick.snapshot_id != failed.snapshot_id
            if newer and tick.sequence >= self._needed:
                return self._load(held, tick)
        before, self.status = self.status, SendStatus("waiting", message)
        return [] if before == self.status else [self.status]

    def _applied(self, document: Document, announced: Announced) -> Document:
        change = announced.message
        assert isinstance(change, Change)
        self.sequence = change.sequence
        return apply(document, announced.entities, change.remove)

    def _keep(self, announced: Announced) -> None:
        self._kept.append(announced)
        self._kept_bytes += len(announced.raw)
        while self._kept_bytes > MAX_KEPT_BYTES:
            dropped = self._kept.popleft()
            self._kept_bytes -= len(dropped.raw)
            self._needed = dropped.message.sequence

    def _clear(self, needed: int) -> None:
        self._kept.clear()
        self._kept_bytes = 0
        self._needed = needed
