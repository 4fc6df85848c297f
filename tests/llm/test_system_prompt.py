"""The system prompt is found in every shape of a request, and only its digest and size are kept."""

import hashlib
from typing import Any

import pytest

from collectors.llm_collector.system_prompt import SystemPrompt, system_prompt_of

PROMPT = "You write reports."
USER = {"role": "user", "content": "Hello"}


def of(text: str) -> SystemPrompt:
    return SystemPrompt(hashlib.sha256(text.encode()).hexdigest(), -(-len(text) // 4))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [{"role": "system", "content": PROMPT}, USER]}, PROMPT),
        ({"messages": [{"role": "developer", "content": PROMPT}, USER]}, PROMPT),
        ({"messages": [{"role": "system", "content": [{"type": "text", "text": PROMPT}]}, USER]}, PROMPT),
        ({"messages": [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}]}, "A\nB"),
        ({"messages": [USER, {"role": "system", "content": PROMPT}]}, None),
        ({"messages": [USER]}, None),
        ({"messages": [{"role": "system", "content": ""}, USER]}, None),
        ({"messages": [{"role": "system", "content": None}, USER]}, None),
        ({"messages": [{"role": "system"}, USER]}, None),
        ({"messages": [{"role": ["system"], "content": PROMPT}]}, None),
        ({"messages": "text"}, None),
        ({"messages": [7]}, None),
        ({"instructions": PROMPT, "input": "Hello"}, PROMPT),
        ({"instructions": "A", "input": [{"role": "developer", "content": "B"}, USER]}, "A\nB"),
        ({"input": [{"type": "function_call_output", "output": "x"}, USER]}, None),
        ({"system": PROMPT, "messages": [USER]}, PROMPT),
        ({"system": [{"text": "A", "cache_control": {}}, {"type": "text", "text": "B"}]}, "A\nB"),
        (
            {"system": [{"type": "text", "text": "x-anthropic-billing-header: cch=36ee5;"},
                        {"type": "text", "text": PROMPT}]},
            PROMPT,
        ),
        ({"system": f"x-anthropic-billing-header: cch=36ee5;\n{PROMPT}"}, PROMPT),
        ({"system": "x-anthropic-billing-header: cch=36ee5;"}, None),
        ({"model": "llama3.2", "system": PROMPT, "prompt": "Hello"}, PROMPT),
        ({"prompt": "Hello"}, None),
        ({"system": 7, "instructions": {}}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_system_prompt_of_each_shape(body: dict[str, Any], expected: str | None) -> None:
    fields = [body.get(name) for name in ("system", "instructions", "messages", "input")]
    assert system_prompt_of(*fields) == (None if expected is None else of(expected))
