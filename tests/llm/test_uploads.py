"""Request bodies of every size and pace: the same bytes arrive, at once, and no more is held than needed."""

import gzip
import json
import socket
import struct
import threading
import time

import pytest
from msgspec import UNSET

from collectors.llm_collector import passage, upload
from collectors.llm_collector.held import Held
from collectors.llm_collector.request import RequestTap
from schema.messages import Call
from tests.llm.process import until as until_it
from tests.llm.raw import OK, connect, post, raw_upstream, said, status_of, until
from tests.llm.servers import Running, proxying

MIB = 1024 * 1024
IMAGE = b'{"messages": [{"role": "user", "content": "data:image/png;base64,' + b"QUJD" * MIB + b'"}], '
LARGE = IMAGE + b'"stream": true, "model": "gpt-4o"}'
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno"


def length_of(body: bytes) -> bytes:
    return b"content-length: %d" % len(body)


def chunks_of(body: bytes, size: int = 100_000) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def only_call(proxy: Running) -> Call:
    (call,) = proxy.kept.wait(1)
    return call


def test_a_large_body_of_known_length_arrives_unchanged_with_its_length() -> None:
    with raw_upstream(after=LARGE[-8:]) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        assert status_of(said(proxy.url, post(length_of(LARGE), body=LARGE))) == 200
        call = only_call(proxy)
        head, _, body = upstream.received.partition(b"\r\n\r\n")
    assert body == LARGE
    assert head.lower().count(length_of(LARGE)) == 1
    assert b"transfer-encoding" not in head.lower()
    assert (call.model, call.streaming, call.status) == ("gpt-4o", True, "ok")


def test_a_large_body_in_chunks_arrives_unchanged_in_chunks() -> None:
    request = post(b"transfer-encoding: chunked", body=chunks_of(LARGE))
    with raw_upstream(after=b"\r\n0\r\n\r\n") as upstream, proxying(openai_base_url=upstream.url) as proxy:
        assert status_of(said(proxy.url, request)) == 200
        head, _, rest = upstream.received.partition(b"\r\n\r\n")
        call = only_call(proxy)
    body = b""
    while not rest.startswith(b"0\r\n"):
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    assert body == LARGE
    assert head.lower().count(b"transfer-encoding: chunked") == 1
    assert b"content-length" not in head.lower()
    assert call.model == "gpt-4o"


def test_a_large_body_is_forwarded_while_it_arrives() -> None:
    half = len(LARGE) // 2
    with (
        raw_upstream(after=LARGE[-8:]) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(length_of(LARGE), body=LARGE[:half]))
        while len(upstream.received) < half:
            time.sleep(0.01)
        client.sendall(LARGE[half:])
        assert status_of(until(client, b"{}")) == 200


def test_an_upstream_that_answers_before_the_end_of_the_upload_is_heard_at_once() -> None:
    with (
        raw_upstream(UNAUTHORIZED) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(length_of(LARGE), body=LARGE[: 2 * MIB]))
        answer = until(client, b"\r\n\r\nno")
        assert answer.endswith(b"no")
        call = only_call(proxy)
        # The rest is read and let go, and the connection serves the next request.
        client.sendall(LARGE[2 * MIB :] + post(length_of(b"{}"), body=b"{}"))
        assert status_of(until(client, b"no")) == 401
    assert status_of(answer) == 401
    assert (call.http_status, call.status) == (401, "error")


def test_a_declared_length_beyond_the_limit_is_413_before_a_byte_is_read() -> None:
    request = post(b"content-length: 2000000", b"expect: 100-continue")
    with (
        raw_upstream() as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_max_request_bytes=1_500_000) as proxy,
    ):
        answer = said(proxy.url, request, b"LLM_PROXY_MAX_REQUEST_BYTES")
        assert upstream.connections == []
    assert status_of(answer) == 413
    assert b"application/problem+json" in answer


def test_chunks_beyond_the_limit_are_413_and_break_the_upstream_request_off() -> None:
    request = post(b"transfer-encoding: chunked", body=chunks_of(LARGE))
    with (
        raw_upstream(after=b"\r\n0\r\n\r\n") as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_max_request_bytes=2 * MIB) as proxy,
    ):
        answer = said(proxy.url, request, b"LLM_PROXY_MAX_REQUEST_BYTES")
        assert upstream.hung_up.wait(10)
        call = only_call(proxy)
        assert b"\r\n0\r\n\r\n" not in upstream.received
    assert status_of(answer) == 413
    assert (call.status, call.error_type, call.http_status) == ("error", "request_too_large", UNSET)


