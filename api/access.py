"""The guard before every route: a key where keys are configured, else this machine only (SPEC §5)."""

from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.keys import EVERYTHING, Grant, Keyring
from api.problems import Problem
from api.settings import is_loopback

PUBLIC = {"public": True}
"""The `opt` of a route that needs no key: /health, /ready and the dashboard's own files."""


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request pass, and note what it may see; raise Problem 401 or 421 otherwise."""
    keys: Keyring = connection.app.state.keyring
    if keys.open:
        _check_host(connection.headers.get("host", ""))
        grant: Grant | None = EVERYTHING
    elif handler.opt.get("public"):
        grant = Grant(frozenset())
    else:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        grant = keys.grant(key.strip()) if scheme.lower() == "bearer" else None
    if grant is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "A key is needed: send the header Authorization: Bearer KEY with one of ORACLE_API_KEYS.",
            headers={"www-authenticate": 'Bearer realm="oracle-monitor"'},
        )
    connection.scope["state"]["grant"] = grant


def environment_of(request: Request[Any, Any, Any], environment: str | None, usual: str) -> str:
    """Give the environment that a request asks for. Raises Problem 403 when its key does not open it."""
    grant: Grant = request.scope["state"]["grant"]
    chosen = environment or grant.default(usual)
    if "\x00" in chosen:
        raise Problem(HTTPStatus.BAD_REQUEST, "An environment has no NUL in its name.", field="environment")
    if not grant.sees(chosen):
        raise Problem(HTTPStatus.FORBIDDEN, "This key does not open that environment.", field="environment")
    return chosen


def _check_host(header: str) -> None:
    """Refuse a foreign name: without a key, a page elsewhere could point its own name at this machine."""
    host = header if header.endswith("]") else header.rpartition(":")[0] or header
    if not is_loopback(host):
        raise Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "Without ORACLE_API_KEYS only names of this machine are answered, such as localhost.",
        )
