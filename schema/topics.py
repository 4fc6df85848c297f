"""The Kafka topics of Oracle Monitor and the settings they are created with (DESIGN §3)."""

from dataclasses import dataclass, field

LOG = "oracle.log"
EVENTS = "oracle.events"
CHANGES = "oracle.changes"
REJECTED = "oracle.rejected"
OTLP_SPANS = "otlp_spans"
OTLP_LOGS = "otlp_logs"
OTLP_METRICS = "otlp_metrics"

HEADER_ENVIRONMENT = "environment"
HEADER_ORIGIN = "origin"
"""`topic id:partition:offset:index` of the intake record that an event or call of the log came from."""

HEADER_CONTENT_TYPE = "content-type"
"""`application/json` where the value of an `otlp_*` topic is JSON; protobuf needs none."""

MAX_VALUE_BYTES = 1024 * 1024
"""Larger values are rejected by whoever reads them."""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""What a broker accepts: enough to see an oversized message and reject it in the open."""
MAX_CHANGE_BYTES = 512 * 1024
"""Above this a `reload` is sent instead of a change."""
REJECTED_HEAD_BYTES = 64 * 1024
"""How much of an invalid message is kept."""

_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class TopicSpec:
    """A topic and its settings; `log_partitioned` topics share the partition count of the log."""

    name: str
    retention_ms: int
    log_partitioned: bool
    config: dict[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """Give the topic's configuration as Kafka's `topic` configs name it."""
        return {
            "retention.ms": str(self.retention_ms),
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
            **self.config,
        }


TOPICS = (
    TopicSpec(LOG, 24 * _HOUR_MS, log_partitioned=True),
    TopicSpec(EVENTS, 24 * _HOUR_MS, log_partitioned=False),
    TopicSpec(OTLP_SPANS, 24 * _HOUR_MS, log_partitioned=False),
    TopicSpec(OTLP_LOGS, 24 * _HOUR_MS, log_partitioned=False),
    TopicSpec(OTLP_METRICS, 24 * _HOUR_MS, log_partitioned=False),
    TopicSpec(CHANGES, _HOUR_MS, log_partitioned=True),
    TopicSpec(REJECTED, 7 * 24 * _HOUR_MS, log_partitioned=False),
)


def is_own(name: str) -> bool:
    """Say whether a topic or group is Oracle Monitor's own, and so is not watched unless asked."""
    return name.startswith(("oracle.", "oracle-", "otlp_", "__"))
