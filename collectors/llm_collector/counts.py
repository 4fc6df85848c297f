"""The token counts of an answer, under the names of each provider (pure).

Providers differ in what a count includes. Here a prompt has its cached, cache-write and audio tokens in it,
and a completion its reasoning and audio tokens, as OpenAI counts; whoever leaves them out is put right.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schema.types import MAX_COST_USD

_PROMPT = ("prompt_tokens", "input_tokens", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "eval_count")
_PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_CACHED = ("cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")
_CACHE_WRITE = ("cache_creation_input_tokens", "cache_write_tokens", "cache_creation_tokens")
_CACHE_WRITE_DETAILS = ("cache_creation", "cache_creation_token_details")
_REASONING = ("reasoning_tokens", "thinking_tokens")
_APART = ("cache_read_input_tokens", "cache_creation_input_tokens")
_SOURCES = frozenset({"num_sources_used", "num_server_side_tools_used"})
"""Of xAI: what it searched is charged apiece, at a price of its own for each kind."""
NAMES = frozenset({*_PROMPT, *_COMPLETION, *_CACHED, *_CACHE_WRITE})
"""An object with none of these fields tells no counts."""
MAX_COUNT = 10**9
"""As the contract has it: a record with more would be refused by whoever reads it."""


@dataclass
class Counts:
    """The tokens that an answer's documents have told so far; None means it was not told.

    A stream may tell its usage several times, always as the sum so far: the last one stands.
    """

    input_tokens: int | None = None
    """As told; Anthropic leaves the cached tokens out."""
    cache_apart: bool = False
    """Whether `input_tokens` leaves the cached tokens out."""
    completion_tokens: int | None = None
    completion_partial: bool = False
    """Whether `completion_tokens` is what had been generated when the stream began, and not the end."""
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    """Those of `cache_write_tokens` that are kept for an hour, at a price of their own."""
    reasoning_tokens: int | None = None
    prompt_audio_tokens: int | None = None
    completion_audio_tokens: int | None = None
    web_searches: int | None = None
    """Searches that the provider ran for the answer, and charges apiece."""
    unpriced_tools: int = 0
    """Signs of tools that the provider charges apart, at prices that are not known here."""
    cost_usd: Decimal | None = None
    """What the whole call cost, where the answer tells it (OpenRouter, Perplexity)."""

    @property
    def prompt_tokens(self) -> int | None:
        """Give the tokens of the prompt with its cached ones, as OpenAI counts."""
        if self.input_tokens is None or not self.cache_apart:
            return self.input_tokens
        told = self.input_tokens + (self.cached_tokens or 0) + (self.cache_write_tokens or 0)
        return min(told, MAX_COUNT)

    def take_counts(self, usage: dict[str, Any], begins: bool = False) -> None:
        """Read an object with counts; `begins` for the one that Anthropic sends before all text."""
        prompt, completion = _count([usage], _PROMPT), _count([usage], _COMPLETION)
        details = [usage, *_objects(usage, _PROMPT_DETAILS)]
        if "prompt_tokens" not in usage and "input_tokens" in usage and any(name in usage for name in _APART):
            self.cache_apart = True
        self.input_tokens = _newer(self.input_tokens, prompt)
        self.cached_tokens = _newer(self.cached_tokens, _count(details, _CACHED))
        self.cache_write_tokens = _newer(self.cache_write_tokens, _count(details, _CACHE_WRITE))
        writes = [part for place in details for part in _objects(place, _CACHE_WRITE_DETAILS)]
        written = _count(writes, ("ephemeral_1h_input_tokens",))
        self.cache_write_1h_tokens = _newer(self.cache_write_1h_tokens, written)
        self.prompt_audio_tokens = _newer(self.prompt_audio_tokens, _count(details[1:], ("audio_tokens",)))
        searches = _count(_objects(usage, ("server_tool_use",)), ("web_search_requests",))
        self.web_searches = _newer(self.web_searches, searches)
        if not _SOURCES.isdisjoint(usage) and _count([usage], tuple(_SOURCES)):
            self.unpriced_tools += 1
        if "cost" in usage and (cost := _told_cost(usage)) is not None:
            self.cost_usd = cost
        if completion is not None:
            self.completion_tokens = completion + self._unlisted(usage, prompt, completion)
            self.completion_partial = begins
            self._take_completion_details(usage)

    def _take_completion_details(self, usage: dict[str, Any]) -> None:
        details = [*_objects(usage, _COMPLETION_DETAILS), usage]
        self.reasoning_tokens = _newer(self.reasoning_tokens, _count(details, _REASONING))
        audio = _count(details[:-1], ("audio_tokens",))
        self.completion_audio_tokens = _newer(self.completion_audio_tokens, audio)

    def _unlisted(self, usage: dict[str, Any], prompt: int | None, completion: int) -> int:
        """Give generated tokens that only the total has: the reasoning of Gemini and of xAI."""
        total = _count([usage], ("total_tokens",))
        if total is None or prompt is None or "prompt_tokens" not in usage:
            return 0
        unlisted = total - prompt - completion
        cached, written = self.cached_tokens or 0, self.cache_write_tokens or 0
        return unlisted if unlisted > 0 and unlisted not in {cached, written, cached + written} else 0


def _told_cost(usage: dict[str, Any]) -> Decimal | None:
    """Give what a call cost: OpenRouter's `cost`, or Perplexity's `cost.total_cost`.

    With a key of one's own OpenRouter's is its fee alone, and the model's price stands beside it.
    """
    cost = usage["cost"]
    if isinstance(cost, dict):
        return _amount(cost.get("total_cost"))
    fee = _amount(cost)
    if fee is None or usage.get("is_byok") is not True:
        return fee
    details = usage.get("cost_details")
    upstream = _amount(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
    return None if upstream is None else fee + upstream


def _amount(value: Any) -> Decimal | None:
    # The decimal that was written, and not the binary fraction next to it.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if number and 0 <= value <= MAX_COST_USD else None


def _objects(place: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [inner for name in names if isinstance(inner := place.get(name), dict)]


def _count(places: list[dict[str, Any]], names: tuple[str, ...]) -> int | None:
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
                return value
    return None


def _newer(known: int | None, told: int | None) -> int | None:
    """Give the newer count; a zero does not take back what was told before."""
    return told if told or known is None else known
