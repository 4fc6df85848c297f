"""The tap reads any cut of an answer the same way, and never stumbles."""

import gzip
import json
import random
import zlib
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collectors.llm_collector.reading import Reading
from collectors.llm_collector.tap import MAX_EVENT_BYTES, Tap
from tests.llm.answers import (
    ANTHROPIC,
    CASES,
    JSON,
    LINES,
    OLLAMA,
    OPENAI_READ,
    SSE,
    STREAM,
    WHOLE,
    chunk,
    sse,
)


@pytest.mark.parametrize(
    ("kind", "raw", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_an_answer_is_read(kind: str, raw: bytes, expected: dict[str, Any]) -> None:
    tap = Tap(kind)
    tap.feed(raw)
    assert tap.close() == Reading(**expected)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (JSON, json.dumps(WHOLE).encode()),
        (SSE, STREAM),
        (SSE, STREAM.replace(b"\n", b"\r\n")),
        (LINES, OLLAMA),
    ],
)
def test_an_answer_cut_at_any_byte_reads_the_same(kind: str, raw: bytes) -> None:
    whole = Tap(kind)
    whole.feed(raw)
    expected = whole.close()
    for cut in range(len(raw) + 1):
        tap = Tap(kind)
        tap.feed(raw[:cut])
        tap.feed(raw[cut:])
        assert tap.close() == expected, cut
    single = Tap(kind)
    for index in range(len(raw)):
        single.feed(raw[index : index + 1])
    assert single.close() == expected


def raw_deflate(raw: bytes) -> bytes:
    return zlib.compress(raw)


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", raw_deflate),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("GZIP ", gzip.compress),
    ],
)
def test_a_compressed_stream_is_read_from_a_copy(coding: str, compress: Any) -> None:
    tap = Tap(SSE, coding)
    packed = compress(STREAM)
    for index in range(0, len(packed), 7):
        tap.feed(packed[index : index + 7])
    assert tap.close() == Reading(**OPENAI_READ, response_model="gpt-4o")


@pytest.mark.parametrize(
    ("coding", "raw"), [("br", b"not brotli"), ("gzip", b"not gzip"), ("zstd", b"not zstd"), ("x", b"")]
)
def test_a_coding_that_cannot_be_read_makes_it_blind(coding: str, raw: bytes) -> None:
    tap = Tap(JSON, coding)
    tap.feed(raw)
    tap.feed(b"more")
    assert (tap.blind, tap.close()) == (True, Reading())


def test_a_compressed_bomb_is_given_up() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(100)) + packer.flush()
    tap = Tap(SSE, "gzip")
    tap.feed(packed)
    assert tap.blind


def test_a_large_event_is_passed_over() -> None:
    stream = Tap(SSE)
    stream.feed(b'data: {"x": "' + b"x" * (2 * MAX_EVENT_BYTES) + b'"}\n\n' + STREAM)
    assert stream.close().input_tokens == 12


def test_the_first_token_is_seen_when_text_comes_and_not_before() -> None:
    tap = Tap(SSE)
    tap.feed(sse(chunk("")))
    before = tap.has_content
    tap.feed(sse(chunk("H")))
    assert (before, tap.has_content) == (False, True)


def test_anthropic_prompt_tokens_include_the_cached_ones() -> None:
    tap = Tap(SSE)
    tap.feed(ANTHROPIC)
    assert tap.close().prompt_tokens == 15


@given(
    st.binary(max_size=300),
    st.sampled_from([JSON, SSE, LINES, ""]),
    st.sampled_from(["", "gzip", "deflate", "zstd"]),
)
def test_garbage_never_raises(raw: bytes, kind: str, coding: str) -> None:
    tap = Tap(kind, coding)
    tap.feed(raw)
    tap.close()


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "usage", "choices", "delta", "message", "error", "prompt_tokens", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_JSON_VALUES)
def test_any_json_is_taken_without_raising(value: Any) -> None:
    for kind, raw in ((JSON, json.dumps(value).encode()), (SSE, sse(value))):
        tap = Tap(kind)
        tap.feed(raw)
        tap.close()


def test_flipped_bytes_never_raise() -> None:
    dice = random.Random(7)
    for _ in range(2000):
        raw = bytearray(STREAM)
        for _ in range(3):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        tap = Tap(SSE)
        tap.feed(bytes(raw))
        tap.close()
