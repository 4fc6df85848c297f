"""Telemetry for Oracle Monitor with nothing but confluent-kafka (`pip install confluent-kafka`).

    KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:19092 python docs/examples/emit_telemetry.py

An agent appears by its first event. `timestamp`, `event_type`, and `agent_id` or `agent_name` are required;
`internal_state` is an open object. Send a heartbeat at the interval that you announce: after three missed
ones the agent counts as down.
"""

import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

TOPIC = "oracle.events"
AGENT_NAME = "Sample"
AGENT_ID = f"sample-agent-{os.getpid()}"

producer = Producer({"bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:19092")})


def emit(event_type: str, internal_state: dict[str, Any] | None = None, **fields: Any) -> None:
    """Send one event."""
    event = {
        "event_id": uuid.uuid4().hex,
        "timestamp": datetime.now(UTC).isoformat(),
        "event_type": event_type,
        "agent_id": AGENT_ID,
        "agent_name": AGENT_NAME,
        **fields,
    }
    if internal_state:
        event["internal_state"] = internal_state
    producer.produce(TOPIC, json.dumps(event), key=AGENT_ID)
    producer.poll(0)


def main() -> None:
    """Do one task, and tell it."""
    task_id = f"sample-{uuid.uuid4().hex[:8]}"
    emit("heartbeat", interval_seconds=30, description="A stand-alone sample.")
    emit(
        "task_started",
        {"reasoning": "Counting to three.", "tools_planned": ["count"]},
        task_id=task_id,
        invoked_by="a person",
    )
    for number in (1, 2, 3):
        time.sleep(0.5)
        emit("task_progress", {"reasoning": f"At {number}."}, task_id=task_id)
    emit("task_completed", {"result_summary": "Counted to three."}, task_id=task_id)
    if producer.flush(10):
        raise SystemExit("the broker did not take everything within ten seconds")
    print(f"{AGENT_ID} told of {task_id}")


if __name__ == "__main__":
    main()
