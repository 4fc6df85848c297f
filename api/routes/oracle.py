"""`/api/v1/oracle/*` and `/api/v1/snapshots/at`: the state, its parts, whether it is valid, what is wrong."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.enums import MediaType
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter

from api import issues as diagnosis
from api.asked import At, Chosen, TheSnapshot, TheStore, decoded, found, moment
from api.problems import Problem
from runtime.store.protocol import StoredSnapshot
from schema import validate
from schema.models import Agent, LlmUsage, ModelLimits, Snapshot, Workload

PARTS = tuple(field.encode_name for field in msgspec.structs.fields(Snapshot))
_RAW_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])

Fields = Annotated[
    str | None, QueryParameter(name="fields", description=f"Only these parts, by commas: {', '.join(PARTS)}.")
]
Timestamp = Annotated[
    str, QueryParameter(name="timestamp", max_length=64, description="A moment (RFC 3339).")
]


class Validity(msgspec.Struct, frozen=True):
    """Whether a snapshot keeps the JSON Schema, and where it does not."""

    valid: bool
    error_count: int
    errors: list[validate.Finding]


class Llm(msgspec.Struct, frozen=True):
    """Every tracked model with its limits, and the use since 00:00 UTC (absent when nobody reports it)."""

    models: list[ModelLimits]
    usage: LlmUsage | msgspec.UnsetType = msgspec.UNSET


def _documented(kind: Any, what: str) -> dict[int, ResponseSpec]:
    return {200: ResponseSpec(kind, description=what, generate_examples=False)}


@get("/api/v1/oracle/state", sync_to_thread=True, responses=_documented(Snapshot, "The snapshot."))
def state(snapshot: TheSnapshot, fields: Fields = None) -> Response[bytes]:
    """Give the newest snapshot, or with `at` that of any moment; `fields` keeps only some of its parts."""
    if fields is None:
        return _json(snapshot.document, snapshot)
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    for name in wanted:
        if name not in PARTS:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                f"There is no part {name[:64]!r}; the parts are {', '.join(PARTS)}.",
                field="fields",
            )
    return _json(_parts(snapshot, *wanted), snapshot)


@get("/api/v1/snapshots/at", sync_to_thread=True, responses=_documented(Snapshot, "The snapshot."))
def snapshot_at(store: TheStore, chosen: Chosen, timestamp: Timestamp) -> Response[bytes]:
    """Give the newest snapshot at or before `timestamp`."""
    asked = moment(timestamp, "timestamp")
    snapshot = found(store.at(chosen, asked), chosen, asked)
    return _json(snapshot.document, snapshot)


@get("/api/v1/oracle/agents", sync_to_thread=True, responses=_documented(list[Agent], "The agents."))
def agents(snapshot: TheSnapshot) -> Response[bytes]:
    """Give the agents of the state."""
    return _json(_part(snapshot, "agents"), snapshot)


@get("/api/v1/oracle/workload", sync_to_thread=True, responses=_documented(list[Workload], "The workloads."))
def workload(snapshot: TheSnapshot) -> Response[bytes]:
    """Give the workloads of the state, with their pods."""
    return _json(_part(snapshot, "workload"), snapshot)


@get("/api/v1/oracle/llm", sync_to_thread=True, responses=_documented(Llm, "Models and usage."))
def llm(snapshot: TheSnapshot) -> Response[bytes]:
    """Give every tracked model, used or not, and the use of all since 00:00 UTC."""
    parts = _RAW_PARTS.decode(snapshot.document)
    body = {"models": parts.get("litellm", msgspec.Raw(b"[]"))}
    if "llm_usage" in parts:
        body["usage"] = parts["llm_usage"]
    return _json(msgspec.json.encode(body), snapshot)


@get("/api/v1/oracle/validate", sync_to_thread=True, responses=_documented(Validity, "The verdict."))
def validity(snapshot: TheSnapshot) -> Response[bytes]:
    """Say whether the snapshot keeps the JSON Schema, and where it does not."""
    errors = validate.report(msgspec.json.decode(snapshot.document))
    return _json(msgspec.json.encode(Validity(not errors, len(errors), errors)), snapshot)


@get("/api/v1/oracle/issues", sync_to_thread=True, responses=_documented(diagnosis.Issues, "The issues."))
def issues(snapshot: TheSnapshot, at: At = None) -> Response[bytes]:
    """Say what is wrong, in plain sentences, critical ones first; without `at`, an old snapshot is one."""
    age_seconds = 0.0 if at else (datetime.now(UTC) - snapshot.tick).total_seconds()
    return _json(msgspec.json.encode(diagnosis.issues(decoded(snapshot), age_seconds)), snapshot)


@get("/api/v1/oracle/schema", sync_to_thread=False, responses=_documented(dict[str, Any], "The JSON Schema."))
def schema() -> Response[bytes]:
    """Give the JSON Schema (2020-12) that every snapshot keeps."""
    return Response(validate.schema_text(), media_type="application/schema+json")


ROUTES = [state, snapshot_at, agents, workload, llm, validity, issues, schema]


def _parts(snapshot: StoredSnapshot, *names: str) -> bytes:
    parts = _RAW_PARTS.decode(snapshot.document)
    return msgspec.json.encode({name: part for name, part in parts.items() if name in names})


def _part(snapshot: StoredSnapshot, name: str) -> bytes:
    part = _RAW_PARTS.decode(snapshot.document).get(name)
    return bytes(part) if part is not None else b"[]"


def _json(body: bytes, snapshot: StoredSnapshot) -> Response[bytes]:
    return Response(
        body,
        media_type=MediaType.JSON,
        headers={"cache-control": "no-store", "x-oracle-snapshot-id": str(snapshot.id)},
    )
