"""What limit headers say: each provider by its own names, each limit by the minute."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.llm_collector.limit_headers import Limits, limits_of

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1s", 1.0), ("6m0s", 360.0), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("1m", 60.0), ("0s", 0.0),
        ("1d2h", 93_600.0), ("12", 12.0), ("0.5", 0.5), (" 3s ", 3.0), ("2026-02-06T14:33:12Z", 60.0),
        ("Fri, 06 Feb 2026 14:32:42 GMT", 30.0), ("", None), ("soon", None), ("-1", None), ("9" * 40, None),
        ("99999h", None), ("1s1s", None), ("2020-01-01T00:00:00Z", None), ("s", None), ("1e9", None),
    ],
)  # fmt: skip
def test_a_reset_is_read_as_each_provider_writes_it(value: str, seconds: float | None) -> None:
    expected = None if seconds is None else after(seconds)
    assert limits_of({"x-ratelimit-reset-tokens": value}, AT).resets_at == expected


OPENAI = {
    "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "3000",
    "x-ratelimit-reset-tokens": "54s",
}  # fmt: skip
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-02-06T14:32:14Z",
    "anthropic-ratelimit-tokens-limit": "48000", "anthropic-ratelimit-tokens-remaining": "42000",
    "anthropic-ratelimit-tokens-reset": "2026-02-06T14:32:20Z",
    "anthropic-ratelimit-input-tokens-limit": "40000", "anthropic-ratelimit-input-tokens-remaining": "40000",
    "anthropic-ratelimit-output-tokens-limit": "8000", "anthropic-ratelimit-output-tokens-remaining": "2000",
    "anthropic-ratelimit-output-tokens-reset": "2026-02-06T14:32:57Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "rpm", "tpm", "resets"),
    [
        pytest.param(OPENAI, (500, 499), (30_000, 3000), 54, id="OpenAI"),
        pytest.param(
            {"x-ratelimit-remaining-requests": "8", "x-ratelimit-remaining-tokens": "900"},
            (None, 8), (None, 900), None, id="Azure: remainders alone",
        ),
        pytest.param(ANTHROPIC, (50, 49), (48_000, 12_000), 45, id="Anthropic: the scarcer of in and out"),
        pytest.param(
            {name: value for name, value in ANTHROPIC.items() if "put-tokens" in name},
            (None, None), (48_000, 12_000), 45, id="Anthropic: the two add up",
        ),
        pytest.param(
            {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "59",
             "x-ratelimit-limit-tokens-minute": "50000", "x-ratelimit-remaining-tokens-minute": "47300",
             "x-ratelimit-limit-tokens-month": "4000000"},
            (60, 59), (50_000, 47_300), None, id="Mistral",
        ),
        pytest.param(
            {"ratelimitbysize-limit": "500000", "ratelimitbysize-remaining": "499900",
             "ratelimitbysize-reset": "29"},
            (None, None), (500_000, 499_900), 29, id="Mistral, older",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1",
             "x-tokenlimit-limit": "3000", "x-tokenlimit-remaining": "1500"},
            (600, 540), (180_000, 90_000), None, id="Together: by the second",
        ),
        pytest.param(
            {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "3"},
            (None, None), (None, None), None, id="a bare limit has no period",
        ),
        pytest.param(
            {"x-ratelimit-limit-requests": "many", "x-ratelimit-limit-tokens": "-1"},
            (None, None), (None, None), None, id="no number",
        ),
        pytest.param(
            {"x-ratelimit-limit-requests": "٣", "x-ratelimit-limit-tokens": "9" * 20},
            (None, None), (None, None), None, id="no plain number",
        ),
    ],
)  # fmt: skip
def test_maxima_and_remainders_are_read(
    headers: dict[str, str],
    rpm: tuple[int | None, int | None],
    tpm: tuple[int | None, int | None],
    resets: float | None,
) -> None:
    limits = limits_of(headers, AT)
    assert (limits.rpm_max, limits.rpm_remaining) == rpm
    assert (limits.tpm_max, limits.tpm_remaining) == tpm
    assert limits.resets_at == (None if resets is None else after(resets))
    assert limits.tells == any(value is not None for value in (*rpm, *tpm))


def test_a_limit_of_a_day_is_told_apart_by_its_reset() -> None:
    groq = {
        "x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-limit-tokens": "18000", "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-tokens": "7.66ms",
    }  # fmt: skip
    limits = limits_of(groq, AT)
    assert (limits.rpm_max, limits.rpm_remaining, limits.slow_requests) == (None, None, 14_400)
    assert (limits.tpm_max, limits.tpm_remaining, limits.slow_tokens) == (18_000, 17_997, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0), ({"retry-after": "7", "retry-after-ms": "6500"}, 6.5),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0), ({"retry-after-ms": "-5"}, None),
        ({"retry-after": "Fri, 06 Feb 2026 14:32:42 GMT"}, 30.0), ({}, None), ({"retry-after": "9e9"}, None),
    ],
)  # fmt: skip
def test_when_to_try_again_is_read_to_the_millisecond(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else after(seconds)
    assert limits_of(headers, AT) == Limits(retry_at=expected, at=AT)
