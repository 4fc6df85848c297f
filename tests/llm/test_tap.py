"""The tap reads any cut of an answer the same way, and never stumbles."""

import gzip
import json
import random
import zlib
from typing import Any

import brotli
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
        (SSE, STREAM.replace(b"\n", b"\r")),
        (SSE, b"\xef\xbb\xbf" + STREAM),
        (SSE, b'data: {"usage":\r\ndata: {"prompt_tokens": 12,\r\ndata: "completion_tokens": 1}}\r\n\r\n'),
        (JSON, b"\xef\xbb\xbf" + json.dumps(WHOLE).encode()),
        (LINES, OLLAMA),
    ],
)
def test_an_answer_cut_at_any_byte_reads_the_same(kind: str, raw: bytes) -> None:
    whole = Tap(kind)
    whole.feed(raw)
    expected = whole.close()
    assert expected.input_tokens is not None
    for cut in range(len(raw) + 1):
        tap = Tap(kind)
        tap.feed(raw[:cut])
        tap.feed(raw[cut:])
        assert tap.close() == expected, cut
    single = Tap(kind)
    for index in range(len(raw)):
        single.feed(raw[index : index + 1])
    assert single.close() == expected


def bare_deflate(raw: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(raw) + packer.flush()


def in_members(pack: Any) -> Any:
    """Compress in two parts, as those servers do that begin anew when they flush."""
    return lambda raw: pack(raw[:100]) + pack(raw[100:])


zstd = zstandard.ZstdCompressor().compress


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("gzip", in_members(gzip.compress)),
        ("gzip", lambda raw: gzip.compress(raw) + bytes(20)),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare_deflate),
        ("zstd", zstd),
        ("zstd", in_members(zstd)),
        ("br", brotli.compress),
        ("GZIP ", gzip.compress),
        ("identity", bytes),
        ("gzip, br", lambda raw: brotli.compress(gzip.compress(raw))),
        ("br,identity, gzip", lambda raw: gzip.compress(brotli.compress(raw))),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_compressed_stream_is_read_from_a_copy(coding: str, pack: Any, step: int) -> None:
    tap = Tap(SSE, coding)
    packed = pack(STREAM)
    for index in range(0, len(packed), step):
        tap.feed(packed[index : index + step])
    assert tap.close() == Reading(**OPENAI_READ, response_model="gpt-4o")


@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        ("br", b"not brotli"),
        ("gzip", b"not gzip"),
        ("zstd", b"not zstd"),
        ("deflate", b"\xff\xff\xff"),
        ("gzip, br", brotli.compress(b"not gzip")),
        ("x", b""),
        ("gzip, x", b""),
        ("gzip, gzip, gzip", b""),
    ],
)
def test_a_coding_that_cannot_be_read_makes_it_blind(coding: str, raw: bytes) -> None:
    tap = Tap(JSON, coding)
    tap.feed(raw)
    tap.feed(b"more")
    assert (tap.blind, tap.close()) == (True, Reading())


def test_what_was_read_before_a_coding_broke_stands() -> None:
    tap = Tap(SSE, "gzip")
    packer = zlib.compressobj(wbits=31)
    tap.feed(packer.compress(sse(chunk("Hello"))) + packer.flush(zlib.Z_SYNC_FLUSH))
    tap.feed(b"\xff" * 9)
    assert tap.blind
    assert tap.close().tokens(40, True) == (10, 2, True)


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
    st.sampled_from(["", "gzip", "deflate", "zstd", "br", "br, gzip"]),
)
def test_garbage_never_raises(raw: bytes, kind: str, coding: str) -> None:
    tap = Tap(kind, coding)
    tap.feed(raw)
    tap.close()


_NAMES = st.sampled_from([
    "audio", "choices", "code", "content", "content_block", "delta", "details", "error", "finish_reason",
    "function", "function_call", "id", "incomplete_details", "index", "input_tokens", "message", "model",
    "object", "output", "prompt_tokens", "prompt_tokens_details", "reasoning", "response", "service_tier",
    "status", "text", "tool_calls", "total_tokens", "type", "usage", "violations", "x_groq",
])  # fmt: skip
_WORDS = st.sampled_from(
    ["error", "message_start", "response", "completed", "tool_use", "in 9s", "rate limit"]
)
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=15,
)


@given(_JSON_VALUES)
def test_any_json_is_taken_without_raising(value: Any) -> None:
    for kind, raw in ((JSON, json.dumps(value).encode()), (SSE, sse(value))):
        tap = Tap(kind)
        tap.feed(raw)
        tap.close()


def test_a_tools_name_stands_before_its_arguments() -> None:
    call = {"type": "function", "function": {"arguments": '{"a": 1}', "name": "look_up"}}
    tap = Tap(JSON, keep_characters=100)
    tap.feed(json.dumps({"choices": [{"message": {"tool_calls": [call]}}]}).encode())
    assert tap.close().text == 'look_up{"a": 1}'


def test_flipped_bytes_never_raise() -> None:
    dice = random.Random(7)
    for _ in range(2000):
        raw = bytearray(STREAM)
        for _ in range(3):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        tap = Tap(SSE)
        tap.feed(bytes(raw))
        tap.close()
