"""How far an estimate is off, against counts of the real tokenizers."""

import pytest

from collectors.llm_collector.estimates import characters_of, estimated_tokens
from tests.llm.token_counts import TEXTS, Counted


def off(counted: int, text: str) -> float:
    return estimated_tokens(characters_of(text)) / counted - 1


@pytest.mark.parametrize("text", TEXTS, ids=[text.name for text in TEXTS])
def test_an_estimate_is_within_a_quarter_of_the_newer_tokenizer(text: Counted) -> None:
    assert abs(off(text.o200k, text.text)) <= 0.25


@pytest.mark.parametrize("text", TEXTS, ids=[text.name for text in TEXTS])
def test_an_estimate_is_within_two_fifths_of_the_older_tokenizer(text: Counted) -> None:
    assert abs(off(text.cl100k, text.text)) <= 0.4


@pytest.mark.parametrize("name", ["JSON", "Chinese", "Japanese", "Korean"])
def test_where_a_character_is_more_than_a_quarter_of_a_token_it_is_counted_so(name: str) -> None:
    text = next(text for text in TEXTS if text.name == name)
    by_length = len(text.text) / 4 / text.o200k - 1
    assert abs(off(text.o200k, text.text)) < abs(by_length) / 2


def test_pictures_sound_and_files_are_not_counted_as_text() -> None:
    picture = "data:image/png;base64," + "A" * 100_000
    messages = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture}}]},
        {"content": [{"type": "image", "source": {"type": "base64", "data": "A" * 100_000}}]},
        {
            "content": [
                {"type": "input_image", "image_url": picture},
                {"type": "input_file", "file_data": picture},
            ]
        },
        {"content": "look", "images": ["A" * 100_000]},
        {"content": [{"type": "thinking", "thinking": "hm", "signature": "A" * 1000}]},
        picture,
    ]
    assert estimated_tokens(characters_of(messages)) < 40


def test_nothing_is_no_token_and_a_letter_is_one() -> None:
    assert [estimated_tokens(characters_of(text)) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
