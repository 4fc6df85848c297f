"""The demo's model server: `python -m cli.demo.model_server` speaks the OpenAI API on loopback.

Its words come from templates; everything around them is real: streaming at a model's pace, token counts,
limit headers from a sliding window per model, and 429s when it is full. Names and prices are those of
OpenAI's gpt-4o and gpt-4o-mini, so that costs look as they would.
"""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Annotated, Any

import uvicorn
from msgspec import Meta

from cli.demo.chat import Chat, Refused, chat_of, chunks_of, completion_of
from cli.demo.rate_window import RateWindow, Verdict
from runtime.service import Service, run
from runtime.settings import BaseSettings, Port, Positive

NAME = "demo-model-server"
MAX_REQUEST_BYTES = 4 * 1024 * 1024

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class DemoSettings(BaseSettings, frozen=True, kw_only=True):
    """Where the demo server listens, how strict its limits are, and how fast it speaks."""

    demo_model_host: str = "127.0.0.1"
    demo_model_port: Port = 8091
    demo_model_rpm: Positive = 60
    """Requests a minute for gpt-4o-mini; gpt-4o has a third."""
    demo_model_tpm: Positive = 30_000
    demo_model_pace: Annotated[float, Meta(ge=0)] = 1.0
    """How long it takes, as a factor: 0 answers at once."""


class DemoServer:
    """The ASGI application."""

    def __init__(
        self, requests_per_minute: int, tokens_per_minute: int, pace: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        third = max(1, requests_per_minute // 3), max(1, tokens_per_minute // 3)
        self._windows = {
            "gpt-4o-mini": RateWindow(requests_per_minute, tokens_per_minute),
            "gpt-4o": RateWindow(*third),
        }
        self._pace = pace
        self._monotonic = monotonic

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        match scope["method"], scope["path"].rstrip("/"):
            case ("GET", "/health" | "/ready"):
                await _answer(send, 200, {"status": "ok", "service": NAME})
            case ("GET", "/v1/models"):
                models = [
                    {"id": name, "object": "model", "created": 0, "owned_by": "demo"}
                    for name in self._windows
                ]
                await _answer(send, 200, {"object": "list", "data": models})
            case ("POST", "/v1/chat/completions"):
                await self._complete(receive, send)
            case _:
                await _answer(send, 404, _error("No such path.", "invalid_request_error", "unknown_url"))

    async def _complete(self, receive: Receive, send: Send) -> None:
        try:
            chat = chat_of(await _body(receive), tuple(self._windows))
        except Refused as refused:
            await _answer(send, refused.status, _error(str(refused), "invalid_request_error", refused.code))
            return
        window = self._windows[chat.model]
        verdict = window.ask(chat.prompt_tokens + chat.completion_tokens, self._monotonic())
        headers = _limit_headers(window, verdict)
        if verdict.refused:
            wait = verdict.retry_after_seconds
            headers += [
                ("retry-after", str(math.ceil(wait))),
                ("retry-after-ms", str(math.ceil(wait * 1000))),
            ]
            limit, short = (
                (window.requests_per_minute, "RPM")
                if verdict.refused == "requests"
                else (window.tokens_per_minute, "TPM")
            )
            text = (
                f"Rate limit reached for {chat.model} on {verdict.refused} per min ({short}): "
                f"Limit {limit}. Please try again in {wait:.3f}s."
            )
            await _answer(send, 429, _error(text, verdict.refused, "rate_limit_exceeded"), headers)
            return
        headers.append(("x-request-id", f"req_{chat.id}"))
        await asyncio.sleep(chat.first_token_seconds * self._pace)
        if chat.stream:
            await self._stream(chat, headers, send)
        else:
            await asyncio.sleep(chat.completion_tokens * chat.token_seconds * self._pace)
            await _answer(send, 200, completion_of(chat), headers)

    async def _stream(self, chat: Chat, headers: list[tuple[str, str]], send: Send) -> None:
        await _start(send, 200, [("content-type", "text/event-stream; charset=utf-8"), *headers])
        for tokens, chunk in chunks_of(chat):
            await asyncio.sleep(tokens * chat.token_seconds * self._pace)
            event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def _limit_headers(window: RateWindow, verdict: Verdict) -> list[tuple[str, str]]:
    return [
        ("x-ratelimit-limit-requests", str(window.requests_per_minute)),
        ("x-ratelimit-remaining-requests", str(verdict.remaining_requests)),
        ("x-ratelimit-reset-requests", f"{verdict.reset_requests_seconds:.3f}s"),
        ("x-ratelimit-limit-tokens", str(window.tokens_per_minute)),
        ("x-ratelimit-remaining-tokens", str(verdict.remaining_tokens)),
        ("x-ratelimit-reset-tokens", f"{verdict.reset_tokens_seconds:.3f}s"),
    ]


def _error(message: str, kind: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_REQUEST_BYTES:
            raise Refused(413, "request_too_large", "The request is too large.")
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(
    send: Send, status: int, body: dict[str, Any], headers: list[tuple[str, str]] | None = None
) -> None:
    raw = json.dumps(body).encode()
    await _start(
        send,
        status,
        [("content-type", "application/json"), ("content-length", str(len(raw))), *(headers or [])],
    )
    await send({"type": "http.response.body", "body": raw, "more_body": False})


async def _start(send: Send, status: int, headers: list[tuple[str, str]]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})


class _Server(uvicorn.Server):
    """Uvicorn, leaving the signals to the service's frame."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(service: Service[DemoSettings]) -> None:
    """Serve until the service stops."""
    settings = service.settings
    app = DemoServer(settings.demo_model_rpm, settings.demo_model_tpm, settings.demo_model_pace)
    config = uvicorn.Config(
        app, settings.demo_model_host, settings.demo_model_port, lifespan="off", ws="none", log_config=None,
        access_log=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = _Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(asyncio.to_thread(service.stop.wait))
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        service.stop.set()
        server.should_exit = True
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())


if __name__ == "__main__":
    run(NAME, DemoSettings, main)
