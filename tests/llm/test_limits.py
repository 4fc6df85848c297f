"""What limits and refusals say of a model."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET, structs

from collectors.llm_collector.limits import Answer, Limits, ModelLimits, id_of, limits_of
from schema.observed import ModelObserved

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def answer(status: int | None, code: str | None = None, limits: Limits | None = None, **more: Any) -> Answer:
    return Answer("openai", "gpt-4o", status, code, None, limits or Limits(), **more)


def told(models: ModelLimits, one: Answer) -> ModelObserved:
    found = models.answered(one)
    assert found.id == "openai/gpt-4o/default"
    return found.model


def test_a_refusal_marks_the_model_until_it_answers_again() -> None:
    models = ModelLimits()
    first = told(models, answer(200, limits=Limits(500, 30_000, at=AT)))
    refused = told(models, answer(429, "rate_limit_exceeded", Limits(retry_at=after(9), at=after(2))))
    again = told(models, answer(200, limits=Limits(at=after(10))))
    assert (first.status, first.rpm_max, first.tpm_max) == ("available", 500, 30_000)
    assert (refused.status, refused.resets_at, refused.quota_exhausted, refused.rpm_max) == (
        "rate_limited", after(9), False, 500,
    )  # fmt: skip
    assert refused.reason == "429 rate_limit_exceeded"
    assert (again.status, again.resets_at, again.reason, again.rpm_max) == ("available", UNSET, UNSET, 500)


def test_what_is_left_is_of_the_newest_answer_by_when_its_headers_came() -> None:
    models = ModelLimits()
    told(models, answer(200, limits=Limits(tpm_max=1000, tpm_remaining=900, at=AT)))
    newer = told(models, answer(200, limits=Limits(tpm_max=1000, tpm_remaining=400, at=after(5))))
    stream_that_began_before = answer(200, limits=Limits(tpm_max=1000, tpm_remaining=800, at=after(1)))
    assert told(models, stream_that_began_before) == newer
    assert (newer.tpm_remaining, newer.told_at) == (400, after(5))


def test_a_stream_that_began_before_a_refusal_does_not_take_it_back() -> None:
    models = ModelLimits()
    refused = told(models, answer(429, limits=Limits(retry_at=after(30), at=after(5))))
    assert refused.status == "rate_limited"
    assert told(models, answer(200, limits=Limits(at=after(1)))) == refused


@pytest.mark.parametrize(
    ("limits", "body_seconds", "expected"),
    [
        pytest.param(Limits(retry_at=after(3), resets_at=after(50), at=AT), 9.0, after(3), id="retry-after"),
        pytest.param(Limits(resets_at=after(50), at=AT), 9.0, after(9), id="the body"),
        pytest.param(Limits(resets_at=after(50), at=AT), None, after(50), id="the limit's reset"),
        pytest.param(Limits(at=AT), None, UNSET, id="nobody says"),
    ],
)
def test_a_refusal_ends_when_the_provider_says(
    limits: Limits, body_seconds: float | None, expected: object
) -> None:
    refused = told(ModelLimits(), answer(429, limits=limits, retry_after_seconds=body_seconds))
    assert (refused.status, refused.resets_at, refused.told_at) == ("rate_limited", expected, AT)


def test_a_refusals_body_tells_a_limit_where_no_header_does() -> None:
    models = ModelLimits()
    refused = told(models, answer(429, limits=Limits(at=AT), told_tpm_max=10_000))
    assert (refused.tpm_max, refused.rpm_max) == (10_000, UNSET)
    header = told(models, answer(429, limits=Limits(tpm_max=20_000, at=after(1)), told_tpm_max=10_000))
    assert header.tpm_max == 20_000


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, ("insufficient_quota", "insufficient_quota")), (429, (None, "insufficient_quota")),
        (429, ("billing_hard_limit_reached", None)), (400, ("budget_exceeded", None)),
        # Anthropic has no code for it: it is read from the words, beside the type.
        (400, ("insufficient_quota", "invalid_request_error")),
        (402, (None, None)), (402, (None, "billing_error")), (403, ("QuotaExceeded", None)),
    ],
)  # fmt: skip
def test_an_empty_account_is_told_apart_from_a_rate_limit(
    status: int, words: tuple[str | None, str | None]
) -> None:
    models = ModelLimits()
    limits = Limits(retry_at=after(3), at=AT)
    empty = models.answered(Answer("openai", "gpt-4o", status, *words, limits)).model
    assert (empty.status, empty.quota_exhausted, empty.resets_at) == ("unavailable", True, UNSET)
    limited = told(models, answer(429, "rate_limit_exceeded", Limits(at=after(1))))
    assert (limited.status, limited.quota_exhausted) == ("rate_limited", False)
    paid = told(models, answer(200, limits=Limits(at=after(2))))
    assert (paid.status, paid.quota_exhausted) == ("available", False)


@pytest.mark.parametrize(
    ("status", "code", "expected", "reason"),
    [
        (None, None, "unavailable", "no answer"), (503, None, "unavailable", "503"),
        (529, "overloaded_error", "unavailable", "529 overloaded_error"),
        (429, "engine_overloaded", "unavailable", "429 engine_overloaded"),
        (200, "overloaded_error", "unavailable", "200 overloaded_error"),
        (200, "api_error", "unavailable", "200 api_error"),
        (200, "http_503", "unavailable", "200 http_503"),
        (200, "rate_limit_exceeded", "rate_limited", "200 rate_limit_exceeded"),
        (200, "content_filter", "available", UNSET),
        (400, "invalid_request_error", "unknown", UNSET), (401, None, "unknown", UNSET),
    ],
)  # fmt: skip
def test_an_outage_is_the_models_and_a_bad_request_is_not(
    status: int | None, code: str | None, expected: str, reason: object
) -> None:
    found = told(ModelLimits(), answer(status, code))
    assert (found.status, found.reason, found.quota_exhausted) == (expected, reason, False)


@pytest.mark.parametrize(
    "words",
    [
        ("rate_limit_exceeded", "tokens"), (None, "rate_limit_error"), (None, "RESOURCE_EXHAUSTED"),
        (None, "http_429"), (None, "throttlingException"), ("RateLimitReached", None),
    ],
)  # fmt: skip
def test_a_rate_limit_inside_of_a_stream_that_began_well_is_one(words: tuple[str | None, str | None]) -> None:
    models = ModelLimits()
    before = Limits(rpm_max=60, rpm_remaining=9, at=AT)
    told(models, answer(200, limits=before))
    limits, wait = Limits(at=after(1)), 7.0
    limited = models.answered(Answer("openai", "gpt-4o", 200, *words, limits, retry_after_seconds=wait)).model
    assert (limited.status, limited.resets_at, limited.quota_exhausted) == ("rate_limited", after(8), False)
    assert (limited.rpm_max, limited.rpm_remaining, limited.told_at) == (60, UNSET, after(1))
    assert told(models, answer(200, limits=Limits(at=after(9)))).status == "available"


def test_a_days_limit_stays_one_while_its_reset_is_near() -> None:
    models = ModelLimits()
    told(models, answer(200, limits=Limits(slow_requests=14_400, tpm_max=18_000, at=AT)))
    near = Limits(rpm_max=14_400, rpm_remaining=14_399, tpm_max=18_000, at=after(1))
    assert told(models, answer(200, limits=near)).rpm_max is UNSET
    assert told(models, answer(200, limits=near)).rpm_remaining is UNSET
    raised = Limits(rpm_max=30, rpm_remaining=29, at=after(2))
    assert told(models, answer(200, limits=raised)).rpm_max == 30


@pytest.mark.parametrize("reset", ["6s", "2m59.56s"])
def test_groqs_limit_of_requests_is_a_days_from_the_first_call_on(reset: str) -> None:
    headers = {
        "x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14399",
        "x-ratelimit-reset-requests": reset, "x-ratelimit-limit-tokens": "18000",
        "x-ratelimit-remaining-tokens": "17000", "x-ratelimit-reset-tokens": "7.66ms",
    }  # fmt: skip
    one = Answer("groq", "llama-3.3-70b-versatile", 200, None, None, limits_of(headers, AT))
    model = ModelLimits().answered(one).model
    assert (model.rpm_max, model.rpm_remaining) == (UNSET, UNSET)
    assert (model.tpm_max, model.tpm_remaining, model.told_at) == (18_000, 17_000, AT)
    # The limit of a minute stands in a refusal's words.
    refused = ModelLimits().answered(structs.replace(one, http_status=429, told_rpm_max=30)).model
    assert refused.rpm_max == 30


def test_each_key_has_limits_of_its_own() -> None:
    models = ModelLimits()
    one = models.answered(answer(200, limits=Limits(rpm_max=60), key_label="team-a"))
    other = models.answered(answer(429, key_label="team-b"))
    assert (one.id, one.model.key_label) == ("openai/gpt-4o/team-a", "team-a")
    assert (other.model.status, other.model.rpm_max) == ("rate_limited", UNSET)


def test_invented_names_do_not_fill_the_snapshot_and_the_longest_unused_goes() -> None:
    models = ModelLimits()
    for number in range(ModelLimits.MAX_MODELS):
        assert models.answered(Answer("openai", f"m{number}", 200, None, None, Limits())).gone is None
    models.answered(Answer("openai", "m0", 200, None, None, Limits()))
    one_more = models.answered(Answer("openai", "one more", 200, None, None, Limits(rpm_max=5)))
    assert (one_more.gone, one_more.model.rpm_max) == ("openai/m1/default", 5)
    assert models.answered(Answer("openai", "m0", 200, None, None, Limits())).gone is None


def test_long_names_have_ids_of_their_own() -> None:
    first, second = (id_of("p" * 256, "m" * 256, label) for label in ("a", "b"))
    assert first != second
    assert len(first) == len(second) == 256
