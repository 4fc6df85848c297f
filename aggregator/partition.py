"""One partition of the log: its time, and the environments that lie in it (DESIGN §4.1). Pure."""

from dataclasses import dataclass
from datetime import datetime

from aggregator import checkpoint
from aggregator.decode import entry_of
from aggregator.effects import Effect
from aggregator.environment import EnvironmentFold
from aggregator.tables import State
from aggregator.ticks import to_ms
from schema.errors import InvalidMessage
from schema.messages import Mark


@dataclass(frozen=True)
class Message:
    """What the fold needs of a message of the log; `appended_ms` is the broker's append time."""

    offset: int
    appended_ms: int
    value: bytes | None
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class FoldSettings:
    """What shapes a fold: the log's partition count, the interval of new environments, and how many."""

    partitions: int
    interval_ms: int
    max_environments: int


class PartitionFold:
    """Folds one partition in order; ticks close just before the first later record is folded."""

    def __init__(self, partition: int, settings: FoldSettings) -> None:
        self.partition = partition
        self.environments: dict[str, EnvironmentFold] = {}
        self.time_ms = 0
        self.mark_ms = 0
        self.catching_up = True
        self.told_settings_at = 0.0
        self._settings = settings
        self._closes_ms: int | None = None

    def restore(self, name: str, offset: int, state: bytes, stored: datetime | None) -> None:
        """Put an environment back as its checkpoint kept it. Raises UnreadableCheckpoint.

        Call it in the order of the offsets: the partition's time is that of the lowest.
        """
        saved = checkpoint.decode(state)
        if not self.environments:
            self.time_ms, self.mark_ms = saved.time_ms, saved.mark_ms
        self.environments[name] = EnvironmentFold(
            name,
            saved.state,
            saved.state.last_tick_ms,
            from_offset=offset,
            stored_ms=to_ms(stored) if stored else 0,
        )
        self._plan()

    def advance(self, message: Message) -> list[Effect]:
        """Move time to a record: close the ticks that it is later than."""
        self.time_ms = max(self.time_ms, message.appended_ms)
        self.mark_ms = self.mark_ms or self.time_ms
        effects: list[Effect] = []
        while self._closes_ms is not None and self._closes_ms < self.time_ms:
            for environment in self.environments.values():
                if environment.next_tick_ms == self._closes_ms:
                    effects += environment.close(
                        self.partition,
                        max(message.offset, environment.from_offset),
                        self.time_ms,
                        self.mark_ms,
                        catching_up=self.catching_up,
                    )
            self._plan()
        return effects

    def fold(self, message: Message) -> str:
        """Fold a record, after `advance`; give its environment. Raises InvalidMessage."""
        entry = entry_of(message.value, message.headers, self.partition, self._settings.partitions)
        if isinstance(entry.record, Mark):
            self.mark_ms = self.time_ms
            return ""
        environment = self.environments.get(entry.environment)
        if environment is None:
            environment = self._open(entry.environment)
        if message.offset >= environment.from_offset:
            environment.fold(entry, self.time_ms)
            if not self.catching_up:
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
        if len(self.environments) >= self._settings.max_environments:
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
