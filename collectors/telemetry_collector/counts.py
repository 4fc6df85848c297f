"""Tokens of a call, under every name that instrumentations write them, made to mean one thing. Pure.

By the conventions the input tokens include those read from and written to a cache, and the output tokens
those of reasoning. Where an instrumentation leaves them out (Claude Code's spans, Strands on Bedrock), they
are added: told by the names, by a total that only then adds up, or by parts larger than the whole.
"""

from typing import NamedTuple

from collectors.telemetry_collector.attributes import Attributes, tokens
from runtime.pricing import Tokens

PROMPT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
)  # fmt: skip
COMPLETION = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
    "llm.token_count.completion", "output_tokens",
)  # fmt: skip
CACHED = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached", "gen_ai.usage.details.cache_read_tokens",
    "llm.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read", "cache_read_tokens",
)  # fmt: skip
CACHE_WRITE = (
    "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.details.cache_write_tokens", "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write", "cache_creation_tokens",
)  # fmt: skip
REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens", "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)  # fmt: skip
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
PROMPT_AUDIO = ("llm.token_count.prompt_details.audio", "gen_ai.usage.details.input_audio_tokens")
COMPLETION_AUDIO = ("llm.token_count.completion_details.audio", "gen_ai.usage.details.output_audio_tokens")
PROMPT_WITHOUT_CACHE = ("input_tokens",)
"""Claude Code's own name, as Anthropic counts: without what was read from or written to the cache."""


class Counts(NamedTuple):
    """A call's tokens as `schema.messages.Call` counts them; None where nobody told."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    prompt_audio_tokens: int | None = None
    completion_audio_tokens: int | None = None

    def priced(self) -> Tokens | None:
        """Give what is to be paid for, where the prompt is known."""
        if self.prompt_tokens is None:
            return None
        return Tokens(
            self.prompt_tokens,
            completion=self.completion_tokens or 0,
            cached=self.cached_tokens or 0,
            cache_write=self.cache_write_tokens or 0,
            prompt_audio=self.prompt_audio_tokens or 0,
            completion_audio=self.completion_audio_tokens or 0,
        )


def counts_of(attributes: Attributes) -> Counts:
    """Read the tokens of a call. Raises InvalidMessage where a count cannot be one."""
    prompt, bare = tokens(attributes, *PROMPT), tokens(attributes, *PROMPT_WITHOUT_CACHE)
    completion, reasoning = tokens(attributes, *COMPLETION), tokens(attributes, *REASONING)
    cached, written = tokens(attributes, *CACHED), tokens(attributes, *CACHE_WRITE)
    apart = (cached or 0) + (written or 0)
    if prompt is not None:
        total = tokens(attributes, *TOTAL)
        adds_up = total is not None and apart and total == prompt + (completion or 0) + apart
        prompt += apart if adds_up or apart > prompt else 0
    elif bare is not None:
        prompt = bare + apart
    else:
        # Parts of a prompt that nobody told are no prompt: with them, less than nothing would count as used.
        cached = written = None
    if completion is not None and reasoning is not None and reasoning > completion:
        completion += reasoning
    return Counts(
        prompt,
        completion,
        cached,
        written,
        reasoning,
        tokens(attributes, *PROMPT_AUDIO),
        tokens(attributes, *COMPLETION_AUDIO),
    )
