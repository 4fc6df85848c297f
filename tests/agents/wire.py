"""What a test of agents sees of the broker: every event and reply, and a producer for tasks."""

import itertools
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from cli.stack.server import KafkaServer
from runtime.kafka import Producer, ensure_own_topics, open_consumer
from runtime.settings import BaseSettings
from schema.topics import EVENTS

PATIENCE_SECONDS = 60
_NUMBERS = itertools.count(1)


class Wire:
    """What a test sees of the broker: every event and reply, and a producer for tasks."""

    def __init__(self, broker: KafkaServer) -> None:
        self.settings = BaseSettings(kafka_bootstrap_servers=broker.bootstrap_servers)
        self.workload = f"tester-{next(_NUMBERS)}-{uuid.uuid4().hex[:6]}"
        self.replies_topic = f"{self.workload}-replies"
        ensure_own_topics(self.settings, [f"{self.workload}-tasks", self.replies_topic], 2)
        self.producer = Producer(self.settings, "test")
        self.consumer = open_consumer(self.settings, f"{self.workload}-watch")
        self.consumer.subscribe([EVENTS, self.replies_topic])
        self.events: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []

    def send(self, **task: Any) -> str:
        """Send one task; give its id."""
        task_id = f"task-{uuid.uuid4().hex[:8]}"
        document = {"task_id": task_id, "reply_to": self.replies_topic, "invoked_by": "a test", **task}
        self.raw(json.dumps(document).encode())
        return task_id

    def raw(self, value: bytes) -> None:
        """Send any bytes as a task."""
        self.producer.publish(f"{self.workload}-tasks", value, partition=0)

    def until(self, condition: Callable[[], bool]) -> None:
        """Read on until the condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self.types(), self.replies)
            message = self.consumer.poll(0.2)
            if message is None or message.error():
                continue
            value = json.loads(message.value() or b"null")
            if message.topic() == self.replies_topic:
                self.replies.append(value)
            else:
                self.events.append(value)

    def of(self, task_id: str) -> list[str]:
        """Give the types of a task's events, in order."""
        return [event["event_type"] for event in self.events if event.get("task_id") == task_id]

    def types(self) -> list[str]:
        """Give the types of this agent's events."""
        return [event["event_type"] for event in self.mine()]

    def mine(self) -> list[dict[str, Any]]:
        """Give this agent's events."""
        return [event for event in self.events if event["agent_id"].startswith(self.workload)]

    def close(self) -> None:
        """Let go of the broker."""
        self.consumer.close()
        self.producer.close()
