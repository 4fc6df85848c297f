"""Rates of one model, and the one calculator that all prices go through. Pure.

Rates are US dollars per 1,000 tokens, exact; wherever they come from, they are checked when they are read.
"""

from decimal import Decimal

import msgspec

from runtime.price_terms import Tokens

MAX_RATE_USD = Decimal(100)
"""For 1,000 tokens; what is above it is a mistake of the unit."""
PARTS = ("cached", "cache_write", "cache_write_1h", "input_audio", "output_audio")


class Flat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates for any length; a part without a rate of its own costs what the rest does."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None

    def __post_init__(self) -> None:
        """Check the amounts. Raises ValueError."""
        for name in ("input", "output", *PARTS):
            rate = getattr(self, name)
            if rate is not None and not (rate.is_finite() and 0 <= rate <= MAX_RATE_USD):
                raise ValueError(f"`{name}` is from 0 to {MAX_RATE_USD} US dollars for 1,000 tokens")


class Tier(Flat, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other rates for a whole call whose prompt has more than `above` tokens."""

    above: int


class Stepped(Flat, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates that differ with the length of the prompt."""

    tiers: list[Tier] = []

    def __post_init__(self) -> None:
        """Check the tiers too. Raises ValueError."""
        super().__post_init__()
        if len({tier.above for tier in self.tiers}) < len(self.tiers):
            raise ValueError("two tiers begin above the same count")
        for part in PARTS:
            if any((getattr(tier, part) is None) != (getattr(self, part) is None) for tier in self.tiers):
                raise ValueError(f"`{part}` is told for some of the tiers only")

    def cost(self, tokens: Tokens) -> Decimal:
        """Give what a call costs: the highest tier that its prompt passes counts for all of it."""
        passed = [tier for tier in self.tiers if tokens.prompt > tier.above]
        return _cost(max(passed, key=lambda tier: tier.above) if passed else self, tokens)


def _cost(rates: Flat, tokens: Tokens) -> Decimal:
    plain = tokens.prompt - tokens.cached - tokens.cache_write
    audio = min(tokens.prompt_audio, plain)
    total = (plain - audio) * rates.input + (tokens.completion - tokens.completion_audio) * rates.output
    # Most calls have none of the rest, and each sum takes time that a call waits for.
    if tokens.cached:
        total += tokens.cached * _or(rates.cached, rates.input)
    if tokens.cache_write:
        write = _or(rates.cache_write, rates.input)
        total += (tokens.cache_write - tokens.cache_write_1h) * write
        total += tokens.cache_write_1h * _or(rates.cache_write_1h, write)
    if audio:
        total += audio * _or(rates.input_audio, rates.input)
    if tokens.completion_audio:
        total += tokens.completion_audio * _or(rates.output_audio, rates.output)
    return total / 1000


def _or(rate: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if rate is None else rate
