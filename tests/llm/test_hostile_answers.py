"""An answer that means harm costs a bounded memory and a bounded time, and the next one is read as ever."""

import gzip
import json
import random
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import brotli
import msgspec
import pytest
import zstandard
from msgspec import UNSET

from collectors.llm_collector.calls import Outcome, arrival_of, call_of
from collectors.llm_collector.held import Held
from collectors.llm_collector.request import asked_of
from collectors.llm_collector.routes import Target
from collectors.llm_collector.tap import MAX_BODY_BYTES, Tap
from schema.messages import CallRecord, LogRecord
from schema.wire import decode, encode
from tests.llm.answers import JSON, LINES, SSE, STREAM, chunk, sse

MIB = 1024 * 1024
MAX_PEAK_BYTES = 16 * MIB
"""Of one answer; a compressed one may be given a window of as much again."""
MAX_CHUNK_SECONDS = 0.25
"""What one turn may hold up the calls beside it; measured are 0.01 s, the rest is for a slower machine."""


def repeated(pattern: bytes, size: int = 20 * MIB) -> Iterator[bytes]:
    """Give a pattern over and over, in chunks as they come from a socket."""
    piece = pattern * (65536 // len(pattern) + 1)
    yield from (piece for _ in range(size // len(piece)))


def feed(tap: Tap, chunk: bytes) -> float:
    """Feed a chunk, as many turns as it takes; give the longest time of the processor that one took."""
    slowest, piece = 0.0, chunk
    while True:
        began = time.thread_time()
        tap.feed(piece)
        slowest = max(slowest, time.thread_time() - began)
        if not tap.behind:
            return slowest
        piece = b""


def peak_of(tap: Tap, chunks: Iterator[bytes]) -> int:
    """Feed all chunks; give the most memory that was in use."""
    tracemalloc.start()
    try:
        for piece in chunks:
            feed(tap, piece)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def slowest_of(tap: Tap, chunks: Iterator[bytes]) -> float:
    """Feed all chunks; give the longest time of the processor that one turn took."""
    return max(feed(tap, piece) for piece in chunks)


@pytest.mark.parametrize("kind", [SSE, LINES, JSON])
def test_a_line_of_100_mb_without_an_end_is_not_kept(kind: str) -> None:
    peak = peak_of(Tap(kind), repeated(b'data: {"a": "x', 100 * MIB))
    assert peak < MAX_PEAK_BYTES


@pytest.mark.parametrize(
    "pattern",
    [
        b"\n",
        b"\r\n",
        b"\r",
        b"a\n",
        b"data:\n\n",
        b"data: x\n",
        b"data:{}\n\n",
        b"{}\n",
        b"[",
        b'data:{"choices":[{},{}]}\n\n',
    ],
)
@pytest.mark.parametrize("kind", [SSE, LINES])
def test_events_and_lines_without_end_are_not_kept(kind: str, pattern: bytes) -> None:
    assert peak_of(Tap(kind), repeated(pattern, 2 * MIB)) < MAX_PEAK_BYTES
    assert slowest_of(Tap(kind), repeated(pattern, 2 * MIB)) < MAX_CHUNK_SECONDS


def gzipped(pattern: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(piece) for piece in repeated(pattern, 100 * MIB)) + packer.flush()


def zstd_packed(pattern: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join(packer.compress(piece) for piece in repeated(pattern, 100 * MIB)) + packer.flush()


def br_packed(pattern: bytes) -> bytes:
    packer = brotli.Compressor(quality=2)
    packed = [packer.process(piece) for piece in repeated(pattern, 100 * MIB)]
    return b"".join([*packed, packer.finish()])


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzipped), ("zstd", zstd_packed), ("br", br_packed)])
@pytest.mark.parametrize("pattern", [b"\0", b"\n", b'data:{"choices":[{},{}]}\n\n'])
def test_a_body_that_swells_a_hundredfold_is_given_up(coding: str, pack: object, pattern: bytes) -> None:
    assert callable(pack)
    packed = pack(pattern)
    assert len(packed) * 100 < 100 * MIB
    tap = Tap(SSE, coding)
    assert peak_of(tap, iter([packed])) < 2 * MAX_PEAK_BYTES
    assert tap.blind
    assert slowest_of(Tap(SSE, coding), iter([packed])) < MAX_CHUNK_SECONDS


def test_a_bomb_inside_another_coding_is_given_up_too() -> None:
    tap = Tap(SSE, "gzip, br")
    peak = peak_of(tap, iter([brotli.compress(gzipped(b"\0"))]))
    assert tap.blind
    assert peak < 2 * MAX_PEAK_BYTES


def test_a_bomb_that_hides_in_two_codings_is_given_up_by_what_came_over_the_wire() -> None:
    """Each coding alone swells less than a hundredfold: beside the zeros stands what does not pack."""
    noise = gzip.compress(random.Random(1).randbytes(9500), 1)
    packed = gzip.compress((gzip.compress(bytes(MIB), 9) + noise) * 400, 9)
    assert len(packed) < 200_000
    tap, began = Tap(JSON, "gzip, gzip"), time.thread_time()
    assert slowest_of(tap, iter([packed])) < MAX_CHUNK_SECONDS
    assert time.thread_time() - began < 2  # before, all of its 400 MiB were unpacked
    assert tap.blind
    assert Tap(JSON, "gzip, gzip, gzip").blind


def test_more_documents_than_could_be_meant_are_given_up() -> None:
    tap = Tap(SSE, "gzip")
    feed(tap, gzip.compress(b'data:{"choices":[]}\n\n' * 100_000))
    assert tap.blind


def test_what_takes_longer_than_a_turn_is_read_in_several_and_nothing_is_lost() -> None:
    event = sse(chunk("four"))
    tap = Tap(SSE)
    tap.feed(event * 15_000)
    assert tap.behind
    feed(tap, STREAM)
    reading = tap.close()
    assert (reading.input_tokens, tap.blind) == (12, False)
    assert reading.text_characters > 4 * 15_000


def test_what_is_left_when_the_client_leaves_is_given_up() -> None:
    tap = Tap(SSE)
    tap.feed(sse(chunk("four")) * 20_000 + STREAM)
    assert (tap.close().input_tokens, tap.blind) == (None, True)


def test_forty_large_bodies_at_once_keep_no_more_than_there_is_room_for() -> None:
    held = Held(4 * MIB)
    begins, ends = b'{"data":[' + b"0.0123456789," * 200_000, b'0],"usage":{"prompt_tokens":7},"model":"e"}'
    tracemalloc.start()
    taps = [Tap(JSON, held=held) for _ in range(40)]
    for at in range(0, len(begins), 65536):
        for tap in taps:
            feed(tap, begins[at : at + 65536])
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    for tap in taps:
        feed(tap, ends)
    assert [(tap.close().input_tokens, tap.blind) for tap in taps] == [(7, False)] * 40
    assert kept < 8 * MIB
    assert held.take(4 * MIB)


@pytest.mark.parametrize(("kind", "before"), [(SSE, b"data: "), (LINES, b"")])
def test_a_large_event_is_passed_over_where_no_room_is_left_and_the_next_is_read(
    kind: str, before: bytes
) -> None:
    held = Held(100_000)
    tap = Tap(kind, held=held)
    last = json.dumps({"usage": {"prompt_tokens": 3, "completion_tokens": 2}}).encode()
    large = b'{"x": "' + b"x" * 200_000 + b'", "usage": {"prompt_tokens": 999}}'
    feed(tap, before + large + b"\n\n" + before + last + b"\n\n")
    assert (tap.close().input_tokens, held.take(100_000)) == (3, True)


def test_what_an_answer_keeps_is_given_back_when_it_is_dropped() -> None:
    held = Held(MIB)
    tap = Tap(JSON, held=held)
    feed(tap, b"[" + b" " * 900_000)
    assert not held.take(MIB)
    del tap
    assert held.take(MIB)


@pytest.mark.parametrize(
    "raw", [b'{"choices":' + b"[" * 3_000_000, b'{"usage":' * 300_000, b'{"error":' + b'{"a":' * 300_000]
)
def test_deep_nesting_is_passed_over(raw: bytes) -> None:
    for kind, event in ((JSON, raw), (SSE, b"data: " + raw + b"\n\n"), (LINES, raw + b"\n")):
        tap = Tap(kind)
        tap.feed(event)
        assert tap.close().input_tokens is None


def test_of_a_body_too_large_to_keep_the_end_is_read() -> None:
    vectors = [{"object": "embedding", "embedding": [0.123456789] * 3072, "text": '"usage": {'}] * 300
    usage = {"prompt_tokens": 8191, "total_tokens": 8191}
    raw = json.dumps({"data": vectors, "model": "text-embedding-3-large", "usage": usage}).encode()
    assert len(raw) > 2 * MAX_BODY_BYTES
    tap = Tap(JSON)
    peak = peak_of(tap, (raw[index : index + 65536] for index in range(0, len(raw), 65536)))
    reading = tap.close()
    assert (reading.response_model, reading.input_tokens) == ("text-embedding-3-large", 8191)
    assert peak < MAX_PEAK_BYTES


@pytest.mark.parametrize(
    "end", [b"", b'"usage": {', b'"usage": [[[', b'"usage": {"prompt_tokens": "x"}}', b"\xff" * 20]
)
def test_a_body_too_large_with_a_broken_end_tells_nothing(end: bytes) -> None:
    tap = Tap(JSON)
    tap.feed(b'{"a": "' + b"x" * MAX_BODY_BYTES + end)
    assert tap.close().input_tokens is None


@pytest.mark.parametrize("before", [b"", b"x" * (MAX_BODY_BYTES + 1)], ids=["whole", "tail"])
@pytest.mark.parametrize("count", [10**9, 10**9 + 1, 2**53, 10**30])
def test_no_answer_makes_a_record_that_its_reader_refuses(before: bytes, count: int) -> None:
    target = Target("anthropic", "http://x/v1/messages", "chat", None)
    arrival = arrival_of("c-1", datetime(2026, 2, 6, tzinfo=UTC), target, {}, asked_of(b"{}"))
    assert arrival is not None
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    tap = Tap(JSON)
    tap.feed(b'{"x": "' + before + b'", "model": "\\ud800x", "usage": ')
    tap.feed(json.dumps(dict.fromkeys(names, count)).encode() + b"}")
    record = CallRecord(call=call_of(arrival, Outcome(5, 200), tap.close()))
    assert decode(encode(record), msgspec.json.Decoder(LogRecord)) == record
    assert record.call.response_model is UNSET


def test_the_last_event_of_a_response_may_repeat_its_images() -> None:
    image = {"type": "image_generation_call", "result": "A" * 3 * MIB}
    usage = {"input_tokens": 5, "output_tokens": 6}
    response = {
        "id": "resp_1",
        "object": "response",
        "output": [image],
        "status": "completed",
        "usage": usage,
    }
    event = {"type": "response.completed", "response": response}
    tap = Tap(SSE)
    peak = peak_of(tap, iter([b"data: " + json.dumps(event).encode() + b"\n\n"]))
    reading = tap.close()
    assert (reading.response_id, reading.input_tokens, reading.finish_reason) == ("resp_1", 5, "completed")
    assert peak < 2 * MAX_PEAK_BYTES


def test_an_event_too_large_is_passed_over_and_the_next_is_read() -> None:
    tap = Tap(SSE)
    for piece in repeated(b'data: {"a": 1,\n', 10 * MIB):
        tap.feed(piece)
    tap.feed(b"\n\n" + STREAM)
    assert tap.close().input_tokens == 12
