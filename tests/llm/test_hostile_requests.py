"""A request that means harm, or cannot be read, costs a bounded time and memory, and nothing is guessed."""

import gzip
import hashlib
import json
import random
import time

import pytest

from collectors.llm_collector import request
from collectors.llm_collector.held import Held
from collectors.llm_collector.request import RequestTap, asked_of
from collectors.llm_collector.scan import builds_little
from tests.llm.test_request import CHARACTERS, CHAT, MIB, feed, read


def test_a_form_full_of_what_looks_like_a_name_takes_not_long() -> None:
    tap = RequestTap()
    feed(tap, b"--x\r\n" + b"; name=model\r\n" * 70_000)
    began = time.thread_time()
    assert tap.close().model is None
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"messages": ' + b"[" * 16 * MIB, id="brackets"),
        pytest.param(b'{"messages": [' + b'"",' * 5 * MIB, id="empty strings"),
        pytest.param(b'{"messages": [{"content": "' + b'\\"' * 8 * MIB + b'"}]}', id="escapes"),
        pytest.param(b'{"messages": [{"content": "' + b"\\\\" * 8 * MIB + b'"}]}', id="backslashes"),
        pytest.param(b'{"' + b"x" * 16 * MIB, id="a name"),
        pytest.param(b'{"model": "' + b"x" * 16 * MIB, id="a model"),
        pytest.param(b'{"model": ' + b"1" * 16 * MIB, id="a number"),
        pytest.param(b'{"messages": ' + b'{"a":' * 3 * MIB, id="depth"),
        pytest.param(b" " * 16 * MIB, id="spaces"),
    ],
)
def test_no_body_takes_long_or_much(body: bytes) -> None:
    tap, began, worst = RequestTap(length=len(body)), time.thread_time(), 0.0
    for at in range(0, len(body), 65536):
        worst = max(worst, feed(tap, body[at : at + 65536]))
    assert tap.close().model is None
    assert time.thread_time() - began < 5  # 16 MiB; alone on a machine it is below one
    assert worst < 0.25


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        pytest.param("gzip", gzip.compress(b'{"x": "' + b" " * 20 * MIB + b'", "model": "m"}'), id="swells"),
        pytest.param("gzip", b"no gzip at all", id="not what it says"),
        pytest.param("gzip", gzip.compress(b'{"model": "m"}')[:-12], id="cut"),
        pytest.param("compress", b'{"model": "m"}', id="unknown"),
        pytest.param("gzip, gzip, gzip", b"x", id="too many"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_not_read_but_known_again(coding: str, packed: bytes) -> None:
    asked = read(packed, coding=coding)
    assert asked.digest == hashlib.sha256(packed).hexdigest()
    assert asked.model is None


def test_a_bomb_in_two_codings_is_given_up_by_what_came_over_the_wire() -> None:
    """Each coding alone swells less than a hundredfold: beside the spaces stands what does not pack."""
    noise = gzip.compress(random.Random(1).randbytes(9500), 1)
    packed = gzip.compress((gzip.compress(b" " * MIB, 9) + noise) * 50, 9)
    tap, began = RequestTap("gzip, gzip"), time.thread_time()
    assert feed(tap, packed) < 0.25
    assert time.thread_time() - began < 0.25  # of 50 MiB about 4 are unpacked
    assert tap.close().model is None


def test_bodies_are_scanned_where_no_room_is_left() -> None:
    held = Held(MIB)
    fields = {**CHAT, "other": "x" * 300_000}
    taps = [RequestTap(held=held) for _ in range(10)]
    for tap in taps:
        feed(tap, json.dumps(fields).encode())
    asked = [tap.close() for tap in taps]
    assert [(one.model, one.prompt_characters) for one in asked] == [("gpt-4o", CHARACTERS)] * 10
    assert sum(one.system_prompt is not None for one in asked) == 3
    assert held.take(MIB)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        pytest.param(b"", "", id="none"),
        pytest.param(b"--x\r\ncontent-disposition: form-data", "", id="a form"),
        pytest.param(b'{"model": "m", "messages": [{"content": "Hello"', "", id="cut"),
        pytest.param(b'{"messages": [{"content": "Hello"}], "x": "' + b"x" * MIB, "", id="large and cut"),
        pytest.param(b'{"messages": [{"content": "Hello"}], "x": "' + b"x" * 9_000_000, "", id="too large"),
        pytest.param(b"anything", "lzma", id="a coding that is not known"),
        pytest.param(gzip.compress(bytes(20 * MIB)), "gzip", id="a bomb"),
        pytest.param(b'{"model": "m", "conversation": "conv_1"}', "", id="a prompt that is elsewhere"),
    ],
)
def test_of_a_prompt_that_was_not_read_no_size_is_known(
    body: bytes, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "MAX_DECODED_BYTES", 8 * MIB)
    assert read(body, coding=coding).prompt_characters is None


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(b"[" + b"[]," * 349_000 + b"[]]", id="empty lists"),
        pytest.param(b"[" + b'"",' * 349_000 + b'""]', id="empty strings"),
        pytest.param(b"[" + b'{"role":"system"},' * 58_000 + b"{}]", id="messages"),
        pytest.param(b"[" + b"1," * 500_000 + b"1]", id="numbers"),
    ],
)
def test_a_body_that_decoding_would_take_long_for_is_scanned(messages: bytes) -> None:
    tap = RequestTap()
    feed(tap, b'{"model": "m", "messages": ' + messages + b"}")
    began = time.thread_time()
    asked = tap.close()
    assert time.thread_time() - began < 0.05  # measured are 10 ms; decoded it were up to 130
    assert (asked.model, asked.system_prompt) == ("m", None)


def test_looking_for_many_values_takes_not_long_where_a_text_has_no_end() -> None:
    began = time.thread_time()
    assert builds_little(b'["' + b'\\",[{' * 200_000)
    assert time.thread_time() - began < 0.1


def test_a_long_history_with_much_punctuation_in_its_texts_is_decoded_all_the_same() -> None:
    code = 'x = [{"a": 1, "b": [2, 3]}]\n' * 30
    messages = [*CHAT["messages"], *({"role": "user", "content": code} for _ in range(600))]
    asked = asked_of(json.dumps({**CHAT, "messages": messages}).encode())
    assert asked.system_prompt is not None


def test_no_more_than_64_mebibytes_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "MAX_DECODED_BYTES", 3 * MIB)
    body = b'{"x": "' + random.Random(3).randbytes(2 * MIB).hex().encode() + b'", "model": "m"}'
    assert read(gzip.compress(body), coding="gzip").model is None
    assert asked_of(body[: 1 * MIB]).model is None  # broken JSON of a small size: nothing is guessed
