"""Whose word on a model counts: the newer one, and a limit is not lifted by an endpoint that answers."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import UNSET

from collectors.llm_collector.limits import Answer, Limits, ModelLimits
from collectors.llm_collector.model_status import ModelStatus, Shown
from schema.observed import ModelObserved

AT = datetime(2026, 2, 6, 14, 32, 12, tzinfo=UTC)


def answer(status: int | None, at: float = 0, label: str = "default", code: str | None = None) -> Answer:
    limits = Limits(rpm_max=60, at=AT + timedelta(seconds=at))
    return Answer("ollama", "llama3.2", status, code, None, limits, key_label=label)


def word(status: str, reason: str = "", **more: bool) -> ModelObserved:
    return ModelObserved(
        provider="ollama", model="llama3.2", status=status, reason=reason or UNSET, **more  # type: ignore[arg-type]
    )  # fmt: skip


def shown(changes: list[Shown]) -> dict[str, str | None]:
    return {change.id: change.model.status if change.model else None for change in changes}


@pytest.mark.parametrize(
    ("call", "endpoint", "status"),
    [
        # The endpoint's word is the newer one.
        (answer(200), word("unavailable", "no answer"), "unavailable"),
        (answer(429), word("unavailable", "no answer"), "unavailable"),
        (answer(None), word("available"), "available"),
        (answer(200), word("available"), "available"),
        # A limit and an empty account are none of its business.
        (answer(429), word("available"), "rate_limited"),
        (answer(429, code="insufficient_quota"), word("available"), "unavailable"),
        # It knows nothing.
        (answer(200), word("unknown", "it asks for a key"), "available"),
        (answer(None), word("unknown", "it asks for a key"), "unavailable"),
    ],
)
def test_a_newer_word_of_the_endpoint_begins_and_ends_outages_only(
    call: Answer, endpoint: ModelObserved, status: str
) -> None:
    models = ModelStatus()
    models.answered(call, 1)
    assert shown(models.found("ollama", [endpoint], 2)) == {"ollama/llama3.2/default": status}


def test_a_newer_call_counts_more_than_an_older_word_of_the_endpoint() -> None:
    models = ModelStatus()
    models.found("ollama", [word("unavailable", "no answer")], 1)
    assert shown(models.answered(answer(200), 2)) == {"ollama/llama3.2/default": "available"}
    models.found("ollama", [word("available")], 3)
    assert shown(models.answered(answer(None, at=1), 4)) == {"ollama/llama3.2/default": "unavailable"}


def test_an_outage_that_the_endpoint_tells_keeps_what_calls_told_of_limits() -> None:
    models = ModelStatus()
    models.answered(answer(200), 1)
    [change] = models.found("ollama", [word("unavailable", "no answer")], 2)
    assert change.model
    assert (change.model.rpm_max, change.model.reason) == (60, "no answer")


def test_what_is_loaded_is_the_endpoint_s_word_at_any_time() -> None:
    models = ModelStatus()
    models.found("ollama", [word("available", loaded=True)], 1)
    [change] = models.answered(answer(200), 2)
    assert change.model
    assert change.model.loaded is True


def test_a_model_that_is_called_stands_under_the_labels_of_its_callers() -> None:
    models = ModelStatus()
    assert shown(models.found("ollama", [word("available")], 1)) == {"ollama/llama3.2/default": "available"}
    assert shown(models.answered(answer(200, label="team-a"), 2)) == {
        "ollama/llama3.2/team-a": "available",
        "ollama/llama3.2/default": None,
    }
    assert shown(models.found("ollama", [word("unavailable", "gone")], 3)) == {
        "ollama/llama3.2/team-a": "unavailable",
        "ollama/llama3.2/default": None,
    }


def test_a_model_that_its_endpoint_no_longer_has_goes_unless_it_was_called() -> None:
    models = ModelStatus()
    other = ModelObserved(provider="ollama", model="other", status="available")
    models.found("ollama", [word("available"), other], 1)
    models.answered(answer(200), 2)
    assert shown(models.found("ollama", [], 3)) == {
        "ollama/llama3.2/default": "available",
        "ollama/other/default": None,
    }


def test_an_endpoint_s_word_leaves_those_of_others_alone() -> None:
    models = ModelStatus()
    models.found("ollama", [word("available")], 1)
    assert models.found("together", [], 2) == []


def test_a_called_model_that_has_to_go_is_shown_again_as_its_endpoint_knows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ModelLimits, "MAX_MODELS", 1)
    models = ModelStatus()
    models.found("ollama", [word("available")], 1)
    models.answered(answer(200, label="team-a"), 2)
    newer = Answer("openai", "gpt-4o", 200, None, None, Limits(at=AT))
    assert shown(models.answered(newer, 3)) == {
        "openai/gpt-4o/default": "available",
        "ollama/llama3.2/team-a": None,
        "ollama/llama3.2/default": "available",
    }


def test_a_model_tells_when_it_was_answered_to_some_seconds_and_at_once_when_its_status_changes() -> None:
    models, told = ModelLimits(), []
    for status, seconds in ((200, 0), (200, 9), (200, 10), (429, 11), (429, 12), (400, 30), (200, 31)):
        answered_at = models.answered(answer(status, seconds)).model.answered_at
        assert answered_at is not UNSET
        told.append((answered_at - AT).total_seconds())
    assert told == [0, 0, 10, 11, 11, 11, 31]


def test_an_endpoint_that_is_away_is_no_answer_that_grows_old() -> None:
    models = ModelStatus()
    (called,) = models.answered(answer(None), 1)
    (away,) = models.found("ollama", [word("unavailable", "no answer")], 2)
    assert called.model
    assert away.model
    assert (called.model.answered_at, away.model.answered_at) == (AT, UNSET)
