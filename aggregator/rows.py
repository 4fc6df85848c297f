"""A frozen tick → the rows that the store takes in one transaction. Pure."""

from aggregator.effects import Frozen
from aggregator.ticks import from_ms, to_ms
from runtime.store.protocol import Checkpoint, Gap, Progress, TickRows


def rows_of(frozen: Frozen, progress: Progress, topic_id: str) -> TickRows:
    """Give a tick's rows, to follow the tick that `progress` says is the newest stored one."""
    tick = from_ms(frozen.tick_ms)
    checkpoint = None
    if frozen.state is not None:
        checkpoint = Checkpoint(
            frozen.environment, tick, topic_id, frozen.partition, frozen.offset, frozen.state
        )
    return TickRows(
        environment=frozen.environment,
        generation=progress.generation,
        previous_tick=progress.tick,
        tick=tick,
        snapshot_id=frozen.document.snapshot_id,
        snapshot=frozen.document.body,
        sha256=frozen.document.sha256,
        events=frozen.events,
        calls=frozen.calls,
        checkpoint=checkpoint,
        gap=gap_of(frozen, progress),
    )


def gap_of(frozen: Frozen, progress: Progress) -> Gap | None:
    """Give the stretch before this tick that has no snapshots, if there is one, and why."""
    tick = from_ms(frozen.tick_ms)
    if frozen.gap:
        return Gap(from_ms(frozen.gap.since_ms), tick, frozen.gap.reason)
    if frozen.first and progress.tick and frozen.tick_ms - to_ms(progress.tick) > frozen.interval_ms:
        return Gap(progress.tick, tick, "log_lost")
    return None
