"""What a provider says of its models: limits and refusals of answers → model entities (pure).

The newest word counts, by the moment an answer's headers came: a stream that began before a refusal and ends
after it does not take the refusal back. A 429 marks a model as rate limited until its reset, and an account
that is used up as unavailable, with `quota_exhausted`; the next good answer clears both.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from collectors.llm_collector.limit_headers import Limits, limits_of
from schema.observed import ModelObserved

__all__ = ["Answer", "Limits", "ModelLimits", "Told", "id_of", "limits_of"]

QUOTA_CODES = frozenset({
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error",
    "quota_exceeded", "quotaexceeded", "exceeded_current_quota_error", "insufficient_balance",
    "insufficient_user_quota", "insufficient_credits", "budget_exceeded", "arrearage",
})  # fmt: skip
"""Machine words of an account that is used up: waiting does not help, money does. Texts are never read."""
OVERLOADED_CODES = frozenset({
    "overloaded_error", "engine_overloaded", "engine_overloaded_error", "server_overloaded", "overloaded",
})  # fmt: skip
"""Machine words of a provider that has too much to do, whoever asks."""
LIMITED_CODES = frozenset({
    "rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "ratelimitreached", "rate_limited",
    "too_many_requests", "too_many_requests_error", "resource_exhausted", "throttling", "throttlingexception",
    "http_429",
})  # fmt: skip
"""Machine words of a rate limit, as they stand inside of a stream that began with 200."""
FAILED_CODES = frozenset({
    "server_error", "internal_server_error", "internalserverexception", "api_error", "service_unavailable",
    "serviceunavailableexception", "http_500", "http_502", "http_503", "http_504", "http_529",
})  # fmt: skip
"""Machine words of a failure of the provider's own inside of such a stream."""
REQUESTS_A_DAY = frozenset({"groq"})
"""Providers whose header of requests is a day's limit: its reset is seconds away while the day is young."""
WORD_EACH = timedelta(seconds=10)
PAYMENT_REQUIRED = 402
TOO_MANY_REQUESTS = 429
MAX_ID_CHARACTERS = 256

Status = Literal["available", "rate_limited", "unavailable", "unknown"]


class Answer(msgspec.Struct, frozen=True):
    """What an answer told of its model, for the model's entity.

    `told_rpm_max`, `told_tpm_max` and `retry_after_seconds` are what a refusal's body said.
    """

    provider: str
    model: str
    http_status: int | None
    error_code: str | None
    error_type: str | None
    limits: Limits
    key_label: str = "default"
    told_rpm_max: int | None = None
    told_tpm_max: int | None = None
    retry_after_seconds: float | None = None

    @property
    def words(self) -> set[str]:
        """Give the machine words of an error, in lower case."""
        return {word.lower() for word in (self.error_code, self.error_type) if word}

    @property
    def limited(self) -> bool:
        """Say whether it was refused for a rate limit, by its status or inside of its stream."""
        return self.http_status == TOO_MANY_REQUESTS or (
            self._began_well and bool(self.words & LIMITED_CODES)
        )

    @property
    def failed(self) -> bool:
        """Say whether the provider could not answer, or not to the end."""
        status, words = self.http_status, self.words
        return (
            status is None
            or status >= 500
            or bool(words & OVERLOADED_CODES)
            or (self._began_well and bool(words & FAILED_CODES))
        )

    @property
    def _began_well(self) -> bool:
        return self.http_status is not None and self.http_status < 400


class Told(NamedTuple):
    """A model's entity and its id, and the id of the model that had to go for it, if one had."""

    id: str
    model: ModelObserved
    gone: str | None = None


class ModelLimits:
    """The newest state of each model that was called, by provider, model and key label.

    Names come from requests: beyond `MAX_MODELS` the one that was not called for the longest goes.
    """

    MAX_MODELS = 1000

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, str], _State] = {}

    def answered(self, answer: Answer) -> Told:
        """Take the word of one answer."""
        key = (answer.provider, answer.model, answer.key_label)
        gone = None
        if key not in self._models and len(self._models) >= self.MAX_MODELS:
            oldest = next(iter(self._models))
            del self._models[oldest]
            gone = id_of(*oldest)
        # Called last stands last.
        state = _after(self._models.pop(key, _State()), answer)
        self._models[key] = state
        return Told(id_of(*key), _entity(key, state), gone)


def id_of(provider: str, model: str, key_label: str) -> str:
    """Give a model's id as it is published; names that are too long stand as their hash."""
    name = f"{provider}/{model}/{key_label}"
    if len(name) <= MAX_ID_CHARACTERS:
        return name
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()
    return f"{name[: MAX_ID_CHARACTERS - len(digest) - 1]}#{digest}"


