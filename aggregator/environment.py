"""One environment of a partition: its tables, its views, and its next tick. Pure."""

from aggregator import checkpoint
from aggregator.checkpoint import Position
from aggregator.decode import Entry
from aggregator.effects import Changes, Effect, Frozen, Silence
from aggregator.observations import STALE_INTERVALS
from aggregator.snapshot import freeze
from aggregator.state import State
from aggregator.tables import Tables
from aggregator.ticks import from_ms, tick_of
from aggregator.views import Views
from schema.models import Source

IDLE_MS = 600_000
"""Without a record of its own for ten minutes, an environment gets no more snapshots (DESIGN §4.8)."""
CHECKPOINT_MS = 60_000
MARK_SECONDS = 0.25


class EnvironmentFold:
    """Folds an environment's records and closes its ticks.

    `next_tick_ms` is None before the first tick of a fold without a checkpoint, and while idle; ticks up to
    `stored_ms` are in the store already, so they are passed without making a document. `began` is where an
    environment without a checkpoint begins in the log.
    """

    def __init__(
        self, name: str, state: State, now_ms: int, *, from_offset: int = 0, stored_ms: int = 0
    ) -> None:
        self.tables = Tables(name, state)
        self.views = Views(self.tables, now_ms)
        self.from_offset = from_offset
        self.began: Position | None = None
        self.stored_ms = stored_ms
        self.checkpointed = bool(from_offset)
        self.next_tick_ms: int | None = None
        self._forgotten_ms = 0
        self._gap: Silence | None = None
        if state.idle:
            self._gap = Silence(state.last_tick_ms, "idle")
        elif state.last_tick_ms:
            self.next_tick_ms = tick_of(state.last_tick_ms + 1, state.interval_ms)

    @property
    def name(self) -> str:
        """Give the environment's name."""
        return self.tables.name

    def begin(self, time_ms: int) -> None:
        """Set the first tick of an environment that has none, at or after a moment."""
        if self.next_tick_ms is None and not self.tables.state.idle:
            self.next_tick_ms = tick_of(
                max(time_ms, self.tables.state.last_tick_ms + 1), self.tables.state.interval_ms
            )
            self.tables.forget_unshown(self.next_tick_ms - self.tables.state.interval_ms)

    def lost(self) -> None:
        """Note that records of the log are gone: the ticks they belonged to are a gap, the totals stay."""
        if not self.tables.state.idle and self.tables.state.last_tick_ms:
            self._gap = Silence(max(self.tables.state.last_tick_ms, self.stored_ms), "log_lost")
            self.next_tick_ms = None
        self.from_offset = 0  # It named a place in a log that is no more.

    def fold(self, entry: Entry, time_ms: int) -> None:
        """Fold one record; one that ends an idle stretch sets the next tick."""
        state = self.tables.state
        interval = state.interval_ms
        self.tables.fold(entry, time_ms)
        if self.next_tick_ms is None:
            self._forget_unshown(time_ms)
        woken = state.idle
        state.idle = False
        changed = state.interval_ms != interval and self.next_tick_ms is not None
        if woken or changed:
            self.next_tick_ms = tick_of(max(time_ms, state.last_tick_ms + 1), state.interval_ms)

    def _forget_unshown(self, now_ms: int) -> None:
        """Without ticks, what is to be shown once does not pile up: the first tick speaks of one interval."""
        until_ms = now_ms - self.tables.state.interval_ms
        if until_ms >= self._forgotten_ms:
            self._forgotten_ms = until_ms + self.tables.state.interval_ms
            self.tables.forget_unshown(until_ms)

    def changes(self, at_ms: int) -> list[Effect]:
        """Give what changed since the last call, or nothing."""
        self.views.refresh(at_ms)
        entities, self.views.changed = self.views.changed, {}
        activity, self.tables.live = self.tables.live, []
        return [Changes(self.name, at_ms, entities, activity)] if entities or activity else []

    def close(self, partition: int, now: Position, safe: Position, *, catching_up: bool) -> list[Effect]:
        """Close the next tick: `now` is at the record that came later than it.

        `safe` is where a later owner must begin to read, so that it misses no environment of the partition.
        """
        tick_ms = self.next_tick_ms
        assert tick_ms is not None
        tables, state = self.tables, self.tables.state
        tables.expire(tick_ms)
        own = self._own_sources(tick_ms, now.mark_ms)
        self.views.sources([*tables.observations.freshness(tick_ms), *own])
        self.views.at_tick(tick_ms)
        effects = self.changes(tick_ms)
        document = freeze(self.name, self.views, tick_ms) if tick_ms > self.stored_ms else None
        first, gap = not state.last_tick_ms, self._gap
        events, calls = tables.events.take(from_ms(tick_ms)), tables.calls.take(from_ms(tick_ms))
        tables.after_tick()
        self._gap = None
        state.last_tick_ms = tick_ms
        self.next_tick_ms = tick_of(tick_ms + 1, state.interval_ms)
        if tick_ms - state.own_ms > IDLE_MS:
            state.idle, self._gap, self.next_tick_ms = True, Silence(tick_ms, "idle"), None
        if document is None:
            return effects
        saved = None
        if not self.checkpointed or tick_ms % CHECKPOINT_MS == 0 or state.idle:
            saved = checkpoint.encode(checkpoint.Saved(checkpoint.VERSION, now, safe, state))
            self.checkpointed, self.began = True, None
        frozen = Frozen(
            self.name,
            partition,
            tick_ms,
            state.interval_ms,
            document,
            events,
            calls,
            now.offset,
            saved,
            gap=gap,
            first=first,
            catching_up=catching_up,
        )
        return [*effects, frozen]

    def _own_sources(self, tick_ms: int, mark_ms: int) -> list[Source]:
        """Say how fresh the aggregator (by its marks) and the broker (by what collectors tell) are."""
        state = self.tables.state
        waits = [
            one.undelivered_ms
            for one in state.sources.values()
            if one.undelivered_ms and tick_ms - one.heard_ms <= STALE_INTERVALS * one.interval_seconds * 1000
        ]
        aggregator = Source(
            name="oracle-aggregator",
            instance=self.name,
            status="fresh" if tick_ms - mark_ms < state.interval_ms else "down",
            age_seconds=max(0, tick_ms - mark_ms) / 1000,
            interval_seconds=MARK_SECONDS,
        )
        kafka = Source(
            name="oracle-kafka",
            instance=self.name,
            status="down" if waits else "fresh",
            age_seconds=max(0, tick_ms - max(mark_ms, state.own_ms)) / 1000,
            interval_seconds=state.interval_ms / 1000,
        )
        if not waits:
            return [aggregator, kafka]
        return [aggregator, _undelivered(kafka, min(waits))]


def _undelivered(kafka: Source, since_ms: int) -> Source:
    return Source(
        name=kafka.name,
        instance=kafka.instance,
        status="down",
        reason="collectors could not append to the log",
        age_seconds=kafka.age_seconds,
        interval_seconds=kafka.interval_seconds,
        undelivered_since=from_ms(since_ms),
    )
