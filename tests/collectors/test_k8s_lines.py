"""Bytes → lines, however a connection cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.k8s_collector.lines import Lines

TEXTS = st.lists(st.binary(max_size=20).filter(lambda one: b"\n" not in one), max_size=8)


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes into pieces."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[first:last] for first, last in pairwise(edges)]


def lines_of(reader: Lines, pieces: list[bytes]) -> list[bytes]:
    return [line for piece in pieces for line in reader.cut(piece)]


@given(TEXTS, st.lists(st.integers(min_value=0), max_size=12))
def test_any_cutting_of_the_bytes_gives_the_same_lines(texts: list[bytes], places: list[int]) -> None:
    data = b"".join(text + b"\n" for text in texts)
    assert lines_of(Lines(), cut_at(data, places)) == [text for text in texts if text]


@given(TEXTS, st.lists(st.integers(min_value=0), max_size=12))
def test_lines_above_the_bound_are_passed_over_and_counted(texts: list[bytes], places: list[int]) -> None:
    reader = Lines(bound_bytes=10)
    data = b"".join(text + b"\n" for text in texts)
    assert lines_of(reader, cut_at(data, places)) == [text for text in texts if 0 < len(text) <= 10]
    assert reader.passed_over == sum(len(text) > 10 for text in texts)


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b""], []),
        ([b"half"], []),
        ([b"half", b" and half\n"], [b"half and half"]),
        ([b"\n\n\r\n"], [b"\r"]),
        ([b"one\ntwo\nthr"], [b"one", b"two"]),
    ],
)
def test_a_line_is_given_once_it_is_whole(pieces: list[bytes], lines: list[bytes]) -> None:
    assert lines_of(Lines(), pieces) == lines


def test_what_is_passed_over_is_not_kept() -> None:
    reader = Lines(bound_bytes=100)
    for _ in range(1000):
        assert reader.cut(b"x" * 50) == []
    assert reader.cut(b"\nnext\n") == [b"next"]
    assert reader.passed_over == 1
