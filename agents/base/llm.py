"""A chat client for OpenAI-style endpoints, by default the LLM proxy's: standard library only.

Each call carries who asks, for which task and in which trace; the proxy takes the labels off. A 429 is waited
out as the provider says, within a limit.
"""

import http.client
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agents.base.errors import (
    ModelError,
    ModelRefused,
    ModelUnavailable,
    QuotaExhausted,
    RateLimited,
)
from agents.base.identity import Identity
from agents.base.settings import AgentSettings
from agents.base.telemetry import TaskContext

ATTEMPTS = 4
LONGEST_WAIT_SECONDS = 30.0

_CATEGORIES = {401: "authentication", 403: "authentication", 408: "timeout"}


@dataclass(frozen=True)
class Answer:
    """What a model said; token counts where the provider told them."""

    text: str
    model: str
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ChatClient:
    """Asks one endpoint. `waits` is told (seconds, reason) before each wait; `stop` ends waiting."""

    def __init__(
        self,
        settings: AgentSettings,
        identity: Identity,
        stop: threading.Event,
        waits: Callable[[float, str], None],
    ) -> None:
        self._base = urlsplit(settings.llm_base_url.rstrip("/"))
        self._timeout_seconds = settings.llm_timeout_seconds
        self._default_model = settings.llm_model
        self._api_key = settings.openai_api_key
        self._identity = identity
        self._stop = stop
        self._waits = waits

    def ask(
        self,
        messages: list[dict[str, Any]],
        *,
        model: str | None = None,
        stream: bool = False,
        context: TaskContext | None = None,
        **options: Any,
    ) -> Answer:
        """Ask for one answer; raises a ModelError. `options` go into the request as they are."""
        body: dict[str, Any] = {"model": model or self._default_model, "messages": messages, **options}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        last: ModelError = ModelUnavailable("not asked")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(body, context)
            except (RateLimited, ModelUnavailable) as error:
                last = error
                wait = self._wait_seconds(error, attempt)
                if attempt == ATTEMPTS or wait > LONGEST_WAIT_SECONDS:
                    break
                self._waits(wait, str(error))
                if self._stop.wait(wait):
                    break
        raise last

    def _once(self, body: dict[str, Any], context: TaskContext | None) -> Answer:
        secure = self._base.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._base.netloc, timeout=self._timeout_seconds)
        try:
            connection.request(
                "POST",
                f"{self._base.path}/chat/completions",
                json.dumps(body).encode(),
                self._headers(context),
            )
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response.status, response.read(), response.getheader("retry-after"))
            if body.get("stream"):
                return _joined(_events(response), body["model"])
            return _whole(json.loads(response.read()), body["model"])
        except TimeoutError:
            raise ModelUnavailable("the model did not answer in time") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ModelUnavailable(f"the model cannot be asked: {type(error).__name__}") from None
        finally:
            connection.close()

    def _headers(self, context: TaskContext | None) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "x-oracle-agent": _header(self._identity.agent_id),
            "x-oracle-agent-name": _header(self._identity.agent_name),
        }
        if self._api_key:
            headers["authorization"] = f"Bearer {self._api_key}"
        if context is not None:
            headers["x-oracle-task"] = _header(context.task_id)
            headers["traceparent"] = context.traceparent
        return headers

    def _wait_seconds(self, error: ModelError, attempt: int) -> float:
        told = error.retry_after_seconds if isinstance(error, RateLimited) else None
        backoff = min(8.0, 0.5 * 2**attempt)
        # Jitter above what the provider said, so that waiting agents do not come back at once together.
        jitter = random.uniform(0, 0.25 * backoff)  # noqa: S311 - jitter needs no secrecy
        return (told if told is not None else backoff) + jitter


def _header(value: str) -> str:
    """Write a name as a header may carry it: visible ASCII, or a server refuses the whole request."""
    return re.sub(r"[^ -~]", "?", value)


def _refusal(status: int, raw: bytes, retry_after: str | None) -> ModelError:
    """Read why a request was refused; a provider's own words stay out, they may quote a key."""
    try:
        error = json.loads(raw).get("error")
    except (ValueError, AttributeError):
        error = None
    code = str(error.get("code") or error.get("type") or "")[:64] if isinstance(error, dict) else ""
    told = f"HTTP {status}{f' {code}' if code else ''}"
    if status == 429:
        if code == "insufficient_quota":
            return QuotaExhausted(told)
        limited = RateLimited(told)
        limited.retry_after_seconds = _seconds(retry_after)
        return limited
    if status >= 500:
        return ModelUnavailable(told)
    category = {"context_length_exceeded": "context_length", "content_filter": "content_filter"}.get(
        code, _CATEGORIES.get(status, "unknown")
    )
    return ModelRefused(told, category)


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def _whole(document: Any, model: str) -> Answer:
    choice = document["choices"][0] if document.get("choices") else {}
    text = choice.get("message", {}).get("content") or ""
    return _answer(document, text, choice.get("finish_reason"), model)


def _joined(events: Iterator[dict[str, Any]], model: str) -> Answer:
    pieces: list[str] = []
    last: dict[str, Any] = {}
    finish_reason = None
    for event in events:
        if "error" in event:
            raise ModelUnavailable("the stream ended in an error")
        for choice in event.get("choices") or []:
            pieces.append(choice.get("delta", {}).get("content") or "")
            finish_reason = choice.get("finish_reason") or finish_reason
        last = event
    if finish_reason is None:
        raise ModelUnavailable("the stream broke off")
    return _answer(last, "".join(pieces), finish_reason, model)


def _answer(document: dict[str, Any], text: str, finish_reason: str | None, model: str) -> Answer:
    usage = document.get("usage") or {}
    return Answer(
        text,
        document.get("model") or model,
        finish_reason,
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
    )


def _events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in response:
        data = line.strip().removeprefix(b"data:").strip()
        if line.startswith(b"data:") and data != b"[DONE]":
            event = json.loads(data)
            if isinstance(event, dict):
                yield event
