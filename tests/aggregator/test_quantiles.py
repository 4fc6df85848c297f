"""Quantiles of latencies, from buckets: as right as they are said to be."""

from random import Random

import pytest

from aggregator.usage import Usage
from tests.aggregator.records import START_MS, call


@pytest.mark.parametrize("scale_ms", [0.3, 5, 60, 900, 40_000])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_quantile_is_right_within_2_5_percent_or_a_millisecond(scale_ms: float, share: float) -> None:
    random, usage = Random(7), Usage()
    told = sorted(random.lognormvariate(0, 1) * scale_ms for _ in range(999))
    for number, latency_ms in enumerate(told):
        usage.take(call(number, latency_ms=latency_ms).call, "", START_MS)
    (model,) = usage.by_model.values()
    exact = told[int(share * len(told))]
    assert model.quantile_ms(share) == pytest.approx(exact, rel=0.025, abs=1)


def test_without_answers_there_is_no_quantile() -> None:
    usage = Usage()
    usage.take(call(1, status="error").call, "", START_MS)
    (model,) = usage.by_model.values()
    assert model.quantile_ms(0.5) is None
