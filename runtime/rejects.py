"""Poison messages, kept where an engineer can look at them: `oracle.rejected` (DESIGN §3, §4.5)."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import UNSET

from runtime.kafka import Producer
from runtime.metrics import REJECTED as REJECTED_TOTAL
from schema.errors import InvalidMessage
from schema.messages import Rejected
from schema.topics import OTLP_LOGS, OTLP_METRICS, OTLP_SPANS, REJECTED, REJECTED_HEAD_BYTES
from schema.wire import encode

WITHOUT_VALUE = frozenset({OTLP_LOGS, OTLP_METRICS, OTLP_SPANS})
"""Telemetry may hold prompts and answers, which are kept nowhere unless asked for."""


class Rejecter:
    """Publishes invalid messages to `oracle.rejected`, with the reason and where they came from."""

    def __init__(self, producer: Producer, service: str) -> None:
        self._producer = producer
        self._service = service

    def reject(
        self,
        error: InvalidMessage,
        *,
        topic: str,
        partition: int,
        offset: int,
        value: bytes | None,
        environment: str | None = None,
        delivered: Callable[[], None] | None = None,
    ) -> None:
        """Put one message aside; `delivered` is called once the broker has it.

        Raises QueueFull or BrokerFatal as the producer does.
        """
        raw = value or b""
        message = Rejected(
            reason=error.reason,
            detail=error.detail[:4096].replace("\x00", "\ufffd"),
            topic=topic,
            partition=partition,
            offset=offset,
            size_bytes=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            value=b"" if topic in WITHOUT_VALUE else raw[:REJECTED_HEAD_BYTES],
            rejected_by=self._service,
            rejected_at=datetime.now(UTC),
            environment=environment[:256] if environment else UNSET,
        )
        self._producer.publish(
            REJECTED, encode(message), key=f"{topic}:{partition}:{offset}", delivered=delivered
        )
        REJECTED_TOTAL.labels(error.reason).inc()
