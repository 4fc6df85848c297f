"""The floor under the latency: produce → consume on a topic of its own, nothing between but the broker."""

import threading
import time
import uuid
from types import TracebackType

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # the library's stubs do not re-export them
    AdminClient,
    NewTopic,
)

POLL_SECONDS = 0.2
LINGER_MS = 0
"""Both sides of the comparison send at once, so that neither waits for a batch."""


def client_of(bootstrap_servers: str) -> dict[str, str | int | float | bool]:
    """Give what every client of the benchmark is opened with: the library's defaults, and its errors only."""
    return {"bootstrap.servers": bootstrap_servers, "log_level": 2}


def producer_of(bootstrap_servers: str) -> Producer:
    """Open a plain producer."""
    return Producer({**client_of(bootstrap_servers), "linger.ms": LINGER_MS})


class RoundTrip:
    """A topic and its consumer in a thread; `seen` is key → time.time() of its arrival."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.topic = f"bench-{uuid.uuid4().hex[:8]}"
        self.seen: dict[str, float] = {}
        self._admin = AdminClient(client_of(bootstrap_servers))
        self._consumer = Consumer({**client_of(bootstrap_servers), "group.id": self.topic})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="round-trip", daemon=True)

    def __enter__(self) -> "RoundTrip":
        """Create the topic and begin to read."""
        for future in self._admin.create_topics([NewTopic(self.topic, 1, 1)], request_timeout=10).values():
            future.result()
        self._consumer.assign([TopicPartition(self.topic, 0, 0)])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading; the topic goes with the stack."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            message = self._consumer.poll(POLL_SECONDS)
            if message is not None and message.error() is None:
                arrived = time.time()
                self.seen.setdefault((message.key() or b"").decode(), arrived)
