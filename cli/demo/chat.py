"""A chat completion of the demo server, from the request's bytes to the documents of its answer (pure)."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.demo import model_text

TOKENS_PER_CHUNK = 4


class Refused(Exception):  # noqa: N818 - named for what happens to the request
    """A request that the API would refuse: HTTP status, OpenAI's code, and a sentence."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Chat:
    """One request that can be answered, with its answer; times in seconds."""

    id: str
    model: str
    created: int
    stream: bool
    include_usage: bool
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    first_token_seconds: float
    token_seconds: float

    @property
    def usage(self) -> dict[str, Any]:
        """Give the usage as OpenAI words it."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


def chat_of(body: bytes, models: tuple[str, ...]) -> Chat:
    """Read a request. Raises Refused."""
    request = _object(body)
    model, messages = request.get("model"), request.get("messages")
    if model not in models:
        raise Refused(404, "model_not_found", f"The model `{str(model)[:80]}` does not exist here.")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Refused(400, "invalid_type", "`messages` must be a list with at least one message.")
    limit = request.get("max_completion_tokens") or request.get("max_tokens") or 4096
    if not isinstance(limit, int) or limit < 1:
        raise Refused(400, "invalid_type", "`max_tokens` must be a positive integer.")
    text, cut = model_text.answer(str(model), messages, limit)
    seed = model_text.seed_of(str(model), messages)
    options = request.get("stream_options")
    slow = model == "gpt-4o"
    return Chat(
        id=f"{time.time_ns():x}{seed % 65536:04x}",
        model=str(model),
        created=int(time.time()),
        stream=request.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        text=text,
        finish_reason="length" if cut else "stop",
        prompt_tokens=model_text.prompt_tokens(messages),
        completion_tokens=model_text.count_tokens(text),
        first_token_seconds=(0.25 if slow else 0.12) + seed % 200 / 1000,
        token_seconds=0.018 if slow else 0.009,
    )


def completion_of(chat: Chat) -> dict[str, Any]:
    """Give the answer as one document."""
    message = {"role": "assistant", "content": chat.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": chat.finish_reason}
    return {**_frame(chat, "chat.completion"), "choices": [choice], "usage": chat.usage}


def chunks_of(chat: Chat) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the answer as the documents of a stream, each with the number of tokens that it brings."""
    yield 0, _chunk(chat, {"role": "assistant", "content": ""}, None)
    pieces = model_text.pieces_of(chat.text)
    for start in range(0, len(pieces), TOKENS_PER_CHUNK):
        part = pieces[start : start + TOKENS_PER_CHUNK]
        yield len(part), _chunk(chat, {"content": "".join(part)}, None)
    yield 0, _chunk(chat, {}, chat.finish_reason)
    if chat.include_usage:
        yield 0, {**_frame(chat, "chat.completion.chunk"), "choices": [], "usage": chat.usage}


def _chunk(chat: Chat, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**_frame(chat, "chat.completion.chunk"), "choices": [choice]}


def _frame(chat: Chat, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{chat.id}",
        "object": kind,
        "created": chat.created,
        "model": chat.model,
        "system_fingerprint": "fp_demo",
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "The body is not JSON.") from None
    if not isinstance(request, dict):
        raise Refused(400, "invalid_type", "The body must be a JSON object.")
    return request
