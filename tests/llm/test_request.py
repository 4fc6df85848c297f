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
from collectors.llm_collector.reading import name_of
from collectors.llm_collector.request import Asked, RequestTap
from collectors.llm_collector.scan import Scan

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
    ("name", "before", "model"),
    [
        (b'"model"', b"", "whisper-1"),
        (b"model", b"", "whisper-1"),
        (b'"model"', b"content-type: text/plain\r\n", "whisper-1"),
        (b'"model_name"', b"", None),
        (b'"prompt"', b"", None),
    ],
)
def test_the_model_of_a_form_is_read(name: bytes, before: bytes, model: str | None) -> None:
    parts = [
        b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + bytes(1000),
        b"Content-Disposition: form-data; name=" + name + b"\r\n" + before + b"\r\nwhisper-1",
    ]
    for ordered in (parts, parts[::-1]):
        asked = read(b"".join(b"--x\r\n" + part + b"\r\n" for part in ordered) + b"--x--\r\n")
        assert (asked.model, asked.prompt_characters) == (model, None)
