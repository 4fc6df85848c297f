"""One model under one key at a moment: use, limits, how much of them is used, and when that is all. Pure.

*Percent used* is the largest of: tokens and requests of the last minute by their maxima, as we counted them;
and 1 − remaining ÷ maximum, as the provider said, until the reset it named and for a minute at most. So a key
that others use too is shown as full as it is, and one whose provider tells nothing as full as we know.

*Seconds to exhaustion* is when the first limit is used up if all that share the key go on as in the last
seconds. Where the provider tells what is left, it is told from how fast that becomes less. Else from our own
count: each second adds what the present pace uses and takes away what leaves the sliding minute, so a steady
pace below the limit never reaches it, and the field is absent.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from msgspec import UNSET, UnsetType

from aggregator.remainders import Point, Remainders, Trend
from aggregator.sliding_minute import LEAST_SECONDS, SECONDS, ModelKey, Pace, SlidingMinute
from aggregator.ticks import from_ms
from schema.models import ModelLimits
from schema.observed import ModelObserved

REFUSED_SECONDS = 60
"""A refusal that names no end is over after the minute that the limit is of."""
FAILED_SECONDS = 300
"""What an answer said of a failure is old after so long: nobody knows until somebody calls again."""
FAR = SECONDS // LEAST_SECONDS + 1
"""What all of the last minute's use does not reach even so many times over is not looked at closer."""

Status = Literal["available", "rate_limited", "unavailable", "unknown"]


def limits_at(
    key: ModelKey,
    told: ModelObserved | None,
    minute: SlidingMinute,
    remainders: Remainders,
    running: Sequence[int],
    now_ms: int,
) -> ModelLimits:
    """Give a model's entity at a moment; `running` are the seconds in which requests in flight began."""
    told = told or ModelObserved(provider=key[0], model=key[1], key_label=key[2])
    began, tpm = minute.of(key)
    rpm = began + len(running)
    left = remainders.newest(key, now_ms)
    status, reason = _status(told, now_ms)
    resets_at = told.resets_at if told.resets_at is UNSET or told.resets_at > from_ms(now_ms) else UNSET
    return ModelLimits(
        provider=key[0],
        model=key[1],
        key_label=key[2],
        tpm=tpm,
        tpm_max=told.tpm_max,
        rpm=rpm,
        rpm_max=told.rpm_max,
        tpm_remaining=told.tpm_remaining if left else UNSET,
        rpm_remaining=told.rpm_remaining if left else UNSET,
        told_at=told.told_at,
        percent_used=_percent(told, tpm, rpm, left, now_ms),
        status=status,
        reason=reason,
        loaded=told.loaded,
        quota_exhausted=told.quota_exhausted,
        resets_at=resets_at,
        seconds_to_exhaustion=_exhaustion(key, told, minute, remainders, running, now_ms),
    )


def ages(told: ModelObserved) -> bool:
    """Say whether time alone takes the provider's word back."""
    if told.quota_exhausted or told.status not in ("rate_limited", "unavailable"):
        return False
    return told.status == "rate_limited" or told.resets_at is not UNSET or told.answered_at is not UNSET


def _status(told: ModelObserved, now_ms: int) -> tuple[Status, str | UnsetType]:
    """Say whether a model can be had: what a provider said lasts until its reset, without a further call."""
    if not ages(told):
        return told.status, told.reason
    ends_at = told.resets_at
    if ends_at is UNSET and told.status == "rate_limited" and told.told_at is not UNSET:
        ends_at = told.told_at + timedelta(seconds=REFUSED_SECONDS)
    if ends_at is UNSET and told.status == "unavailable" and told.answered_at is not UNSET:
        ends_at = told.answered_at + timedelta(seconds=FAILED_SECONDS)
    if ends_at is UNSET or ends_at > from_ms(now_ms):
        return told.status, told.reason
    return ("available" if told.status == "rate_limited" else "unknown"), UNSET


def _percent(told: ModelObserved, tpm: int, rpm: int, left: Point | None, now_ms: int) -> float | UnsetType:
    shares = [
        used / maximum
        for used, maximum in ((tpm, told.tpm_max), (rpm, told.rpm_max))
        if isinstance(maximum, int) and maximum
    ]
    if left is not None and not 0 <= left.resets_ms <= now_ms:
        for remaining, maximum in ((left.tpm_remaining, left.tpm_max), (left.rpm_remaining, left.rpm_max)):
            if remaining >= 0 and maximum > 0:
                shares.append(max(0.0, 1 - remaining / maximum))
    return round(100 * max(shares), 1) if shares else UNSET


def _exhaustion(
    key: ModelKey,
    told: ModelObserved,
    minute: SlidingMinute,
    remainders: Remainders,
    running: Sequence[int],
    now_ms: int,
) -> float | UnsetType:
    """Give when the first limit is used up; a limit that the provider tells the trend of is told by that."""
    limits = [limit if isinstance(limit, int) and limit else None for limit in (told.rpm_max, told.tpm_max)]
    began, tokens = minute.of(key)
    used = (began + len(running), tokens)
    far = all(not limit or one * FAR < limit for one, limit in zip(used, limits, strict=True))
    if far and key not in remainders.points:
        return UNSET
    paces = minute.paces(key, running, now_ms)
    trends = remainders.trends(key, (paces[0].a_second, paces[1].a_second), now_ms)
    ends = [_limit_ends(*one) for one in zip(limits, trends, paces, strict=True)]
    return min((end for end in ends if end is not None), default=UNSET)


def _limit_ends(limit: int | None, trend: Trend | None, pace: Pace) -> float | None:
    if trend is not None:
        return trend.seconds
    return window_ends(limit, pace) if limit else None


def window_ends(limit: int, pace: Pace) -> float | None:
    """Give when a sliding minute holds as much as a limit allows, at a steady pace; None for never."""
    room = float(limit - sum(pace.history))
    if room <= 0:
        return 0.0
    for second in range(1, SECONDS + 1):
        change = pace.a_second - pace.history[SECONDS - second]
        if change >= room:
            return round(second - 1 + room / change, 1)
        room -= change
    return None
