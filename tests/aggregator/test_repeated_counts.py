"""Counts and cost of a call that several records tell of: never mixed where they differ, filled where not."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from aggregator import repeats
from aggregator.repeats import filled
from tests.aggregator.records import Log, call, live_fold, mark, play

RESPONSE: dict[str, Any] = {"response_id": "chatcmpl-AdWkbLSz8Y8R0dSn"}
PRICED: dict[str, Any] = {"cost_usd": Decimal(9), "price_source": "p"}
COUNTS = (*repeats.USAGE, *repeats.COST, "tokens_estimated")


@pytest.mark.parametrize(
    ("first", "later", "kept"),
    [
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 5, "reasoning_tokens": 4, "service_tier": "flex",
             "tokens_estimated": True, **PRICED},
            {"prompt_tokens": 2, "completion_tokens": 3, "cost_usd": Decimal(1)},
            "later", id="a report takes the place of all of an estimate",
        ),
        pytest.param(
            {"completion_tokens": 5}, {"prompt_tokens": 100, "completion_tokens": 7, **PRICED},
            "later", id="counts without a prompt's give way",
        ),
        pytest.param(
            {"completion_tokens": 5, **PRICED}, {"prompt_tokens": 100, "completion_tokens": 7},
            "first", id="but a cost stays with what it was told with",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 7},
            {"prompt_tokens": 9, "completion_tokens": 7, **PRICED},
            "first", id="a cost of other counts is not theirs",
        ),
        pytest.param(
            {"prompt_tokens": 1, "tokens_estimated": True, **PRICED}, {"prompt_tokens": 12},
            "first", id="an estimate with a price stays",
        ),
        pytest.param(
            {"prompt_tokens": 9, **PRICED, "tokens_estimated": True}, {"prompt_tokens": 9, **PRICED},
            "later", id="an estimate that was right is one no more",
        ),
    ],
)  # fmt: skip
def test_counts_of_two_records_that_differ_are_never_mixed(
    first: dict[str, Any], later: dict[str, Any], kept: str
) -> None:
    none: dict[str, Any] = dict.fromkeys((*repeats.USAGE, *repeats.COST), UNSET)
    records = {"first": call(1, **none | first).call, "later": call(2, **none | later).call}
    whole = msgspec.structs.replace(records["first"], **filled(records["first"], records["later"]))
    assert [getattr(whole, name) for name in COUNTS] == [getattr(records[kept], name) for name in COUNTS]


def test_a_cost_and_counts_that_two_records_tell_of_one_call_stand_together() -> None:
    none: dict[str, Any] = dict.fromkeys((*repeats.USAGE, *repeats.COST), UNSET)
    cost, counts = call(1, **none | PRICED).call, call(2, **none | {"prompt_tokens": 5}).call
    for first, later in ((cost, counts), (counts, cost)):
        whole = msgspec.structs.replace(first, **filled(first, later))
        assert [whole.prompt_tokens, whole.cost_usd, whole.price_source] == [5, Decimal(9), "p"]


def test_what_a_report_does_not_tell_is_taken_from_the_stored_estimate() -> None:
    log = Log()
    guess: dict[str, Any] = {"tokens_estimated": True, "reasoning_tokens": 40}
    log.add(100, call(1, **RESPONSE, **guess))
    log.add(2_500, call(2, **RESPONSE, seen_by="span"))
    log.add(10_000, mark())
    _, news = [row for frozen in play(live_fold(), log.messages).frozen for row in frozen.calls]
    told = msgspec.json.decode(news.body)
    assert (news.fills, told["reasoning_tokens"], told["tokens_estimated"]) == (True, None, False)
