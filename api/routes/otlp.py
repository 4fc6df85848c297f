"""`/v1/traces`, `/v1/logs`, `/v1/metrics`: OpenTelemetry over HTTP, into the intake topics (OTLP 1.x).

Answers and errors are written as the request was, in protobuf or JSON: an error is a `google.rpc.Status` of
which OTLP uses the message alone.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import SkipValidation

from api import problems
from api.access import environment_of
from api.asked import Environment
from api.keys import Grant
from api.otlp_body import JSON, MAX_BODY_BYTES, PROTOBUF, kind_of, requests_of
from api.otlp_intake import OtlpIntake
from api.problems import RETRY_AFTER_SECONDS, Problem
from runtime.logs import logger
from runtime.otlp import LOGS, METRICS, SPANS, Signal, write_json
from schema.errors import BrokerError
from schema.topics import MAX_VALUE_BYTES

TheIntake = NamedDependency[SkipValidation[OtlpIntake]]
AnyRequest = Request[Any, Any, Any]
_ERROR_STATUS_MESSAGE = 0x12
"""The tag of `google.rpc.Status.message`: field 2, with a length."""


def on_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer an error as a Status where the request was OTLP, else as every other error of the API."""
    if isinstance(error, HTTPException):
        problem = problems.on_http_error(request, error)
    else:
        problem = problems.on_any_error(request, error)
    kind = kind_of(request.headers.get("content-type", ""))
    if kind is None:
        return problem
    detail = str(problem.content["detail"])
    body = msgspec.json.encode({"message": detail}) if kind == JSON else _status(detail)
    return Response(body, status_code=problem.status_code, media_type=kind, headers=dict(problem.headers))


_OTLP: dict[str, Any] = {
    "status_code": 200,
    "request_max_body_size": MAX_BODY_BYTES,
    "exception_handlers": {HTTPException: on_error, Exception: on_error},
    "responses": {
        200: ResponseSpec(None, description="Taken.", media_type=PROTOBUF, generate_examples=False)
    },
}


@post("/v1/traces", **_OTLP)
async def traces(request: AnyRequest, intake: TheIntake, environment: Environment = None) -> Response[bytes]:
    """Take spans (ExportTraceServiceRequest)."""
    return await _take(SPANS, request, intake, environment)


@post("/v1/logs", **_OTLP)
async def logs(request: AnyRequest, intake: TheIntake, environment: Environment = None) -> Response[bytes]:
    """Take log records (ExportLogsServiceRequest)."""
    return await _take(LOGS, request, intake, environment)


@post("/v1/metrics", **_OTLP)
async def metrics(request: AnyRequest, intake: TheIntake, environment: Environment = None) -> Response[bytes]:
    """Take metrics (ExportMetricsServiceRequest)."""
    return await _take(METRICS, request, intake, environment)


ROUTES = [traces, logs, metrics]


async def _take(
    signal: Signal, request: AnyRequest, intake: OtlpIntake, environment: str | None
) -> Response[bytes]:
    kind = kind_of(request.headers.get("content-type", ""))
    if kind is None:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {PROTOBUF} or {JSON}.", field="content-type"
        )
    chosen = _environment(request, environment)
    encoding = request.headers.get("content-encoding", "")
    body = await request.body()
    async with intake.room:
        taken = await asyncio.to_thread(requests_of, signal, kind, encoding, body)
    try:
        await intake.publish(signal.topic, taken.values, taken.sender, chosen)
    except BrokerError as error:
        logger().debug("telemetry was sent away", topic=signal.topic, error=str(error))
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The broker does not answer now; send it again.",
            headers={"retry-after": str(RETRY_AFTER_SECONDS)},
        ) from None
    return _answer(signal, kind, taken.left_out)


def _environment(request: AnyRequest, asked: str | None) -> str | None:
    """Give the environment of the key; None where it opens all and none is asked: the resource's decides."""
    grant: Grant = request.scope["state"]["grant"]
    if asked is None and grant.environments is None:
        return None
    return environment_of(request, asked, request.app.state.settings.oracle_environment)


def _answer(signal: Signal, kind: str, left_out: int) -> Response[bytes]:
    answer: Any = signal.response()
    if left_out:
        setattr(answer.partial_success, signal.rejected, left_out)
        answer.partial_success.error_message = f"an item may have {MAX_VALUE_BYTES} bytes"
    body = write_json(answer) if kind == JSON else answer.SerializeToString()
    return Response(body, media_type=kind)


def _status(message: str) -> bytes:
    """Write a `google.rpc.Status` that has a message only."""
    text = message.encode()[:4096].decode(errors="ignore").encode()
    length, rest = bytearray(), len(text)
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([_ERROR_STATUS_MESSAGE, *length, rest]) + text
