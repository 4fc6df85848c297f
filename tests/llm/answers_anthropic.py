"""Answers as Anthropic documents them, and what is read of each: for test_reading.py."""

from typing import Any

from tests.llm.answers import JSON, SSE
from tests.llm.shapes import Case, named, whole


def start(**usage: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "model": "claude-opus-4-5", "content": [], "usage": usage}
    return {"type": "message_start", "message": message}


def delta(**fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


def end(reason: str, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


CLAUDE_NAMES = {"response_id": "msg_1", "response_model": "claude-opus-4-5"}

ANTHROPIC: list[Case] = [
    (
        "cache writes of both lifetimes, thinking, tools and a tier",
        SSE,
        named(
            start(
                input_tokens=10,
                cache_read_input_tokens=100,
                cache_creation_input_tokens=50,
                cache_creation={"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
                output_tokens=1,
                service_tier="standard",
            ),
            {"type": "ping"},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "thinking", "thinking": ""},
            },
            delta(type="thinking_delta", thinking="Let me"),
            delta(type="signature_delta", signature="EqQB"),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}},
            },
            delta(type="input_json_delta", partial_json='{"a":1}'),
            end(
                "tool_use",
                input_tokens=10,
                cache_read_input_tokens=100,
                cache_creation_input_tokens=50,
                output_tokens=89,
                output_tokens_details={"thinking_tokens": 40},
            ),
            {"type": "message_stop"},
        ),
        {
            **CLAUDE_NAMES,
            "input_tokens": 10,
            "cache_apart": True,
            "cached_tokens": 100,
            "cache_write_tokens": 50,
            "cache_write_1h_tokens": 30,
            "completion_tokens": 89,
            "reasoning_tokens": 40,
            "service_tier": "standard",
            "finish_reason": "tool_use",
            "text_characters": 21,
        },
    ),
    (
        "a whole message",
        JSON,
        whole(
            {
                "type": "message",
                "id": "msg_1",
                "model": "claude-opus-4-5",
                "stop_reason": "end_turn",
                "content": [
                    {"type": "thinking", "thinking": "Hm", "signature": "x"},
                    {"type": "text", "text": "Hello"},
                ],
                "usage": {
                    "input_tokens": 2095,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                    "output_tokens": 503,
                    "service_tier": "priority",
                    "server_tool_use": {"web_search_requests": 1},
                },
            }
        ),
        {
            **CLAUDE_NAMES,
            "input_tokens": 2095,
            "cache_apart": True,
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "cache_write_1h_tokens": 0,
            "completion_tokens": 503,
            "service_tier": "priority",
            "finish_reason": "end_turn",
            "web_searches": 1,
            "text_characters": 7,
        },
    ),
    (
        "counts that grow, and a zero at the end",
        SSE,
        named(
            start(input_tokens=0, output_tokens=1),
            end("end_turn", input_tokens=12, output_tokens=5),
            end("end_turn", input_tokens=0, output_tokens=7),
        ),
        {**CLAUDE_NAMES, "input_tokens": 12, "completion_tokens": 7, "finish_reason": "end_turn"},
    ),
    (
        "overloaded in the middle",
        SSE,
        named(
            start(input_tokens=25, output_tokens=1),
            delta(type="text_delta", text="Hello"),
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ),
        {
            **CLAUDE_NAMES,
            "input_tokens": 25,
            "completion_tokens": 1,
            "completion_partial": True,
            "text_characters": 5,
            "error_type": "overloaded_error",
        },
    ),
    (
        "fast mode",
        JSON,
        whole(
            {"usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": "standard", "speed": "fast"}}
        ),
        {"input_tokens": 1, "completion_tokens": 2, "service_tier": "fast"},
    ),
    (
        "answered within one country",
        JSON,
        whole(
            {
                "usage": {
                    "input_tokens": 1,
                    "output_tokens": 2,
                    "service_tier": "standard",
                    "inference_geo": "us",
                }
            }
        ),
        {"input_tokens": 1, "completion_tokens": 2, "service_tier": "us"},
    ),
    (
        "answered anywhere",
        JSON,
        whole({"usage": {"output_tokens": 2, "service_tier": "standard", "inference_geo": "global"}}),
        {"completion_tokens": 2, "service_tier": "standard"},
    ),
    ("counted tokens", JSON, whole({"input_tokens": 2095}), {"input_tokens": 2095}),
]
