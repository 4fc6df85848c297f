"""LiteLLM's own proxy behind ours: its answers, its limits and its 429s are passed on and recorded."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from schema.messages import Call, Observed
from schema.observed import ModelObserved
from tests.llm_clients.calls.litellm_server_table import TRIES
from tests.llm_clients.litellm_server import ANSWER, RPM, TPM, litellm_server
from tests.llm_clients.running import Site, run_script
from tests.llm_clients.upstream import KEY

pytestmark = pytest.mark.broker


class Through(NamedTuple):
    """What came of the calls: by name what the client has, and the records in order."""

    told: dict[str, Any]
    records: dict[str, list[Call]]
    """By model."""


@pytest.fixture(scope="module")
def through(site: Site) -> Iterator[Through]:
    """Run LiteLLM's proxy, and make the calls to it through ours."""
    with litellm_server(site.litellm_port):
        site.records()
        told = run_script("sdk", "litellm_server_calls", f"{site.proxied}/litellm/v1", KEY)
        records: dict[str, list[Call]] = {}
        for one in site.records():
            records.setdefault(one.model, []).append(one)
        yield Through(told, records)


def statuses(through: Through, name: str) -> list[int]:
    return [through.told[f"{name} {number}"]["exchanges"][0]["status"] for number in range(TRIES)]


def test_answers_pass_and_their_records_tell_the_tokens_that_litellm_counted(through: Through) -> None:
    chat = through.told["chat"]["result"]
    assert chat["choices"][0]["message"]["content"] == ANSWER
    assert {one["id"] for one in through.told["list of models"]["result"]["data"]} >= {"open", "few-tokens"}
    whole, streamed = through.records["open"]
    assert (whole.provider, whole.status, whole.streaming) == ("litellm", "ok", False)
    assert (whole.prompt_tokens, whole.completion_tokens) == (
        chat["usage"]["prompt_tokens"],
        chat["usage"]["completion_tokens"],
    )
    assert (whole.response_id, whole.tokens_estimated) == (chat["id"], False)
    assert (streamed.status, streamed.streaming, streamed.tokens_estimated) == ("ok", True, False)
    text = [
        one["choices"][0]["delta"]["content"] or ""
        for one in through.told["chat, streamed"]["result"]
        if one["choices"]
    ]
    assert "".join(text) == ANSWER


def test_a_model_that_litellm_does_not_have_is_an_error_of_its_own_words(through: Through) -> None:
    assert through.told["unknown model"]["result"]["raised"] in {"BadRequestError", "NotFoundError"}
    (record,) = through.records["nobody-has-this"]
    assert (record.status, record.http_status) == (
        "error",
        through.told["unknown model"]["exchanges"][0]["status"],
    )


@pytest.mark.parametrize("model", ["few-requests", "few-tokens"])
def test_a_limit_of_litellm_is_recorded_as_rate_limited(through: Through, model: str) -> None:
    answered = statuses(through, model.replace("-", " "))
    assert answered[0] == 200
    assert 429 in answered
    records = through.records[model]
    assert [one.http_status for one in records] == answered
    assert [one.status for one in records] == ["ok" if one == 200 else "rate_limited" for one in answered]


def test_the_limits_that_litellm_tells_in_its_headers_are_observed(through: Through, site: Site) -> None:
    def observed(model: str) -> list[ModelObserved]:
        entities = (one for one in site.log.records if isinstance(one, Observed) and one.kind == "model")
        values = (msgspec.json.decode(one.value, type=ModelObserved) for one in entities)
        return [one for one in values if (one.provider, one.model) == ("litellm", model)]

    site.log.until(lambda: any(one.rpm_max == RPM for one in observed("few-requests")))
    site.log.until(lambda: any(one.tpm_max == TPM for one in observed("few-tokens")))
    site.log.until(lambda: any(one.status == "rate_limited" for one in observed("few-tokens")))
