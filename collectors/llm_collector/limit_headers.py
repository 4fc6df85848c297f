"""The limit headers of an answer → what a minute allows, what is left of it, when it is whole again (pure).

Every provider has names of its own. What they call a limit is not always one a minute: Groq counts requests
by the day, Together by the second. A limit whose reset is further away than a minute allows is told apart
(`slow_requests`, `slow_tokens`), so that nobody takes a day's limit for a minute's.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_PART_SECONDS = (86_400, 3600, 60, 1, 0.001)
_MAX_RESET = timedelta(days=40)
"""A month's quota; what is further away is a mistake."""
MAX_MINUTE_RESET = timedelta(seconds=90)
"""A limit a minute is whole again after a minute; the rest is for clocks that differ."""
_PER_MINUTE = 60


class _Names(NamedTuple):
    maximum: str
    remaining: str
    reset: str


_REQUESTS = (
    # OpenAI, Azure, Groq, LiteLLM, and most that speak as OpenAI does
    _Names("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    _Names(
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    # Mistral
    _Names(
        "x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", "x-ratelimit-reset-req-minute"
    ),
    # Cerebras, where it has such a limit
    _Names(
        "x-ratelimit-limit-requests-minute",
        "x-ratelimit-remaining-requests-minute",
        "x-ratelimit-reset-requests-minute",
    ),
)
_TOKENS = (
    _Names("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    # Mistral and Cerebras, then Mistral's older names
    _Names(
        "x-ratelimit-limit-tokens-minute",
        "x-ratelimit-remaining-tokens-minute",
        "x-ratelimit-reset-tokens-minute",
    ),
    _Names("x-ratelimitbysize-limit-minute", "x-ratelimitbysize-remaining-minute", "ratelimitbysize-reset"),
    _Names("ratelimitbysize-limit", "ratelimitbysize-remaining", "ratelimitbysize-reset"),
)
_ANTHROPIC_TOKENS, *_ANTHROPIC_PARTS = (
    _Names(*(f"anthropic-ratelimit-{what}-{part}" for part in ("limit", "remaining", "reset")))
    for what in ("tokens", "input-tokens", "output-tokens")
)
_TOGETHER_REQUESTS = _Names("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_TOGETHER_TOKENS = _Names("x-tokenlimit-limit", "x-tokenlimit-remaining", "x-tokenlimit-reset")


class Limits(msgspec.Struct, frozen=True):
    """What one answer told, `at` the moment it came; None means that it did not say.

    `resets_at` is when the limit that is used up furthest is whole again, `retry_at` when the provider says
    that the same request may be tried again.
    """

    rpm_max: int | None = None
    tpm_max: int | None = None
    rpm_remaining: int | None = None
    tpm_remaining: int | None = None
    resets_at: datetime | None = None
    retry_at: datetime | None = None
    at: datetime | None = None
    slow_requests: int | None = None
    """A maximum of requests that is none a minute."""
    slow_tokens: int | None = None

    @property
    def tells(self) -> bool:
        """Say whether the provider told a maximum or a remainder."""
        told = (self.rpm_max, self.tpm_max, self.rpm_remaining, self.tpm_remaining)
        return any(value is not None for value in told)


class _Limit(NamedTuple):
    maximum: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None

    @property
    def share_used(self) -> float:
        if self.maximum is None or self.remaining is None or not self.maximum:
            return 0.0
        return max(0.0, 1 - self.remaining / self.maximum)


def limits_of(headers: Mapping[str, str], at: datetime) -> Limits:
    """Read the limit headers (names in lower case) of an answer that came `at`.

    It runs for every call that passes the proxy: what has no such header costs next to nothing.
    """
    if not any("limit" in name or name.startswith("retry-after") for name in headers):
        return Limits(at=at)
    requests, tokens = _requests(headers, at), _tokens(headers, at)
    slow_requests = requests.maximum if _is_slow(requests, at) else None
    slow_tokens = tokens.maximum if _is_slow(tokens, at) else None
    fuller = max(requests, tokens, key=lambda one: (one.share_used, bool(one.resets_at), one.resets_at or at))
    if slow_requests is not None:
        requests = _Limit()
    if slow_tokens is not None:
        tokens = _Limit()
    return Limits(
        rpm_max=requests.maximum,
        tpm_max=tokens.maximum,
        rpm_remaining=requests.remaining,
        tpm_remaining=tokens.remaining,
        resets_at=fuller.resets_at,
        retry_at=_retry_at(headers, at),
        at=at,
        slow_requests=slow_requests,
        slow_tokens=slow_tokens,
    )


def _requests(headers: Mapping[str, str], at: datetime) -> _Limit:
    if _is_together(headers):
        return _a_second(_read(headers, _TOGETHER_REQUESTS, at))
    return _first(_told(headers, _REQUESTS, at)) or _Limit()


def _tokens(headers: Mapping[str, str], at: datetime) -> _Limit:
    if _is_together(headers):
        return _a_second(_read(headers, _TOGETHER_TOKENS, at))
    return _first(_told(headers, _TOKENS, at)) or _anthropic_tokens(headers, at)


def _anthropic_tokens(headers: Mapping[str, str], at: datetime) -> _Limit:
    """Give Anthropic's limit of tokens: input and output have limits of their own, and the scarcer one rules.

    So what is left is the sum's maximum by the share that is left of the scarcer.
    """
    whole = _first(_told(headers, (_ANTHROPIC_TOKENS,), at)) or _Limit()
    parts = [one for one in _told(headers, _ANTHROPIC_PARTS, at) if one.maximum]
    maximum = whole.maximum or sum(one.maximum or 0 for one in parts) or None
    if maximum is None or not parts:
        return whole
    scarcest = max([whole, *parts], key=lambda one: one.share_used)
    known = any(one.remaining is not None for one in (whole, *parts))
    remaining = int(maximum * (1 - scarcest.share_used)) if known else None
    return _Limit(maximum, remaining, scarcest.resets_at)


def _told(
    headers: Mapping[str, str], names: tuple[_Names, ...] | list[_Names], at: datetime
) -> Iterator[_Limit]:
    for one in names:
        if one.maximum in headers or one.remaining in headers or one.reset in headers:
            yield _read(headers, one, at)


def _first(found: Iterator[_Limit]) -> _Limit | None:
    """Give the first limit that has a number, else one that has a reset alone."""
    return max(found, key=lambda one: one[:2] != (None, None), default=None)


def _read(headers: Mapping[str, str], names: _Names, at: datetime) -> _Limit:
    resets_at = moment_of(headers.get(names.reset, ""), at)
    return _Limit(_count(headers, names.maximum), _count(headers, names.remaining), resets_at)


def _is_together(headers: Mapping[str, str]) -> bool:
    """The bare `x-ratelimit-limit` may be anybody's, of any period; beside a token limit it is Together's."""
    return _TOGETHER_TOKENS.maximum in headers


def _a_second(limit: _Limit) -> _Limit:
    """Turn a limit a second into one a minute; the share that is left stays the same."""
    maximum, remaining = (None if one is None else one * _PER_MINUTE for one in limit[:2])
    return _Limit(maximum, remaining, limit.resets_at)


def _is_slow(limit: _Limit, at: datetime) -> bool:
    return limit.resets_at is not None and limit.resets_at - at > MAX_MINUTE_RESET


def _retry_at(headers: Mapping[str, str], at: datetime) -> datetime | None:
    milliseconds = headers.get("retry-after-ms", "").strip()
    if milliseconds and (wait := wait_of(f"{milliseconds}ms")) is not None and wait <= _MAX_RESET:
        return at + wait
    return moment_of(headers.get("retry-after", ""), at)


def _count(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 14 else None


def moment_of(value: str, at: datetime) -> datetime | None:
    """Read a reset as OpenAI (`6m0s`), HTTP (seconds or a date) or Anthropic (RFC 3339) writes it."""
    if not value:
        return None
    wait = wait_of(value.strip())
    if wait is not None:
        return at + wait if wait <= _MAX_RESET else None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(value.strip())
        except ValueError:
            continue
        when = when.replace(tzinfo=when.tzinfo or UTC)
        return when if at <= when <= at + _MAX_RESET else None
    return None


def wait_of(value: str) -> timedelta | None:
    """Read a duration: `6m0s`, `20ms`, or plain seconds."""
    if not value or len(value) > 32:
        return None
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=float(value))
    found = _DURATION.fullmatch(value)
    if not found or not any(found.groups()):
        return None
    parts = zip(found.groups(), _PART_SECONDS, strict=True)
    total = sum([float(part) * seconds for part, seconds in parts if part])
    return timedelta(seconds=total) if total < 10**9 else None
