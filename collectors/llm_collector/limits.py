"""What a provider says of its limits: headers and refusals of answers → model entities (pure).

The newest word counts. A 429 marks a model as rate limited until its reset; the next good answer clears it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from msgspec import UNSET

from schema.observed import ModelObserved

QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_MAX_RESET = timedelta(days=40)
"""A month's quota; what is further away is a mistake."""


@dataclass(frozen=True)
class Limits:
    """What one answer told; None means that it did not say."""

    rpm_max: int | None = None
    tpm_max: int | None = None
    resets_at: datetime | None = None


def limits_of(headers: Mapping[str, str], at: datetime) -> Limits:
    """Read the limit headers (names in lower case) of an answer that came `at`."""
    resets = [
        when
        for name in (
            "retry-after",
            "x-ratelimit-reset-requests",
            "x-ratelimit-reset-tokens",
            "anthropic-ratelimit-requests-reset",
            "anthropic-ratelimit-tokens-reset",
        )
        if (when := _moment(headers.get(name, ""), at))
    ]
    return Limits(
        rpm_max=_count(headers, "x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"),
        tpm_max=_count(headers, "x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
        resets_at=max(resets, default=None),
    )


@dataclass(frozen=True)
class Answer:
    """What an answer told of its model, for the model's entity."""

    provider: str
    model: str
    http_status: int | None
    error_code: str | None
    error_type: str | None
    limits: Limits


class ModelLimits:
    """The newest state of each model that was called, by provider and model; bounded."""

    MAX_MODELS = 1000
    """Names come from requests: whoever makes them up must not fill the snapshot."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str], _State] = {}

    def answered(self, answer: Answer) -> tuple[str, ModelObserved] | None:
        """Take the word of one answer; give the model's entity and its id, or None beyond the bound."""
        key = (answer.provider, answer.model)
        if key not in self._models and len(self._models) >= self.MAX_MODELS:
            return None
        self._models[key] = state = _after(self._models.get(key, _State()), answer)
        return f"{answer.provider}/{answer.model}/default"[:256], ModelObserved(
            provider=answer.provider,
            model=answer.model,
            status=state.status,
            rpm_max=UNSET if state.rpm_max is None else state.rpm_max,
            tpm_max=UNSET if state.tpm_max is None else state.tpm_max,
            quota_exhausted=state.quota_exhausted,
            resets_at=UNSET if state.resets_at is None else state.resets_at,
        )


@dataclass(frozen=True)
class _State:
    status: Literal["available", "rate_limited", "unavailable", "unknown"] = "unknown"
    rpm_max: int | None = None
    tpm_max: int | None = None
    quota_exhausted: bool = False
    resets_at: datetime | None = None


def _after(known: _State, answer: Answer) -> _State:
    told = answer.limits
    state = replace(
        known,
        rpm_max=told.rpm_max if told.rpm_max is not None else known.rpm_max,
        tpm_max=told.tpm_max if told.tpm_max is not None else known.tpm_max,
    )
    match answer.http_status:
        case 429:
            exhausted = not QUOTA_CODES.isdisjoint({answer.error_code, answer.error_type})
            return replace(state, status="rate_limited", quota_exhausted=exhausted, resets_at=told.resets_at)
        case None | 500 | 502 | 503 | 504 | 529:
            return replace(state, status="unavailable", resets_at=None)
        case status if status < 400:
            return replace(state, status="available", quota_exhausted=False, resets_at=None)
        case _:
            return state  # the request was at fault: it says nothing of the model


def _count(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        value = headers.get(name, "").strip()
        if value.isascii() and value.isdigit() and len(value) < 16:
            return int(value)
    return None


def _moment(value: str, at: datetime) -> datetime | None:
    """Read a reset as OpenAI (`6m0s`), HTTP (seconds or a date) or Anthropic (RFC 3339) writes it."""
    wait = _wait(value.strip())
    if wait is not None:
        return at + wait if wait <= _MAX_RESET else None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(value)
        except ValueError:
            continue
        when = when.replace(tzinfo=when.tzinfo or UTC)
        return when if at <= when <= at + _MAX_RESET else None
    return None


def _wait(value: str) -> timedelta | None:
    if not value or len(value) > 32:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return timedelta(seconds=float(value))
    found = _DURATION.fullmatch(value)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    return timedelta(seconds=total) if total < 10**9 else None
