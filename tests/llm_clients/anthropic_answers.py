"""Anthropic's answers, in the shapes of its API reference; ids are fixed."""

from typing import Any

from tests.llm_clients.answer import Answer, document, events
from tests.llm_clients.openai_answers import TEXT, TOOL_ARGUMENTS

_TOOL_INPUT = {"city": "Köln"}
MODEL = {
    "id": "claude-sonnet-4-5", "type": "model", "display_name": "Claude",
    "created_at": "2025-09-29T00:00:00Z",
}  # fmt: skip
BATCH = {
    "id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress",
    "request_counts": {"processing": 1, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-02T00:00:00Z", "ended_at": None,
    "archived_at": None, "cancel_initiated_at": None, "results_url": None,
}  # fmt: skip
_USAGE = {
    "input_tokens": 20, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 5,
    "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
    "service_tier": "standard",
}  # fmt: skip


def message(asked: dict[str, Any]) -> Answer:
    """Answer `/v1/messages`: text, thinking or a tool call, whole or streamed."""
    text = {"type": "text", "text": TEXT}
    content: list[dict[str, Any]] = [text]
    reason = "end_turn"
    if (asked.get("thinking") or {}).get("type") == "enabled":
        content = [{"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}, text]
    if asked.get("tools"):
        content, reason = (
            [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": _TOOL_INPUT}],
            "tool_use",
        )
    head = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked["model"],
        "stop_sequence": None,
    }
    if not asked.get("stream"):
        usage = {**_USAGE, "output_tokens": 11}
        return document(
            {**head, "content": content, "stop_reason": reason, "usage": usage}, request_id="req_1"
        )
    opening = {**head, "content": [], "stop_reason": None, "usage": {**_USAGE, "output_tokens": 1}}
    told: list[dict[str, Any]] = [{"type": "message_start", "message": opening}]
    for index, block in enumerate(content):
        empty, deltas = _deltas(block)
        told += [
            {"type": "content_block_start", "index": index, "content_block": empty},
            {"type": "ping"},
            *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": index},
        ]
    ending = {"stop_reason": reason, "stop_sequence": None}
    told += [
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 11}},
        {"type": "message_stop"},
    ]
    return events(told, named=True)


def count(_: dict[str, Any]) -> Answer:
    """Answer `/v1/messages/count_tokens`."""
    return document({"input_tokens": 32})


def error(status: int, kind: str, told: str, **headers: str) -> Answer:
    """Refuse, as Anthropic does."""
    body = {"type": "error", "error": {"type": kind, "message": told}, "request_id": "req_1"}
    return document(body, status, request_id="req_1", **headers)


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give a block as it begins in a stream, and what is added to it."""
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}, [{"type": "text_delta", "text": part} for part in _cut(TEXT)]
        case "thinking":
            thought = {"type": "thinking_delta", "thinking": block["thinking"]}
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [thought, signed]
        case _:
            parts = [
                {"type": "input_json_delta", "partial_json": part} for part in ["", *_cut(TOOL_ARGUMENTS)]
            ]
            return {**block, "input": {}}, parts


def _cut(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]
