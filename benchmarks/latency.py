"""Event produced → seen by a client of the live stream, beside a plain round trip through the same broker.

Events and the floor's messages are sent in turns over the same seconds, so that noise meets both alike. The
pauses are drawn evenly around the pace, or they would keep step with the services' own intervals.
"""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import Producer

from benchmarks.figures import Row, Section, percentile_rows
from benchmarks.live_client import LiveClient
from benchmarks.round_trip import RoundTrip, producer_of
from benchmarks.stages import Trail, stage_rows
from cli.stack.settings import Stack
from schema.topics import EVENTS

PER_SECOND = 20.0
WARM_UP = 20
"""So many events go first and are not counted: connections open, code is read for the first time."""
PATIENCE_SECONDS = 10.0
AGENT = "benchmark-agent-1"


@dataclass
class Sent:
    """When each event, and each message of the floor, was handed to the producer: id → time.time()."""

    prefix: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:8]}-")
    events: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)

    def counted(self, sent: Mapping[str, float]) -> dict[str, float]:
        """Leave out the warm-up."""
        return dict(list(sent.items())[WARM_UP:])


def event_of(event_id: str) -> bytes:
    """Give an event as an agent sends it."""
    return json.dumps(
        {
            "event_id": event_id,
            "timestamp": datetime.now(UTC).isoformat(),
            "event_type": "task_progress",
            "agent_id": AGENT,
            "agent_name": "Benchmark",
            "task_id": "benchmark-task",
            "internal_state": {"reasoning": f"At {event_id}.", "tools_planned": ["web_search"]},
        }
    ).encode()


async def measure(stack: Stack, count: int, say: Callable[[str], None]) -> Section:
    """Send, watch, and compare."""
    sent = Sent()
    servers = stack.broker.bootstrap_servers
    producer, trail = producer_of(servers), Trail(servers)
    try:
        with RoundTrip(servers) as floor:
            async with LiveClient(f"{stack.dashboard_url}api/v1/live") as client:
                await _send(producer, sent, floor.topic, count, say)
                await client.wait_for(
                    len(sent.events), PATIENCE_SECONDS, lambda one: one.startswith(sent.prefix)
                )
                seen = dict(client.seen)
            arrived = dict(floor.seen)
        appended = await asyncio.to_thread(trail.appended, sent.prefix)
    finally:
        producer.flush(PATIENCE_SECONDS)
        trail.close()
    return _section(sent, seen, arrived, appended)


async def _send(
    producer: Producer, sent: Sent, floor_topic: str, count: int, say: Callable[[str], None]
) -> None:
    pause = random.Random(1)
    for number in range(count + WARM_UP):
        event_id = f"{sent.prefix}{number}"
        value = event_of(event_id)
        for topic, times in ((EVENTS, sent.events), (floor_topic, sent.floor)):
            times[event_id] = time.time()
            producer.produce(topic, value, key=event_id)
            producer.poll(0)
            await asyncio.sleep(pause.uniform(0.5, 1.5) / PER_SECOND / 2)
        if number % int(PER_SECOND) == 0:
            say(f"latency: {number} of {count + WARM_UP} events")


def _section(
    sent: Sent,
    seen: Mapping[str, float],
    arrived: Mapping[str, float],
    appended: Mapping[str, Mapping[str, float]],
) -> Section:
    events, floor = sent.counted(sent.events), sent.counted(sent.floor)
    ours = [1000 * (seen[one] - at) for one, at in events.items() if one in seen]
    least = [1000 * (arrived[one] - at) for one, at in floor.items() if one in arrived]
    if not ours or not least:
        raise RuntimeError(f"{len(ours)} events and {len(least)} messages of the floor arrived")
    rows: list[Row] = [
        *percentile_rows("event produced → seen", ours, least),
        *stage_rows(events, appended, seen),
    ]
    notes = [f"{len(ours)} of {len(events)} events, {PER_SECOND:.0f} a second beside the demo"]
    if len(ours) < len(events):
        notes.append(f"{len(events) - len(ours)} events were not seen within {PATIENCE_SECONDS:.0f} s")
    return Section(
        "latency", "Latency to a client of /api/v1/live", "produce → consume, same broker", rows, notes
    )
