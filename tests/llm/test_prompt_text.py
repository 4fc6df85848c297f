"""The text of a request, in every shape that a provider takes."""

from typing import Any

import pytest

from collectors.llm_collector.prompt_text import prompt_text_of
from collectors.llm_collector.redaction import MAX_CHARACTERS, Excerpt

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]},
            "system: Be brief.\n\nuser: Hello",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look"}, IMAGE]}]},
            "user: Look",
        ),
        (
            {"messages": [
                {"role": "assistant", "content": None,
                 "tool_calls": [{"id": "c", "function": {"name": "search", "arguments": '{"q": 1}'}}]},
                {"role": "tool", "tool_call_id": "c", "content": "found"},
            ]},
            'assistant: search\n{"q": 1}\n\ntool: found',
        ),
        (
            {"system": [{"type": "text", "text": "A"}], "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "name": "get", "input": {"q": "x"}}]},
                {"role": "user", "content": [{"type": "tool_result", "content": [{"text": "B"}]}]},
            ]},
            'system: A\n\nassistant: get\n{"q":"x"}\n\nuser: B',
        ),
        ({"instructions": "A", "input": "Hello"}, "system: A\n\nHello"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                       {"type": "function_call_output", "output": "42"}]},
            "user: Hi\n\nfunction_call_output: 42",
        ),
        ({"prompt": "Once upon"}, "Once upon"),
        ({"prompt": ["a", "b"]}, "a\n\nb"),
        ({"input": ["a", "b"]}, "a\n\nb"),
        ({"prompt": [1, 2]}, None),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, None),
        ({"messages": {"role": "user"}}, None),
        ({"messages": [7, None, {"role": 7, "content": "x"}]}, "x"),
        ({}, None),
    ],
)  # fmt: skip
def test_the_text_of_each_shape(body: dict[str, Any], expected: str | None) -> None:
    fields = [body.get(name) for name in ("system", "instructions", "messages", "input", "prompt")]
    assert prompt_text_of(*fields) == (None if expected is None else Excerpt(expected))


def test_a_long_text_is_cut_before_it_waits() -> None:
    found = prompt_text_of(None, None, None, "word " * 1_000_000, None)
    assert found is not None
    assert len(found.head) + len(found.tail) <= 2 * MAX_CHARACTERS
    assert "characters left out" in found.mark