class _State(msgspec.Struct, frozen=True):
    status: Status = "unknown"
    reason: str | None = None
    quota_exhausted: bool = False
    resets_at: datetime | None = None
    rpm_max: int | None = None
    tpm_max: int | None = None
    rpm_remaining: int | None = None
    tpm_remaining: int | None = None
    told_at: datetime | None = None
    answered_at: datetime | None = None
    word_at: datetime | None = None
    slow_requests: int | None = None
    slow_tokens: int | None = None


def _entity(key: tuple[str, str, str], state: _State) -> ModelObserved:
    return ModelObserved(
        provider=key[0],
        model=key[1],
        key_label=key[2],
        status=state.status,
        rpm_max=UNSET if state.rpm_max is None else state.rpm_max,
        tpm_max=UNSET if state.tpm_max is None else state.tpm_max,
        rpm_remaining=UNSET if state.rpm_remaining is None else state.rpm_remaining,
        tpm_remaining=UNSET if state.tpm_remaining is None else state.tpm_remaining,
        told_at=UNSET if state.told_at is None else state.told_at,
        answered_at=UNSET if state.word_at is None else state.word_at,
        quota_exhausted=state.quota_exhausted,
        resets_at=UNSET if state.resets_at is None else state.resets_at,
        reason=UNSET if state.reason is None else state.reason,
    )


def _after(known: _State, answer: Answer) -> _State:
    at = answer.limits.at
    if at is not None and known.answered_at is not None and at < known.answered_at:
        return known
    measured = _measured(known, answer)
    state = _judged(measured, answer)
    if at is None or state is measured:
        return state
    # The same word again is told anew each few seconds only: else each answer would make a record.
    same = (state.status, state.quota_exhausted) == (known.status, known.quota_exhausted)
    stands = same and known.word_at is not None and at - known.word_at < WORD_EACH
    return state if stands else replace(state, word_at=at)


def _measured(known: _State, answer: Answer) -> _State:
    """Take over the numbers. A remainder that is not told again is no longer known."""
    told = _a_days_apart(answer)
    state = replace(known, answered_at=told.at or known.answered_at)
    if told.slow_requests is not None:
        state = replace(state, slow_requests=told.slow_requests, rpm_max=None, rpm_remaining=None)
    if told.slow_tokens is not None:
        state = replace(state, slow_tokens=told.slow_tokens, tpm_max=None, tpm_remaining=None)
    rpm_max, tpm_max = told.rpm_max, told.tpm_max
    # A day's limit is a day's limit also while its reset is near.
    slow_rpm = rpm_max is not None and rpm_max == state.slow_requests
    slow_tpm = tpm_max is not None and tpm_max == state.slow_tokens
    rpm_max = answer.told_rpm_max if slow_rpm or rpm_max is None else rpm_max
    tpm_max = answer.told_tpm_max if slow_tpm or tpm_max is None else tpm_max
    if rpm_max is None and tpm_max is None and not told.tells:
        # A refusal without numbers is a word on the limit too: `told_at` says of when it is.
        bare = replace(state, told_at=told.at, rpm_remaining=None, tpm_remaining=None)
        return bare if answer.limited else state
    return replace(
        state,
        rpm_max=state.rpm_max if rpm_max is None else rpm_max,
        tpm_max=state.tpm_max if tpm_max is None else tpm_max,
        rpm_remaining=None if slow_rpm else told.rpm_remaining,
        tpm_remaining=None if slow_tpm else told.tpm_remaining,
        told_at=told.at,
    )


def _a_days_apart(answer: Answer) -> Limits:
    """Give the limits that were told, where a provider's limit of requests is a day's."""
    told = answer.limits
    if answer.provider not in REQUESTS_A_DAY:
        return told
    slow = told.slow_requests if told.rpm_max is None else told.rpm_max
    return replace(told, slow_requests=slow, rpm_max=None, rpm_remaining=None)


def _judged(state: _State, answer: Answer) -> _State:
    """Say whether the model can be had."""
    told, status, words = answer.limits, answer.http_status, answer.words
    reason = " ".join(filter(None, (str(status or "no answer"), answer.error_code or answer.error_type)))
    ill = replace(state, reason=reason, quota_exhausted=False, resets_at=_retry_at(answer))
    if status == PAYMENT_REQUIRED or (status is not None and words & QUOTA_CODES):
        return replace(ill, status="unavailable", quota_exhausted=True, resets_at=None)
    if answer.failed:
        return replace(ill, status="unavailable")
    if answer.limited:
        return replace(ill, status="rate_limited", resets_at=ill.resets_at or told.resets_at)
    if status is not None and status < 400:
        return replace(
            state, status="available", reason=None, quota_exhausted=False, resets_at=told.resets_at
        )
    return state  # the request was at fault: it says nothing of the model


def _retry_at(answer: Answer) -> datetime | None:
    """Give when to try again: what the headers said, else what the body said."""
    told = answer.limits
    if told.retry_at is not None or told.at is None or answer.retry_after_seconds is None:
        return told.retry_at
    return told.at + timedelta(seconds=min(answer.retry_after_seconds, 40 * 86_400))
