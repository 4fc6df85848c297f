"""Answers of the proxy's own: RFC 9457 problem JSON, recognisable by its content type."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from runtime.metrics import LLM_REFUSED


@dataclass(frozen=True)
class Problem:
    """Why a request was not forwarded, or not answered."""

    status: int
    title: str
    detail: str
    why: str = ""
    """The word under which a refused request is counted; empty for what was forwarded."""
    retry_after_seconds: int | None = None

    async def send(
        self,
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
        drop_rest: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Answer with it; with `drop_rest` the connection ends after that has read what still comes."""
        self.count()
        body = self._body()
        headers = self._headers(body)
        if drop_rest is not None:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if drop_rest is not None:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await drop_rest()
            body = b""
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def raw(self) -> bytes:
        """Give it as the bytes of a whole answer, for a connection that ends with it."""
        body = self._body()
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode(),
            *(name + b": " + value for name, value in self._headers(body)),
            b"connection: close",
        ]
        return b"\r\n".join([*lines, b"", body])

    def count(self) -> None:
        """Count the request as refused, where it was."""
        if self.why:
            LLM_REFUSED.labels(self.why).inc()

    def _body(self) -> bytes:
        fields = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(fields).encode()

    def _headers(self, body: bytes) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
        ]
        if self.retry_after_seconds is not None:
            headers.append((b"retry-after", str(self.retry_after_seconds).encode()))
        return headers


MALFORMED = Problem(400, "Malformed request", "This is not HTTP/1.1 as RFC 9112 has it.", "malformed")
SLOW_HEAD = Problem(408, "The request is too slow", "Its headers did not come in time.", "too_slow")
SLOW_BODY = Problem(408, "The request is too slow", "Its body did not come in time.", "too_slow")
CLIENT_LEFT = Problem(400, "The request broke off", "Its client has left.")  # nobody reads it
WIDE_HEAD = Problem(431, "The headers are too large", "At most 64 KiB are taken.", "too_many_headers")


def unknown_route(providers: list[str]) -> Problem:
    """Say which providers there are."""
    names = ", ".join(f"/{name}" for name in providers)
    return Problem(404, "No such provider", f"Paths begin with one of {names}.", "unknown_route")


def too_many_headers(most: int) -> Problem:
    """Say how many headers are taken."""
    detail = f"At most {most} are taken (LLM_PROXY_MAX_HEADERS)."
    return Problem(431, "Too many headers", detail, "too_many_headers")


def too_many_calls(most: int) -> Problem:
    """Say how many calls run at a time."""
    detail = f"At most {most} run at a time (LLM_PROXY_MAX_CALLS)."
    return Problem(503, "Too many calls", detail, "too_many_calls", retry_after_seconds=1)


def too_large(most_bytes: int) -> Problem:
    """Say how large a request may be."""
    detail = f"At most {most_bytes} bytes are taken (LLM_PROXY_MAX_REQUEST_BYTES)."
    return Problem(413, "The request is too large", detail, "too_large")


def upstream_failed(provider: str, failure: str) -> Problem:
    """Say that a provider could not be asked."""
    detail = f"The provider {provider} could not be asked: {failure}."
    return Problem(502, "The upstream does not answer", detail)
