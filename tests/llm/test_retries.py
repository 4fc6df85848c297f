"""A retry is the same request again after a try that failed, and nothing else."""

import pytest
from msgspec import UNSET

from collectors.llm_collector.retries import (
    LET_GO,
    MAX_REMEMBERED,
    REMEMBERED_SECONDS,
    Retries,
    has_failed,
    request_of,
    told_count,
)
from tests.aggregator.records import call

CALLER = ("writer-agent-1", None, "default", "10.0.0.7")
ASKED = request_of("openai", CALLER, "d1")


@pytest.mark.parametrize(
    ("tries", "counts"),
    [
        ("x", [0, 1]),
        ("xxx", [0, 1, 2, 3]),
        ("o", [0, 0]),
        ("ooo", [0, 0, 0, 0]),
        ("xo", [0, 1, 0]),
        ("xox", [0, 1, 0, 1]),
    ],
)
def test_tries_are_counted_until_one_succeeds(tries: str, counts: list[int]) -> None:
    retries, seen = Retries(), [0]
    for second, outcome in enumerate(tries):
        retries.ended(ASKED, second, failed=outcome == "x")
        seen.append(retries.count(ASKED, second))
    assert seen == counts


def test_a_try_of_more_than_ten_minutes_ago_is_forgotten() -> None:
    retries = Retries()
    retries.ended(ASKED, 0, failed=True)
    assert retries.count(ASKED, REMEMBERED_SECONDS) == 1
    assert retries.count(ASKED, REMEMBERED_SECONDS + 1) == 0
    retries.ended(ASKED, REMEMBERED_SECONDS + 1, failed=True)
    assert retries.count(ASKED, REMEMBERED_SECONDS + 1) == 1


@pytest.mark.parametrize(
    "other",
    [
        request_of("anthropic", CALLER, "d1"),
        request_of("openai", ("writer-agent-2", *CALLER[1:]), "d1"),
        request_of("openai", (*CALLER[:3], "10.0.0.8"), "d1"),
        request_of("openai", CALLER, "d2"),
    ],
)
def test_another_provider_caller_or_body_is_another_request(other: bytes) -> None:
    retries = Retries()
    retries.ended(ASKED, 0, failed=True)
    assert retries.count(other, 0) == 0


def test_a_body_that_is_not_known_whole_is_no_request() -> None:
    assert request_of("openai", CALLER, "") == b""


def test_the_newest_requests_are_remembered_up_to_a_bound() -> None:
    retries = Retries()
    for number in range(MAX_REMEMBERED + 1):
        retries.ended(request_of("openai", CALLER, str(number)), 0, failed=True)
    assert len(retries) == MAX_REMEMBERED + 1 - LET_GO
    assert retries.count(request_of("openai", CALLER, str(LET_GO - 1)), 0) == 0
    assert retries.count(request_of("openai", CALLER, str(LET_GO)), 0) == 1


@pytest.mark.parametrize(
    ("value", "count"),
    [("0", 0), ("2", 2), ("1000", 1000), ("1001", None), ("", None), ("-1", None), ("x", None), ("²", None)],
)
def test_what_an_sdk_tells_is_taken_when_it_can_be(value: str, count: int | None) -> None:
    assert told_count({"x-stainless-retry-count": value}) == count
    assert told_count({}) is None


@pytest.mark.parametrize(
    ("status", "http_status", "failed"),
    [
        ("ok", 200, False),
        ("rate_limited", 429, True),
        ("cancelled", 200, True),
        ("error", 500, True),
        ("error", 529, True),
        ("error", 200, True),
        ("error", None, True),
        ("error", 408, True),
        ("error", 409, True),
        ("error", 400, False),
        ("error", 401, False),
    ],
)
def test_what_clients_try_again_has_failed(status: str, http_status: int | None, failed: bool) -> None:
    one = call(1, status=status, http_status=UNSET if http_status is None else http_status)
    assert has_failed(one.call) is failed
