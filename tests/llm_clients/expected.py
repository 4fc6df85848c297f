"""What the records of the real clients' calls have to say: by the call's name, one entry per HTTP call."""

from typing import Any

Fields = dict[str, Any]
GONE: Any = object()
"""Instead of a value: the field is absent."""

_COMMON: Fields = {
    "operation": "chat", "status": "ok", "http_status": 200, "error_type": GONE, "request_id": "req_1",
    "retry_count": 0, "streaming": False, "tokens_estimated": False,
}  # fmt: skip
_CHAT: Fields = {
    **_COMMON, "model": "gpt-4o-mini", "response_model": "gpt-4o-mini-2024-07-18",
    "response_id": "chatcmpl-1", "finish_reason": "stop",
    "prompt_tokens": 19, "completion_tokens": 10, "cached_tokens": 4, "reasoning_tokens": 3,
}  # fmt: skip
_STREAM: Fields = {**_CHAT, "streaming": True}
_ESTIMATE: Fields = {
    **_STREAM, "tokens_estimated": True, "cached_tokens": GONE, "reasoning_tokens": GONE,
    "prompt_tokens": range(5, 20), "completion_tokens": range(5, 20),
}  # fmt: skip
_RESPONSE: Fields = {**_CHAT, "response_id": "resp_1"} | {"finish_reason": "completed"}
_MESSAGE: Fields = {
    **_COMMON, "model": "claude-sonnet-4-5", "response_model": "claude-sonnet-4-5", "response_id": "msg_1",
    "finish_reason": "end_turn", "prompt_tokens": 32, "completion_tokens": 11, "cached_tokens": 7,
    "cache_write_tokens": 5, "cache_write_1h_tokens": 3, "service_tier": "standard",
}  # fmt: skip
_TOKENS = (
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "response_id",
    "response_model",
    "finish_reason",
)
_NONE: Fields = dict.fromkeys(_TOKENS, GONE)


def _of(model: str, of: Fields = _CHAT, **more: Any) -> Fields:
    answered = f"{model}-2024-07-18" if of["response_model"] != of["model"] else model
    return {**of, "model": model, "response_model": answered, **more}


def _refused(model: str, http_status: int, error_type: str, tries: int = 1, **more: Any) -> list[Fields]:
    status = "rate_limited" if http_status == 429 else "error"
    fields = {**_COMMON, **_NONE, "model": model, "status": status, "http_status": http_status, **more}
    return [{**fields, "error_type": error_type, "retry_count": number} for number in range(tries)]


def _cut(of: Fields, model: str, status: str, error_type: str) -> list[Fields]:
    """A stream that ended badly: its tokens are estimates of what had passed."""
    unknown = dict.fromkeys(
        (*_TOKENS, "reasoning_tokens", "cache_write_tokens", "cache_write_1h_tokens", "service_tier")
    )
    kept = {name: value for name, value in of.items() if name not in unknown and name != "tokens_estimated"}
    return [{**kept, "streaming": True, "model": model, "status": status, "error_type": error_type}]


_TOOLS = {"finish_reason": "tool_calls"}
OPENAI: dict[str, list[Fields]] = {
    "chat": [_CHAT],
    "chat, streamed": [_STREAM],
    "chat, streamed without usage": [_ESTIMATE],
    "chat with tools": [{**_CHAT, **_TOOLS}],
    "chat with tools, streamed": [{**_STREAM, **_TOOLS}],
    "chat about an image": [_CHAT],
    "chat with audio": [_of("gpt-4o-audio-preview", prompt_audio_tokens=6, completion_audio_tokens=5)],
    "chat in JSON": [_CHAT],
    "chat by a schema, streamed": [_STREAM],
    "chat, the SDK's stream helper": [_ESTIMATE],
    "chat, parsed": [_CHAT],
    "chat, raw response": [_CHAT],
    "chat, streaming response": [_ESTIMATE],
    "chat of a megabyte": [_CHAT],
    "compressed chat": [_of("compressed")],
    "compressed chat, streamed": [_of("compressed", _STREAM)],
    "slow chat, streamed": [_of("slow", _STREAM)],
    "chat whose end comes late, streamed": [_of("ending-late", _STREAM)],
    "chat after a rate limit": [
        *_refused("busy-once", 429, "rate_limit_exceeded"), _of("busy-once", retry_count=1),
    ],
    "chat after a rate limit, streamed": [
        *_refused("busy-once", 429, "rate_limit_exceeded", streaming=True),
        _of("busy-once", _STREAM, retry_count=1),
    ],
    "chat that stays rate limited": _refused("busy", 429, "rate_limit_exceeded", tries=3),
    "chat without quota": _refused("out-of-quota", 429, "insufficient_quota", tries=3),
    "chat that is too long": _refused("too-long", 400, "context_length_exceeded"),
    "chat with a wrong key": _refused("unauthorised", 401, "invalid_api_key"),
    "chat of a failing provider": _refused("failing", 500, "internal_error", tries=3),
    "stream that breaks off": _cut(_CHAT, "breaking", "error", "upstream_broke_off"),
    "stream with an error inside": _cut(_CHAT, "failing-inside", "error", "overloaded"),
    "stream left half-way": _cut(_CHAT, "endless", "cancelled", "client_disconnected"),
    "response": [_RESPONSE],
    "response, streamed": [{**_RESPONSE, "streaming": True}],
    "response with functions": [_RESPONSE],
    "response with functions, streamed": [{**_RESPONSE, "streaming": True}],
    "response, the SDK's stream helper": [{**_RESPONSE, "streaming": True}],
    "compressed response, streamed": [_of("compressed", _RESPONSE, streaming=True)],
    "embeddings": [{
        **_COMMON, "operation": "embeddings", "model": "text-embedding-3-small", "prompt_tokens": 8,
        "response_model": "text-embedding-3-small", "response_id": GONE,
    }],
    "completion": [_of("gpt-3.5-turbo-instruct", {**_CHAT, "response_model": "gpt-4o-mini"},
                       operation="text_completion", response_id="cmpl-1", finish_reason="length")],
    "completion, streamed": [_of("gpt-3.5-turbo-instruct", {**_ESTIMATE, "response_model": "gpt-4o-mini"},
                                 operation="text_completion", response_id="cmpl-1", finish_reason="length",
                                 prompt_tokens=range(1, 3))],
    "image": [{**_COMMON, "operation": "generate_content", "model": "gpt-image-1"}],
    "transcript": [{**_COMMON, "operation": "generate_content"}],
    "speech": [{**_COMMON, "operation": "generate_content", "model": "tts-1"}],
}  # fmt: skip

