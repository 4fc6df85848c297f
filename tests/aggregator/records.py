"""Records of a log, written by hand for the fold's tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from aggregator.effects import Changes, Effect, Frozen
from aggregator.partition import FoldSettings, Message, PartitionFold
from schema.errors import InvalidMessage
from schema.messages import Call, CallRecord, Event, EventRecord, Gone, Heartbeat, LogRecord, Mark, Observed
from schema.wire import encode

START_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = FoldSettings(partitions=1, interval_ms=2000, max_environments=3)
SOURCE = "process@laptop"


def at(ms: int) -> datetime:
    return AT + timedelta(milliseconds=ms)


def observed(
    kind: str, name: str, value: dict[str, Any], epoch: str = "e1", source: str = SOURCE
) -> Observed:
    body = msgspec.Raw(msgspec.json.encode(value))
    return Observed(source=source, epoch=epoch, kind=kind, id=name, observed_at=AT, value=body)


def workload(name: str, epoch: str = "e1") -> Observed:
    value = {"deployment_name": name, "namespace": "local", "kind": "ProcessGroup", "runtime": "process"}
    return observed("workload", name, value, epoch)


def pod(
    deployment: str, name: str, status: str = "Running", cpu: int = 10, epoch: str = "e1", **more: Any
) -> Observed:
    inner = {"pod_id": f"uid-{name}", "name": name, "status": status, "cpu": cpu, "memory": 64, **more}
    value = {"namespace": "local", "deployment_name": deployment, "pod": inner}
    return observed("pod", f"uid-{name}", value, epoch)


def agent(deployment: str, name: str = "", namespace: str = "local", **more: Any) -> Observed:
    """What a deployment says of its agent; unlabelled and not excluded unless told otherwise."""
    words = {"labeled": False, "excluded": False, "role": "agent", **more}
    value = {"namespace": namespace, "deployment_name": deployment, "name": name or deployment, **words}
    return observed("agent", f"{namespace}/{deployment}", value)


def deployment(name: str, desired: int, namespace: str = "local") -> Observed:
    counts = {"desired": desired, "ready": 0, "available": 0, "updated": 0}
    return observed("deployment", f"{namespace}/{name}", {"namespace": namespace, "name": name, **counts})


def discovery(mode: str) -> Observed:
    """The aggregator's own word on which agents are shown from here on."""
    value = {"snapshot_interval_seconds": 2, "discovery_mode": mode}
    return observed("settings", "settings", value, source="oracle@aggregator")


def budgets(told: dict[str, Any]) -> Observed:
    """The aggregator's own word on what agents may spend a day from here on."""
    amounts = {name: Decimal(amount) for name, amount in told.items()}
    value = {"snapshot_interval_seconds": 2, "budgets_usd": amounts}
    body = msgspec.Raw(encode(value))
    return Observed(
        source="oracle@aggregator", epoch="-", kind="settings", id="settings", observed_at=AT, value=body
    )


def gone(kind: str, name: str, epoch: str = "e1") -> Gone:
    return Gone(source=SOURCE, epoch=epoch, kind=kind, id=name, observed_at=AT)


def heartbeat(*synced: str, epoch: str = "e1", source: str = SOURCE, **more: Any) -> Heartbeat:
    return Heartbeat(
        source=source, epoch=epoch, observed_at=AT, interval_seconds=2, synced=list(synced), **more
    )


def event(kind: str, instance: str = "writer-agent-1", name: str = "Writer", **more: Any) -> EventRecord:
    number = more.pop("number", 0)
    return EventRecord(
        event=Event(
            event_id=more.pop("event_id", f"{kind}-{instance}-{more.get('task_id', '')}-{number}"),
            agent_id=instance,
            agent_name=name,
            timestamp=AT,
            event_type=kind,
            **more,
        )
    )


def call(number: int, agent: str = "writer-agent-1", **more: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "call_id": f"call-{number}", "provider": "openai", "model": "gpt-4o", "started_at": AT,
        "status": "ok", "agent_id": agent, "prompt_tokens": 100, "completion_tokens": 20,
        "cost_usd": Decimal("0.000450000001"),
        "latency_ms": 900.0, **more,
    }  # fmt: skip
    return CallRecord(call=Call(**fields))


def mark() -> Mark:
    return Mark(owner="test")


class Log:
    """A partition written by hand: every record has an offset and an append time."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def add(
        self, ms: int, record: LogRecord | bytes, environment: str = "default", origin: str | None = None
    ) -> None:
        headers: list[tuple[str, bytes]] = []
        if not isinstance(record, Mark):
            headers.append(("environment", environment.encode()))
        if origin:
            headers.append(("origin", origin.encode()))
        body = record if isinstance(record, bytes) else encode(record)
        self.messages.append(Message(len(self.messages), START_MS + ms, body, headers))


class Outcome:
    """What folding a log brought about."""

    def __init__(self) -> None:
        self.frozen: list[Frozen] = []
        self.changes: list[Changes] = []
        self.invalid: list[InvalidMessage] = []

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Frozen):
                self.frozen.append(effect)
            else:
                self.changes.append(effect)

    def documents(self, environment: str = "default") -> list[dict[str, Any]]:
        return [
            msgspec.json.decode(one.document.body) for one in self.frozen if one.environment == environment
        ]


def play(fold: PartitionFold, messages: list[Message]) -> Outcome:
    """Fold messages as the loop does, flushing changes after each."""
    outcome = Outcome()
    for message in messages:
        outcome.take(fold.advance(message))
        try:
            fold.fold(message)
        except InvalidMessage as error:
            outcome.invalid.append(error)
        outcome.take(fold.changes())
    return outcome


def live_fold() -> PartitionFold:
    fold = PartitionFold(0, SETTINGS)
    fold.caught_up()
    return fold
