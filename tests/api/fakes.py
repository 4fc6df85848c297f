"""A store in memory, and a snapshot with something of everything."""

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from runtime.store.protocol import Checkpoint, Progress, Store, StoredSnapshot, TickRows
from schema.errors import StoreUnavailable

T0 = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)
AT = "2026-02-06T14:32:12Z"


def snapshot_id(number: int) -> UUID:
    return UUID(int=0x0ACE_0000_0000_4000_8000_0000_0000_0000 + number)


def snapshot(number: int = 1, at: str = AT, environment: str = "default", **parts: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": str(snapshot_id(number)),
        "timestamp": at,
        "environment": environment,
        "schema_version": "1.0",
        "agents": [agent("researcher", "Researcher"), agent("ollama", "Ollama", role="llm_server")],
        "workload": [
            {
                "deployment_name": "research-agent",
                "namespace": "agents",
                "kind": "Deployment",
                "runtime": "kubernetes",
                "live": {"active_pods": 1, "updated_at": at},
                "pods": [{"pod_id": "uid-1", "name": "research-agent-1", "status": "Running", "cpu": 150}],
            }
        ],
        "queues": [],
        "litellm": [model("gpt-4o")],
        "llm_usage": {
            "day": "2026-02-06",
            "calls": 3,
            "prompt_tokens": 900,
            "completion_tokens": 210,
            "cost_usd": 0.000000000123,
            "unpriced_calls": 0,
            "cost_usd_total": 310.42,
            "in_flight": [],
            "by_agent": [],
            "by_model": [],
        },
        "alerts": [],
        "incidents": [],
        "sources": [
            {
                "name": "kafka",
                "instance": "k:9092",
                "status": "fresh",
                "age_seconds": 0.4,
                "interval_seconds": 2,
            }
        ],
    }
    return document | parts


def agent(agent_id: str, name: str, status: str = "healthy", role: str = "agent") -> dict[str, Any]:
    return {
        "agent_id": agent_id,
        "name": name,
        "role": role,
        "discovered_by": ["telemetry"],
        "status": status,
        "instances": [],
        "activity": {
            "active_task_ids": [{"id": f"task-of-{agent_id}", "started_on": AT, "status": "running"}]
        },
    }


def model(name: str, **fields: Any) -> dict[str, Any]:
    usual = {"model": name, "provider": "openai", "key_label": "default", "tpm": 0, "rpm": 0}
    return usual | {"status": "available", "quota_exhausted": False} | fields


class FakeStore(Store):
    """Snapshots in a list; `down` makes every call an outage."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.down = False
        self.documents = [copy.deepcopy(one) for one in documents]

    def prepare(self) -> None:
        self._answer()

    def ping(self) -> None:
        self._answer()

    def take_over(self, environment: str) -> Progress:
        raise NotImplementedError

    def checkpoints(self, topic_id: str, partition: int) -> list[Checkpoint]:
        raise NotImplementedError

    def store_tick(self, rows: TickRows) -> None:
        self._answer()
        self.documents.append(msgspec.json.decode(rows.snapshot))

    def progress(self, environment: str) -> Progress | None:
        raise NotImplementedError

    def refused_among(self, bodies: Sequence[bytes]) -> list[int]:
        raise NotImplementedError

    def environments(self) -> list[str]:
        self._answer()
        return sorted({one["environment"] for one in self.documents})

    def newest(self, environment: str) -> StoredSnapshot | None:
        return self.at(environment, datetime.max.replace(tzinfo=UTC))

    def at(self, environment: str, moment: datetime) -> StoredSnapshot | None:
        self._answer()
        fitting = [
            one
            for one in self.documents
            if one["environment"] == environment and datetime.fromisoformat(one["timestamp"]) <= moment
        ]
        return _stored(max(fitting, key=lambda one: str(one["timestamp"]))) if fitting else None

    def get(self, snapshot_id: UUID) -> StoredSnapshot | None:
        self._answer()
        return next((_stored(one) for one in self.documents if one["id"] == str(snapshot_id)), None)

    def close(self) -> None:
        self.documents.clear()

    def _answer(self) -> None:
        if self.down:
            raise StoreUnavailable("Postgres at db.internal:5432 refused the connection of user postgres")


def _stored(document: dict[str, Any]) -> StoredSnapshot:
    return StoredSnapshot(
        id=UUID(document["id"]),
        environment=document["environment"],
        tick=datetime.fromisoformat(document["timestamp"]),
        document=msgspec.json.encode(document),
        sha256=None,
    )
