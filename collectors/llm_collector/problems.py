"""Answers of the proxy's own: RFC 9457 problem JSON, recognisable by its content type."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Why a request was not forwarded, or not answered."""

    status: int
    title: str
    detail: str

    async def send(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        """Answer with it."""
        fields = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        body = json.dumps(fields).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
