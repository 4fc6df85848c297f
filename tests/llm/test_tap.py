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
from collectors.llm_collector.tap import MAX_BODY_BYTES, MAX_EVENT_BYTES, Tap

JSON, SSE, LINES = "application/json", "text/event-stream; charset=utf-8", "application/x-ndjson"

USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 34,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 7},
}
WHOLE = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": USAGE,
}


def sse(*documents: Any, newline: bytes = b"\n") -> bytes:
    events = [b"data: " + (json.dumps(one).encode() if one != "[DONE]" else b"[DONE]") for one in documents]
    return b"".join(event + newline * 2 for event in events)


def chunk(content: str | None, finish: str | None = None, usage: Any = None) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {
        "id": "chatcmpl-1",
        "model": "gpt-4o",
        "choices": [{"delta": delta, "finish_reason": finish}],
        "usage": usage,
    }


STREAM = sse(
    chunk(""),
    chunk("Hel"),
    chunk("lo"),
    chunk(None, "stop"),
    {"id": "chatcmpl-1", "model": "gpt-4o", "choices": [], "usage": USAGE},
    "[DONE]",
)
ANTHROPIC = b"".join(
    b"event: " + str(one["type"]).encode() + b"\ndata: " + json.dumps(one).encode() + b"\n\n"
    for one in (
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "model": "claude-sonnet-4-5",
                "usage": {
                    "input_tokens": 10,
                    "cache_read_input_tokens": 3,
                    "cache_creation_input_tokens": 2,
                    "output_tokens": 1,
                },
            },
        },
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 34}},
    )
)
OLLAMA = b"".join(
    json.dumps(one).encode() + b"\n"
    for one in (
        {"model": "llama3.2", "message": {"role": "assistant", "content": "Hel"}, "done": False},
        {
            "model": "llama3.2",
            "message": {"content": "lo"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 12,
            "eval_count": 34,
        },
    )
)

OPENAI_READ: dict[str, Any] = {
    "response_id": "chatcmpl-1", "finish_reason": "stop", "input_tokens": 12, "completion_tokens": 34,
    "cached_tokens": 5, "reasoning_tokens": 7, "text_characters": 5,
}  # fmt: skip
CASES: list[tuple[str, str, bytes, dict[str, Any]]] = [
    (
        "whole",
        JSON,
        json.dumps(WHOLE).encode(),
        {**OPENAI_READ, "response_model": "gpt-4o-2024-08-06", "service_tier": "default"},
    ),
    ("stream", SSE, STREAM, {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("stream with CRLF", SSE, STREAM.replace(b"\n", b"\r\n"), {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("stream without a last blank line", SSE, STREAM.rstrip(), {**OPENAI_READ, "response_model": "gpt-4o"}),
    (
        "stream with comments and other fields",
        SSE,
        b": keep-alive\n\nid: 1\nretry: 5\n\n" + STREAM,
        {**OPENAI_READ, "response_model": "gpt-4o"},
    ),
    ("stream with an event on two lines", SSE, b'data: {"id":\ndata: "x"}\n\n', {"response_id": "x"}),
    (
        "stream without usage",
        SSE,
        sse(chunk("Hello"), chunk(None, "length"), "[DONE]"),
        {
            "response_id": "chatcmpl-1",
            "response_model": "gpt-4o",
            "finish_reason": "length",
            "text_characters": 5,
        },
    ),
    (
        "stream of tool calls",
        SSE,
        sse({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}}]}),
        {"text_characters": 7},
    ),
    (
        "stream that ends in an error",
        SSE,
        sse(chunk("Hi"), {"error": {"type": "server_error", "code": "overloaded"}}),
        {
            "response_id": "chatcmpl-1",
            "response_model": "gpt-4o",
            "text_characters": 2,
            "error_type": "server_error",
            "error_code": "overloaded",
        },
    ),
    (
        "responses",
        SSE,
        sse(
            {"type": "response.output_text.delta", "delta": "Hello"},
            {
                "type": "response.completed",
                "response": {
                    "id": "resp_1",
                    "model": "gpt-4o",
                    "usage": {
                        "input_tokens": 1,
                        "output_tokens": 2,
                        "input_tokens_details": {"cached_tokens": 1},
                    },
                },
            },
        ),
        {
            "response_id": "resp_1",
            "response_model": "gpt-4o",
            "input_tokens": 1,
            "completion_tokens": 2,
            "cached_tokens": 1,
            "text_characters": 5,
        },
    ),
    (
        "anthropic",
        SSE,
        ANTHROPIC,
        {
            "response_id": "msg_1",
            "response_model": "claude-sonnet-4-5",
            "input_tokens": 10,
            "cached_tokens": 3,
            "cache_write_tokens": 2,
            "completion_tokens": 34,
            "finish_reason": "end_turn",
            "text_characters": 5,
            "cache_apart": True,
        },
    ),
    (
        "ollama",
        LINES,
        OLLAMA,
        {
            "response_model": "llama3.2",
            "finish_reason": "stop",
            "input_tokens": 12,
            "completion_tokens": 34,
            "text_characters": 5,
        },
    ),
    (
        "error",
        JSON,
        b'{"error": {"message": "sk-secret", "type": "requests", "code": "rate_limit_exceeded"}}',
        {"error_type": "requests", "error_code": "rate_limit_exceeded"},
    ),
    (
        "embeddings",
        JSON,
        b'{"data": [{"embedding": [0.1, 1e999]}], "model": "e", "usage": {"prompt_tokens": 3}}',
        {"response_model": "e", "input_tokens": 3},
    ),
    (
        "counts of wrong types",
        JSON,
        b'{"usage": {"prompt_tokens": "12", "completion_tokens": -1, "cached_tokens": true}}',
        {},
    ),
    ("not JSON", JSON, b"<html>502</html>", {}),
    ("a list", JSON, b'[{"id": "x"}]', {}),
    ("cut off", JSON, b'{"id": "chatcmpl-1", "usage": {"prompt_tok', {}),
    ("garbage between events", SSE, b"data: {nope\n\n" + STREAM, {**OPENAI_READ, "response_model": "gpt-4o"}),
    ("deep nesting", JSON, b'{"choices":' + b"[" * 100_000, {}),
    (
        "wrong shapes",
        JSON,
        b'{"choices": 3, "usage": [], "error": "x", "id": 7, "delta": null, "message": ["a"]}',
        {},
    ),
    ("a long id", JSON, json.dumps({"id": "x" * 999}).encode(), {"response_id": "x" * 256}),
    ("an error type that quotes a key", JSON, b'{"error": {"type": "bad key sk-1234"}}', {}),
    ("nothing", JSON, b"", {}),
]


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
    ("coding", "raw"), [("br", b"\x8b\x02"), ("gzip", b"not gzip"), ("zstd", b"not zstd"), ("x", b"")]
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


def test_a_body_too_large_is_given_up_and_a_large_event_is_passed_over() -> None:
    body = Tap(JSON)
    body.feed(b" " * (MAX_BODY_BYTES + 1))
    assert body.blind
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
