"""What an aggregator hands to the store, built for tests: tick n is 2n seconds after the first."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from runtime.store.protocol import TickRows
from schema.models import LlmUsage, Snapshot
from schema.wire import canonical

START = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)


def tick_at(n: int) -> datetime:
    """Give the time of the n-th tick, from 0."""
    return START + timedelta(seconds=2 * n)


def tick_rows(n: int = 0, generation: int = 1, environment: str = "default", **changes: object) -> TickRows:
    """Build the rows of the n-th tick of an owner that stored every tick before it."""
    snapshot = canonical(snapshot_at(n, environment))
    rows = TickRows(
        environment=environment,
        generation=generation,
        previous_tick=tick_at(n - 1) if n else None,
        tick=tick_at(n),
        snapshot_id=uuid4(),
        snapshot=snapshot,
        sha256=hashlib.sha256(snapshot).hexdigest(),
    )
    return replace(rows, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def snapshot_at(n: int, environment: str = "default") -> Snapshot:
    usage = LlmUsage(
        day="2026-02-06", calls=2**53, prompt_tokens=90_000, completion_tokens=21_000,
        cost_usd=Decimal("0.000000000001"), unpriced_calls=2, cost_usd_total=Decimal("310.420000000000"),
        in_flight=[], by_agent=[], by_model=[],
    )  # fmt: skip
    return Snapshot(
        id=UUID(int=n), timestamp=tick_at(n), environment=environment, schema_version="1.0", agents=[],
        workload=[], queues=[], litellm=[], llm_usage=usage, alerts=[], incidents=[], sources=[],
    )  # fmt: skip
