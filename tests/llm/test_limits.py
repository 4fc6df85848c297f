"""What limit headers and refusals say of a model."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.llm_collector.limits import Answer, Limits, ModelLimits, limits_of
from schema.observed import ModelObserved

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1s", 1.0), ("6m0s", 360.0), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("1m", 60.0), ("0s", 0.0),
        ("12", 12.0), ("0.5", 0.5), ("2026-02-06T14:33:12Z", 60.0), ("Fri, 06 Feb 2026 14:32:42 GMT", 30.0),
        ("", None), ("soon", None), ("-1", None), ("9" * 40, None), ("99999h", None), ("1s1s", None),
        ("2020-01-01T00:00:00Z", None), ("s", None), ("1e9", None),
    ],
)  # fmt: skip
def test_a_reset_is_read_as_each_provider_writes_it(value: str, seconds: float | None) -> None:
    expected = None if seconds is None else AT + timedelta(seconds=seconds)
    assert limits_of({"x-ratelimit-reset-tokens": value}, AT).resets_at == expected


def test_the_later_of_several_resets_counts() -> None:
    headers = {"x-ratelimit-reset-requests": "2s", "x-ratelimit-reset-tokens": "5s", "retry-after": "1"}
    assert limits_of(headers, AT).resets_at == AT + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}, (500, 30000)),
        ({"anthropic-ratelimit-requests-limit": "50"}, (50, None)),
        ({"x-ratelimit-limit-requests": "many", "x-ratelimit-limit-tokens": "-1"}, (None, None)),
        ({"x-ratelimit-limit-requests": "٣", "x-ratelimit-limit-tokens": "9" * 20}, (None, None)),
    ],
)
def test_maxima_are_read(headers: dict[str, str], expected: tuple[int | None, int | None]) -> None:
    limits = limits_of(headers, AT)
    assert (limits.rpm_max, limits.tpm_max) == expected


def answer(status: int | None, code: str | None = None, limits: Limits | None = None) -> Answer:
    return Answer("openai", "gpt-4o", status, code, None, limits or Limits())


def told(models: ModelLimits, one: Answer) -> ModelObserved:
    found = models.answered(one)
    assert found is not None
    assert found[0] == "openai/gpt-4o/default"
    return found[1]


def test_a_refusal_marks_the_model_until_it_answers_again() -> None:
    models = ModelLimits()
    resets_at = AT + timedelta(seconds=7)
    first = told(models, answer(200, limits=Limits(500, 30_000)))
    refused = told(models, answer(429, "rate_limit_exceeded", Limits(resets_at=resets_at)))
    again = told(models, answer(200))
    assert (first.status, first.rpm_max, first.tpm_max) == ("available", 500, 30_000)
    assert (refused.status, refused.resets_at, refused.quota_exhausted, refused.rpm_max) == (
        "rate_limited", resets_at, False, 500,
    )  # fmt: skip
    assert again == first


def test_an_empty_account_is_told_apart_from_a_rate_limit() -> None:
    assert told(ModelLimits(), answer(429, "insufficient_quota")).quota_exhausted


@pytest.mark.parametrize(
    ("status", "expected"), [(None, "unavailable"), (503, "unavailable"), (400, "unknown")]
)
def test_an_outage_is_the_models_and_a_bad_request_is_not(status: int | None, expected: str) -> None:
    assert told(ModelLimits(), answer(status)).status == expected


def test_invented_names_do_not_fill_the_snapshot() -> None:
    models = ModelLimits()
    for number in range(ModelLimits.MAX_MODELS):
        assert models.answered(Answer("openai", f"m{number}", 200, None, None, Limits()))
    assert models.answered(Answer("openai", "one more", 200, None, None, Limits())) is None
