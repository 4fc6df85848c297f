"""Ollama's answers, in the shapes of its API documentation; times are fixed."""

from typing import Any

from tests.llm_clients.answer import Answer, document, lines
from tests.llm_clients.openai_answers import TEXT

_AT = "2026-01-01T00:00:00.000000Z"
_ENDING = {
    "done": True, "done_reason": "stop", "total_duration": 5_000_000, "load_duration": 1_000_000,
    "prompt_eval_count": 26, "prompt_eval_duration": 1_000_000, "eval_count": 13, "eval_duration": 3_000_000,
}  # fmt: skip
TAGS = {"models": [{
    "name": "llama3.2:latest", "model": "llama3.2:latest", "modified_at": _AT, "size": 2_019_393_189,
    "digest": "a80c4f17acd5", "details": {"family": "llama", "parameter_size": "3.2B"},
}]}  # fmt: skip
SHOWN = {
    "template": "{{ .Prompt }}", "details": {"family": "llama"}, "capabilities": ["completion", "tools"],
    "model_info": {"llama.context_length": 131_072},
}  # fmt: skip


def chat(asked: dict[str, Any]) -> Answer:
    """Answer `/api/chat`, which streams unless told not to."""
    return _answer(asked, lambda text: {"message": {"role": "assistant", "content": text}})


def generate(asked: dict[str, Any]) -> Answer:
    """Answer `/api/generate`."""
    return _answer(asked, lambda text: {"response": text})


def embed(asked: dict[str, Any]) -> Answer:
    """Answer `/api/embed`."""
    told = {"embeddings": [[1.0, 2.0]], "total_duration": 1, "load_duration": 1, "prompt_eval_count": 8}
    return document({"model": asked["model"], **told})


def _answer(asked: dict[str, Any], said: Any) -> Answer:
    head = {"model": asked["model"], "created_at": _AT}
    if asked.get("stream") is False:
        return document({**head, **said(TEXT), **_ENDING})
    parts = [{**head, **said(TEXT[start : start + 5]), "done": False} for start in range(0, len(TEXT), 5)]
    return lines([*parts, {**head, **said(""), **_ENDING}])
