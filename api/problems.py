"""Every error answer, as RFC 9457 problem JSON: naming what a client can mend and nothing internal."""

import re
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from runtime.logs import logger
from schema.errors import StoreError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class Problem(HTTPException):
    """An error answer of our own: status, one plain sentence, and the fields that are wrong."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, field: str = "", headers: dict[str, str] | None = None
    ) -> None:
        errors = [{"field": field, "message": detail}] if field else []
        super().__init__(detail=detail, status_code=status, headers=headers, extra=errors)


def answer(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[dict[str, Any]]:
    """Build a problem document: type, title, status, detail, and `errors` where fields are at fault."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Response(
        body,
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **(headers or {})},
    )


def on_http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """Answer an error that has a status of its own."""
    if error.status_code >= 500 and not isinstance(error, Problem):
        return _unexpected(error)
    if isinstance(error, ValidationException):
        fields = _fields(error.extra) or _missing(error.detail)
        return answer(error.status_code, "The request is not understood.", errors=fields)
    details = {
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
    }
    detail = error.detail if isinstance(error, Problem) else details.get(error.status_code, error.detail)
    return answer(error.status_code, detail, errors=_fields(error.extra), headers=error.headers)


def on_store_error(_request: Request[Any, Any, Any], error: StoreError) -> Response[dict[str, Any]]:
    """Answer 503: the store is away, or not set up yet; the reason is for the log."""
    logger().warning("store failed a request", error=str(error))
    return answer(
        503,
        "The store of snapshots does not answer now; /ready tells when it does.",
        headers={"retry-after": str(RETRY_AFTER_SECONDS)},
    )


def on_any_error(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Answer 500 for what nobody expected."""
    return _unexpected(error)


def _unexpected(error: Exception) -> Response[dict[str, Any]]:
    logger().error("request failed", exc_info=error)
    return answer(500, "Something went wrong here; the log of the API says what.")


def _missing(detail: str) -> list[dict[str, str]]:
    """Name the parameter that the framework misses: it tells that in words only."""
    named = re.search(r"parameter '(\w+)'", detail)
    return [{"field": named[1], "message": "is required"}] if named else []


def _fields(extra: object) -> list[dict[str, str]]:
    """Turn what the framework and we say of fields into `errors`: [{field, message}]."""
    found = []
    for one in extra if isinstance(extra, list) else []:
        if isinstance(one, dict):
            field = str(one.get("field") or one.get("key") or "")
            found.append({"field": field, "message": str(one.get("message", "is wrong"))})
    return found
