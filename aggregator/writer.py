"""Storing: a thread that takes over environments and stores their ticks, each once (DESIGN §4.4, §4.6).

While the store is away the frozen ticks wait here, bounded by bytes; the loop stops reading the log when
`full` and goes on when there is room. What the loop must know comes back through `outcomes`.
"""

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass

import structlog

from aggregator.announcer import Announcer
from aggregator.effects import Frozen
from aggregator.refusals import Refusals
from aggregator.rows import rows_of
from aggregator.ticks import from_ms, to_ms
from runtime.health import Health
from runtime.metrics import TICK_DELAY_SECONDS, TICKS, WAITING_BYTES, WAITING_TICKS
from runtime.store.protocol import Checkpoint, Progress, Store
from schema.errors import QueueFull, StoreError, StoreRefused, StoreSuperseded, StoreUnavailable

MAX_WAITING_BYTES = 256 * 1024 * 1024
RETRY_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Loaded:
    """A partition's environments, as the store has them: (checkpoint, progress) in order of offset."""

    partition: int
    environments: list[tuple[Checkpoint, Progress]]


@dataclass(frozen=True)
class Superseded:
    """Another owner stored an environment's tick: load the partition again."""

    partition: int


@dataclass(frozen=True)
class _Load:
    partition: int
    weight: int = 0


@dataclass(frozen=True)
class _Store:
    frozen: Frozen
    sequence: int
    weight: int


class Writer:
    """One thread between the fold and the store; jobs are done in order."""

    def __init__(
        self, store: Store, announcer: Announcer, refusals: Refusals, health: Health, topic_id: str
    ) -> None:
        self.outcomes: queue.SimpleQueue[Loaded | Superseded] = queue.SimpleQueue()
        self._store = store
        self._announcer = announcer
        self._refusals = refusals
        self._health = health
        self._topic_id = topic_id
        self._jobs: deque[_Load | _Store] = deque()
        self._weight = 0
        self._progress: dict[str, Progress] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._superseded: set[int] = set()
        self._failed = 0
        self._failure: Exception | None = None
        self._log = structlog.get_logger("oracle")
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Say whether the buffer has no room: the loop stops reading the log."""
        return self._weight > MAX_WAITING_BYTES

    @property
    def roomy(self) -> bool:
        """Say whether half of the buffer is free again."""
        return self._weight < MAX_WAITING_BYTES // 2

    def load(self, partition: int) -> None:
        """Take over a partition's environments; a Loaded comes back."""
        self._put(_Load(partition))

    def store(self, frozen: Frozen, sequence: int) -> None:
        """Store a tick; `sequence` is that of the newest change that it includes."""
        rows = sum(len(row.body) for row in [*frozen.events, *frozen.calls])
        weight = len(frozen.document.body) + len(frozen.state or b"") + rows
        if frozen.partition not in self._superseded:
            self._put(_Store(frozen, sequence, weight))

    def drop(self, partition: int) -> None:
        """Forget what waits for a partition that is no longer ours."""
        with self._changed:
            self._jobs = deque(job for job in self._jobs if _partition(job) != partition)
            self._weigh(sum(job.weight for job in self._jobs) - self._weight)

    def close(self, seconds: float = 5.0) -> int:
        """Store what waits, for so long; give the number of ticks left, which the next owner makes again."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(seconds)
        with self._changed:
            left = len(self._jobs)
            self._jobs.clear()
        return left

    def _put(self, job: _Load | _Store) -> None:
        with self._changed:
            self._jobs.append(job)
            self._weigh(job.weight)
            self._changed.notify()

    def _weigh(self, change: int) -> None:
        self._weight += change
        WAITING_TICKS.set(len(self._jobs))
        WAITING_BYTES.set(self._weight)

    def check(self) -> None:
        """Raise what ended the thread, if it has ended: a service without its writer must not go on."""
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                self._attempt(job)
        except Exception as error:  # noqa: BLE001 - handed to the loop, which ends the service with it
            self._failure = error

    def _next(self) -> _Load | _Store | None:
        with self._changed:
            while not self._jobs and not self._closing:
                self._changed.wait()
            return self._jobs[0] if self._jobs else None

    def _attempt(self, job: _Load | _Store) -> None:
        try:
            self._do(job)
        except (StoreError, QueueFull) as error:
            # An outage ends; tables or rights that do not serve may be mended: nothing is lost meanwhile.
            self._health.report("store", False, str(error))
            if self._failed == 0 or not isinstance(error, StoreUnavailable | QueueFull):
                self._log.warning("not stored", error=str(error), waiting_ticks=len(self._jobs))
            self._wait_to_retry()
            return
        self._failed = 0
        self._health.report("store", True)
        with self._changed:
            if self._jobs and self._jobs[0] is job:
                self._jobs.popleft()
                self._weigh(-job.weight)

    def _wait_to_retry(self) -> None:
        delay = RETRY_SECONDS[min(self._failed, len(RETRY_SECONDS) - 1)]
        self._failed += 1
        time.sleep(RETRY_SECONDS[0] if self._closing else delay)

    def _do(self, job: _Load | _Store) -> None:
        if isinstance(job, _Load):
            self._load(job)
        else:
            self._store_tick(job)

    def _load(self, job: _Load) -> None:
        checkpoints = sorted(
            self._store.checkpoints(self._topic_id, job.partition), key=lambda one: one.offset
        )
        found = [(one, self._take_over(one.environment)) for one in checkpoints]
        self._superseded.discard(job.partition)
        self.outcomes.put(Loaded(job.partition, found))

    def _take_over(self, environment: str) -> Progress:
        progress = self._store.take_over(environment)
        self._progress[environment] = progress
        self._announcer.owns(environment, progress.generation)
        self._log.info("taken over", environment=environment, generation=progress.generation)
        return progress

    def _store_tick(self, job: _Store) -> None:
        frozen = job.frozen
        progress = self._progress.get(frozen.environment) or self._take_over(frozen.environment)
        if progress.tick is not None and to_ms(progress.tick) >= frozen.tick_ms:
            return
        rows = rows_of(frozen, progress, self._topic_id)
        try:
            self._store.store_tick(rows)
        except StoreRefused as error:
            self._store.store_tick(self._refusals.without_refused(frozen, rows, error))
        except StoreSuperseded:
            if not self._is_stored(frozen, progress):
                self._log.warning(
                    "superseded", environment=frozen.environment, generation=progress.generation
                )
                self._progress.pop(frozen.environment)
                # What the loop still makes follows a tick that is not there: none of it until the load.
                self._superseded.add(frozen.partition)
                self.drop(frozen.partition)
                self.outcomes.put(Superseded(frozen.partition))
                return
        tick = from_ms(frozen.tick_ms)
        self._progress[frozen.environment] = Progress(frozen.environment, progress.generation, tick)
        self._announcer.ticked(frozen, progress.generation, job.sequence)
        TICKS.labels(frozen.environment).inc()
        TICK_DELAY_SECONDS.observe(max(0.0, time.time() - frozen.tick_ms / 1000))

    def _is_stored(self, frozen: Frozen, ours: Progress) -> bool:
        """After a lost answer the tick may be stored already, by us."""
        now = self._store.progress(frozen.environment)
        return now is not None and now.generation == ours.generation and now.tick == from_ms(frozen.tick_ms)


def _partition(job: _Load | _Store) -> int:
    return job.partition if isinstance(job, _Load) else job.frozen.partition
