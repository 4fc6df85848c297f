"""Answers as OpenAI documents them, and what is read of each: for test_reading.py."""

from typing import Any

from tests.llm.answers import JSON, SSE, sse
from tests.llm.shapes import Case, named, whole

AUDIO_USAGE = {
    "prompt_tokens": 30, "completion_tokens": 90, "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 20, "cache_write_tokens": 6},
    "completion_tokens_details": {
        "reasoning_tokens": 10, "audio_tokens": 60,
        "accepted_prediction_tokens": 5, "rejected_prediction_tokens": 3,
    },
}  # fmt: skip
RESPONSES_USAGE = {
    "input_tokens": 75,
    "output_tokens": 1186,
    "input_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 8},
    "output_tokens_details": {"reasoning_tokens": 1024},
    "total_tokens": 1261,
}
RESPONSES_READ = {
    "input_tokens": 75, "completion_tokens": 1186, "cached_tokens": 32, "cache_write_tokens": 8,
    "reasoning_tokens": 1024,
}  # fmt: skip


def response(status: str, **fields: Any) -> dict[str, Any]:
    return {"object": "response", "id": "resp_1", "model": "gpt-5", "status": status, **fields}


RESPONSES_NAMES = {"response_id": "resp_1", "response_model": "gpt-5"}
OPENAI: list[Case] = [
    (
        "chat with audio, predictions and several choices",
        JSON,
        whole(
            {
                "choices": [
                    {
                        "index": 0,
                        "message": {"content": "Hi", "audio": {"data": "UklG"}},
                        "finish_reason": "stop",
                    },
                    {"index": 1, "message": {"content": "Ho"}, "finish_reason": "length"},
                ],
                "usage": AUDIO_USAGE,
            }
        ),
        {
            "input_tokens": 30,
            "completion_tokens": 90,
            "cached_tokens": 4,
            "cache_write_tokens": 6,
            "reasoning_tokens": 10,
            "prompt_audio_tokens": 20,
            "completion_audio_tokens": 60,
            "finish_reason": "stop",
            "text_characters": 4,
            "audio_seen": True,
        },
    ),
    (
        "a stream of two choices, ended out of order",
        SSE,
        sse(
            {"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": "length"}]},
            {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
        ),
        {"input_tokens": 1, "completion_tokens": 2, "finish_reason": "tool_calls", "text_characters": 2},
    ),
    (
        "refusal and legacy function call",
        SSE,
        sse(
            {"choices": [{"delta": {"refusal": "I can"}}]},
            {"choices": [{"delta": {"function_call": {"name": "find", "arguments": "{}"}}}]},
        ),
        {"text_characters": 11},
    ),
    (
        "completions",
        JSON,
        whole(
            {
                "id": "cmpl-1",
                "choices": [{"text": "Hello", "finish_reason": "length"}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
            }
        ),
        {
            "response_id": "cmpl-1",
            "finish_reason": "length",
            "input_tokens": 5,
            "completion_tokens": 7,
            "text_characters": 5,
        },
    ),
    (
        "embeddings",
        JSON,
        whole({"data": [{"embedding": [0.1]}], "usage": {"prompt_tokens": 8, "total_tokens": 8}}),
        {"input_tokens": 8},
    ),
    (
        "transcription",
        JSON,
        whole(
            {
                "text": "Hello",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 14,
                    "input_token_details": {"audio_tokens": 14},
                    "output_tokens": 101,
                    "total_tokens": 115,
                },
            }
        ),
        {
            "input_tokens": 14,
            "prompt_audio_tokens": 14,
            "completion_tokens": 101,
            "text_characters": 5,
        },
    ),
    (
        "a whole response",
        JSON,
        whole(
            response(
                "completed",
                error=None,
                incomplete_details=None,
                service_tier="priority",
                output=[
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
                    {"type": "function_call", "name": "find", "arguments": "{}"},
                ],
                text={"format": {"type": "text"}},
                usage=RESPONSES_USAGE,
            )
        ),
        {
            **RESPONSES_NAMES,
            **RESPONSES_READ,
            "finish_reason": "completed",
            "service_tier": "priority",
            "text_characters": 7,
        },
    ),
    (
        "a streamed response, told once though its end repeats it",
        SSE,
        named(
            {
                "type": "response.created",
                "response": response("in_progress", service_tier="auto", usage=None),
            },
            {"type": "response.reasoning_summary_text.delta", "delta": "Think"},
            {"type": "response.output_text.delta", "delta": "Hello"},
            {"type": "response.output_text.done", "text": "Hello"},
            {"type": "response.function_call_arguments.delta", "delta": "{}"},
            {"type": "response.function_call_arguments.done", "arguments": "{}"},
            {
                "type": "response.completed",
                "response": response(
                    "completed",
                    service_tier="default",
                    output=[{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}],
                    usage=RESPONSES_USAGE,
                ),
            },
        ),
        {
            **RESPONSES_NAMES,
            **RESPONSES_READ,
            "finish_reason": "completed",
            "service_tier": "default",
            "text_characters": 12,
        },
    ),
    (
        "a response cut by its limit",
        SSE,
        named(
            {
                "type": "response.incomplete",
                "response": response(
                    "incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=RESPONSES_USAGE
                ),
            }
        ),
        {**RESPONSES_NAMES, **RESPONSES_READ, "finish_reason": "max_output_tokens"},
    ),
    (
        "a response that failed",
        SSE,
        named(
            {
                "type": "response.failed",
                "response": response(
                    "failed", error={"code": "server_error", "message": "secret"}, usage=None
                ),
            }
        ),
        {**RESPONSES_NAMES, "finish_reason": "failed", "error_code": "server_error"},
    ),
    (
        "an error event of responses",
        SSE,
        named(
            {
                "type": "error",
                "code": "rate_limit_exceeded",
                "message": "Please try again in 6ms.",
                "param": None,
            }
        ),
        {"error_code": "rate_limit_exceeded", "retry_after_seconds": 0.006},
    ),
    (
        "a response that runs in the background",
        JSON,
        whole(response("queued", usage=None)),
        RESPONSES_NAMES,
    ),
]