_TOOL_USE = {"finish_reason": "tool_use"}
_MESSAGE_STREAM: Fields = {**_MESSAGE, "streaming": True}
ANTHROPIC: dict[str, list[Fields]] = {
    "message": [_MESSAGE],
    "message, streamed": [_MESSAGE_STREAM],
    "message, the SDK's stream helper": [_MESSAGE_STREAM],
    "message with tools": [{**_MESSAGE, **_TOOL_USE}],
    "message with tools, streamed": [{**_MESSAGE_STREAM, **_TOOL_USE}],
    "message with tools, the SDK's stream helper": [{**_MESSAGE_STREAM, **_TOOL_USE}],
    "message about an image": [_MESSAGE],
    "message with a cached system prompt": [_MESSAGE],
    "message with thinking": [_MESSAGE],
    "message with thinking, streamed": [_MESSAGE_STREAM],
    "message, raw response": [_MESSAGE],
    "message, streaming response": [_MESSAGE_STREAM],
    "compressed message": [_of("compressed", _MESSAGE)],
    "compressed message, streamed": [_of("compressed", _MESSAGE_STREAM)],
    "slow message, streamed": [_of("slow", _MESSAGE_STREAM)],
    "message whose end comes late, streamed": [_of("ending-late", _MESSAGE_STREAM)],
    "message after a rate limit": [
        *_refused("busy-once", 429, "rate_limit_error"), _of("busy-once", _MESSAGE, retry_count=1),
    ],
    "message after a rate limit, streamed": [
        *_refused("busy-once", 429, "rate_limit_error", streaming=True),
        _of("busy-once", _MESSAGE_STREAM, retry_count=1),
    ],
    "message that stays rate limited": _refused("busy", 429, "rate_limit_error", tries=3),
    "message that is too long": _refused("too-long", 400, "invalid_request_error"),
    "message with a wrong key": _refused("unauthorised", 401, "authentication_error"),
    "message of a failing provider": _refused("failing", 500, "api_error", tries=3),
    "stream that breaks off": _cut(_MESSAGE, "breaking", "error", "upstream_broke_off"),
    "stream with an error inside": _cut(_MESSAGE, "failing-inside", "error", "overloaded_error"),
    "stream left half-way": _cut(_MESSAGE, "endless", "cancelled", "client_disconnected"),
    "beta message": [_MESSAGE_STREAM],
    "count of tokens": [
        {**_COMMON, "operation": "count_tokens", "model": "claude-sonnet-4-5", "prompt_tokens": GONE},
    ],
}  # fmt: skip

_OLLAMA: Fields = {
    **_COMMON, "model": "llama3.2", "response_model": "llama3.2", "finish_reason": "stop",
    "prompt_tokens": 26, "completion_tokens": 13,
}  # fmt: skip
LITELLM: dict[str, list[Fields]] = {
    "openai": [_CHAT],
    "openai, streamed": [_STREAM],
    "openai with tools": [{**_CHAT, **_TOOLS}],
    "openai, compressed": [_of("compressed")],
    "openai, rate limited": _refused("busy", 429, "rate_limit_exceeded"),
    "openai, too long": _refused("too-long", 400, "context_length_exceeded"),
    "openai embeddings": OPENAI["embeddings"],
    "openai completion": OPENAI["completion"],
    "openai response": [_RESPONSE],
    "openai response, streamed": [{**_RESPONSE, "streaming": True}],
    "anthropic": [_MESSAGE],
    "anthropic, streamed": [_MESSAGE_STREAM],
    "anthropic, ending late": [_of("ending-late", _MESSAGE_STREAM)],
    "anthropic with tools, streamed": [{**_MESSAGE_STREAM, **_TOOL_USE}],
    "anthropic, rate limited": _refused("busy", 429, "rate_limit_error"),
    "azure": [_CHAT],
    "azure, streamed": [_STREAM],
    "ollama generate": [{**_OLLAMA, "operation": "text_completion"}],
    "ollama generate, streamed": [{**_OLLAMA, "operation": "text_completion", "streaming": True}],
    "ollama chat": [_OLLAMA],
    "ollama chat, streamed": [{**_OLLAMA, "streaming": True}],
    "ollama embeddings": [{**_COMMON, "operation": "embeddings", "model": "llama3.2", "prompt_tokens": 8}],
}
