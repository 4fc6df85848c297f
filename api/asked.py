"""What a request asks for: the moment, the environment, and the snapshot that answers it."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from api.access import environment_of
from api.problems import Problem
from runtime.store.protocol import Store, StoredSnapshot
from schema.models import Snapshot

Environment = Annotated[
    str | None,
    QueryParameter(
        name="environment", min_length=1, max_length=256, description="The environment; default: the API's."
    ),
]
At = Annotated[
    str | None,
    QueryParameter(
        name="at", max_length=64, description="A moment (RFC 3339): the newest snapshot at or before it."
    ),
]

TheStore = NamedDependency[SkipValidation[Store]]
"""The store, as it is handed to the application: a Protocol has no class to check against."""
TheSnapshot = NamedDependency[SkipValidation[StoredSnapshot]]
"""The snapshot that `environment` and `at` choose."""
Chosen = NamedDependency[str]
"""The environment that the request may see, and asks for."""


def provide_chosen(request: Request[Any, Any, Any], environment: Environment = None) -> str:
    """Give the environment that a request asks for and its key opens. Raises Problem 400 or 403."""
    return environment_of(request, environment, request.app.state.settings.oracle_environment)


def provide_snapshot(store: TheStore, chosen: Chosen, at: At = None) -> StoredSnapshot:
    """Give the newest snapshot, or that of a moment. Raises Problem 400 or 404, or a StoreError."""
    if at is None:
        return found(store.newest(chosen), chosen)
    asked = moment(at, "at")
    return found(store.at(chosen, asked), chosen, asked)


def found(snapshot: StoredSnapshot | None, environment: str, asked: datetime | None = None) -> StoredSnapshot:
    """Give the snapshot; raise Problem 404, which says what to check, when there is none."""
    if snapshot:
        return snapshot
    if asked:
        detail = f"Environment {environment} has no snapshot at or before {asked:%Y-%m-%dT%H:%M:%SZ}."
    else:
        detail = (
            f"Environment {environment} has no snapshot yet: check that the aggregator runs "
            "and that something sends to this environment (ORACLE_ENVIRONMENT)."
        )
    raise Problem(HTTPStatus.NOT_FOUND, detail)


def moment(text: str, field: str) -> datetime:
    """Read a moment as RFC 3339; without an offset it is UTC. Raises Problem 400 that names the field."""
    # A `+` that was not escaped in an address arrives as a blank.
    mended = re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip())
    try:
        read = datetime.fromisoformat(mended)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(
            HTTPStatus.BAD_REQUEST, "Not a moment such as 2026-02-06T14:32:12Z.", field=field
        ) from None


def decoded(snapshot: StoredSnapshot) -> Snapshot:
    """Decode a stored snapshot. Raises Problem 500 when it breaks the contract (written by somebody else)."""
    try:
        return msgspec.json.decode(snapshot.document, type=Snapshot)
    except msgspec.ValidationError:
        raise Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "The stored snapshot breaks the schema: /api/v1/oracle/validate says where.",
        ) from None
