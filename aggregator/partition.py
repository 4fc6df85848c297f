"""One partition of the log: its time, and the environments that lie in it (DESIGN §4.1). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from aggregator import checkpoint
from aggregator.checkpoint import Position
from aggregator.decode import entry_of
from aggregator.effects import Effect
from aggregator.environment import EnvironmentFold
from aggregator.state import State
from aggregator.ticks import to_ms
from schema.errors import InvalidMessage
from schema.messages import Mark
from schema.types import DiscoveryMode


@dataclass(frozen=True)
class Message:
    """What the fold needs of a message of the log; `appended_ms` is the broker's append time."""

    offset: int
    appended_ms: int
    value: bytes | None
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class FoldSettings:
    """What shapes a fold: the log's partition count, the interval of new environments, and how many.

    `discovery_mode` and `budgets_usd` are what the log is told; what a snapshot shows follows the log alone.
    """

    partitions: int
    interval_ms: int
    max_environments: int
    discovery_mode: DiscoveryMode = "auto"
    budgets_usd: Mapping[str, Decimal] = field(default_factory=dict)


class PartitionFold:
    """Folds one partition in order; ticks close just before the first later record is folded."""

    def __init__(self, partition: int, settings: FoldSettings) -> None:
        self.partition = partition
        self.environments: dict[str, EnvironmentFold] = {}
        self.time_ms = 0
        self.mark_ms = 0
        self.catching_up = True
        self.start: Position | None = None
        self.told_settings_at: dict[str, float] = {}
        self._settings = settings
        self._closes_ms: int | None = None

    def restore(self, name: str, offset: int, state: bytes, stored: datetime | None) -> None:
        """Put an environment back as its checkpoint kept it. Raises UnreadableCheckpoint.

        The partition is then read from `start`, the lowest of the safe positions.
        """
        saved = checkpoint.decode(state)
        if self.start is None or saved.safe.offset < self.start.offset:
            self.start = saved.safe
            self.time_ms, self.mark_ms = saved.safe.time_ms, saved.safe.mark_ms
        self.environments[name] = EnvironmentFold(
            name,
            saved.state,
            saved.state.last_tick_ms,
            from_offset=offset,
            stored_ms=to_ms(stored) if stored else 0,
        )
        self._plan()

    def lost(self) -> None:
        """Records of the log are gone: every environment has a gap until the next record."""
        for environment in self.environments.values():
            environment.lost()
        self._plan()

    def advance(self, message: Message) -> list[Effect]:
        """Move time to a record: close the ticks that it is later than."""
        self.time_ms = max(self.time_ms, message.appended_ms)
        self.mark_ms = self.mark_ms or self.time_ms
        now = Position(message.offset, self.time_ms, self.mark_ms)
        effects: list[Effect] = []
        while self._closes_ms is not None and self._closes_ms < self.time_ms:
            for environment in self.environments.values():
                if environment.next_tick_ms == self._closes_ms:
                    safe = self._safe(now, environment)
                    effects += environment.close(self.partition, now, safe, catching_up=self.catching_up)
            self._plan()
        return effects

    def _safe(self, now: Position, closing: EnvironmentFold) -> Position:
        """Give the lowest position that an environment without a checkpoint needs, or this one."""
        begins = [one.began for one in self.environments.values() if one.began and one is not closing]
        return min([now, *begins], key=lambda one: one.offset)

    def fold(self, message: Message) -> str:
        """Fold a record, after `advance`; give its environment. Raises InvalidMessage."""
        entry = entry_of(message.value, message.headers, self.partition, self._settings.partitions)
        if isinstance(entry.record, Mark):
            self.mark_ms = self.time_ms
            return ""
        environment = self.environments.get(entry.environment)
        if environment is None:
            environment = self._open(entry.environment)
            environment.began = Position(message.offset, self.time_ms, self.mark_ms)
        if message.offset >= environment.from_offset:
            environment.fold(entry, self.time_ms)
            # A fold without any checkpoint begins at the log's end; one that goes on misses no tick.
            if self.start is not None or not self.catching_up:
                environment.begin(self.time_ms)
            self._plan()
        return entry.environment

    def caught_up(self) -> None:
        """The log's end is reached: environments without a tick begin at the next one."""
        self.catching_up = False
        for environment in self.environments.values():
            environment.begin(self.time_ms)
        self._plan()

    def changes(self) -> list[Effect]:
        """Give what changed in all environments since the last call."""
        return [effect for one in self.environments.values() for effect in one.changes(self.time_ms)]

    def _open(self, name: str) -> EnvironmentFold:
        awake = sum(not one.tables.state.idle for one in self.environments.values())
        if awake >= self._settings.max_environments:
            raise InvalidMessage(
                "too_many_environments",
                f"ORACLE_MAX_ENVIRONMENTS is {self._settings.max_environments}, and {name!r} is one more",
            )
        environment = EnvironmentFold(name, State(self._settings.interval_ms), self.time_ms)
        self.environments[name] = environment
        return environment

    def _plan(self) -> None:
        ticks = [one.next_tick_ms for one in self.environments.values() if one.next_tick_ms is not None]
        self._closes_ms = min(ticks, default=None)
