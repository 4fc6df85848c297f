"""Call records on their way to the log. Handing one over never waits and never fails.

While the broker is away its client buffers; when that is full, or not there yet, records wait here, bounded
by bytes. Beyond it the oldest are dropped, and counted in the open.
"""

from collections import deque

from collectors.base.publisher import LogPublisher
from runtime.metrics import DROPPED_RECORDS
from schema.errors import BrokerFatal, QueueFull
from schema.messages import Call, CallRecord
from schema.wire import encode

MAX_WAITING_BYTES = 16 * 1024 * 1024
DRAIN_RECORDS = 100
"""Some milliseconds' work."""


class Outbox:
    """Belongs to the event loop's thread; `publisher` is None until the broker has answered once."""

    def __init__(self, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self.publisher: LogPublisher | None = None
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting: deque[tuple[CallRecord, int]] = deque()
        self._waiting_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, call: Call) -> None:
        """Take one record: to the broker's client, else to those that wait."""
        record = CallRecord(call=call)
        if self._waiting or not self._published(record):
            size = len(encode(record))
            self._waiting.append((record, size))
            self._waiting_bytes += size
            while self._waiting_bytes > self._max_waiting_bytes:
                self._waiting_bytes -= self._waiting.popleft()[1]
                DROPPED_RECORDS.labels("call").inc()

    def drain(self) -> bool:
        """Hand over what waits, in order, as far as it is taken; say whether more would be.

        A part at a time: the calls that pass meanwhile are served by the same thread.
        """
        for _ in range(DRAIN_RECORDS):
            if not self._waiting or not self._published(self._waiting[0][0]):
                return False
            self._waiting_bytes -= self._waiting.popleft()[1]
        return True

    def give_up(self) -> int:
        """Drop what still waits, as the process ends, and count it; give how much that was."""
        lost = len(self._waiting)
        DROPPED_RECORDS.labels("call").inc(lost)
        self._waiting.clear()
        self._waiting_bytes = 0
        return lost

    def _published(self, record: CallRecord) -> bool:
        if self.publisher is None:
            return False
        try:
            self.publisher.publish(record)
        except QueueFull:
            return False
        except BrokerFatal:
            # Whoever gave the publisher sees the same, and gives another.
            self.publisher = None
            return False
        return True
