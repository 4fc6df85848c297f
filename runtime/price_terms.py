"""The words in which costs are spoken of: what a call used, what it cost, and how that is rounded. Pure."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

_PLACES = Decimal("1E-12")

BASE_TIERS = frozenset({"", "auto", "default", "on_demand", "standard", "standard_only", "unspecified"})
"""Service tiers that are charged the plain price. Any other one needs a price of its own."""


class Tokens(NamedTuple):
    """What a call used.

    `prompt` are all tokens of the prompt, as OpenAI counts: `cached`, `cache_write` and `prompt_audio` are
    among them, and `cache_write_1h` among `cache_write`. `completion` are all of the answer, reasoning
    included; `completion_audio` are among them.
    """

    prompt: int
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    prompt_audio: int = 0
    completion_audio: int = 0
    web_searches: int = 0
    """Searches that the provider ran for the answer, and charges apiece."""
    unpriced_tools: int = 0
    """Uses of tools that the provider charges apart, at prices that are not known here."""

    def consistent(self) -> "Tokens":
        """Cut each part to what it is a part of: a provider's mistake must not make a prompt cost less."""
        if not any(self[2:]):
            return self
        cached = min(self.cached, self.prompt)
        cache_write = min(self.cache_write, self.prompt - cached)
        return self._replace(
            cached=cached,
            cache_write=cache_write,
            cache_write_1h=min(self.cache_write_1h, cache_write),
            prompt_audio=min(self.prompt_audio, self.prompt),
            completion_audio=min(self.completion_audio, self.completion),
        )


class Priced(NamedTuple):
    """A price in US dollars, rounded half-even to twelve places, and where it comes from."""

    cost_usd: Decimal
    price_source: str


def rounded(cost: Decimal) -> Decimal:
    """Round half-even to twelve places, without trailing zeros and never with a positive exponent."""
    short = cost.quantize(_PLACES, ROUND_HALF_EVEN).normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short
