"""Answers of every kind through the proxy: what cannot be passed on is 502, the rest is the same bytes."""

import gzip
import socket
import threading
import time
import tracemalloc
from typing import Any

import pytest

from cli.stack.server import free_port
from tests.llm.raw import connect, post, raw_upstream, said, status_of, until
from tests.llm.servers import answering, ask, proxying, serving

MIB = 1024 * 1024
BODY = b'{"model": "m", "stream": true}'
ASKED = post(b"content-length: %d" % len(BODY), body=BODY)
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x", id="two lengths"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n{}", id="a sign"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}", id="a word"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nx-a: 1\x0b2\r\ncontent-length: 2\r\n\r\n{}", id="a control character"
        ),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            id="a length and chunks",
        ),
        pytest.param(b"HTTP/1.1 799 Odd\r\ncontent-length: 0\r\n\r\n", id="no status of HTTP"),
        pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", id="no status"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another service"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"1" * 100_000 + b"\r\n\r\n", id="an endless header"),
    ],
)
def test_an_answer_without_a_clear_meaning_is_502(raw: bytes) -> None:
    with (
        raw_upstream(raw, after=BODY, closes=True) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
    ):
        answer = said(proxy.url, ASKED, b"could not be asked")
        (call,) = proxy.kept.wait(1)
    assert status_of(answer) == 502, answer
    assert b"application/problem+json" in answer
    assert (call.status, call.error_type) == ("error", call.error_type)
    assert str(call.error_type).startswith("upstream_")


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="204"),
        pytest.param(b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n", 204, b"", id="204, a length"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n", 304, b"", id="304"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            200, b"{}", id="103 and then 200",
        ),
        pytest.param(
            SSE + chunk(b"data: 1\n\n") + b"0\r\nx-checksum: 1\r\n\r\n",
            200, b"9\r\ndata: 1\n\n\r\n0\r\n\r\n", id="the trailers of an answer end here",
        ),
        pytest.param(
            b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/latest/\r\n"
            b"content-length: 0\r\n\r\n", 307, b"", id="a redirect to a private address",
        ),
    ],
)  # fmt: skip
def test_an_odd_answer_passes_as_it_is(raw: bytes, status: int, body: bytes) -> None:
    with raw_upstream(raw, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.sendall(ASKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            answer = until(client, b"never")
        proxy.kept.wait(1)
        assert len(upstream.connections) == 1
    assert status_of(answer) == status
    assert answer.partition(b"\r\n\r\n")[2] == body
    if status == 307:
        assert b"\r\nlocation: http://169.254.169.254/latest/\r\n" in answer


def test_a_head_request_has_the_headers_of_the_answer_and_no_body() -> None:
    headers = [("content-type", "application/json"), ("content-length", "1234")]
    with serving(answering(200, headers, [])) as upstream, proxying(openai_base_url=upstream) as proxy:
        status, told, body = ask(proxy.url, "HEAD", "/openai/v1/models")
    assert (status, body) == (200, b"")
    assert ("content-length", "1234") in told


@pytest.mark.parametrize(
    ("raw", "after_start"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", b"{", id="less than its length"),
        pytest.param(SSE + chunk(b"data: 1\n\n"), b"data: 1\n\n\r\n", id="no last chunk"),
        pytest.param(SSE + chunk(b"data: 1\n\n") + b"zz\r\n", b"data: 1\n\n\r\n", id="a bad chunk"),
    ],
)
def test_an_answer_that_breaks_off_has_no_end_for_the_client_either(raw: bytes, after_start: bytes) -> None:
    with (
        raw_upstream(raw, after=BODY, closes=True) as upstream,
        proxying(openai_base_url=upstream.url) as proxy,
    ):
        answer = said(proxy.url, ASKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), b"never")
        (call,) = proxy.kept.wait(1)
    assert status_of(answer) in {200, 502}
    if status_of(answer) == 200:
        assert answer.endswith(after_start)
    assert call.status == "error"


def test_a_body_longer_than_its_length_is_cut_at_its_length() -> None:
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
    with raw_upstream(raw, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        first = said(proxy.url, ASKED, b"{}")
        second = said(proxy.url, ASKED, b"{}")
    assert first.endswith(b"\r\n\r\n{}")
    assert b"forged" not in first + second


def test_an_answer_a_thousand_times_its_size_passes_compressed_and_costs_no_memory() -> None:
    packed = gzip.compress(b" " * 50 * MIB)
    raw = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
        b"content-length: %d\r\n\r\n" % len(packed)
    ) + packed
    with raw_upstream(raw, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        said(proxy.url, ASKED, packed[-8:])
        tracemalloc.start()
        try:
            answer = said(proxy.url, ASKED, packed[-8:])
            proxy.kept.wait(2)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.partition(b"\r\n\r\n")[2] == packed
    assert peak < 8 * MIB


def test_a_client_that_reads_slowly_slows_the_upstream_and_nothing_piles_up() -> None:
    sent, sending = [0], threading.Event()

    def pours(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (200 * MIB))
        piece = b"x" * MIB
        try:
            for _ in range(200):
                connection.sendall(piece)
                sent[0] += MIB
                sending.set()
        except OSError:
            return  # the client has left

    with raw_upstream(pours, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        tracemalloc.start()
        try:
            with connect(proxy.url) as client:
                client.sendall(ASKED)
                assert sending.wait(10)
                time.sleep(0.5)
                stuck_at = sent[0]
                time.sleep(0.5)
                assert sent[0] == stuck_at
                _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        (call,) = proxy.kept.wait(1)
        assert upstream.hung_up.wait(10)
    assert stuck_at < 40 * MIB  # what the kernel's buffers hold, on three connections
    assert peak < 8 * MIB
    assert call.status == "cancelled"


def test_a_client_that_reads_nothing_for_too_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.llm_collector.passage.GRACE_SECONDS", 0.1)

    def pours(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (200 * MIB))
        try:
            connection.sendall(b"x" * 200 * MIB)
        except OSError:
            return  # hung up

    with (
        raw_upstream(pours, after=BODY) as upstream,
        proxying(openai_base_url=upstream.url, llm_proxy_silence_seconds=0.5) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(ASKED)
        (call,) = proxy.kept.wait(1)
        assert upstream.hung_up.wait(10)
    assert (call.status, call.error_type) == ("error", "client_stalled")


def test_a_stream_without_end_passes_until_the_client_leaves() -> None:
    def streams(connection: socket.socket) -> None:
        connection.sendall(SSE)
        try:
            while True:
                connection.sendall(chunk(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n') * 100)
        except OSError:
            return  # the client has left

    with raw_upstream(streams, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.sendall(ASKED)
            got = 0
            while got < 8 * MIB:
                got += len(client.recv(MIB))
        assert upstream.hung_up.wait(10)
        (call,) = proxy.kept.wait(1)
    assert (call.status, call.http_status) == ("cancelled", 200)


def test_a_client_that_leaves_before_the_headers_takes_its_upstream_request_with_it() -> None:
    asked, proceed = threading.Event(), threading.Event()

    def waits(_: socket.socket) -> None:
        asked.set()
        proceed.wait(0.2)

    with raw_upstream(waits, after=BODY) as upstream, proxying(openai_base_url=upstream.url) as proxy:
        with connect(proxy.url) as client:
            client.sendall(ASKED)
            assert asked.wait(10)
        assert upstream.hung_up.wait(10)
        (call,) = proxy.kept.wait(1)
    assert (call.status, call.error_type) == ("cancelled", "client_disconnected")


def test_lines_of_ndjson_come_one_by_one() -> None:
    taken = threading.Event()

    def tells(connection: socket.socket) -> None:
        connection.sendall(SSE.replace(b"text/event-stream", b"application/x-ndjson") + chunk(b'{"a":1}\n'))
        taken.wait(10)  # the second line is sent only once the client has the first
        connection.sendall(chunk(b'{"a":2}\n') + b"0\r\n\r\n")

    with (
        raw_upstream(tells, after=BODY) as upstream,
        proxying(ollama_base_url=upstream.url) as proxy,
        connect(proxy.url) as client,
    ):
        client.sendall(ASKED.replace(b"/openai/v1/chat/completions", b"/ollama/api/chat"))
        assert until(client, b'{"a":1}\n').endswith(b'{"a":1}\n\r\n')
        taken.set()
        assert until(client, b"0\r\n\r\n").endswith(b'{"a":2}\n\r\n0\r\n\r\n')


def test_what_the_upstream_never_says_is_not_in_the_problem() -> None:
    address = f"http://127.0.0.1:{free_port()}/secret-path"
    with proxying(openai_base_url=address) as proxy:
        answer: Any = said(proxy.url, ASKED, b"could not be asked")
    assert status_of(answer) == 502
    assert b"secret-path" not in answer
    assert b"127.0.0.1" not in answer
