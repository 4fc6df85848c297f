"""A key is known by its digest, wherever a provider takes it, and never told."""

import hashlib
import json
from typing import Any

import pytest

from collectors.llm_collector.keys import Keys
from schema.errors import SettingError

SECRET = "sk-team-a-1234"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
TEAM_A = {"label": "team-a", "sha256": DIGEST, "agent": "research-agent"}


def keys(*entries: dict[str, Any]) -> Keys:
    return Keys(json.dumps(entries))


@pytest.mark.parametrize(
    ("headers", "label"),
    [
        ({"authorization": f"Bearer {SECRET}"}, "team-a"),
        ({"authorization": f"bearer  {SECRET} "}, "team-a"),
        ({"x-api-key": SECRET}, "team-a"),
        ({"api-key": SECRET}, "team-a"),
        ({"x-goog-api-key": SECRET}, "team-a"),
        ({"authorization": "Bearer another", "x-api-key": SECRET}, "team-a"),
        ({"authorization": f"Basic {SECRET}"}, "default"),
        ({"authorization": SECRET}, "default"),
        ({"authorization": f"Bearer {SECRET}x"}, "default"),
        ({"x-api-key": ""}, "default"),
        ({"authorization": "Bearer"}, "default"),
        ({}, "default"),
    ],
)
def test_a_label_is_found_by_the_keys_digest(headers: dict[str, str], label: str) -> None:
    assert keys(TEAM_A).of(headers).label == label
    assert Keys().of(headers).label == "default"


def test_one_label_may_have_several_keys_and_a_digest_may_be_written_in_upper_case() -> None:
    second = {"label": "team-a", "sha256": hashlib.sha256(b"second").hexdigest().upper()}
    assert keys(TEAM_A, second).of({"x-api-key": "second"}).label == "team-a"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("nope", "a JSON list like"),
        ("{}", "a JSON list like"),
        ('[{"label": "a"}]', "64 hexadecimal digits"),
        (json.dumps([{"sha256": DIGEST}]), "a JSON list like"),
        (json.dumps([{"label": "", "sha256": DIGEST}]), "a JSON list like"),
        (json.dumps([{"label": "a", "sha256": DIGEST, "key": SECRET}]), "a JSON list like"),
        (json.dumps([{"label": "a", "sha256": SECRET}]), "64 hexadecimal digits"),
        (json.dumps([TEAM_A, {"label": "b", "sha256": DIGEST.upper()}]), "the same sha256 twice"),
        (json.dumps([{"label": "default", "sha256": DIGEST}]), "the label of all keys without one"),
    ],
)
def test_a_wrong_list_is_refused_in_one_line_that_repeats_no_value(told: str, why: str) -> None:
    with pytest.raises(SettingError, match="LLM_KEY_LABELS is wrong") as refused:
        Keys(told)
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_of_a_key_stays() -> None:
    known = keys(TEAM_A)
    known.of({"authorization": f"Bearer {SECRET}"})
    assert SECRET not in repr(vars(known))
