"""Use, limits and forecasts of a model: by the minute, by the provider's word, and against real refusals."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET

from aggregator.model_limits import limits_at, window_ends
from aggregator.remainders import Remainders
from aggregator.sliding_minute import MAX_MODELS, ModelKey, Pace, SlidingMinute
from aggregator.ticks import to_ms
from schema.messages import Call
from schema.models import ModelLimits
from schema.observed import ModelObserved
from tests.aggregator.llm_workloads import Bucket, Clock, Provider, Sliding, Workload, run

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW_MS = to_ms(AT)
KEY: ModelKey = ("openai", "gpt-4o", "default")


def call(tokens: int = 100, **more: Any) -> Call:
    fields: dict[str, Any] = {
        "call_id": "c", "provider": "openai", "model": "gpt-4o", "started_at": AT, "status": "ok",
        "prompt_tokens": tokens, "completion_tokens": 20, "latency_ms": 500.0, **more,
    }  # fmt: skip
    return Call(**fields)


def told(**fields: Any) -> ModelObserved:
    return ModelObserved(provider="openai", model="gpt-4o", **fields)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def shown(*calls: tuple[float, Call], seconds: float = 0, model: ModelObserved | None = None) -> ModelLimits:
    """The model as it is shown some seconds after noon; calls ended so many seconds after it."""
    minute, remainders = SlidingMinute(), Remainders()
    for second, one in calls:
        minute.roll(NOW_MS + int(second * 1000))
        minute.count(one, NOW_MS + int(second * 1000))
    now_ms = NOW_MS + int(seconds * 1000)
    minute.roll(now_ms - 1)
    if model is not None and model.told_at is not UNSET:
        remainders.take(model, to_ms(model.told_at))
    return limits_at(KEY, model, minute, remainders, [], now_ms)


@pytest.mark.parametrize(("second", "used"), [(1, (1, 120)), (60, (1, 120)), (61, (0, 0))])
def test_a_call_counts_for_a_minute(second: int, used: tuple[int, int]) -> None:
    found = shown((0.6, call()), seconds=second)
    assert (found.rpm, found.tpm) == used


def test_a_request_counts_when_it_began_and_its_tokens_when_it_ended() -> None:
    long_call = call(latency_ms=50_000.0)
    assert (shown((50, long_call), seconds=58).rpm, shown((50, long_call), seconds=58).tpm) == (1, 120)
    assert (shown((50, long_call), seconds=62).rpm, shown((50, long_call), seconds=62).tpm) == (0, 120)


def test_a_refused_call_uses_no_limit_and_a_failed_one_does() -> None:
    assert shown((0, call(status="rate_limited")), seconds=1).rpm == 0
    assert shown((0, call(status="error")), seconds=1).rpm == 1


def test_anthropic_does_not_count_what_it_reads_from_its_cache() -> None:
    minute = SlidingMinute()
    for provider in ("anthropic", "openai"):
        minute.count(call(1000, provider=provider, cached_tokens=900), NOW_MS)
    assert minute.of(("anthropic", "gpt-4o", "default"))[1] == 120
    assert minute.of(KEY)[1] == 1020


def test_a_call_that_is_taken_back_leaves_nothing_also_when_its_second_is_past() -> None:
    minute = SlidingMinute()
    minute.count(call(), NOW_MS)
    minute.count(call(), NOW_MS, -1)
    assert minute.used == {}
    minute.count(call(), NOW_MS)
    minute.roll(NOW_MS + 61_000)
    minute.count(call(), NOW_MS, -1)
    assert (minute.used, minute.seconds) == ({}, {})


def test_invented_names_are_counted_by_the_minute_up_to_a_bound() -> None:
    minute = SlidingMinute()
    for number in range(MAX_MODELS + 5):
        minute.count(call(model=f"m{number}"), NOW_MS)
    assert len(minute.used) == MAX_MODELS
    minute.roll(NOW_MS + 61_000)
    minute.count(call(model="later"), NOW_MS + 61_000)
    assert list(minute.used) == [("openai", "later", "default")]


def test_who_tells_of_anthropics_cache_alone_takes_no_tokens_away() -> None:
    of_cache: dict[str, Any] = {"provider": "anthropic", "prompt_tokens": UNSET, "completion_tokens": UNSET}
    minute = SlidingMinute()
    minute.count(call(**of_cache, cached_tokens=1000), NOW_MS)
    minute.count(call(provider="anthropic", cached_tokens=1000), NOW_MS)
    assert minute.of(("anthropic", "gpt-4o", "default")) == (2, 20)


def test_what_was_beyond_the_bound_is_taken_back_from_nothing() -> None:
    minute = SlidingMinute()
    for number in range(MAX_MODELS + 1):
        minute.count(call(model=str(number)), NOW_MS)
    minute.count(call(model="0"), NOW_MS, -1)
    last = ("openai", str(MAX_MODELS), "default")
    minute.count(call(model=last[1]), NOW_MS, -1)
    minute.count(call(50, model=last[1]), NOW_MS)
    assert minute.of(last) == (1, 70)


@pytest.mark.parametrize(
    ("model", "percent"),
    [
        pytest.param(told(), UNSET, id="no limit is known"),
        pytest.param(told(tpm_max=0), UNSET, id="a limit of nothing"),
        pytest.param(told(tpm_max=240), 50.0, id="tokens"),
        pytest.param(told(tpm_max=1200, rpm_max=4), 25.0, id="the larger share"),
        pytest.param(told(tpm_max=240, tpm_remaining=60, told_at=AT), 75.0, id="others use the key"),
        pytest.param(told(tpm_max=240, tpm_remaining=240, told_at=AT), 50.0, id="the provider counts less"),
        pytest.param(
            told(tpm_max=240, tpm_remaining=0, told_at=AT, resets_at=at(10)), 100.0, id="before the reset"
        ),
        pytest.param(told(tpm_max=240, tpm_remaining=0, told_at=AT, resets_at=at(5)), 50.0, id="after it"),
        pytest.param(told(tpm_max=240, tpm_remaining=0, told_at=at(-56)), 50.0, id="told long ago"),
    ],
)
def test_percent_used_is_the_largest_share_of_ours_and_the_providers(
    model: ModelObserved, percent: object
) -> None:
    assert shown((0, call()), seconds=5, model=model).percent_used == percent


def test_what_is_left_is_shown_for_a_minute_and_when_it_was_told_always() -> None:
    model = told(tpm_max=240, tpm_remaining=60, told_at=AT)
    assert shown(seconds=60, model=model).tpm_remaining == 60
    later = shown(seconds=61, model=model)
    assert (later.tpm_remaining, later.told_at, later.tpm_max) == (UNSET, AT, 240)


@pytest.mark.parametrize(
    ("model", "second", "status", "resets_at"),
    [
        (told(status="rate_limited", resets_at=at(7)), 6, "rate_limited", at(7)),
        (told(status="rate_limited", resets_at=at(7), reason="429"), 7, "available", UNSET),
        (told(status="rate_limited", told_at=AT), 59, "rate_limited", UNSET),
        (told(status="rate_limited", told_at=AT), 60, "available", UNSET),
        (told(status="rate_limited"), 999, "rate_limited", UNSET),
        (told(status="unavailable", resets_at=at(7)), 7, "unknown", UNSET),
        (told(status="unavailable", reason="503"), 999, "unavailable", UNSET),
        (told(status="unavailable", answered_at=AT, reason="500"), 299, "unavailable", UNSET),
        (told(status="unavailable", answered_at=AT, reason="500"), 300, "unknown", UNSET),
        (told(status="unavailable", quota_exhausted=True, answered_at=AT), 999, "unavailable", UNSET),
        (told(status="available", resets_at=at(7)), 7, "available", UNSET),
    ],
)
def test_a_refusal_is_over_at_its_reset_without_a_further_call(
    model: ModelObserved, second: int, status: str, resets_at: object
) -> None:
    found = shown(seconds=second, model=model)
    assert (found.status, found.resets_at) == (status, resets_at)
    assert (found.reason is UNSET) == (status in ("available", "unknown") or model.reason is UNSET)


@pytest.mark.parametrize(
    ("limit", "pace", "history", "seconds"),
    [
        pytest.param(600, 5.0, [0] * 60, None, id="a steady pace below the limit never reaches it"),
        pytest.param(600, 5.0, [5] * 60, None, id="nor does one that goes on"),
        pytest.param(600, 10.0, [10] * 60, 0.0, id="a limit that is reached"),
        pytest.param(600, 20.0, [0] * 60, 30.0, id="from nothing"),
        pytest.param(600, 20.0, [20] * 20 + [0] * 40, 10.0, id="as long as nothing leaves"),
        pytest.param(900, 16.0, [10] * 40 + [20] * 20, 50.0, id="old seconds make room first"),
        pytest.param(600, 0.0, [9] * 60, None, id="no use now"),
        pytest.param(0, 0.0, [0] * 60, 0.0, id="nothing is allowed"),
    ],
)
def test_the_window_gains_the_pace_and_loses_what_grows_old(
    limit: int, pace: float, history: list[int], seconds: float | None
) -> None:
    assert window_ends(limit, Pace(pace, history)) == seconds


def steady(pace: float) -> Callable[[float], float]:
    return lambda _: pace


def step(before: float, after: float, second: float) -> Callable[[float], float]:
    return lambda since: before if since < second else after


HITS = [
    pytest.param(
        Workload(steady(50)), Sliding(45_000), "tokens", False, id="tokens, no word of the provider"
    ),
    pytest.param(Workload(steady(50)), Sliding(45_000), "tokens", True, id="tokens"),
    pytest.param(Workload(steady(30)), Sliding(1200), "requests", False, id="requests, no word"),
    pytest.param(Workload(steady(30)), Sliding(1200), "requests", True, id="requests"),
    pytest.param(Workload(steady(100)), Bucket(60_000), "tokens", True, id="a bucket fills meanwhile"),
    pytest.param(Workload(steady(75)), Clock(60_000), "tokens", True, id="a minute of the clock"),
    pytest.param(
        Workload(step(15, 60, 90)), Sliding(60_000), "tokens", False, id="more work after a while, no word"
    ),
    pytest.param(Workload(step(15, 60, 90)), Sliding(60_000), "tokens", True, id="more work after a while"),
    pytest.param(Workload(step(40, 100, 70)), Bucket(60_000), "tokens", True, id="a bucket and more work"),
    pytest.param(
        Workload(steady(25), others=steady(50)), Sliding(60_000), "tokens", True, id="others use the key"
    ),
    pytest.param(
        Workload(steady(33), others=steady(67)), Bucket(60_000), "tokens", True, id="others and a bucket"
    ),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("workload", "provider", "of", "tells"), HITS)
def test_a_forecast_made_20_s_before_a_refusal_is_right_within_a_fifth(
    workload: Workload, provider: Provider, of: str, tells: bool, seed: int
) -> None:
    course = run(workload, deepcopy(provider), of=of, tells=tells, seed=seed)
    left, forecast = course.before_refusal(20)
    assert 20 <= left < 22
    assert forecast is not None
    assert abs(forecast - left) <= 0.2 * left, f"{forecast} s were forecast, and {left} s were left"


CALM = [
    pytest.param(Workload(steady(30)), Sliding(60_000), False, id="no word of the provider"),
    pytest.param(Workload(steady(30)), Sliding(60_000), True, id="a sliding minute"),
    pytest.param(Workload(steady(30)), Bucket(60_000), True, id="a bucket"),
    pytest.param(Workload(steady(30)), Clock(60_000), True, id="a minute of the clock"),
    pytest.param(
        Workload(lambda since: 1500 if 60 <= since < 60.5 else 2), Bucket(60_000), True, id="one burst"
    ),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("workload", "provider", "tells"), CALM)
def test_what_stays_below_its_limit_is_never_forecast_to_reach_it_soon(
    workload: Workload, provider: Provider, tells: bool, seed: int
) -> None:
    course = run(workload, deepcopy(provider), of="tokens", tells=tells, seed=seed)
    assert course.refused_ms is None
    alarms = [
        (tick_ms, one.seconds_to_exhaustion)
        for tick_ms, one in course.shown.items()
        if one.seconds_to_exhaustion is not UNSET and one.seconds_to_exhaustion < 60
    ]
    assert alarms == []
