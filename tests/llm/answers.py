"""Answers of providers as bytes, and what a tap reads from them: the table of tests/llm/test_tap.py."""

import json
from typing import Any

JSON, SSE, LINES = "application/json", "text/event-stream; charset=utf-8", "application/x-ndjson"

USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 34,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 7},
}
WHOLE = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": USAGE,
}


def sse(*documents: Any, newline: bytes = b"\n") -> bytes:
    events = [b"data: " + (json.dumps(one).encode() if one != "[DONE]" else b"[DONE]") for one in documents]
    return b"".join(event + newline * 2 for event in events)


def chunk(content: str | None, finish: str | None = None, usage: Any = None) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {
        "id": "chatcmpl-1",
        "model": "gpt-4o",
        "choices": [{"delta": delta, "finish_reason": finish}],
        "usage": usage,
    }


STREAM = sse(
    chunk(""),
    chunk("Hel"),
    chunk("lo"),
    chunk(None, "stop"),
    {"id": "chatcmpl-1", "model": "gpt-4o", "choices": [], "usage": USAGE},
    "[DONE]",
)
ANTHROPIC = b"".join(
    b"event: " + str(one["type"]).encode() + b"\ndata: " + json.dumps(one).encode() + b"\n\n"
    for one in (
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "model": "claude-sonnet-4-5",
                "usage": {
                    "input_tokens": 10,
                    "cache_read_input_tokens": 3,
                    "cache_creation_input_tokens": 2,
                    "output_tokens": 1,
                },
            },
        },
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 34}},
    )
)
OLLAMA = b"".join(
    json.dumps(one).encode() + b"\n"
    for one in (
        {"model": "llama3.2", "message": {"role": "assistant", "content": "Hel"}, "done": False},
        {
            "model": "llama3.2",
            "message": {"content": "lo"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 12,
            "eval_count": 34,
        },
    )
)

OPENAI_READ: dict[str, Any] = {
    "response_id": "chatcmpl-1", "finish_reason": "stop", "input_tokens": 12, "completion_tokens": 34,
    "cached_tokens": 5, "reasoning_tokens": 7, "text_characters": 5,
}  # fmt: skip
CASES: list[tuple[str, str, bytes, dict[str, Any]]] = [
    (
        "whole",
        JSON,
        json.dumps(WHOLE).encode(),
        {**OPENAI_READ, "response_model": "gpt-4o-2024-08-06", "service_tier": "default"},
    ),
    ("stream", SSE, STREAM, {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("stream with CRLF", SSE, STREAM.replace(b"\n", b"\r\n"), {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("stream without a last blank line", SSE, STREAM.rstrip(), {**OPENAI_READ, "response_model": "gpt-4o"}),
    (
        "stream with comments and other fields",
        SSE,
        b": keep-alive\n\nid: 1\nretry: 5\n\n" + STREAM,
        {**OPENAI_READ, "response_model": "gpt-4o"},
    ),
    ("stream with an event on two lines", SSE, b'data: {"id":\ndata: "x"}\n\n', {"response_id": "x"}),
    (
        "stream without usage",
        SSE,
        sse(chunk("Hello"), chunk(None, "length"), "[DONE]"),
        {
            "response_id": "chatcmpl-1",
            "response_model": "gpt-4o",
            "finish_reason": "length",
            "text_characters": 5,
        },
    ),
    (
        "stream of tool calls",
        SSE,
        sse({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}}]}),
        {"text_characters": 11},
    ),
    (
        "stream that ends in an error",
        SSE,
        sse(chunk("Hi"), {"error": {"type": "server_error", "code": "overloaded"}}),
        {
            "response_id": "chatcmpl-1",
            "response_model": "gpt-4o",
            "text_characters": 2,
            "error_type": "server_error",
            "error_code": "overloaded",
        },
    ),
    (
        "responses",
        SSE,
        sse(
            {"type": "response.output_text.delta", "delta": "Hello"},
            {
                "type": "response.completed",
                "response": {
                    "id": "resp_1",
                    "model": "gpt-4o",
                    "usage": {
                        "input_tokens": 1,
                        "output_tokens": 2,
                        "input_tokens_details": {"cached_tokens": 1},
                    },
                },
            },
        ),
        {
            "response_id": "resp_1",
            "response_model": "gpt-4o",
            "input_tokens": 1,
            "completion_tokens": 2,
            "cached_tokens": 1,
            "text_characters": 5,
        },
    ),
    (
        "anthropic",
        SSE,
        ANTHROPIC,
        {
            "response_id": "msg_1",
            "response_model": "claude-sonnet-4-5",
            "input_tokens": 10,
            "cached_tokens": 3,
            "cache_write_tokens": 2,
            "completion_tokens": 34,
            "finish_reason": "end_turn",
            "text_characters": 5,
            "cache_apart": True,
        },
    ),
    (
        "ollama",
        LINES,
        OLLAMA,
        {
            "response_model": "llama3.2",
            "finish_reason": "stop",
            "input_tokens": 12,
            "completion_tokens": 34,
            "text_characters": 5,
        },
    ),
    (
        "error",
        JSON,
        b'{"error": {"message": "sk-secret", "type": "requests", "code": "rate_limit_exceeded"}}',
        {"error_type": "requests", "error_code": "rate_limit_exceeded"},
    ),
    (
        "embeddings",
        JSON,
        b'{"data": [{"embedding": [0.1, 1e999]}], "model": "e", "usage": {"prompt_tokens": 3}}',
        {"response_model": "e", "input_tokens": 3},
    ),
    (
        "counts of wrong types",
        JSON,
        b'{"usage": {"prompt_tokens": "12", "completion_tokens": -1, "cached_tokens": true}}',
        {},
    ),
    ("not JSON", JSON, b"<html>502</html>", {}),
    ("a list of one", JSON, b'[{"id": "x"}]', {"response_id": "x"}),
    ("a list", JSON, b'[{"id": "x"}, {"id": "y"}]', {}),
    ("cut off", JSON, b'{"id": "chatcmpl-1", "usage": {"prompt_tok', {}),
    ("garbage between events", SSE, b"data: {nope\n\n" + STREAM, {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("deep nesting", JSON, b'{"choices":' + b"[" * 100_000, {}),
    (
        "wrong shapes",
        JSON,
        b'{"choices": 3, "usage": [], "error": "x", "id": 7, "delta": null, "message": ["a"]}',
        {},
    ),
    ("a long id", JSON, json.dumps({"id": "x" * 999}).encode(), {"response_id": "x" * 256}),
    ("an error type that quotes a key", JSON, b'{"error": {"type": "bad key sk-1234"}}', {}),
    ("nothing", JSON, b"", {}),
]