@pytest.mark.parametrize("sent", [100, 2 * MIB], ids=["a small part", "a large part"])
def test_a_client_that_sends_less_than_it_declared_completes_no_request(sent: int) -> None:
    with raw_upstream(after=LARGE[-8:]) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.sendall(post(length_of(LARGE), body=LARGE[:sent]))
            while upstream.received.count(b"\r\n\r\n") < 1:
                time.sleep(0.01)
        assert upstream.hung_up.wait(10)
        call = only_call(proxy)
        body = upstream.received.partition(b"\r\n\r\n")[2]
    assert len(body) <= sent
    assert (call.status, call.error_type) == ("cancelled", "client_disconnected")


def test_what_follows_the_declared_length_is_never_part_of_the_body() -> None:
    with raw_upstream(after=b"{}") as upstream, proxying(openai_base_url=upstream.url) as proxy:
        answer = said(proxy.url, post(b"content-length: 2", body=b"{}garbage\r\n\r\n"), b"never")
        assert b"garbage" not in upstream.received
    assert answer == b""  # nobody can say which of the two an answer would belong to


def test_a_client_that_is_gone_while_the_upstream_takes_nothing_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passage, "LOOK_SECONDS", 0.05)
    proceed = threading.Event()

    def takes_nothing(_: socket.socket) -> None:
        proceed.wait(20)

    with raw_upstream(takes_nothing) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.settimeout(1)
            client.sendall(post(b"content-length: 30000000"))
            with pytest.raises(TimeoutError):
                client.sendall(b"x" * 30_000_000)
            # Reset, as the kernel does for a process that was killed: a plain end waits behind unsent bytes.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        call = only_call(proxy)
        proceed.set()
        assert upstream.hung_up.wait(10)
    assert (call.status, call.error_type) == ("cancelled", "client_disconnected")


def test_an_upstream_that_takes_nothing_for_too_long_is_502(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(passage, "GRACE_SECONDS", 0.1)
    proceed = threading.Event()

    def takes_nothing(_: socket.socket) -> None:
        proceed.wait(20)

    with (
        raw_upstream(takes_nothing) as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_silence_seconds=0.5) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(b"content-length: 30000000"))
        client.sendall(b"x" * 30_000_000)
        answer = until(client, b"upstream_timeout")
        proceed.set()
        call = only_call(proxy)
    assert status_of(answer) == 502
    assert (call.status, call.error_type) == ("error", "upstream_timeout")


@pytest.mark.parametrize("length", [1000, 3 * MIB], ids=["small", "large"])
def test_an_upload_that_drips_is_408(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(upload, "PATIENCE_SECONDS", 0.5)
    with (
        raw_upstream(after=b"never") as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(b"content-length: %d" % length))
        client.settimeout(0.05)
        answer = b""
        for _ in range(200):
            client.sendall(b"x")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                continue
            break
    assert status_of(answer) == 408


def test_a_client_that_expects_100_is_told_to_continue_once() -> None:
    with (
        raw_upstream(after=b"{}") as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(post(b"expect: 100-continue", b"content-length: 2"))
        assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert until(client, b"{}") == OK
        assert b"expect" not in upstream.received.lower()


@pytest.mark.parametrize(
    ("body", "model"),
    [
        pytest.param(json.dumps({"model": "m-1", "messages": []}).encode(), "m-1", id="as it is"),
        pytest.param(b" " * 20 * MIB + b'{"model": "m-2"}', "unknown", id="a thousand to one"),
    ],
)
def test_a_compressed_request_passes_compressed_and_is_read_within_limits(body: bytes, model: str) -> None:
    packed = gzip.compress(body)
    request = post(b"content-encoding: gzip", length_of(packed), body=packed)
    with raw_upstream(after=packed[-8:]) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        assert status_of(said(proxy.url, request)) == 200
        call = only_call(proxy)
        assert upstream.received.endswith(packed)
    assert call.model == model


def test_a_body_that_cannot_be_read_is_forwarded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RequestTap, "feed", fails)
    for body in (b"{}", LARGE):
        with raw_upstream(after=body[-2:]) as upstream, proxying(openai_base_url=upstream.url) as proxy:
            assert status_of(said(proxy.url, post(length_of(body), body=body))) == 200
            assert only_call(proxy).model == "unknown"


def test_beyond_the_room_of_all_calls_bodies_are_forwarded_as_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Held(300_000)
    monkeypatch.setattr(upload, "HELD", held)
    body = b" " * 900_000 + b'{"model": "m"}'
    request = post(length_of(body), body=body)
    with (
        raw_upstream(after=b'"m"}') as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(request[:-1])
        until_it(lambda: len(upstream.received) > 800_000)
        client.sendall(request[-1:])
        assert status_of(until(client, b"{}")) == 200
        assert upstream.received.endswith(b"\r\n\r\n" + body)
        assert only_call(proxy).status == "ok"
    assert held.take(300_000)
