"""All providers on one address, over real HTTP: the same request is answered with the same bytes.

What goes wrong is asked for by the name of the model: `compressed`, `busy-once`, `too-long` and so on, in
every dialect. The upstream keeps what it was asked, and when a client left.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.llm_clients import anthropic_answers, ollama_answers, openai_answers
from tests.llm_clients.answer import PAUSE_SECONDS, PIECE_BYTES, Answer, compressed, document

KEY = "sk-of-the-real-clients"
CLIENTS = ("openai/", "anthropic/", "litellm/")
"""Words of user agents: they tell a client's request from the proxy's own look at the models."""
_NOT_FOUND = openai_answers.error(404, "Unknown request URL", "invalid_request_error", "unknown_url")

_MODEL_CALLS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "/chat/completions": openai_answers.chat,
    "/completions": openai_answers.completion,
    "/embeddings": openai_answers.embedding,
    "/responses": openai_answers.response,
    "/messages": anthropic_answers.message,
    "/messages/count_tokens": anthropic_answers.count,
    "/api/chat": ollama_answers.chat,
    "/api/generate": ollama_answers.generate,
    "/api/embed": ollama_answers.embed,
}
_OTHERS: dict[tuple[str, str], Answer] = {
    ("GET", "/models/gpt-4o-mini"): document(openai_answers.MODEL),
    ("POST", "/moderations"): document(openai_answers.MODERATION),
    ("POST", "/images/generations"): document(openai_answers.IMAGE),
    ("POST", "/files"): document(openai_answers.FILE),
    ("GET", "/files/file-1/content"): Answer(
        b'{"custom_id": "1"}\n', content_type="application/octet-stream"
    ),
    ("DELETE", "/files/file-1"): document({"id": "file-1", "object": "file", "deleted": True}),
    ("POST", "/audio/transcriptions"): document(openai_answers.TRANSCRIPT),
    ("POST", "/audio/speech"): Answer(openai_answers.SPEECH, content_type="audio/mpeg", streamed=True),
    ("DELETE", "/responses/resp_1"): Answer(),
    ("POST", "/messages/batches"): document(anthropic_answers.BATCH),
    ("GET", "/messages/batches/msgbatch_1"): document(anthropic_answers.BATCH),
    ("GET", "/models/claude-sonnet-4-5"): document(anthropic_answers.MODEL),
    ("GET", "/api/tags"): document(ollama_answers.TAGS),
    ("POST", "/api/show"): document(ollama_answers.SHOWN),
}
_LIMITS = {
    "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-limit-tokens": "200000", "x-ratelimit-remaining-tokens": "199000",
    "x-ratelimit-reset-requests": "120ms", "x-ratelimit-reset-tokens": "300ms",
    "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-01-01T00:01:00Z",
}  # fmt: skip
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "busy": (429, "requests", "rate_limit_exceeded"),
    "out-of-quota": (429, "insufficient_quota", "insufficient_quota"),
    "too-long": (400, "invalid_request_error", "context_length_exceeded"),
    "unauthorised": (401, "invalid_request_error", "invalid_api_key"),
    "failing": (500, "server_error", "internal_error"),
}
_ANTHROPIC_KINDS = {
    429: "rate_limit_error", 400: "invalid_request_error", 401: "authentication_error", 500: "api_error",
}  # fmt: skip
_SOON = {"retry_after": "1", "retry_after_ms": "20"}


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Upstream:
    """The ASGI application."""

    asked: list[Asked] = field(default_factory=list)
    left_at: list[float] = field(default_factory=list)
    """When clients left endless answers, by the monotonic clock that all processes share."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        agent = dict(headers).get("user-agent", "").lower()
        if any(client in agent for client in CLIENTS):
            self.asked.append(Asked(scope["method"], target, headers, body))
        answer = answer_to(scope["method"], scope["path"], dict(headers), body)
        named = {"content-type": answer.content_type, **_LIMITS, "x-request-id": "req_1", **answer.headers}
        if not (answer.streamed or answer.endless):
            named["content-length"] = str(len(answer.body))
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        raw += [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if answer.endless:
            await self._until_left(answer, receive, send)
        else:
            await _say(answer, send)

    async def _until_left(self, answer: Answer, receive: Any, send: Any) -> None:
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            await send({"type": "http.response.body", "body": answer.body, "more_body": True})
            await asyncio.wait({leaving}, timeout=0.02)
        self.left_at.append(time.monotonic())


async def _say(answer: Answer, send: Any) -> None:
    if not answer.streamed:
        await send({"type": "http.response.body", "body": answer.body})
        return
    starts = range(0, len(answer.body), PIECE_BYTES)
    for number, start in enumerate(starts):
        if number == len(starts) // 2:
            if answer.breaks:
                raise ConnectionAbortedError  # the server hangs up, without the end of the body
            await asyncio.sleep(PAUSE_SECONDS if answer.pauses else 0)
        piece = answer.body[start : start + PIECE_BYTES]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    if answer.ends_late:
        await asyncio.sleep(PAUSE_SECONDS)
    await send({"type": "http.response.body", "body": b""})


def answer_to(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """Give the answer to a request."""
    asked: dict[str, Any] = (
        json.loads(body) if body.startswith(b"{") else {}
    )  # some clients name no content type
    ending = max((known for known in _MODEL_CALLS if path.endswith(known)), key=len, default=None)
    if method == "GET" and path.endswith("/models"):
        return _list_of_models("anthropic-version" in headers)
    if method != "POST" or ending is None:
        found = (one for (verb, known), one in _OTHERS.items() if verb == method and path.endswith(known))
        return next(found, _NOT_FOUND)
    model = str(asked.get("model", ""))
    if refusal := _refusal(model, ending.startswith("/messages"), headers):
        return refusal
    return _in_a_manner(model, _MODEL_CALLS[ending](asked), headers)


def _list_of_models(by_anthropic: bool) -> Answer:
    if by_anthropic:
        return document(
            {"data": [anthropic_answers.MODEL], "has_more": False, "first_id": None, "last_id": None}
        )
    return document({"object": "list", "data": [openai_answers.MODEL]})


def _refusal(model: str, to_anthropic: bool, headers: dict[str, str]) -> Answer | None:
    if model == "busy-once":
        first = headers.get("x-stainless-retry-count", "0") == "0"
        model = "busy" if first else model
    if model not in _REFUSALS:
        return None
    status, kind, code = _REFUSALS[model]
    soon = _SOON if status in {429, 500} else {}
    if to_anthropic:
        return anthropic_answers.error(status, _ANTHROPIC_KINDS[status], f"This is {code}", **soon)
    return openai_answers.error(status, f"This is {code}", kind, code, **soon)


def _in_a_manner(model: str, answer: Answer, headers: dict[str, str]) -> Answer:
    match model:
        case "compressed" if "gzip" in headers.get("accept-encoding", ""):
            return compressed(answer)
        case "slow":
            return replace(answer, pauses=True)
        case "ending-late":
            return replace(answer, ends_late=True)
        case "breaking":
            return replace(answer, breaks=True)
        case "endless":
            return replace(answer, endless=True, body=_first_events(answer.body))
        case "failing-inside":
            # The provider's own form: OpenAI says it in an event without a name, Anthropic in one with it.
            named = answer.body.startswith(b"event:")
            told = {"type": "overloaded_error", "message": "Overloaded"} | (
                {} if named else {"code": "overloaded"}
            )
            event = b"event: error\n" if named else b""
            event += b"data: " + json.dumps({"type": "error", "error": told}).encode() + b"\n\n"
            return replace(answer, body=_first_events(answer.body) + event)
        case _:
            return answer


def _first_events(body: bytes) -> bytes:
    separator = b"\n\n" if b"\n\n" in body else b"\n"
    return separator.join(body.split(separator)[:4]) + separator
