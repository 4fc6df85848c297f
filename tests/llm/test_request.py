"""What is read of a request's body: the same whole or scanned, however it is cut, and never for long."""

import gzip
import hashlib
import json
import random
import time
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
import zstandard

from collectors.llm_collector import request
from collectors.llm_collector.held import Held
from collectors.llm_collector.reading import name_of
from collectors.llm_collector.request import Asked, RequestTap, asked_of
from collectors.llm_collector.scan import Scan, builds_little

MIB = 1024 * 1024
PIECES = [
    "a",
    " ",
    '"',
    "\\",
    "\n",
    "ä",
    "€",
    "漢字，한",
    "\ue000\uff01",
    "😀",
    "\u2028",
    "\x01",
    "x" * 9,
    "u0041",
    "\\u",
    "/",
    "{",
    "]",
    ":",
]
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Grüße 😀"}]},
    ],
    "model": "gpt-4o",
    "stream": True,
}
CHARACTERS = len("systemBe brief.usertextGrüße 😀") + 2  # the smiley counts as three


def told(asked: Asked) -> tuple[str | None, bool | None, int | None, str]:
    """Give what is read of bodies of every size."""
    return asked.model, asked.streaming, asked.prompt_characters, asked.digest


def read(body: bytes, pieces: Iterator[bytes] | None = None, coding: str = "") -> Asked:
    tap = RequestTap(coding)
    for piece in pieces or [body]:
        feed(tap, piece)
    return tap.close()


def feed(tap: RequestTap, piece: bytes) -> float:
    """Feed a piece, as many turns as it takes; give the longest time of the processor that one took."""
    slowest = 0.0
    while True:
        began = time.thread_time()
        tap.feed(piece)
        slowest = max(slowest, time.thread_time() - began)
        if not tap.behind:
            return slowest
        piece = b""


def cut(body: bytes, chance: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        size = chance.choice([1, 1, 2, 3, 5, 8, 50, 1000])
        yield body[at : at + size]
        at += size


def padded(fields: dict[str, Any], size: int = 2 * MIB) -> bytes:
    """Give a body with an image, so that it is scanned."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUJD" * (size // 4)}}
    messages = [*fields["messages"], {"role": "user", "content": [image]}]
    return json.dumps({**fields, "messages": messages}).encode()


def test_a_small_body_is_read_whole() -> None:
    body = json.dumps(CHAT).encode()
    assert told(read(body)) == ("gpt-4o", True, CHARACTERS, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("first", ["messages", "model"])
def test_a_large_body_is_scanned_and_its_image_is_no_text(first: str) -> None:
    body = padded({first: CHAT[first], **CHAT})
    asked = read(body, (body[at : at + 70_001] for at in range(0, len(body), 70_001)))
    images = len("user" + "image_url")
    assert told(asked) == ("gpt-4o", True, CHARACTERS + images, hashlib.sha256(body).hexdigest())


def test_small_and_large_bodies_count_alike() -> None:
    whole, scanned = padded(CHAT, 10_000), padded(CHAT)
    assert read(whole).prompt_characters == read(scanned).prompt_characters


def text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 20)))


def value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if kind < 0.5 or depth > 3:
        return text(chance)
    if kind < 0.6:
        return chance.choice([1, True, None, -1.5e3, False])
    if kind < 0.8:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return {text(chance) + str(n): value(chance, depth + 1) for n in range(chance.randint(0, 4))}


@pytest.mark.parametrize("seed", range(300))
def test_the_scan_tells_what_decoding_tells_wherever_a_body_is_cut(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    items = [(name, value(chance)) for name in ("messages", "prompt", "input", "tools", text(chance) + "q")]
    items += [("model", chance.choice([text(chance), 5, "gpt-4o", None, "\udc00"[:0]]))]
    items += [("stream", chance.choice([True, False, 1, "true"]))]
    chance.shuffle(items)
    body = json.dumps(
        dict(items),
        ensure_ascii=chance.random() < 0.5,
        indent=chance.choice([None, 1]),
        separators=chance.choice([None, (",", ":")]),
    ).encode()
    whole = read(body)
    monkeypatch.setattr(request, "MAX_WHOLE_BYTES", 0)
    assert told(read(body, cut(body, chance))) == told(whole)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"model": "a", "model": "b"}', "b"),
        (b'{"nested": {"model": "a"}, "tools": [{"model": "c"}]}', None),
        (b'{"mod\\u0065l": "a"}', "a"),
        (b'  {"model"  :\n"a"  ,"x":1}', "a"),
        (b'{"model": "a"', "a"),
        (b'{"model": "' + b"a" * 5000 + b'"}', None),
        (b'["model", "a"]', None),
        (b'"model"', None),
        (b'{"a": 1, model: "a"}', None),
        (b'{"model": {"name": "a"}}', None),
        (b"\xef\xbb\xbf{}", None),
        (b"\x00\xff" * 100, None),
        (b"", None),
    ],
)
def test_the_scan_reads_odd_bodies(body: bytes, model: str | None) -> None:
    for size in (1, 2, 1000):
        scan = Scan(frozenset({"model"}), frozenset({"messages"}))
        for at in range(0, len(body), size):
            scan.feed(body[at : at + size])
        assert name_of(scan.values.get("model")) == model


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


@pytest.mark.parametrize("size", [100, 3 * MIB])
@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("br", lambda raw: brotli.compress(raw, quality=1)),
        ("identity", bytes),
        ("GZIP", gzip.compress),
    ],
)
def test_a_compressed_body_is_read(coding: str, pack: Any, size: int) -> None:
    chance = random.Random(2)
    body = json.dumps({**CHAT, "other": chance.randbytes(size).hex()}).encode()
    packed = pack(body)
    asked = read(packed, (packed[at : at + 65536] for at in range(0, len(packed), 65536)), coding)
    assert told(asked) == ("gpt-4o", True, CHARACTERS, hashlib.sha256(packed).hexdigest())


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
