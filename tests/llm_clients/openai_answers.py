"""OpenAI's answers, in the shapes of its API reference; ids and times are fixed. Azure's are the same."""

from typing import Any

from tests.llm_clients.answer import Answer, document, events

CREATED = 1_760_000_000
TEXT = "Grüße, 世界! 🚀 All is well."
TOOL_ARGUMENTS = '{"city": "Köln"}'
IMAGE = {"created": CREATED, "data": [{"b64_json": "iVBORw0KGgo="}], "usage": {
    "input_tokens": 9, "output_tokens": 272, "total_tokens": 281,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
}}  # fmt: skip
FILE = {
    "id": "file-1", "object": "file", "bytes": 12, "created_at": CREATED, "filename": "a.jsonl",
    "purpose": "batch", "status": "processed",
}  # fmt: skip
MODEL = {"id": "gpt-4o-mini", "object": "model", "created": CREATED, "owned_by": "system"}
MODERATION = {"id": "modr-1", "model": "omni-moderation-latest", "results": []}
TRANSCRIPT = {"text": TEXT, "usage": {"type": "duration", "seconds": 3}}
SPEECH = bytes(range(256)) * 8


def usage(audio: bool = False) -> dict[str, Any]:
    """Tell the tokens of a chat, some cached, some of reasoning, and perhaps some of audio."""
    return {
        "prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 6 if audio else 0},
        "completion_tokens_details": {
            "reasoning_tokens": 3, "audio_tokens": 5 if audio else 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip


def chat(asked: dict[str, Any]) -> Answer:
    """Answer `/chat/completions`: text, JSON, a tool call or audio, whole or streamed."""
    head = {
        "id": "chatcmpl-1", "created": CREATED, "model": f"{asked['model']}-2024-07-18",
        "service_tier": "default", "system_fingerprint": "fp_1",
    }  # fmt: skip
    message: dict[str, Any] = {"role": "assistant", "content": TEXT, "refusal": None}
    finish, audio = "stop", "audio" in asked.get("modalities", [])
    if asked.get("tools"):
        call = {"name": "weather", "arguments": TOOL_ARGUMENTS}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        finish = "tool_calls"
    elif "response_format" in asked:
        message["content"] = '{"city": "Köln", "degrees": 21}'
    elif audio:
        told = {"id": "audio_1", "data": "UklGRg==", "expires_at": CREATED, "transcript": TEXT}
        message |= {"content": None, "audio": told}
    if not asked.get("stream"):
        choices = [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}]
        return document({**head, "object": "chat.completion", "choices": choices, "usage": usage(audio)})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    if finish == "tool_calls":
        opening = {"index": 0, **message["tool_calls"][0], "function": {"name": "weather", "arguments": ""}}
        deltas[0] |= {"content": None, "tool_calls": [opening]}
        deltas += [
            {"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in _cut(TOOL_ARGUMENTS)
        ]
    else:
        deltas += [{"content": part} for part in _cut(message["content"])]
    chunks = [_chunk(head, delta, None) for delta in deltas] + [_chunk(head, {}, finish)]
    if (asked.get("stream_options") or {}).get("include_usage"):
        chunks.append({**_chunk(head, {}, None), "choices": [], "usage": usage()})
    return events([*chunks, "[DONE]"])


def completion(asked: dict[str, Any]) -> Answer:
    """Answer the older `/completions`."""
    head = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": asked["model"]}
    if not asked.get("stream"):
        choices = [{"text": TEXT, "index": 0, "logprobs": None, "finish_reason": "length"}]
        return document({**head, "choices": choices, "usage": usage()})
    parts = [*((part, None) for part in _cut(TEXT)), ("", "length")]
    choices = [{"text": text, "index": 0, "logprobs": None, "finish_reason": why} for text, why in parts]
    return events([*({**head, "choices": [choice]} for choice in choices), "[DONE]"])


def embedding(asked: dict[str, Any]) -> Answer:
    """Answer `/embeddings`, as base64 when asked so (the SDK asks so by default)."""
    vector = "AACAPwAAAEA=" if asked.get("encoding_format") == "base64" else [1.0, 2.0]
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    tokens = {"prompt_tokens": 8, "total_tokens": 8}
    return document({"object": "list", "data": data, "model": asked["model"], "usage": tokens})


def response(asked: dict[str, Any]) -> Answer:
    """Answer `/responses`: text or a function call, whole or streamed."""
    text = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    item: dict[str, Any] = {
        "id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [text],
    }  # fmt: skip
    if asked.get("tools"):
        item = {
            "id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1",
            "name": "weather", "arguments": TOOL_ARGUMENTS,
        }  # fmt: skip
    whole = {**_response_head(asked), "status": "completed", "output": [item], "usage": {
        "input_tokens": 19, "output_tokens": 10, "total_tokens": 29,
        "input_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 3},
    }}  # fmt: skip
    if not asked.get("stream"):
        return document(whole)
    begun = {**_response_head(asked), "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": item["id"], "output_index": 0}
    told: list[dict[str, Any]] = [
        {"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")
    ]
    if item["type"] == "message":
        place |= {"content_index": 0}
        empty = {**item, "status": "in_progress", "content": []}
        deltas = [{**place, "content_index": 0, "delta": part, "logprobs": []} for part in _cut(TEXT)]
        told += [
            {"type": "response.output_item.added", "output_index": 0, "item": empty},
            {"type": "response.content_part.added", **place, "part": {**text, "text": ""}},
            *({"type": "response.output_text.delta", **delta} for delta in deltas),
            {"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": text},
        ]  # fmt: skip
    else:
        empty = {**item, "status": "in_progress", "arguments": ""}
        name = "response.function_call_arguments"
        told += [
            {"type": "response.output_item.added", "output_index": 0, "item": empty},
            *({"type": f"{name}.delta", **place, "delta": part} for part in _cut(TOOL_ARGUMENTS)),
            {"type": f"{name}.done", **place, "name": "weather", "arguments": TOOL_ARGUMENTS},
        ]
    told += [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return events([{**one, "sequence_number": number} for number, one in enumerate(told)], named=True)


def error(status: int, message: str, kind: str, code: str | None, **headers: str) -> Answer:
    """Refuse, as OpenAI does."""
    told = {"message": message, "type": kind, "param": None, "code": code}
    return document({"error": told}, status, **headers)


def _response_head(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": CREATED, "model": f"{asked['model']}-2024-07-18",
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
        "parallel_tool_calls": True, "service_tier": "default", "temperature": 1.0, "top_p": 1.0,
        "tool_choice": "auto", "tools": asked.get("tools", []), "truncation": "disabled",
        "previous_response_id": None, "reasoning": {"effort": None, "summary": None},
        "text": {"format": {"type": "text"}}, "max_output_tokens": None, "store": True, "user": None,
    }  # fmt: skip


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return {**head, "object": "chat.completion.chunk", "choices": choices, "usage": None}


def _cut(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]
