"""Counts of tokens that do not belong together."""

from typing import Any

import pytest
from msgspec import UNSET

from aggregator.sliding_minute import limited_tokens
from schema.messages import Call
from tests.telemetry.requests import batch, calls, logs, record, span

ASKED = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic"}
MODEL = {"gen_ai.request.model": "claude-sonnet-4-5"}


def of_span(**told: Any) -> Call:
    (call,) = calls(batch(span(1, {**ASKED, **MODEL, **told})))
    return call


def of_log(**told: Any) -> Call:
    (call,) = calls(logs(record("api_request", {"model": "claude-sonnet-4-5", **told})))
    return call


@pytest.mark.parametrize(
    "call",
    [
        of_span(**{"gen_ai.usage.cache_read.input_tokens": 1000}),
        of_span(**{"gen_ai.usage.cache_read.input_tokens": 1000, "gen_ai.usage.output_tokens": 10}),
        of_span(**{"gen_ai.usage.cache_creation.input_tokens": 1000}),
        of_log(cache_read_tokens=1000, output_tokens=10),
    ],
)
def test_what_was_cached_of_a_prompt_that_nobody_told_is_left_out(call: Call) -> None:
    assert (call.prompt_tokens, call.cached_tokens, call.cache_write_tokens) == (UNSET, UNSET, UNSET)
    assert call.cost_usd is UNSET
    # Anthropic's limit counts nothing that was read from the cache, and never less than nothing.
    assert limited_tokens(call) >= 0


@pytest.mark.parametrize("prompt", [0, 10, 1000, 2000])
def test_a_told_prompt_holds_its_cached_part(prompt: int) -> None:
    call = of_span(**{"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.cache_read.input_tokens": 1000})
    assert call.cached_tokens == 1000
    assert call.prompt_tokens == (prompt if prompt >= 1000 else prompt + 1000)
