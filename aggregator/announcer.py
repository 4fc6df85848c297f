"""Announcing: changes and tick messages to `oracle.changes` (DESIGN §3, Changes).

Sequence numbers rise by one per change message of an environment, also when a message could not be sent:
a reader that finds a hole loads the next snapshot. Called from the loop (changes) and from the writer's
thread (ticks).
"""

import threading
from typing import Any

import msgspec

from aggregator.effects import Changes, Frozen
from aggregator.ticks import from_ms
from runtime.kafka import Producer, partition_of
from runtime.metrics import CHANGES as CHANGES_TOTAL
from schema.errors import QueueFull
from schema.messages import Call, Change, Reload, TickMessage
from schema.topics import CHANGES, MAX_CHANGE_BYTES
from schema.types import Part
from schema.wire import encode

_WITHOUT = {"workload": ("pods",), "llm_usage": ("in_flight", "by_agent", "by_model")}
"""Fields that are kinds of their own, and so are left out of the entity that holds them."""


class Announcer:
    """Gives each change its sequence and sends it, once the environment is taken over."""

    def __init__(self, producer: Producer, partitions: int) -> None:
        self._producer = producer
        self._partitions = partitions
        self._sequences: dict[str, int] = {}
        self._generations: dict[str, int] = {}
        self._lock = threading.Lock()

    def owns(self, environment: str, generation: int) -> None:
        """Announce an environment's changes under a generation from now on."""
        with self._lock:
            self._generations[environment] = generation

    def sequence(self, environment: str) -> int:
        """Give the sequence of the newest change of an environment."""
        return self._sequences.get(environment, 0)

    def skip(self, environment: str) -> None:
        """Leave a hole: what happened was not announced, so readers load the next snapshot."""
        with self._lock:
            self._sequences[environment] = self.sequence(environment) + 1

    def announce(self, changes: Changes) -> None:
        """Send what changed; above 512 KiB a reload is sent instead.

        Before the environment is taken over the change only leaves its hole.
        """
        with self._lock:
            sequence = self._sequences[changes.environment] = self.sequence(changes.environment) + 1
            generation = self._generations.get(changes.environment)
        if generation is None:
            return
        body = encode(_message(changes, generation, sequence))
        if len(body) > MAX_CHANGE_BYTES:
            body = encode(Reload(environment=changes.environment, generation=generation, sequence=sequence))
        self._send(changes.environment, body)
        CHANGES_TOTAL.inc()

    def ticked(self, frozen: Frozen, generation: int, sequence: int) -> None:
        """Say that a snapshot is stored, and which changes it includes."""
        message = TickMessage(
            environment=frozen.environment,
            generation=generation,
            sequence=sequence,
            tick=from_ms(frozen.tick_ms),
            snapshot_id=str(frozen.document.snapshot_id),
            catching_up=frozen.catching_up,
        )
        self._send(frozen.environment, encode(message))

    def _send(self, environment: str, body: bytes) -> None:
        try:
            self._producer.publish(
                CHANGES,
                body,
                partition=partition_of(environment, self._partitions),
                headers=[("environment", environment.encode())],
            )
        except QueueFull:
            # The broker is away: the hole in the sequence makes readers load the next snapshot.
            return


def _message(changes: Changes, generation: int, sequence: int) -> Change:
    rows: list[tuple[str, list[str], msgspec.Raw]] = []
    for (kind, key), part in changes.entities.items():
        if part is not None:
            rows.append((kind, list(key), msgspec.Raw(encode(_shown(kind, part)))))
    for one in changes.activity:
        kind, name = ("call", one.call_id) if isinstance(one, Call) else ("event", one.event_id)
        rows.append((kind, [name], msgspec.Raw(encode(one))))
    return Change(
        environment=changes.environment,
        generation=generation,
        sequence=sequence,
        at=from_ms(changes.at_ms),
        set=rows,
        remove=[(kind, list(key)) for (kind, key), part in changes.entities.items() if part is None],
    )


def _shown(kind: str, part: Part) -> Any:
    left_out = _WITHOUT.get(kind)
    if not left_out:
        return part
    return {
        name: value
        for name in part.__struct_fields__
        if name not in left_out and not isinstance(value := getattr(part, name), msgspec.UnsetType)
    }
