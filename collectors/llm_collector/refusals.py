"""What a refusal says in words only: a limit, a time to wait, a reason (pure).

Providers put into the message of an error what their headers leave out. Numbers and fixed words of ours are
taken from it; the text itself goes nowhere, for it may quote a prompt, an organisation or a key.
"""

import re
from typing import Any, Literal, NamedTuple

Limited = Literal["requests", "tokens"]

_READ_CHARACTERS = 2000
_MAX_WAIT_SECONDS = 40 * 86400.0
# As OpenAI and Groq write it ("on tokens per min (TPM): Limit 30000, Used …", "requests per min. Limit: 3"),
# as Anthropic does ("rate limit of 40,000 input tokens per minute"), and LiteLLM ("Limit type: requests. …").
_LIMITS = (
    re.compile(r"(?P<of>request|token)s per min(?:ute)?\b[ .:()A-Z]{0,12}Limit:? (?P<limit>[\d,]{1,16})"),
    re.compile(r"limit of (?P<limit>[\d,]{1,16}) (?:input )?(?P<of>request|token)s per minute"),
    re.compile(r"Limit type: (?P<of>request|token)s\. Current limit: (?P<limit>\d{1,16})"),
)
"""Limits of a minute; those of a day or of an answer are others."""
_WAIT = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d{1,9}(?:\.\d{1,9})? ?(?:ms|h|m|s)[a-z]{0,6} ?){1,4})"
)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(ms|h|m|s)")
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TOO_LONG = "context_length_exceeded"
_REASONS = (
    (re.compile("credit balance is too low"), "insufficient_quota"),
    (re.compile("prompt is too long|maximum context length|exceeds the available context"), _TOO_LONG),
    (re.compile("requires more system memory|out of memory"), "insufficient_memory"),
    (re.compile("^model .{1,256}not found"), "model_not_found"),
)
"""Reasons without a code of their own, under the code that OpenAI has for them where it has one."""


class Refusal(NamedTuple):
    """What an error's words told; None where they did not."""

    limit: tuple[Limited, int] | None = None
    retry_after_seconds: float | None = None
    reason: str | None = None


def refusal_of(error: Any) -> Refusal:
    """Read an error as it stands in an answer: an object, or only its message."""
    if isinstance(error, dict):
        told = _of_text(error.get("message"))
        limit, wait = _of_details(error.get("details"))
        return Refusal(limit or told.limit, wait or told.retry_after_seconds, told.reason)
    return _of_text(error)


def _of_text(message: Any) -> Refusal:
    if not isinstance(message, str):
        return Refusal()
    text = message[:_READ_CHARACTERS]
    found = next((match for pattern in _LIMITS if (match := pattern.search(text))), None)
    wait = _WAIT.search(text)
    return Refusal(
        limit=_limit(found["of"], found["limit"]) if found else None,
        retry_after_seconds=_seconds(wait[1]) if wait else None,
        reason=next((reason for pattern, reason in _REASONS if pattern.search(text)), None),
    )


def _of_details(details: Any) -> tuple[tuple[Limited, int] | None, float | None]:
    """Read Google's details: `quotaId` names the limit, `quotaValue` tells it, `retryDelay` the wait."""
    limit, wait = None, None
    parts = [part for part in details[:10] if isinstance(part, dict)] if isinstance(details, list) else []
    for part in parts:
        if isinstance(delay := part.get("retryDelay"), str) and len(delay) <= 32:
            wait = _seconds(delay)
        violations = part.get("violations")
        for one in violations[:10] if isinstance(violations, list) else ():
            name, value = (one.get("quotaId"), one.get("quotaValue")) if isinstance(one, dict) else ("", "")
            if isinstance(name, str) and "PerMinute" in name and isinstance(value, str):
                limit = _limit("token" if "Token" in name else "request", value) or limit
    return limit, wait


def _limit(of: str, digits: str) -> tuple[Limited, int] | None:
    plain = digits.replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 16):
        return None
    return ("requests" if of == "request" else "tokens"), int(plain)


def _seconds(text: str) -> float | None:
    parts = _DURATION.findall(text)
    total = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    return round(total, 6) if parts and total <= _MAX_WAIT_SECONDS else None
