"""The loop's step: from messages of the log to ticks and changes, for the partitions that this process owns.

A partition is paused when it is assigned, loaded from its checkpoints by the writer, and read from the
lowest of their offsets. It counts as catching up until it reaches the end that it had then.
"""

import time

import structlog

from aggregator.announcer import Announcer
from aggregator.checkpoint import UnreadableCheckpoint
from aggregator.effects import Changes, Effect
from aggregator.own_records import OwnRecords
from aggregator.partition import FoldSettings, Message, PartitionFold
from aggregator.writer import Loaded, Superseded, Writer
from runtime import kafka
from runtime.kafka import TopicPartition
from runtime.metrics import PARTITIONS_OWNED
from runtime.rejects import Rejecter
from runtime.settings import BaseSettings
from schema.errors import BrokerFatal, BrokerUnsuitable, InvalidMessage, QueueFull
from schema.topics import LOG

GROUP = "oracle-aggregator"
MARK_SECONDS = 0.25
COMMIT_SECONDS = 5.0
SETTINGS_SECONDS = 10.0
"""So long our settings may be under way in the log before they are told again."""
FLUSH_SECONDS = 0.02
"""Changes are announced at most every 20 ms, so that what comes together goes out together."""
BATCH = 1000


class LogReader:
    """Reads, folds, and hands what comes out to the announcer and the writer."""

    def __init__(
        self,
        settings: BaseSettings,
        shape: FoldSettings,
        own: OwnRecords,
        rejecter: Rejecter,
        announcer: Announcer,
        writer: Writer,
    ) -> None:
        self._shape = shape
        self._ephemeral = settings.oracle_ephemeral
        self._own = own
        self._rejecter = rejecter
        self._announcer = announcer
        self._writer = writer
        self._folds: dict[int, PartitionFold] = {}
        self._ends: dict[int, int] = {}
        self._positions: dict[int, int] = {}
        self._seeks: dict[int, int] = {}
        self._paused = False
        self._unflushed = False
        self._flush_every = FLUSH_SECONDS
        self._marked_at = self._flushed_at = self._committed_at = 0.0
        self._log = structlog.get_logger("oracle")
        self._consumer = kafka.open_consumer(settings, GROUP)
        self._consumer.subscribe(
            [LOG], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def turn(self, seconds: float) -> None:
        """Do one step: what the writer told, a batch of messages, marks, and changes."""
        self._outcomes()
        self._pressure()
        due = max(0.0, self._flushed_at + self._flush_every - time.monotonic())
        message = self._consumer.poll(min(seconds, due) if self._unflushed else seconds)
        if message is not None:
            self._unflushed = True
            for one in [message, *self._consumer.consume(BATCH, 0)]:
                self._take(one)
        now = time.monotonic()
        if self._unflushed and now - self._flushed_at >= self._flush_every:
            self._unflushed = False
            self._flush()
            self._flushed_at = time.monotonic()
            # On a large fleet a flush costs more: then it comes less often, at a tenth of a core at most.
            self._flush_every = min(1.0, max(FLUSH_SECONDS, 10 * (self._flushed_at - now)))
        if now - self._marked_at >= MARK_SECONDS:
            self._marked_at = now
            self._send_marks()
        if now - self._committed_at >= COMMIT_SECONDS:
            self._committed_at = now
            self._commit()

    def close(self) -> None:
        """Leave the group."""
        self._commit()
        self._consumer.close()

    def _take(self, message: kafka.Message) -> None:
        error = message.error()
        partition, offset = message.partition(), message.offset()
        if error is not None:
            self._log.debug("broker error", error=error.str())
            return
        fold = self._folds.get(partition) if partition is not None else None
        if fold is None or partition is None or offset is None:
            return
        kind, appended_ms = message.timestamp()
        if kind != kafka.TIMESTAMP_LOG_APPEND_TIME and not self._ephemeral:
            raise BrokerUnsuitable(
                f"the broker does not keep LogAppendTime on {LOG}: set ORACLE_EPHEMERAL=true to try it"
            )
        self._check_place(fold, partition, offset)
        record = Message(offset, appended_ms, message.value(), kafka.headers_of(message))
        self._effects(fold, fold.advance(record))
        self._positions[partition] = offset + 1
        try:
            environment = fold.fold(record)
        except InvalidMessage as invalid:
            self._reject(invalid, record, partition)
        else:
            if environment and not fold.catching_up:
                self._keep_settings(fold, environment)
        self._catch_up(partition, fold)

    def _check_place(self, fold: PartitionFold, partition: int, offset: int) -> None:
        """Notice records that the broker has dropped below us, and a topic that was made anew."""
        expected = self._positions[partition]
        if offset < expected:
            raise BrokerFatal(f"{LOG} was made anew: offset {offset} after {expected}")
        if offset > expected:
            self._log.error("log lost", partition=partition, offset=expected, low=offset)
            fold.lost()

    def _effects(self, fold: PartitionFold, effects: list[Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, Changes):
                self._writer.store(effect, self._announcer.sequence(effect.environment))
            elif not fold.catching_up:
                self._announcer.announce(effect)

    def _flush(self) -> None:
        for fold in self._folds.values():
            self._effects(fold, fold.changes())

    def _catch_up(self, partition: int, fold: PartitionFold) -> None:
        if fold.catching_up and self._positions.get(partition, 0) >= self._ends.get(partition, 0):
            # What came out of the old records is no news; readers load the next snapshot.
            fold.changes()
            fold.caught_up()
            for environment in fold.environments:
                self._announcer.skip(environment)
                self._keep_settings(fold, environment)
            self._log.info("caught up", partition=partition, environments=sorted(fold.environments))

    def _keep_settings(self, fold: PartitionFold, environment: str) -> None:
        """Tell the log our settings, where it has others: a snapshot's shape comes from the log alone."""
        state, ours = fold.environments[environment].tables.state, self._shape
        ours_already = (state.interval_ms, state.discovery_mode, state.budgets_usd) == (
            ours.interval_ms, ours.discovery_mode, ours.budgets_usd,
        )  # fmt: skip
        if ours_already or state.idle:  # an idle environment hears of them once it wakes
            return
        told_at = fold.told_settings_at.get(environment)
        if told_at is not None and time.monotonic() < told_at + SETTINGS_SECONDS:
            return
        fold.told_settings_at[environment] = time.monotonic()
        try:
            self._own.settings(environment, ours.interval_ms, ours.discovery_mode, ours.budgets_usd)
        except QueueFull:
            self._log.debug("settings told later", environment=environment)

    def _send_marks(self) -> None:
        for partition, fold in self._folds.items():
            if fold.environments and not fold.catching_up:
                try:
                    self._own.mark(partition)
                except QueueFull:
                    self._log.debug("no room for a mark", partition=partition)

    def _reject(self, error: InvalidMessage, record: Message, partition: int) -> None:
        try:
            self._rejecter.reject(
                error, topic=LOG, partition=partition, offset=record.offset, value=record.value
            )
        except QueueFull:
            self._log.warning(
                "rejected and not kept", reason=error.reason, partition=partition, offset=record.offset
            )

    def _on_assign(self, consumer: kafka.Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        consumer.pause(partitions)
        for one in partitions:
            self._writer.load(one.partition)
        PARTITIONS_OWNED.set(len(consumer.assignment()))

    def _on_revoke(self, consumer: kafka.Consumer, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            self._forget(one.partition)
            self._writer.drop(one.partition)
        consumer.incremental_unassign(partitions)
        PARTITIONS_OWNED.set(len(consumer.assignment()))

    def _forget(self, partition: int) -> None:
        for table in (self._folds, self._ends, self._positions, self._seeks):
            table.pop(partition, None)

    def _outcomes(self) -> None:
        while not self._writer.outcomes.empty():
            outcome = self._writer.outcomes.get()
            owned = {one.partition for one in self._consumer.assignment()}
            if outcome.partition not in owned:
                continue
            if isinstance(outcome, Superseded):
                self._consumer.pause([TopicPartition(LOG, outcome.partition)])
                self._forget(outcome.partition)
                self._writer.load(outcome.partition)
            else:
                self._restore(outcome)
        for partition in list(self._seeks):
            self._seek(partition)

    def _restore(self, loaded: Loaded) -> None:
        try:
            low, high = self._consumer.get_watermark_offsets(
                TopicPartition(LOG, loaded.partition), timeout=10
            )
        except kafka.KafkaException as error:
            self._log.warning("watermarks unknown", partition=loaded.partition, error=error.args[0].str())
            self._writer.load(loaded.partition)
            return
        fold = PartitionFold(loaded.partition, self._shape)
        for checkpoint, progress in loaded.environments:
            try:
                fold.restore(checkpoint.environment, checkpoint.offset, checkpoint.state, progress.tick)
            except UnreadableCheckpoint as error:
                self._log.error("checkpoint unreadable", environment=checkpoint.environment, error=str(error))
        start = fold.start.offset if fold.start else low
        furthest = max((one.from_offset for one in fold.environments.values()), default=start)
        if start < low or furthest > high:
            self._log.error("log lost", partition=loaded.partition, offset=start, low=low, high=high)
            fold.lost()
            start = low
        self._folds[loaded.partition] = fold
        self._ends[loaded.partition] = high
        self._seeks[loaded.partition] = self._positions[loaded.partition] = start

    def _seek(self, partition: int) -> None:
        offset = self._seeks[partition]
        try:
            self._consumer.seek(TopicPartition(LOG, partition, offset))
        except kafka.KafkaException as error:
            # The fetcher has not started yet: the next turn tries again.
            self._log.debug("seek later", partition=partition, error=error.args[0].str())
            return
        del self._seeks[partition]
        if not self._paused:
            self._consumer.resume([TopicPartition(LOG, partition)])
        self._log.info("reading", partition=partition, offset=offset, end=self._ends[partition])
        self._catch_up(partition, self._folds[partition])

    def _pressure(self) -> None:
        """Stop reading while the writer's buffer is full; go on when half of it is free."""
        reading = [TopicPartition(LOG, one) for one in self._folds if one not in self._seeks]
        if not self._paused and self._writer.full:
            self._paused = True
            self._consumer.pause(reading)
            self._log.warning("paused: the store is away and the buffer is full")
        elif self._paused and self._writer.roomy:
            try:
                ends = {
                    one.partition: self._consumer.get_watermark_offsets(one, timeout=5)[1] for one in reading
                }
            except kafka.KafkaException as error:
                self._log.warning("resumed later", error=error.args[0].str())
                return
            self._paused = False
            self._ends.update(ends)
            for partition in ends:
                self._folds[partition].catching_up = True
            self._consumer.resume(reading)
            self._log.info("resumed")

    def _commit(self) -> None:
        offsets = [
            TopicPartition(LOG, one, offset)
            for one, offset in self._positions.items()
            if one not in self._seeks
        ]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except kafka.KafkaException as error:
            self._log.debug("not committed", error=error.args[0].str())
